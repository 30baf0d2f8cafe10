//! Transports that record what would be sent, and a scripted authorisation server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt as _, Full};
use pleo_auth::{
    Client, CompanyId, Environment, Session, Staging, StandaloneApiKey,
    oauth::{OAuthApp, OAuthTransport},
    pleo_client::{
        Authorization, Authorize, Body, BoxFuture, Call, Error, Request, Transport, TransportError,
        TransportErrorKind,
    },
};

pub(crate) fn company(number: u8) -> CompanyId {
    format!("{number:02x}111111-2222-4333-8444-555555555555").parse().unwrap()
}

pub(crate) fn key(text: &str) -> StandaloneApiKey<Staging> {
    StandaloneApiKey::new(Staging, text).unwrap()
}

pub(crate) fn body(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn answer(status: u16, text: impl Into<Bytes>) -> http::Response<Body> {
    http::Response::builder().status(status).body(body(text)).unwrap()
}

type Answers = dyn Fn(&http::Request<Bytes>) -> http::Response<Body> + Send + Sync;

/// Records each request as it would be sent, and answers.
#[derive(Clone)]
pub(crate) struct Recorder {
    sent: Arc<Mutex<Vec<http::Request<Bytes>>>>,
    answers: Arc<Answers>,
}

impl Recorder {
    pub(crate) fn new(
        answers: impl Fn(&http::Request<Bytes>) -> http::Response<Body> + Send + Sync + 'static,
    ) -> Self {
        Self { sent: Arc::default(), answers: Arc::new(answers) }
    }

    /// Answers everything with a status and an empty object.
    pub(crate) fn status(status: u16) -> Self {
        Self::new(move |_| answer(status, "{}"))
    }

    /// Answers 401 to the access token A0, and everything else with a status.
    pub(crate) fn refusing_a0(status: u16) -> Self {
        Self::new(move |request| {
            answer(if authorization(request).ends_with("A0") { 401 } else { status }, "")
        })
    }

    pub(crate) fn sent(&self) -> Vec<http::Request<Bytes>> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> http::Request<Bytes> {
        self.sent().pop().unwrap()
    }

    /// The `Authorization` headers of all that was sent.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.sent().iter().map(authorization).collect()
    }
}

/// The one `Authorization` header of a request.
pub(crate) fn authorization(request: &http::Request<Bytes>) -> String {
    let mut values = request.headers().get_all("authorization").iter();
    let value = values.next().unwrap().to_str().unwrap().to_owned();
    assert!(values.next().is_none(), "two Authorization headers");
    value
}

impl Transport for Recorder {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            let answer = (self.answers)(&request);
            self.sent.lock().unwrap().push(request);
            Ok(answer)
        })
    }
}

pub(crate) fn client<E: Environment>(session: Session<E>, transport: &Recorder) -> Client<E> {
    Client::with_transport(session, transport.clone()).unwrap()
}

/// Adds a header before a session sees the request.
pub(crate) struct Adds(pub(crate) &'static str, pub(crate) Session<Staging>);

impl Authorize for Adds {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        request.headers_mut().append("authorization", HeaderValue::from_static(self.0));
        self.1.authorize(request)
    }
}

/// What the scripted authorisation server does next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Breaks the connection.
    Break(TransportErrorKind),
    /// Answers never.
    Hang,
}

/// New tokens `A{n}` and `R{n}`.
pub(crate) fn pair(number: u32, expires_in: u64) -> Step {
    Step::Answer(
        200,
        format!(
            r#"{{"access_token":"FAKE-A{number}","refresh_token":"FAKE-R{number}","token_type":"Bearer","expires_in":{expires_in}}}"#
        ),
    )
}

pub(crate) fn refused(code: &str) -> Step {
    Step::Answer(400, format!(r#"{{"error":"{code}"}}"#))
}

/// What introspection says of a token.
pub(crate) fn introspected(active: bool) -> Step {
    Step::Answer(200, format!(r#"{{"active":{active}}}"#))
}

/// An authorisation server that follows a script; each response takes 10 ms.
#[derive(Clone, Default)]
pub(crate) struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    forms: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        script.push(steps);
        script
    }

    pub(crate) fn push(&self, steps: impl IntoIterator<Item = Step>) {
        self.steps.lock().unwrap().extend(steps);
    }

    pub(crate) fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.forms.lock().unwrap().clone()
    }

    /// The forms that were posted, decoded.
    pub(crate) fn forms(&self) -> Vec<Vec<(String, String)>> {
        self.requests()
            .iter()
            .map(|request| form_urlencoded::parse(request.body()).into_owned().collect())
            .collect()
    }

    /// The refresh tokens that were presented.
    pub(crate) fn presented(&self) -> Vec<String> {
        let value = |form: Vec<(String, String)>| form.into_iter().find(|(name, _)| name == "refresh_token");
        self.forms().into_iter().filter_map(value).map(|(_, token)| token).collect()
    }

    pub(crate) fn app(&self) -> OAuthApp<Staging> {
        OAuthApp::with_transport(Staging, "FAKE-CLIENT", "https://app.test/callback", self.clone()).unwrap()
    }
}

impl OAuthTransport for Script {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.forms.lock().unwrap().push(request);
        let step = self.steps.lock().unwrap().pop_front().expect("the script has ended");
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            match step {
                Step::Answer(status, body) => {
                    Ok(http::Response::builder().status(status).body(body.into()).unwrap())
                }
                Step::Break(kind) => Err(TransportError::new(kind, "broken")),
                Step::Hang => std::future::pending().await,
            }
        })
    }
}
