//! Successes that cannot be decoded.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::error::Category;

use super::{ErrorChain, json_path::json_path};
use crate::runtime::Operation;

/// A success whose body is not what its document describes.
pub struct DecodeError {
    operation: &'static Operation,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    line: usize,
    column: usize,
    path: String,
    category: &'static str,
    attempts: u32,
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
            Category::Io => "could not be read",
            Category::Syntax => "is not valid JSON",
            Category::Data => "does not match the documented schema",
            Category::Eof if body.is_empty() => "is empty",
            Category::Eof => "ends too early",
        };
        let (line, column) = (error.line(), error.column());
        let before: usize =
            body.split_inclusive(|&byte| byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
        let path = json_path(&body, before + column);
        Self { operation, status, headers, body, line, column, path, category, attempts: 1 }
    }

    /// The same after several attempts.
    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The operation that was called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The response's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How many times the request was sent; more than 1 only where a call is sent again.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The response's headers.
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

    /// The path of the value where decoding stopped, such as `data[3].amount.currency`; empty for the whole
    /// body. A name that is not an [`identifier`](crate::identifier) is shown as `…`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pleo responded {} with a body that {}", self.status, self.category)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation.id, ErrorChain(self))
    }
}

impl StdError for DecodeError {}
