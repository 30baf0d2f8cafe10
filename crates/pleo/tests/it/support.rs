//! What the tests share.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, StreamBody};
use pleo::{
    Body, BoxFuture, Call, Error, Transport, TransportError, TransportErrorKind,
    bytes::Bytes,
    http::{Request, Response},
    oauth::OAuthTransport,
};
use tokio::time::Instant;

/// What a service, or the way to it, does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A response with a status, headers and a body.
    Respond(u16, Vec<(&'static str, String)>, &'static str),
    /// A success whose body breaks off.
    Cut,
    /// No response, for this reason.
    Fail(TransportErrorKind),
    /// Nothing ever happens.
    Hang,
}

pub(crate) fn respond(status: u16) -> Step {
    Step::Respond(status, Vec::new(), "")
}

/// When a request came, and the request.
type Seen = (Instant, Request<Bytes>);

/// Does the same with each request, or one step after the other and then the last one again, and remembers when
/// each request came.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    steps: Arc<[Step]>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), seen: Arc::default() }
    }

    /// The `Authorization` header of each request.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let header =
            |request: &Request<Bytes>| request.headers()["authorization"].to_str().unwrap().to_owned();
        self.seen.lock().unwrap().iter().map(|(_, request)| header(request)).collect()
    }

    /// The times between the requests.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        seen.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Transport for Scripted {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        Box::pin(async move {
            let operation = call.operation();
            let request = call.into_authorized().await?;
            let step = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((Instant::now(), request));
                self.steps[seen.len().min(self.steps.len()) - 1].clone()
            };
            match step {
                Step::Respond(status, headers, body) => {
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    let body = Full::from(body).map_err(|never| match never {}).boxed_unsync();
                    Ok(response.body(body).unwrap())
                }
                Step::Cut => {
                    let frames = [Ok(http_body::Frame::data(Bytes::from("{\"da"))), Err("broken off".into())];
                    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
                    Ok(Response::new(body))
                }
                Step::Fail(kind) => Err(Error::Transport {
                    operation,
                    source: TransportError::new(kind, "as the test wants it"),
                }),
                Step::Hang => std::future::pending().await,
            }
        })
    }
}

/// An authorisation server that issues `FAKE-A2`, `FAKE-A3` and so on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Renews(Arc<Mutex<usize>>);

impl OAuthTransport for Renews {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let number = {
            let mut renewed = self.0.lock().unwrap();
            *renewed += 1;
            *renewed + 1
        };
        let pair = format!(
            r#"{{"access_token":"FAKE-A{number}","refresh_token":"FAKE-R{number}","token_type":"Bearer","expires_in":3600}}"#
        );
        Box::pin(async move { Ok(Response::new(pair.into())) })
    }
}
