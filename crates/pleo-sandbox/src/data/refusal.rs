//! Why a request gets an error as its answer.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::answer;

/// An error answer with Pleo's `type` and `message` (E12 to E19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let message = format!("the parameter {parameter} is needed here");
        Self::new(StatusCode::BAD_REQUEST, "required_parameter_missing", message)
    }

    /// Says the same of what does not exist and of what belongs to another company (K2).
    pub(super) fn not_found(kind: &'static str, what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, format!("there is no such {what}"))
    }

    pub(super) fn conflict(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, message)
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        answer::error(self.status, self.kind, &self.message)
    }
}
