//! The one error of the spec pipeline: which document, which operation, where in it, what is
//! wrong, and what mends it.

use std::fmt;

use super::{pointer, walk};

pub use super::foreign::one_line;

/// A document that the pipeline refuses.
///
/// `Display` is several lines: the place, the problem and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SpecError {
    /// File name of the document, such as `export.yaml`.
    pub document: String,
    /// JSON pointer (RFC 6901) of the offending value; empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl SpecError {
    /// An error at `pointer` of `document`.
    pub fn new(
        document: impl Into<String>,
        pointer: impl Into<String>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            document: document.into(),
            pointer: pointer.into(),
            problem: problem.into(),
            mend: mend.into(),
        }
    }

    /// The operation that the pointer lies in, as `GET /v1/things`.
    pub fn operation(&self) -> Option<String> {
        let mut tokens = pointer::tokens(&self.pointer);
        if tokens.next()? != "paths" {
            return None;
        }
        let path = tokens.next()?;
        let method = tokens.next()?;
        walk::METHODS.contains(&method.as_str()).then(|| walk::operation_name(&method, &path))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.document)?;
        if let Some(operation) = self.operation() {
            write!(f, ", {}", one_line(&operation))?;
        }
        let place = if self.pointer.is_empty() { "(whole document)" } else { &one_line(&self.pointer) };
        write!(f, "\n  at   {place}\n  is   {}\n  mend {}", self.problem, self.mend)
    }
}
