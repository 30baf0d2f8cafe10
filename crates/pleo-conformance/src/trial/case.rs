//! Cases: what clients are called for.

use std::collections::BTreeMap;

use pleo_client::{CompanyPlace, Operation, ParameterLocation, Safety, operations};
use pleo_sandbox::{Grant, Optional, Sampler};
use proptest::{prelude::*, sample::select, string::string_regex};
use serde_json::Value;
use uuid::Uuid;

use super::lab::{Lab, Site};
use crate::protocol::{self, Credential, CredentialKind, Location, Parameter, Send};

/// What secrets look like: long enough not to stand in a text by chance, with everything that somebody
/// might be tempted to encode, and nothing that HTTP could not carry. The format of Pleo's keys is not
/// published (A15).
const SECRET: &str = "FAKE-[a-zA-Z0-9._~+/=-]{12,40}";

/// A request that a client is called for. By itself it is lawful: a client has to send it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) operation: &'static Operation,
    /// The kind of the credential.
    pub(crate) kind: CredentialKind,
    /// Where the credential was made, and where the request goes.
    pub(crate) site: Site,
    pub(crate) secret: String,
    /// The company that the client is bound to.
    pub(crate) company: Option<Uuid>,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: Option<Value>,
    /// Whether the base URL is written with a slash at its end.
    pub(crate) slash: bool,
    /// What is known of the credential's scopes.
    pub(crate) scopes: Option<Vec<String>>,
}

/// Which cases are made.
#[derive(Clone)]
pub(crate) struct Cases {
    operations: Vec<&'static Operation>,
    kinds: Vec<CredentialKind>,
    bound: bool,
}

/// Cases of all operations with all kinds of credentials, the client bound to a company.
pub(crate) fn cases() -> Cases {
    Cases {
        operations: operations::all().collect(),
        kinds: vec![
            CredentialKind::StandaloneApiKey,
            CredentialKind::IntegratedApiKey,
            CredentialKind::AccessToken,
        ],
        bound: true,
    }
}

impl Cases {
    /// Only those with API keys.
    pub(crate) fn with_keys(self) -> Self {
        Self { kinds: vec![CredentialKind::StandaloneApiKey, CredentialKind::IntegratedApiKey], ..self }
    }

    /// Only those with access tokens.
    pub(crate) fn with_tokens(self) -> Self {
        Self { kinds: vec![CredentialKind::AccessToken], ..self }
    }

    /// Only those whose client is bound to no company.
    pub(crate) fn unbound(self) -> Self {
        Self { bound: false, ..self }
    }

    /// Only those of operations of this sort.
    pub(crate) fn of(mut self, sort: impl Fn(&Operation) -> bool) -> Self {
        self.operations.retain(|operation| sort(operation));
        self
    }

    /// Only those of operations that read.
    pub(crate) fn that_read(self) -> Self {
        self.of(|operation| operation.safety == Safety::Safe)
    }

    /// The strategy. It shrinks towards the first operation, without optional parameters.
    pub(crate) fn strategy(self) -> impl Strategy<Value = Case> {
        let Self { operations, kinds, bound } = self;
        let shape = (any::<u16>(), any::<u32>(), any::<bool>());
        // An alphabet, not a pattern of the field: it always compiles, and a test says so.
        let secret = string_regex(SECRET).map_or_else(|_| Just(String::new()).boxed(), Strategy::boxed);
        let site = select(vec![Site::Staging, Site::Production]);
        let companies = pleo_sandbox::Sandbox::new(pleo_sandbox::Environment::Staging).companies();
        (select(operations), select(kinds), site, secret, select(companies), shape).prop_map(
            move |(operation, kind, site, secret, company, (optional, seed, slash))| {
                let mut case = Case {
                    kind,
                    site,
                    secret,
                    company: bound.then_some(company),
                    slash,
                    scopes: None,
                    ..Case::arguments(operation, optional, seed)
                };
                // A client that is bound to a company refuses another one in the path.
                if let Some(named) = case.path.get_mut("companyId").filter(|_| bound) {
                    *named = company.to_string();
                }
                case
            },
        )
    }
}

