//! A report as a commit message.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use xtask_openapi::Document;

use super::bump;
use crate::{Report, quote::unlinked, rust::Bump};

/// A commit message: which documents have another version, and what changed.
pub fn commit_message(report: &Report, old: &[Document], new: &[Document]) -> String {
    let mut out = format!("Follow Pleo's API: {}\n", report.counts());
    let versions = |documents: &[Document]| -> BTreeMap<String, String> {
        let text = |document: &Document, key: &str| document.value["info"][key].as_str().map(unlinked);
        let named = |document| Some((text(document, "title")?, text(document, "version")?));
        documents.iter().filter_map(named).collect()
    };
    let (old, new) = (versions(old), versions(new));
    let apis: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let moved: Vec<String> = apis
        .into_iter()
        .filter_map(|api| match (old.get(api), new.get(api)) {
            (Some(old), Some(new)) if old != new => Some(format!("- {api} {old} to {new}")),
            (Some(_), None) => Some(format!("- {api} is gone")),
            (None, Some(new)) => Some(format!("- {api} {new} is new")),
            _ => None,
        })
        .collect();
    if !moved.is_empty() {
        let _ = writeln!(out, "\n{}", moved.join("\n"));
    }
    if report.rust.as_ref().is_some_and(|rust| rust.bump != Bump::None) {
        let counts = report.rust_counts();
        let _ = writeln!(out, "\nVersion of the client: {} ({counts} in its API).", bump(report));
    }
    out
}
