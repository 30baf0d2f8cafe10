//! Everything that can go wrong with a call.

use std::{error::Error as StdError, fmt, time::Duration};

use http::StatusCode;

use super::{InvalidArgument, Operation, PagingError, Refusal};

mod api;
mod chain;
mod decode;
mod json_path;
mod remedy;
mod retry_after;
mod transport;

pub use api::ApiError;
pub use chain::ErrorChain;
pub use decode::DecodeError;
pub use retry_after::retry_after;
pub use transport::{TransportError, TransportErrorKind};

/// Why a call has no result.
///
/// `Display` is a sentence that says what happened and what to do. `Debug` is the same with all causes, because
/// that is what a program prints whose `main` returns the error. Neither shows a body, a query or a header value,
/// so an error may go to a log as it is. With `{:#}` the sentence includes Pleo's own explanation, which may
/// hold personal data.
#[non_exhaustive]
pub enum Error {
    /// An argument cannot be sent. Nothing was sent.
    InvalidArgument {
        /// The operation that was called.
        operation: &'static Operation,
        /// What is wrong with which argument.
        argument: InvalidArgument,
    },
    /// The client's [`Authorize`](super::Authorize) refused the request, so it was not sent, or not again.
    Refused {
        /// The operation that was called.
        operation: &'static Operation,
        /// The refusal; [`Refusal::downcast_ref`] gives its type back.
        refusal: Refusal,
        /// How many times the request was sent before that.
        attempts: u32,
    },
    /// No complete response arrived.
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
        /// How many times the request was sent.
        attempts: u32,
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
        /// How many times the request for the last page that was read was sent.
        attempts: u32,
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

    /// The response's status, if there was a response.
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

    /// Whether the time ran out, before or after the last attempt was sent.
    pub fn is_timeout(&self) -> bool {
        matches!(self.transport_kind(), Some(TransportErrorKind::Timeout | TransportErrorKind::NotSent))
    }

    /// Whether the last attempt made no connection to the service, so that it sent nothing.
    pub fn is_connect(&self) -> bool {
        self.transport_kind() == Some(TransportErrorKind::Connect)
    }

    /// Whether the same call may succeed later, and may be repeated: see
    /// [`Operation::may_retry_status`] and [`Operation::may_retry_failure`].
    pub fn is_retryable(&self) -> bool {
        let operation = self.operation();
        match self {
            Self::Api(error) => operation.may_retry_status(error.status()),
            Self::Transport { source, .. } => operation.may_retry_failure(source.kind()),
            _ => false,
        }
    }

    /// How long the service asks to wait before the next request (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self.api_error()?.headers())
    }

    /// How many times the request was sent, or was about to be sent when no connection came about; 0 if it
    /// was refused before sending. More than 1 only where a call is sent again: with a transport that retries, or with
    /// a renewed token after a 401.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::InvalidArgument { .. } => 0,
            Self::Transport { source, .. } => source.attempts(),
            Self::Api(error) => error.attempts(),
            Self::Decode(error) => error.attempts(),
            Self::Refused { attempts, .. }
            | Self::BodyTooLong { attempts, .. }
            | Self::Paging { attempts, .. } => *attempts,
        }
    }

    /// The same after this many attempts, for a transport that sends a call again. An argument that cannot be sent was
    /// never sent.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        match self {
            Self::Transport { operation, source } => {
                Self::Transport { operation, source: source.with_attempts(attempts) }
            }
            Self::Api(error) => Self::Api(Box::new(error.with_attempts(attempts))),
            Self::Decode(error) => Self::Decode(Box::new(error.with_attempts(attempts))),
            Self::Refused { operation, refusal, .. } => Self::Refused { operation, refusal, attempts },
            Self::BodyTooLong { operation, status, limit, .. } => {
                Self::BodyTooLong { operation, status, limit, attempts }
            }
            Self::Paging { operation, problem, .. } => Self::Paging { operation, problem, attempts },
            error @ Self::InvalidArgument { .. } => error,
        }
    }

    fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Transport { source, .. } => Some(source.kind()),
            _ => None,
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
            Self::Refused { refusal, attempts: 0, .. } => write!(f, "refused before sending: {refusal}"),
            Self::Refused { refusal, .. } => write!(f, "refused before sending again: {refusal}"),
            Self::Transport { source, .. } => source.fmt(f),
            Self::BodyTooLong { status, limit, .. } => write!(
                f,
                "Pleo responded {status} with a body of more than {limit} bytes, which is the limit; \
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
        fmt::Display::fmt(&ErrorChain(self), f)
    }
}
