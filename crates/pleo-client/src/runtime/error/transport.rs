//! What goes wrong between the client and the service.

use std::{error::Error as StdError, fmt};

use super::ErrorChain;

/// What happened to a request on its way, or to the response on its way back.
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn StdError + Send + Sync>,
    attempts: u32,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No HTTP client can be made with these settings: nothing was sent, and trying again changes nothing.
    Settings,
    /// The request could not be made ready: nothing was sent, and trying again changes nothing.
    Request,
    /// The request was not sent, for instance because it had to wait too long: any operation may be tried again.
    NotSent,
    /// No connection was made: nothing was sent, so any operation may be tried again.
    Connect,
    /// The time ran out; whether the request arrived is not known.
    Timeout,
    /// The connection failed; whether the request arrived is not known.
    Connection,
    /// The response began, but its body did not arrive whole.
    Body,
}

impl TransportError {
    /// An error of a transport. `source` must show neither URL nor header values.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: source.into(), attempts: 1 }
    }

    /// The same after several attempts, for a transport that retries.
    #[must_use]
    pub fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// How many times the request was sent, or was about to be sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How far the request came.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Settings => "no HTTP client can be made with these settings",
            TransportErrorKind::Request => "the request could not be prepared",
            TransportErrorKind::NotSent => "the request was not sent in time",
            TransportErrorKind::Connect => "no connection to the service",
            TransportErrorKind::Timeout => "no complete response in time",
            TransportErrorKind::Connection => "the connection failed",
            TransportErrorKind::Body => "the response broke off",
        })?;
        if self.attempts > 1 { write!(f, " in the last of {} attempts", self.attempts) } else { Ok(()) }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ErrorChain(self), f)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
