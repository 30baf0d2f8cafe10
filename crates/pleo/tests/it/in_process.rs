//! A sandbox without a socket between it and the client.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use pleo::{Body, BoxFuture, Call, Client, Error, Session, StandaloneApiKey, Transport, bytes, http};
use pleo_sandbox::{Environment, Grant, Handler, Sandbox};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

const KEY: &str = "FAKE-KEY";

/// A property test that runs the same cases every time.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Records each request and hands it to a handler.
#[derive(Clone)]
pub(crate) struct InProcess {
    handler: Arc<dyn Handler>,
    sent: Arc<Mutex<Vec<http::Request<Bytes>>>>,
}

impl Transport for InProcess {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            let reply = self.handler.handle(&request);
            self.sent.lock().unwrap().push(request);
            Ok(reply.response.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync()))
        })
    }
}

/// A client of a company of a sandbox, and what it sent.
pub(crate) struct Pleo {
    pub(crate) client: Client<pleo::Sandbox>,
    pub(crate) sandbox: Sandbox,
    transport: InProcess,
}

impl Pleo {
    pub(crate) fn new() -> Self {
        Self::with_handler(|sandbox| Arc::new(sandbox))
    }

    /// A handler may change requests and responses of the sandbox.
    pub(crate) fn with_handler(handler: impl FnOnce(Sandbox) -> Arc<dyn Handler>) -> Self {
        let sandbox = Sandbox::new(Environment::Staging);
        sandbox.set_limit(None);
        let company = sandbox.companies()[0];
        sandbox.admit(KEY, Grant::standalone_key(company));
        let transport = InProcess { handler: handler(sandbox.clone()), sent: Arc::default() };
        let environment = pleo::Sandbox::new("http://127.0.0.1:1").unwrap();
        let key = StandaloneApiKey::new(environment, KEY).unwrap();
        let session = Session::new(key).with_company(company);
        let client = Client::with_transport(session, transport.clone()).unwrap();
        Self { client, sandbox, transport }
    }

    /// Method, path and body of what was sent since the last time, without what only reads by GET.
    pub(crate) fn take_writes(&self) -> Vec<(String, Value)> {
        let sent = std::mem::take(&mut *self.transport.sent.lock().unwrap());
        let writes = sent.iter().filter(|request| request.method() != http::Method::GET);
        writes
            .map(|request| {
                let line = format!("{} {}", request.method(), request.uri().path());
                (line, serde_json::from_slice(request.body()).unwrap_or_default())
            })
            .collect()
    }
}
