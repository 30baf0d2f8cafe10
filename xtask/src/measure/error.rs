//! Why something could not be measured.

use std::{io, path::Path};

use super::{DOCUMENT, document::DocumentError, table::TableError};

/// Why something could not be measured, compared or written.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The document with the committed tables is damaged.
    #[error("{DOCUMENT}: {0}")]
    Document(DocumentError),
    /// A program that could not be started.
    #[error("`{command}` could not be started: {error}")]
    NotStarted {
        /// The command.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// A command that failed.
    #[error("`{command}` failed; {said}")]
    Failed {
        /// The command.
        command: String,
        /// The end of what it wrote to standard error, or where that can be read.
        said: String,
    },
    /// What a command printed is not the table that is expected.
    #[error("what `{command}` printed cannot be used: {error}")]
    Printed {
        /// The command.
        command: String,
        /// What is wrong.
        error: TableError,
    },
    /// A file that cannot be read, written or understood.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Rows that are asked for and not there.
    #[error("there is no row {name:?}; there are: {}", .rows.join(", "))]
    NoRow {
        /// What was asked for.
        name: String,
        /// What there is.
        rows: Vec<String>,
    },
}

// Not as its source, which whoever shows the chain would show again.
impl From<DocumentError> for MeasureError {
    fn from(error: DocumentError) -> Self {
        Self::Document(error)
    }
}

impl MeasureError {
    pub(super) fn file(path: &Path, problem: impl ToString) -> Self {
        Self::File { path: path.display().to_string(), problem: problem.to_string() }
    }
}
