//! Whether a credential may use an API family: one harmless read.

use pleo::{Client, Error, RequestRefused, ScopeSet, http::StatusCode, operations};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{exit::Exit, failure::exit_of};

/// What is read for each API family, with the body that the operation needs.
const PROBES: &[(&str, &str, Option<&str>)] = &[
    ("accounting-entries", "search_accounting_entries", Some(r#"{"includeDeleted":false}"#)),
    (
        "accounts",
        "search_accounts_v1",
        Some(r#"{"excludeIfAssignedToCategory":false,"excludeIfAssignedToContraAccount":false}"#),
    ),
    ("bookkeeping", "search_accounts_v1_beta", Some("{}")),
    ("companies", "list_companies", None),
    ("employees", "list_employees", None),
    ("export", "list_export_jobs_v3", None),
    ("marketplace", "introspect_authentication", None),
    ("tags", "list_tag_groups", None),
    ("tax-codes", "search_tax_codes", Some("{}")),
    ("vendors", "search_vendors", Some("{}")),
    ("webhooks", "list_subscriptions", None),
];

/// Whether a credential may read from an API family.
#[derive(Debug, Serialize)]
pub(super) struct Family {
    pub(super) family: &'static str,
    /// `None` if that is not known.
    pub(super) may_read: Option<bool>,
    /// Why not, or why it is not known.
    pub(super) reason: Option<String>,
    /// What was read.
    operation: Option<&'static str>,
    /// How the command would end if this read were all of it, where it failed and says nothing about access.
    #[serde(skip)]
    pub(super) failure: Option<Exit>,
}

/// Reads one entry.
pub(super) async fn examine(client: &Client, family: &'static str, scopes: Option<&ScopeSet>) -> Family {
    let Some((_, name, body)) = PROBES.iter().find(|(of, ..)| *of == family) else {
        let reason = "it only writes, so it cannot be tried".to_owned();
        return Family { family, may_read: None, reason: Some(reason), operation: None, failure: None };
    };
    let Some(operation) = operations::find(name) else {
        let reason = "this version does not know what to read".to_owned();
        return Family { family, may_read: None, reason: Some(reason), operation: None, failure: None };
    };
    let outcome =
        |may_read, reason| Family { family, may_read, reason, operation: Some(operation.id), failure: None };
    if let Some(scopes) = scopes {
        let missing = ScopeSet::needed_for([operation]).scopes.missing_in(scopes);
        if !missing.is_empty() {
            return outcome(Some(false), Some(format!("the scope {missing} is missing")));
        }
    }
    let mut call = client.operation(operation);
    if operation.parameters.iter().any(|parameter| parameter.name == "limit") {
        call = match call.argument("limit", "1") {
            Ok(call) => call,
            Err(error) => return outcome(None, Some(error.to_string())),
        };
    }
    if let Some(body) = body.and_then(|body| RawValue::from_string(body.to_owned()).ok()) {
        call = call.json(body);
    }
    match call.send().await {
        Ok(_) => outcome(Some(true), None),
        Err(error) => {
            let (may_read, reason) = refused(&error);
            let failure = may_read.is_none().then(|| exit_of(&error));
            Family { failure, ..outcome(may_read, Some(reason)) }
        }
    }
}

/// What an error says about access.
fn refused(error: &Error) -> (Option<bool>, String) {
    if matches!(RequestRefused::of(error), Some(RequestRefused::CompanyNeeded { .. })) {
        return (None, "it needs a company, and none is named; give --company".to_owned());
    }
    match error.status() {
        Some(StatusCode::FORBIDDEN) => {
            (Some(false), "Pleo refuses it: a scope is missing, or the API is not enabled for you".to_owned())
        }
        Some(StatusCode::NOT_FOUND) => (Some(false), "Pleo does not offer it to this credential".to_owned()),
        Some(StatusCode::UNAUTHORIZED) => {
            (Some(false), "Pleo does not accept the credential for it".to_owned())
        }
        _ => (None, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use pleo::Safety;

    use super::*;

    #[test]
    fn every_family_that_can_be_read_is_read_and_nothing_is_written() {
        for (family, name, _) in PROBES {
            let operation = operations::find(name).unwrap();
            assert_eq!((operation.family, operation.safety), (*family, Safety::Safe));
        }
        let unread: Vec<_> =
            operations::families().filter(|family| PROBES.iter().all(|(of, ..)| of != family)).collect();
        assert_eq!(unread, ["enrichment"]);
        let reads = operations::all()
            .any(|operation| operation.family == "enrichment" && operation.safety == Safety::Safe);
        assert!(!reads);
    }
}
