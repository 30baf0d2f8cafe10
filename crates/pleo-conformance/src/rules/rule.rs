//! What a rule is.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    protocol::Capability,
    trial::{ClientTrial, ServiceTrial},
    verdict::{Level, Side, Verdict},
};

/// One rule of Pleo's documents, as data.
///
/// Its id is stable and never used for another rule.
#[derive(Clone, Copy, Serialize)]
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
    /// Why it is of this level: what the sources say, or leave open.
    pub level_reason: &'static str,
    /// The statements and facts that it comes from, see `docs/maintainers/sources.md`.
    pub sources: &'static [&'static str],
    /// The documents and headings where they stand.
    pub headings: &'static [&'static str],
    /// What a failure looks like.
    pub failure: &'static str,
    /// How it is checked.
    pub method: &'static str,
    /// What checks it.
    #[serde(rename = "side", serialize_with = "as_side")]
    pub check: Check,
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
        /// With what a live service is asked, where it may be: one `GET /v1/introspect`.
        live: Option<&'static str>,
        /// Checks it.
        check: fn(&mut ServiceTrial<'_>) -> Verdict,
    },
}

fn as_side<S: Serializer>(check: &Check, serializer: S) -> Result<S::Ok, S::Error> {
    check.side().serialize(serializer)
}

impl Check {
    const fn side(&self) -> Side {
        match self {
            Self::Client { .. } => Side::Client,
            Self::Service { .. } => Side::Service,
        }
    }
}

impl Rule {
    /// Whose behaviour it is about.
    pub const fn side(&self) -> Side {
        self.check.side()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("title", &self.title).finish_non_exhaustive()
    }
}
