//! Responses other than success.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::{DecodeError, ErrorChain, remedy::remedy};
use crate::runtime::{Operation, identifier};

/// A response other than success.
///
/// `Display` shows the status, Pleo's name for the error where it has the form of an
/// [identifier], and what to do. With `{:#}` it shows Pleo's explanation, too.
pub struct ApiError {
    operation: &'static Operation,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    truncated: bool,
    kind: Option<String>,
    message: Option<String>,
    attempts: u32,
}

impl ApiError {
    /// How much of a body is kept, in bytes.
    pub const BODY_LIMIT: usize = 64 * 1024;

    pub(crate) fn new(
        operation: &'static Operation,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        truncated: bool,
    ) -> Self {
        // Pleo's error bodies have these two members in common, where they are JSON at all.
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |member: &str| json.get(member).and_then(serde_json::Value::as_str).map(str::to_owned);
        let (kind, message) = (text("type"), text("message"));
        Self { operation, status, headers, body, truncated, kind, message, attempts: 1 }
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

    /// Pleo's name for the error, such as `missing_contra_accounts`, where the body has one.
    ///
    /// Compare without regard to case: Pleo's documents spell it both ways.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Pleo's explanation, where the body has one.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// How many times the request was sent; more than 1 only where a call is sent again.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The response's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came, up to [`BODY_LIMIT`](Self::BODY_LIMIT) bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether the body is not whole: it was longer than the limit, or its end never arrived.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The body as a type of your choice, such as a generated one that documents this error.
    ///
    /// # Errors
    /// When the body is not JSON of that type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Box<DecodeError>> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Box::new(DecodeError::new(
                self.operation,
                self.status,
                self.headers.clone(),
                self.body.clone(),
                &error,
            ))
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pleo responded {}", self.status)?;
        if let Some(kind) = self.kind().and_then(identifier) {
            write!(f, " ({kind})")?;
        }
        if let (true, Some(message)) = (f.alternate(), self.message()) {
            write!(f, ", saying {message:?}")?;
        }
        if self.status.is_redirection() {
            f.write_str(", a redirect, which is never followed")?;
        }
        if self.attempts > 1 {
            write!(f, " to the last of {} attempts", self.attempts)?;
        }
        match remedy(self.operation, self.status) {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation.id, ErrorChain(self))
    }
}

impl StdError for ApiError {}
