//! Which companies a request may reach, and which one it names.

use std::collections::BTreeMap;

use pleo_client::{CompanyLocation, Operation, Safety};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Subject,
    answer::Refusal,
    request::{COMPANY, values},
};

/// What a credential's subject may reach.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) subject: Subject,
    /// Its companies.
    pub(crate) companies: Vec<Uuid>,
}

impl Reach {
    /// `companies` are all companies with the organisation that each belongs to.
    pub(crate) fn new(subject: Subject, companies: &[(Uuid, Uuid)]) -> Self {
        let companies = match subject {
            Subject::Company(company) => vec![company],
            Subject::Organization(organization) => {
                let own = companies.iter().filter(|(_, found)| *found == organization);
                own.map(|(company, _)| *company).collect()
            }
        };
        Self { subject, companies }
    }
}

/// A request, as far as it says whose data it is about.
pub(crate) struct Named<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) path: &'a BTreeMap<&'static str, String>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: Option<&'a Value>,
}

impl Named<'_> {
    /// The company that the request names, if it may be reached (Z38, Z39).
    pub(crate) fn company(&self, reach: &Reach) -> Result<Option<Uuid>, Refusal> {
        let (given, place) = match self.operation.company {
            CompanyLocation::Query { name, .. } => (self.id(name)?, name),
            CompanyLocation::Body { name, required } => {
                let member = self.body.and_then(|body| body.get(name));
                if member.is_none() && required {
                    return Err(Refusal::missing(format!("{name} must be provided in the body")));
                }
                // What is not an id is found by the body's schema.
                (member.and_then(Value::as_str).and_then(id), name)
            }
            CompanyLocation::Nowhere => (self.path.get("companyId").and_then(|text| id(text)), "companyId"),
        };
        // Where the operation does not ask for it, the client may say it all the same (Z40).
        let said = if matches!(self.operation.company, CompanyLocation::Query { .. }) {
            None
        } else {
            self.id(COMPANY)?
        };
        for company in given.iter().chain(&said) {
            if !reach.companies.contains(company) {
                return Err(self.denied(&format!("company {company}")));
            }
        }
        if given.is_none() {
            self.wider(reach, place)?;
        }
        Ok(given)
    }

    /// A request without a company: whether it names an organisation instead, and may.
    fn wider(&self, reach: &Reach, place: &str) -> Result<(), Refusal> {
        if let Some(name) = self.operation.organization
            && let Some(organization) = self.id(name)?
        {
            return if reach.subject == Subject::Organization(organization) {
                Ok(())
            } else {
                Err(self.denied(&format!("organization {organization}")))
            };
        }
        if let Some(partner) = self.id("partner_id")? {
            return Err(self.denied(&format!("partner {partner}")));
        }
        let CompanyLocation::Query { required, .. } = self.operation.company else { return Ok(()) };
        // Seen on all tag operations, whether they take an organisation or not (K14, field notes).
        if self.operation.organization.is_some() || self.operation.family == "tags" {
            return Err(Refusal::missing(format!("either {place} or organization_id must be provided")));
        }
        let of_organization = matches!(reach.subject, Subject::Organization(_));
        // The others work on one company each (K2).
        let for_all = matches!(self.operation.family, "employees" | "marketplace");
        if required || (of_organization && !for_all) {
            return Err(Refusal::missing(format!("{place} must be provided")));
        }
        Ok(())
    }

    fn id(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        match values(self.query, name).as_slice() {
            [] => Ok(None),
            [text] => id(text).map(Some).ok_or_else(|| Refusal::bad_request(format!("{name} is not a UUID"))),
            _ => Err(Refusal::bad_request(format!("{name} is there more than once"))),
        }
    }

    fn denied(&self, resource: &str) -> Refusal {
        let reads = self.operation.safety == Safety::Safe;
        Refusal::access_denied(if reads { "READ" } else { "WRITE" }, resource)
    }
}

/// A UUID in its usual form, which is the document's.
fn id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| text.parse().ok()).flatten()
}
