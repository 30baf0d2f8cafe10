//! Answers.

use std::{fmt, ops::Deref};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use serde::de::DeserializeOwned;

use super::{ApiError, DecodeError, Error, Operation, TransportError, TransportErrorKind};

/// The body of an answer, as a transport hands it over: read as it arrives.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A successful answer: the decoded body with status and headers.
///
/// `Debug` shows the status only: bodies and headers may hold personal data.
#[derive(Clone)]
pub struct ResponseValue<T> {
    status: StatusCode,
    headers: HeaderMap,
    value: T,
}

impl<T> ResponseValue<T> {
    /// The decoded body, by value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> ResponseValue<U> {
        ResponseValue { status: self.status, headers: self.headers, value: change(self.value) }
    }
}

impl<T> Deref for ResponseValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for ResponseValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseValue").field("status", &self.status.as_u16()).finish_non_exhaustive()
    }
}

/// Reads a success to its end; anything else becomes an [`ApiError`].
pub(super) async fn read(
    operation: &'static Operation,
    response: http::Response<Body>,
) -> Result<ResponseValue<Bytes>, Error> {
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        let body = body.collect().await.map_err(|source| {
            let source = TransportError::new(TransportErrorKind::Body, source);
            Error::Transport { operation, source }
        })?;
        return Ok(ResponseValue { status: head.status, headers: head.headers, value: body.to_bytes() });
    }
    let (value, truncated) = read_beginning(body, ApiError::BODY_LIMIT).await;
    Err(Box::new(ApiError::new(operation, head.status, head.headers, value, truncated)).into())
}

/// Reads a body up to a limit; what of it came before it broke off is worth keeping. Tells also
/// whether there is more.
async fn read_beginning(mut body: Body, limit: usize) -> (Bytes, bool) {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (read.freeze(), true) };
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return (read.freeze(), true);
        }
    }
    (read.freeze(), false)
}

/// Decodes the JSON of a success.
pub(super) fn decode<T: DeserializeOwned>(
    operation: &'static Operation,
    response: ResponseValue<Bytes>,
) -> Result<ResponseValue<T>, Error> {
    match serde_json::from_slice(&response.value) {
        Ok(value) => Ok(response.map(|_| value)),
        Err(error) => {
            let ResponseValue { status, headers, value } = response;
            Err(Box::new(DecodeError::new(operation, status, headers, value, &error)).into())
        }
    }
}
