//! A rule: what the documents ask for, and how it is checked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule of the catalogue.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rule {
    /// Its id, such as `AUTH-001`: never given to another rule.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What it asks for, in the words of RFC 2119.
    pub statement: &'static str,
    /// How strictly it is asked for.
    pub level: Level,
    /// Who is asked to keep it.
    pub side: Side,
    /// The statements that it comes from, such as `Z25`.
    pub sources: &'static [&'static str],
    /// The documents and headings where they stand.
    pub headings: &'static [&'static str],
    /// What it looks like when the rule is broken.
    pub failure: &'static str,
    /// How it is checked.
    pub method: &'static str,
}

/// How strictly a rule is asked for, as RFC 2119 has it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Without exception.
    Must,
    /// Unless there are good reasons.
    Should,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

/// Who is asked to keep a rule.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The client.
    Client,
    /// The service.
    Service,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Service => "service",
        })
    }
}

/// Rules for the tests of this crate; their ids are those of `report::sample`.
#[cfg(test)]
pub(crate) mod sample {
    use super::{Level, Rule, Side};

    pub(crate) static CATALOGUE: &[Rule] = &[
        rule("AUTH-1", Level::Must, Side::Client),
        rule("AUTH-2", Level::Must, Side::Client),
        rule("AUTH-3", Level::Must, Side::Client),
        rule("AUTH-4", Level::Should, Side::Client),
        rule("ENV-1", Level::Must, Side::Client),
        rule("ENV-2", Level::Must, Side::Client),
        rule("ENV-3", Level::Must, Side::Client),
        rule("ENV-4", Level::Must, Side::Service),
    ];

    const fn rule(id: &'static str, level: Level, side: Side) -> Rule {
        Rule {
            id,
            title: "Basic for keys",
            statement: "A client MUST send a key by HTTP Basic.",
            level,
            side,
            sources: &["Z25"],
            headings: &["S3: Standalone API Keys"],
            failure: "The key arrives as Bearer.",
            method: "Any operation, any key.",
        }
    }
}
