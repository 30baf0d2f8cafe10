//! Responses.

use std::{fmt, ops::Deref, time::Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use serde::de::DeserializeOwned;

use super::{ApiError, DecodeError, Error, Operation, TransportError, TransportErrorKind};

/// The body of a response, as a transport hands it over: read as it arrives.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// What was done for a call so far. A transport that retries puts it into the
/// [extensions](http::Response::extensions) of the response, and goes on from a call's
/// [`attempts`](super::Call::attempts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// How many times the request was sent.
    pub sent: u32,
    /// When the time for all attempts is over, if there is a limit.
    pub deadline: Option<Instant>,
}

impl Attempts {
    /// What was done for a call that was sent with `before`, and got this response: what its transport says, or else
    /// one attempt more.
    pub(crate) fn of(response: &http::Extensions, before: Self) -> Self {
        response.get().copied().unwrap_or(Self { sent: before.sent + 1, ..before })
    }
}

/// A successful response: the decoded body with status and headers.
///
/// `Debug` shows the status only: bodies and headers may hold personal data.
#[derive(Clone)]
pub struct ResponseValue<T> {
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    value: T,
}

impl<T> ResponseValue<T> {
    /// The decoded body, by value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The response's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many times the request was sent; more than 1 only where a call is sent again.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    #[cfg(test)]
    pub(super) fn new(value: T) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), attempts: 1, value }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> ResponseValue<U> {
        let Self { status, headers, attempts, value } = self;
        ResponseValue { status, headers, attempts, value: change(value) }
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

/// Reads a success to its end, unless its body is longer than the limit; anything else becomes an
/// [`ApiError`].
pub(super) async fn read(
    operation: &'static Operation,
    response: http::Response<Body>,
    limit: usize,
) -> Result<ResponseValue<Bytes>, Error> {
    let (head, body) = response.into_parts();
    let attempts = Attempts::of(&head.extensions, Attempts::default()).sent;
    if head.status.is_success() {
        let read = read_success(operation, head.status, body, limit).await;
        let value = read.map_err(|error| error.with_attempts(attempts))?;
        return Ok(ResponseValue { status: head.status, headers: head.headers, attempts, value });
    }
    let (value, truncated) = read_beginning(body, ApiError::BODY_LIMIT).await;
    let error = ApiError::new(operation, head.status, head.headers, value, truncated);
    Err(Box::new(error.with_attempts(attempts)).into())
}

/// Reads the body of a success to its end: for a transport around another one that has to know that the body arrived
/// whole. A call has its [limit](super::Call::body_limit), in bytes.
///
/// # Errors
/// [`Error::BodyTooLong`] as soon as the body is longer than the limit, and [`Error::Transport`] if it breaks off.
pub async fn read_success(
    operation: &'static Operation,
    status: StatusCode,
    body: Body,
    limit: usize,
) -> Result<Bytes, Error> {
    match read_whole(body, limit).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(Error::BodyTooLong { operation, status, limit, attempts: 1 }),
        Err(source) => Err(Error::Transport { operation, source }),
    }
}

/// Reads a body to its end; `None` as soon as it is longer than the limit. A body that comes as one frame is not
/// copied.
async fn read_whole(mut body: Body, limit: usize) -> Result<Option<Bytes>, TransportError> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken_off)?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - first.len().max(all.len()) {
            return Ok(None);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.reserve(first.len() + data.len());
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(Some(if all.is_empty() { first } else { all.freeze() }))
}

/// Why a body did not arrive whole.
fn broken_off(source: Box<dyn std::error::Error + Send + Sync>) -> TransportError {
    #[cfg(feature = "reqwest")]
    if source.downcast_ref().is_some_and(reqwest::Error::is_timeout) {
        return TransportError::new(TransportErrorKind::Timeout, source);
    }
    TransportError::new(TransportErrorKind::Body, source)
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
            let ResponseValue { status, headers, attempts, value } = response;
            let error = DecodeError::new(operation, status, headers, value, &error);
            Err(Box::new(error.with_attempts(attempts)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use super::*;
    use crate::runtime::{
        BoxFuture, Call, Client, Problems, RequestBuilder, Transport, Unauthenticated,
        request::tests::OPERATION,
    };

    /// A body of this many frames of 1 KiB of JSON's white space; the frames that were read are counted.
    struct Frames(Arc<Mutex<usize>>, usize);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = Box<dyn std::error::Error + Send + Sync>;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            let mut read = self.0.lock().unwrap();
            if *read == self.1 {
                return Poll::Ready(None);
            }
            *read += 1;
            let text = if *read == self.1 { "1".to_owned() + &" ".repeat(1023) } else { " ".repeat(1024) };
            Poll::Ready(Some(Ok(http_body::Frame::data(text.into()))))
        }
    }

    struct Long {
        frames: usize,
        limit: Option<usize>,
        read: Arc<Mutex<usize>>,
    }

    impl Transport for Long {
        fn send<'a>(&'a self, _: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
            let body = Frames(Arc::clone(&self.read), self.frames).boxed_unsync();
            Box::pin(async { Ok(http::Response::new(body)) })
        }

        fn body_limit(&self) -> usize {
            self.limit.unwrap_or(Client::BODY_LIMIT)
        }
    }

    /// Calls an operation that answers with JSON, or without a body, and counts the frames read.
    async fn call(frames: usize, limit: Option<usize>, empty: bool) -> (Result<(), Error>, usize) {
        let read = Arc::default();
        // The limit is found through pointers as well.
        let transport = Arc::new(Box::new(Long { frames, limit, read: Arc::clone(&read) }));
        let client = Client::new("https://external.staging.pleo.io", Unauthenticated, transport).unwrap();
        let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
        call.path("thing", &Some(1));
        call.path("part", &Some(2));
        let result = if empty {
            call.send_empty().await.map(drop)
        } else {
            call.send_json::<u8>().await.map(|value| assert_eq!(*value, 1))
        };
        let read = *read.lock().unwrap();
        (result, read)
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_no_further() {
        for (frames, limit, empty, expected) in [
            (64, None, true, None),
            (65, None, true, Some(65_536)),
            (usize::MAX, None, true, Some(65_536)),
            (usize::MAX, Some(usize::MAX), true, Some(65_536)),
            (3, Some(2048), true, Some(2048)),
            (65, None, false, None),
            (65_536, None, false, None),
            (usize::MAX, None, false, Some(67_108_864)),
            (2, Some(2048), false, None),
            (3, Some(2048), false, Some(2048)),
            (1, Some(0), false, Some(0)),
        ] {
            let (result, read) = call(frames, limit, empty).await;
            match (result, expected) {
                (Ok(()), None) => assert_eq!(read, frames),
                (Err(error @ Error::BodyTooLong { limit, status: StatusCode::OK, .. }), Some(expected)) => {
                    assert_eq!((limit, read), (expected, expected / 1024 + 1));
                    assert_eq!(error.status(), Some(StatusCode::OK));
                    let text = format!("{error} {error:?}");
                    assert!(text.contains(&format!("more than {limit} bytes")), "{text}");
                }
                (result, _) => panic!("{frames} frames, {limit:?}, {empty}: {result:?}"),
            }
        }
    }
}
