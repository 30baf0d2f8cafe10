//! Why the Rust APIs of two states could not be compared.

use std::sync::Arc;

use xtask_openapi::Refusals;

use crate::source::SourceError;

/// Generated code that cannot be read as an API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// A file is not valid Rust.
    #[error("{path} is not valid Rust: {problem}; compare `xtask/codegen` with the generator in use")]
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

impl NotCompared {
    /// The overlays of a state cannot be read.
    pub(crate) fn overlays(which: &'static str, error: SourceError) -> Self {
        Self { which, reason: Reason::Overlays(Arc::new(error)) }
    }
}

/// What is in the way of a comparison.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Reason {
    /// No client can be made of the documents.
    #[error(transparent)]
    Documents(#[from] Refusals),
    /// The client that was made cannot be read.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The overlays cannot be read.
    #[error(transparent)]
    Overlays(Arc<SourceError>),
    /// The generator panicked.
    #[error("the generator panicked")]
    Panicked,
}
