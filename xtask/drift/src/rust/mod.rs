//! The public Rust API of the generated client, and what changed between two of them.
//!
//! It is read out of generated code, not out of the documents: what is claimed of the code cannot
//! drift from it. `kinds` is the table of what can change, `docs/versioning.md` the policy.

mod compare;
mod kinds;
mod scope;
mod surface;

use std::{fmt, thread};

pub use compare::compare;
pub use kinds::{KINDS, Kind};
pub use surface::Surface;

use crate::Level;
use xtask_codegen as generate;
use xtask_openapi::{Document, Normalised, Refusals, normalise, normalise::Idle, overlay::Overlay};

/// One change of the public Rust API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Change {
    /// What changed, as a caller writes it, such as `pleo_client::tags::types::TagModel::name`.
    pub item: String,
    /// The id of its kind, see [`KINDS`].
    pub id: &'static str,
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
    /// What the changes ask for: the most that one of them does. What only may break a caller
    /// counts as what does.
    pub fn of(changes: &[Change]) -> Self {
        let level = changes.iter().map(|change| change.level).max();
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

/// Generated code that cannot be read as an API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file is no Rust.
    #[error("{path} is no Rust: {problem}; compare `xtask/codegen` with the generator in use")]
    NoRust {
        /// The file, from the root of the project.
        path: String,
        /// What the parser says.
        problem: String,
    },
    /// Nobody here knows what an item means to callers.
    #[error("{path} holds what `xtask/drift` does not know: {what}; teach it")]
    Unknown {
        /// The file, from the root of the project.
        path: String,
        /// The item.
        what: String,
    },
}

/// One of two states to be compared: what a client is made of.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Pleo's documents.
    pub documents: &'a [Document],
    /// What this project adds to them. An action that matches nothing is passed over.
    pub overlays: &'a [Overlay],
}

impl Side<'_> {
    /// Whether the same client is made of both.
    fn is_same(&self, other: &Self) -> bool {
        self.overlays == other.overlays && self.documents == other.documents
    }

    fn normalise(&self) -> Result<Normalised, Reason> {
        Ok(normalise(self.documents.to_vec(), self.overlays, Idle::Allowed)?)
    }
}

/// What changed in the Rust API between two states of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The changes, sorted by item.
    pub changes: Vec<Change>,
    /// What they ask for; at least a patch where the clean documents differ at all.
    pub bump: Bump,
}

/// Why two states of the documents could not be compared. The other parts of a report can be made
/// all the same.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the Rust API could not be compared: the {which} documents: {reason}")]
pub struct NotCompared {
    /// `old` or `new`.
    pub which: &'static str,
    /// What is in the way.
    #[source]
    pub reason: Reason,
}

/// What is in the way of a comparison.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Reason {
    /// No client can be made of the documents.
    #[error(transparent)]
    Documents(#[from] Refusals),
    /// The client that was made cannot be read.
    #[error(transparent)]
    Code(#[from] Error),
    /// The generator panicked.
    #[error("the generator panicked")]
    Panicked,
}

/// Generates the clients of two states of the documents and compares their APIs.
///
/// Generating takes most of the time, so each state has a thread of its own, and families that are
/// made of the same parts on both sides are left out.
///
/// # Errors
/// Where no client can be made of a state; the old one is named if both are refused.
pub fn between(old: Side<'_>, new: Side<'_>) -> Result<Comparison, NotCompared> {
    if old.is_same(&new) {
        return Ok(Comparison { changes: Vec::new(), bump: Bump::None });
    }
    let (old, new) = both(|| old.normalise(), || new.normalise())?;
    let modules = generate::differing(&old, &new);
    let read = |side: &Normalised| -> Result<Surface, Reason> {
        Ok(Surface::of_drafts(generate::generate_part(side, &modules).map_err(Refusals::from)?)?)
    };
    let (old_surface, new_surface) = both(|| read(&old), || read(&new))?;
    let changes = compare(&old_surface, &new_surface);
    let differs = if old.openapi == new.openapi { Bump::None } else { Bump::Patch };
    let bump = Bump::of(&changes).max(differs);
    Ok(Comparison { changes, bump })
}

/// Does the work of both sides at once.
fn both<T: Send>(
    old: impl FnOnce() -> Result<T, Reason> + Send,
    new: impl FnOnce() -> Result<T, Reason> + Send,
) -> Result<(T, T), NotCompared> {
    let (old, new) = thread::scope(|scope| {
        let (old, new) = (scope.spawn(old), scope.spawn(new));
        let result = |side: thread::ScopedJoinHandle<'_, _>| side.join().unwrap_or(Err(Reason::Panicked));
        (result(old), result(new))
    });
    let named = |which| move |reason| NotCompared { which, reason };
    Ok((old.map_err(named("old"))?, new.map_err(named("new"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_either_side_is_an_error_of_that_side() {
        let fine = || Ok(());
        let panics = || -> Result<(), Reason> { panic!("as a generator may") };
        for (compared, side) in [(both(panics, fine), "old"), (both(fine, panics), "new")] {
            let error = compared.unwrap_err();
            assert!(matches!(error.reason, Reason::Panicked) && error.which == side, "{error}");
        }
    }
}
