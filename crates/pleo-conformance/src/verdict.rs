//! What is found of a rule, and the words for it.

use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How strongly a rule asks (RFC 2119).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// It is an absolute requirement, or prohibition.
    Must,
    /// There may be reasons to do otherwise, to be weighed.
    Should,
}

/// Whose behaviour a rule is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A client's.
    Client,
    /// The service's.
    Service,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The rule passed.
    Pass {
        /// Cases that could have failed the rule, and did not.
        conclusive: u32,
    },
    /// The rule failed.
    Fail {
        /// The smallest case that was found, with the difference.
        evidence: Box<Evidence>,
    },
    /// The rule is not asked of this client or service.
    Skip {
        /// Why.
        reason: String,
    },
    /// The client or service never got far enough to show anything.
    Inconclusive {
        /// Why.
        reason: String,
    },
    /// It could not be found out: the client or service under test broke down.
    Error {
        /// How.
        reason: String,
    },
}

/// How a rule failed. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What the rule asks for here.
    pub expected: String,
    /// What came instead.
    pub received: String,
    /// What the client under test was called for: the smallest such case.
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

/// As it went over the wire, without the version of HTTP.
impl fmt::Display for SeenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            write!(f, "\n{name}: {value}")?;
        }
        match &self.body {
            Some(body) => write!(f, "\n\n{body}"),
            None => Ok(()),
        }
    }
}

impl Evidence {
    /// What goes with expected and received, by name: the request, the curl line and, as the longest, the case.
    pub(crate) fn details(&self) -> Vec<(&'static str, String)> {
        let request = self.request.as_ref().map(SeenRequest::to_string);
        [("request", request), ("curl", self.curl.clone()), ("case", Some(format!("{:#}", self.case)))]
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)))
            .collect()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Service => "service",
        })
    }
}
