//! Successes that cannot be decoded.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::runtime::Operation;

/// A success whose body is not what its document describes.
pub struct DecodeError {
    operation: &'static Operation,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    line: usize,
    column: usize,
    category: &'static str,
}

impl DecodeError {
    pub(crate) fn new(
        operation: &'static Operation,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        error: &serde_json::Error,
    ) -> Self {
        // The error's own text may quote the body.
        let category = match error.classify() {
            serde_json::error::Category::Io => "could not be read",
            serde_json::error::Category::Syntax => "is no JSON",
            serde_json::error::Category::Data => "is JSON of another shape than its document describes",
            serde_json::error::Category::Eof if body.is_empty() => "is empty",
            serde_json::error::Category::Eof => "ends too early",
        };
        Self { operation, status, headers, body, line: error.line(), column: error.column(), category }
    }

    /// The operation that was called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Line and column of the body where decoding stopped, counted from 1; column 0 is before the
    /// first character.
    pub fn position(&self) -> (usize, usize) {
        (self.line, self.column)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "answered {} with a body that {} (line {}, column {})",
            self.status, self.category, self.line, self.column
        )
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({}: {self})", self.operation.id)
    }
}

impl StdError for DecodeError {}
