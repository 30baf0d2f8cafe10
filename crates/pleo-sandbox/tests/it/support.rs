//! Sandboxes with a credential, and requests to them.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Request};
use pleo_sandbox::{Environment, Grant, Sandbox};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const KEY: &str = "FAKE-KEY";
pub(crate) const TOKEN: &str = "FAKE-TOKEN";
pub(crate) const JSON: &str = "application/json";

/// A sandbox that knows [`KEY`] and [`TOKEN`], both of this company.
pub(crate) fn sandbox() -> (Sandbox, Uuid) {
    let sandbox = Sandbox::new(Environment::Staging);
    let company = sandbox.companies()[0];
    sandbox.admit(KEY, Grant::standalone_key(company));
    sandbox.admit(TOKEN, Grant::access_token(company));
    (sandbox, company)
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(crate) fn key() -> String {
    basic(KEY, "")
}

/// An answer with its body as JSON, or `null`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

pub(crate) fn send(
    sandbox: &Sandbox,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sandbox.handle(&request.body(body.into()).unwrap()).response;
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
        text: String::from_utf8_lossy(response.body()).into_owned(),
    }
}

/// A GET with [`KEY`].
pub(crate) fn get(sandbox: &Sandbox, uri: &str) -> Answer {
    send(sandbox, "GET", uri, &[("authorization", &key())], "")
}

/// A POST of JSON with [`KEY`].
pub(crate) fn post(sandbox: &Sandbox, uri: &str, body: &Value) -> Answer {
    send(sandbox, "POST", uri, &[("authorization", &key()), ("content-type", JSON)], body.to_string())
}

/// Writes bytes to a server and reads what comes back until the connection ends.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may have had enough before everything was written.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
