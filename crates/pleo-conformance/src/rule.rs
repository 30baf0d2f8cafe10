//! What a rule is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{client_trial::ClientTrial, protocol::Capability, report::Verdict, service::ServiceTrial};

/// One rule of Pleo's documents, as data.
///
/// Its id is stable and never used for another rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its id, such as `AUTH-003`: an area and a number. Rules of the client's side count from 1, those of
    /// the service's side from 101.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it asks for, with the words of RFC 2119.
    pub statement: &'static str,
    /// How strongly.
    pub level: Level,
    /// The statements and facts that it comes from, see `docs/sources.md`.
    pub sources: &'static [&'static str],
    /// The documents and headings where they stand.
    pub headings: &'static [&'static str],
    /// What a failure looks like.
    pub failure: &'static str,
    /// How it is checked.
    pub method: &'static str,
    /// What checks it.
    pub check: Check,
}

/// How strongly a rule asks (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// It is an absolute requirement, or prohibition.
    Must,
    /// There may be reasons to do otherwise, to be weighed.
    Should,
}

/// Whose behaviour a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A client's.
    Client,
    /// The service's.
    Service,
}

/// What checks a rule.
#[derive(Clone, Copy)]
pub enum Check {
    /// A check of clients.
    Client {
        /// What a client has to be able to do for the rule to be asked of it.
        needs: &'static [Capability],
        /// Checks it.
        check: fn(&mut ClientTrial<'_>) -> Verdict,
    },
    /// A check of services.
    Service {
        /// Checks it.
        check: fn(&mut ServiceTrial<'_>) -> Verdict,
    },
}

impl Rule {
    /// Whose behaviour it is about.
    pub fn side(&self) -> Side {
        match self.check {
            Check::Client { .. } => Side::Client,
            Check::Service { .. } => Side::Service,
        }
    }

    /// Its area, such as `AUTH`.
    pub fn area(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(area, _)| area)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("title", &self.title).finish_non_exhaustive()
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
