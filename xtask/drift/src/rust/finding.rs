//! One line of the report of what changed in the Rust API, and what all of them ask for.

use std::fmt;

use crate::Level;

/// One change of the public Rust API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct RustFinding {
    /// What changed, as a caller writes it, such as `pleo_client::tags::types::TagModel::name`.
    pub item: String,
    /// The id of its kind, see [`KINDS`](crate::rust::KINDS).
    pub kind: &'static str,
    /// The level of its kind.
    pub level: Level,
    /// What it was: a type, a name, a request or a signature, where there is something to say.
    pub before: Option<String>,
    /// What it is now.
    pub after: Option<String>,
}

/// Which part of the client's version has to be raised, see `docs/versioning.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// Nothing has to be released.
    None,
    /// Code or documentation differs, the API does not.
    Patch,
    /// There is more, and what was there is as it was.
    Minor,
    /// Some caller may have to change something.
    Major,
}

impl Bump {
    /// What the findings ask for: the most that one of them does. What only may break a caller
    /// counts as what does.
    pub fn of(findings: &[RustFinding]) -> Self {
        let level = findings.iter().map(|finding| finding.level).max();
        match level {
            None => Self::None,
            Some(Level::Documentation) => Self::Patch,
            Some(Level::Additive) => Self::Minor,
            Some(Level::PossiblyBreaking | Level::Breaking) => Self::Major,
        }
    }

    /// The version after `version`, which is three numbers with dots between; nothing for another
    /// text.
    ///
    /// Cargo takes versions of which the leftmost number other than zero differs for incompatible,
    /// so below 1.0.0 everything moves one place to the right.
    pub fn next(self, version: &str) -> Option<String> {
        let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
        let (Some(major), Some(minor), Some(patch), None) =
            (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next())
        else {
            return None;
        };
        let (major, minor, patch) = match (self, major, minor) {
            (Self::None, ..) => (major, minor, patch),
            (Self::Major, 0, 0) | (Self::Patch, ..) | (Self::Minor, 0, _) => (major, minor, patch + 1),
            (Self::Major, 0, _) | (Self::Minor, ..) => (major, minor + 1, 0),
            (Self::Major, ..) => (major + 1, 0, 0),
        };
        Some(format!("{major}.{minor}.{patch}"))
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}
