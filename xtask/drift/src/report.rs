//! What changed between two states, in the API and in the client.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use xtask_openapi::SpecError;

use crate::{
    Counts, Level,
    api::{self, ApiFinding, Prose},
    rust::{self, Comparison, NotCompared},
    source::Source,
};

/// What changed between two states. Its JSON form is described by `xtask/drift/schemas/diff.schema.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What changed in Pleo's API: by API, the gravest first.
    pub findings: Vec<ApiFinding>,
    /// What that does to the generated client; `None` where that was not looked at, or is not known.
    pub rust: Option<Comparison>,
    /// Why it is not known.
    pub rust_problem: Option<String>,
}

impl Report {
    /// Compares two states. Overlays that a state has none of are those below `root`.
    ///
    /// # Errors
    /// For documents that cannot be compared. What is in the way of making a client of them, or of
    /// reading the overlays, is told in the report.
    pub fn between(root: &Path, old: &Source, new: &Source, prose: Prose) -> Result<Self, SpecError> {
        let report = Self::of_api(api::compare(&old.documents, &new.documents, prose)?);
        let compared =
            old.overlays(root).map_err(|error| NotCompared::overlays("old", error)).and_then(|before| {
                let after = new.overlays(root).map_err(|error| NotCompared::overlays("new", error))?;
                rust::between(
                    rust::State { documents: &old.documents, overlays: &before },
                    rust::State { documents: &new.documents, overlays: &after },
                )
            });
        Ok(report.with_rust(compared))
    }

    /// A report of the API alone.
    pub fn of_api(findings: Vec<ApiFinding>) -> Self {
        Self { findings, rust: None, rust_problem: None }
    }

    /// Adds what the changes do to the generated client, or why that is not known.
    #[must_use]
    pub fn with_rust(mut self, compared: Result<Comparison, NotCompared>) -> Self {
        match compared {
            Ok(comparison) => self.rust = Some(comparison),
            Err(problem) => self.rust_problem = Some(problem.to_string()),
        }
        self
    }

    /// How many findings there are of each level, in the API.
    pub fn counts(&self) -> Counts {
        Counts::of(self.findings.iter().map(|finding| finding.level))
    }

    /// How many findings there are of each level, in the client.
    pub fn rust_counts(&self) -> Counts {
        Counts::of(self.rust.iter().flat_map(|rust| &rust.findings).map(|finding| finding.level))
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.rust.as_ref().is_none_or(|rust| rust.findings.is_empty())
    }

    /// The gravest level, of the API and the Rust API; `None` if nothing changed.
    pub fn gravest(&self) -> Option<Level> {
        let rust = self.rust.iter().flat_map(|rust| &rust.findings).map(|finding| finding.level);
        self.findings.iter().map(|finding| finding.level).chain(rust).max()
    }

    /// The findings by API.
    pub fn by_api(&self) -> BTreeMap<&str, Vec<&ApiFinding>> {
        let mut apis: BTreeMap<&str, Vec<&ApiFinding>> = BTreeMap::new();
        for finding in &self.findings {
            apis.entry(&finding.api).or_default().push(finding);
        }
        apis
    }
}