impl Case {
    /// An operation with arguments: each bit of `optional` is one that is given.
    fn arguments(operation: &'static Operation, optional: u16, seed: u32) -> Self {
        let mut case = Self {
            operation,
            kind: CredentialKind::StandaloneApiKey,
            site: Site::Staging,
            secret: String::new(),
            company: None,
            path: BTreeMap::new(),
            query: Vec::new(),
            body: None,
            slash: false,
            scopes: None,
        };
        let members = if optional & 1 == 0 { Optional::None } else { Optional::All };
        let mut paging = false;
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let sampler = Sampler::new(u64::from(seed) + index as u64).optional(members);
            let Some(value) = sampler.parameter(operation, parameter.name) else { continue };
            if parameter.location == ParameterLocation::Path {
                case.path.insert(parameter.name.to_owned(), text(&value));
                continue;
            }
            // `before`, `after` and `offset` exclude one another (P2).
            let pages = ["before", "after", "offset"].contains(&parameter.name);
            let wanted = parameter.required || (optional >> (index % 15 + 1) & 1 == 1 && !(pages && paging));
            if parameter.location == ParameterLocation::Query
                && wanted
                && !names_subject(operation, parameter.name)
            {
                paging |= pages;
                let values = match value {
                    Value::Array(values) => values,
                    value => vec![value],
                };
                case.query.extend(
                    values
                        .iter()
                        .map(|value| Parameter { name: parameter.name.to_owned(), value: text(value) }),
                );
            }
        }
        case.body = Sampler::new(u64::from(seed)).optional(members).body(operation);
        if let (CompanyPlace::Body { name, .. }, Some(Value::Object(body))) =
            (operation.company, &mut case.body)
        {
            body.remove(name);
        }
        case
    }

    /// The base URL that the client is set up with.
    pub(crate) fn base_url(&self, lab: &Lab) -> String {
        lab.url(self.site) + if self.slash { "/" } else { "" }
    }

    /// What the client is told of the credential.
    pub(crate) fn credential(&self) -> Credential {
        Credential {
            kind: self.kind,
            environment: self.site.name().to_owned(),
            secret: Some(self.secret.clone()),
            scopes: self.scopes.clone(),
            tokens: None,
        }
    }

    /// What the sandbox is told of the credential.
    pub(crate) fn grant(&self, lab: &Lab) -> Grant {
        let company = self.company.or_else(|| lab.sandbox(self.site).companies().first().copied());
        let grant = match self.kind {
            CredentialKind::StandaloneApiKey => Grant::standalone_key,
            CredentialKind::IntegratedApiKey => Grant::integrated_key,
            _ => Grant::access_token,
        }(company.unwrap_or_default());
        match &self.scopes {
            Some(scopes) => grant.with_scopes(scopes.iter().cloned()),
            None => grant,
        }
    }

    /// The call.
    pub(crate) fn send(&self, lab: &Lab) -> Send {
        Send {
            base_url: self.base_url(lab),
            credential: self.credential(),
            company: self.company.map(|company| company.to_string()),
            operation: described(self.operation),
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            times: 1,
        }
    }
}

/// Whether a query parameter says for whom the request is: the client's business where it is bound.
fn names_subject(operation: &Operation, name: &str) -> bool {
    matches!(operation.company, CompanyPlace::Query { name: company, .. } if company == name)
        || operation.organization == Some(name)
        || name == "partner_id"
}

/// Whether an operation takes query parameters that are not the client's business.
pub(crate) fn takes_query(operation: &Operation) -> bool {
    operation.parameters.iter().any(|parameter| {
        parameter.location == ParameterLocation::Query && !names_subject(operation, parameter.name)
    })
}

/// Whether an operation takes a company.
pub(crate) fn takes_company(operation: &Operation) -> bool {
    operation.company != CompanyPlace::Nowhere
}

/// Whether an operation needs scopes that are known.
pub(crate) fn needs_scopes(operation: &Operation) -> bool {
    operation.scopes.is_some_and(|scopes| !scopes.is_empty())
}

/// What the protocol tells of an operation.
pub(crate) fn described(operation: &Operation) -> protocol::Operation {
    let (location, name, required) = match operation.company {
        CompanyPlace::Nowhere => (None, "", false),
        CompanyPlace::Query { name, required } => (Some(Location::Query), name, required),
        CompanyPlace::Body { name, required } => (Some(Location::Body), name, required),
    };
    protocol::Operation {
        id: operation.id.to_owned(),
        pleo_id: operation.pleo_id.to_owned(),
        method: operation.method.to_string(),
        path: operation.path.to_owned(),
        company: location.map(|location| protocol::CompanyPlace {
            location,
            name: name.to_owned(),
            required,
        }),
        scopes: operation.scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect()),
        media_type: operation.request_body.map(|body| body.media_type.to_owned()),
    }
}

/// A JSON scalar as a parameter has it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_can_be_made() {
        assert!(string_regex(SECRET).is_ok());
    }
}
