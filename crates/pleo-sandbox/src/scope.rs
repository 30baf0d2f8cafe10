//! Scopes.

use std::collections::BTreeSet;

use pleo_client::{Operation, operations};

use crate::{Grant, answer::Refusal};

/// Whether a credential may use an operation (Z47). Where the documents do not state the scope, it may.
pub(crate) fn check(operation: &Operation, grant: &Grant) -> Result<(), Refusal> {
    let (Some(needed), Some(held)) = (operation.scopes, &grant.scopes) else { return Ok(()) };
    match needed.iter().find(|scope| !held.contains(**scope)) {
        None => Ok(()),
        Some(missing) => {
            let (resource, permission) = missing.split_once(':').unwrap_or((missing, ""));
            Err(Refusal::access_denied(&permission.to_ascii_uppercase(), resource))
        }
    }
}

/// Scopes as text; all of them, `None`, are those that the documents name.
pub(crate) fn text(scopes: Option<&BTreeSet<String>>) -> String {
    let all = || operations::all().filter_map(|operation| operation.scopes).flatten().copied().collect();
    let scopes: BTreeSet<&str> = match scopes {
        Some(scopes) => scopes.iter().map(String::as_str).collect(),
        None => all(),
    };
    scopes.into_iter().collect::<Vec<_>>().join(" ")
}
