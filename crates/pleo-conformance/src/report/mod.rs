//! What a run found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of the report's form: 1.
    pub format: u32,
    /// The suite and its version.
    pub suite: String,
    /// What was judged.
    pub subject: SubjectInfo,
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases a rule.
    pub cases: u32,
    /// When the run began, as RFC 3339 says.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many rules have which verdict.
    pub summary: Summary,
    /// One for each rule that was selected, in the order of the catalogue.
    pub results: Vec<RuleResult>,
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `in-process`, `program` or `service`.
    pub kind: String,
}

/// How many rules have which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Kept.
    pub passed: u32,
    /// MUST rules that are broken.
    pub failed_must: u32,
    /// SHOULD rules that are broken.
    pub failed_should: u32,
    /// Broken, as the file of expected failures says.
    pub expected_failures: u32,
    /// Kept, against the file of expected failures.
    pub unexpected_passes: u32,
    /// Not asked of this subject.
    pub skipped: u32,
    /// Nothing was learnt.
    pub inconclusive: u32,
}

/// What was found about one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleResult {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `MUST` or `SHOULD`.
    pub level: String,
    /// `client` or `service`.
    pub side: String,
    /// Where it comes from.
    pub sources: Vec<String>,
    /// What the rule asks for.
    pub statement: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Why the file of expected failures has this rule, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_failure: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The rule is kept, in so many cases.
    Pass {
        /// Cases in which the rule could be seen to be kept.
        conclusive: u32,
    },
    /// The rule is broken.
    Fail {
        /// The smallest case that was found, with the difference.
        evidence: Box<Evidence>,
    },
    /// The rule is not asked of this subject.
    Skip {
        /// Why.
        reason: String,
    },
    /// The subject never got far enough to show anything.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

/// How a rule is broken. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What the rule asks for here.
    pub expected: String,
    /// What came instead.
    pub received: String,
    /// What the subject was called for: the smallest such case.
    pub case: Value,
    /// The request that shows it, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SeenRequest>,
    /// The same request for a shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curl: Option<String>,
    /// Names the finding: the same for the same rule and the same kind of difference, whatever the case.
    pub fingerprint: String,
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// The server that it arrived at, and path and query.
    pub url: String,
    /// The headers, in the order of their arrival.
    pub headers: Vec<(String, String)>,
    /// The body, if it is short text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Report {
    /// The results by id.
    pub fn by_id(&self) -> BTreeMap<&str, &RuleResult> {
        self.results.iter().map(|result| (result.id.as_str(), result)).collect()
    }
}
