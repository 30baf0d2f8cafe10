//! Everything that can go wrong with a call.

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::{InvalidArgument, Operation, PagingError, Refusal};

/// Why a call has no result.
///
/// `Display` and `Debug` of it and of all that it holds show no body, no query and no header value,
/// so that an error may go to a log as it is. What the service said is there to be asked for, see
/// [`ApiError`].
#[non_exhaustive]
pub enum Error {
    /// An argument cannot be sent. Nothing was sent.
    InvalidArgument {
        /// The operation that was called.
        operation: &'static Operation,
        /// What is wrong with which argument.
        argument: InvalidArgument,
    },
    /// The client's [`Authorize`](super::Authorize) refused the request. Nothing was sent.
    Refused {
        /// The operation that was called.
        operation: &'static Operation,
        /// The refusal; [`Refusal::downcast_ref`] gives its type back.
        refusal: Refusal,
    },
    /// No complete answer arrived.
    Transport {
        /// The operation that was called.
        operation: &'static Operation,
        /// What happened on the way.
        source: TransportError,
    },
    /// The service answered with success, but the body is longer than the limit. What came of it is not
    /// kept.
    BodyTooLong {
        /// The operation that was called.
        operation: &'static Operation,
        /// The response's status.
        status: StatusCode,
        /// The limit, in bytes: that of the transport, or [`Client::EMPTY_BODY_LIMIT`](super::Client::EMPTY_BODY_LIMIT) where
        /// the operation answers without a body.
        limit: usize,
    },
    /// The service answered with something other than success.
    Api(Box<ApiError>),
    /// The service answered with success, but the body is not what its document describes.
    Decode(Box<DecodeError>),
    /// A list cannot be read to its end.
    Paging {
        /// The operation that was called.
        operation: &'static Operation,
        /// Why it cannot.
        problem: PagingError,
    },
}

impl Error {
    /// The operation that was called.
    pub fn operation(&self) -> &'static Operation {
        match self {
            Self::InvalidArgument { operation, .. }
            | Self::Refused { operation, .. }
            | Self::Transport { operation, .. }
            | Self::BodyTooLong { operation, .. }
            | Self::Paging { operation, .. } => operation,
            Self::Api(error) => error.operation(),
            Self::Decode(error) => error.operation(),
        }
    }

    /// The answer's status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api(error) => Some(error.status()),
            Self::Decode(error) => Some(error.status()),
            Self::BodyTooLong { status, .. } => Some(*status),
            Self::InvalidArgument { .. }
            | Self::Refused { .. }
            | Self::Transport { .. }
            | Self::Paging { .. } => None,
        }
    }

    /// The service's own error, if it sent one.
    pub fn api_error(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation().id)?;
        match self {
            Self::InvalidArgument { argument, .. } => argument.fmt(f),
            Self::Refused { refusal, .. } => write!(f, "refused before sending: {refusal}"),
            Self::Transport { source, .. } => source.fmt(f),
            Self::BodyTooLong { status, limit, .. } => write!(
                f,
                "answered {status} with a body of more than {limit} bytes, which is the limit; \
                 raise the transport's body limit if such a body is expected"
            ),
            Self::Api(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Paging { problem, .. } => problem.fmt(f),
        }
    }
}

/// `Display` says what the variant holds, so the source is what lies behind that.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Refused { refusal, .. } => refusal.source(),
            Self::Transport { source, .. } => source.source(),
            Self::InvalidArgument { .. }
            | Self::BodyTooLong { .. }
            | Self::Api(_)
            | Self::Decode(_)
            | Self::Paging { .. } => None,
        }
    }
}

impl From<Box<ApiError>> for Error {
    fn from(error: Box<ApiError>) -> Self {
        Self::Api(error)
    }
}

impl From<Box<DecodeError>> for Error {
    fn from(error: Box<DecodeError>) -> Self {
        Self::Decode(error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variant = match self {
            Self::InvalidArgument { .. } => "InvalidArgument",
            Self::Refused { .. } => "Refused",
            Self::Transport { .. } => "Transport",
            Self::BodyTooLong { .. } => "BodyTooLong",
            Self::Api(_) => "Api",
            Self::Decode(_) => "Decode",
            Self::Paging { .. } => "Paging",
        };
        write!(f, "{variant}({self})")
    }
}

/// An answer other than success.
pub struct ApiError {
    operation: &'static Operation,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    truncated: bool,
    kind: Option<String>,
    message: Option<String>,
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
        Self { operation, status, headers, truncated, kind: text("type"), message: text("message"), body }
    }

    /// The operation that was called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The answer's status.
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

    /// The answer's headers.
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
        let length = self.body.len();
        write!(f, "answered {} with a body of {length} bytes", self.status)?;
        if self.status.is_redirection() {
            f.write_str(", a redirect, which is never followed")?;
        }
        if self.truncated {
            f.write_str(", cut off")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("operation", &self.operation.id)
            .field("status", &self.status.as_u16())
            .field("body_length", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

impl StdError for ApiError {}

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

/// What happened to a request on its way, or to the answer on its way back.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn StdError + Send + Sync>,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request could not be made ready: nothing was sent, and trying again changes nothing.
    Request,
    /// No connection came about: nothing was sent, so any operation may be tried again.
    Connect,
    /// The time ran out; whether the request arrived is not known.
    Timeout,
    /// The connection failed; whether the request arrived is not known.
    Connection,
    /// The answer began, but its body did not arrive whole.
    Body,
}

impl TransportError {
    /// An error of a transport. `source` must show neither URL nor header values.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// How far the request came.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Request => "the request could not be made ready",
            TransportErrorKind::Connect => "no connection to the service",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::Connection => "the connection failed",
            TransportErrorKind::Body => "the answer broke off",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
