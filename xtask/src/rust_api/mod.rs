//! The public Rust API of the generated client, and what changed between two of them.

use crate::diff::Level;

/// A change of the public Rust API.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The kind of change, kebab-case.
    pub id: &'static str,
    /// How much it means to code that uses the client.
    pub level: Level,
    /// Path of the item, such as `export::types::ExportJob::status`.
    pub item: String,
    /// What stood there; `None` for what is new.
    pub before: Option<String>,
    /// What stands there now; `None` for what is gone.
    pub after: Option<String>,
}

/// The version number that a set of changes asks to be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// None.
    None,
    /// The third.
    Patch,
    /// The second.
    Minor,
    /// The first.
    Major,
}
