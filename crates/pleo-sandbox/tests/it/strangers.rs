//! Input of any kind: nothing panics, and nobody without a valid credential gets a success.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::TimeDelta;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use pleo_client::operations;
use pleo_sandbox::{Grant, Reply, Sandbox, Server};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRng, TestRunner},
};

use crate::support::{KEY, TOKEN, basic, exchange, key, sandbox};

/// A sandbox that also knows credentials which are valid no longer, or nowhere here.
fn populated() -> Sandbox {
    let (sandbox, company) = sandbox();
    sandbox.set_limit(None);
    sandbox.admit_legacy("FAKE-LEGACY");
    sandbox.admit("FAKE-REVOKED", Grant { revoked: true, ..Grant::standalone_key(company) });
    let expires_at = Some(sandbox.now() - TimeDelta::seconds(1));
    sandbox.admit("FAKE-EXPIRED", Grant { expires_at, ..Grant::access_token(company) });
    sandbox
}

/// Values of `Authorization` that are no valid credential.
fn wrong_authorization() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            format!("Bearer {KEY}"),
            format!("Basic {KEY}"),
            format!("{KEY}:"),
            basic("", KEY),
            basic(KEY, KEY),
            basic(TOKEN, ""),
            basic("FAKE-REVOKED", ""),
            basic("FAKE-LEGACY", ""),
            "Bearer FAKE-EXPIRED".to_owned(),
            "Bearer FAKE-LEGACY".to_owned(),
            "Basic".to_owned(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
        ]),
        "(Basic|Bearer|basic|Digest) [!-~]{0,20}",
        "[ -~]{0,30}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    let own = ["/oauth/authorize", "/oauth/token", "/oauth/token/introspect", "/v1/introspect"];
    prop_oneof![
        3 => select(own.to_vec()).prop_map(str::to_owned),
        1 => "/[!-~&&[^?#{}<>\"\\\\^`|]]{0,30}",
        1 => Just("*".to_owned()),
    ]
}

/// Method and path: mostly those of an operation.
fn line() -> impl Strategy<Value = (String, String)> {
    let operations: Vec<_> =
        operations::all().map(|operation| (operation.method.to_string(), operation.path)).collect();
    let id = prop_oneof![
        3 => Just("11111111-2222-4333-8444-555555555551".to_owned()),
        1 => "[!-~&&[^/?#{}<>\"\\\\^`|]]{0,12}",
    ];
    let operation = (select(operations), id).prop_map(|((method, template), id)| {
        let mut path = template.to_owned();
        while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
            path.replace_range(start..=end, &id);
        }
        (method, path)
    });
    prop_oneof![
        6 => operation.clone(),
        2 => (method(), operation).prop_map(|(method, (_, path))| (method, path)),
        3 => (method(), path()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let name = select(vec!["company_id", "companyId", "organization_id", "limit", "after", "client_id", "x"]);
    let value = prop_oneof![
        Just("11111111-2222-4333-8444-555555555551".to_owned()),
        Just("10".to_owned()),
        "[A-Za-z0-9%+.-]{0,10}",
    ];
    let pairs = vec((name, value), 1..3).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    });
    prop_oneof![
        Just(String::new()),
        Just("company_id=11111111-2222-4333-8444-555555555551".to_owned()),
        pairs,
    ]
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(vec!["GET", "POST", "PUT", "DELETE"]).prop_map(str::to_owned),
        1 => select(vec!["HEAD", "OPTIONS", "CONNECT", "TRACE", "PATCH"]).prop_map(str::to_owned),
        1 => "[A-Z]{1,8}",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let json = select(vec![
        "{}",
        "[]",
        "null",
        r#"{"companyId":"11111111-2222-4333-8444-555555555551"}"#,
        r#"{"status":"ACTIVATED","metadata":{"a":[1.5e300,null]}}"#,
        "grant_type=refresh_token&refresh_token=FAKE&client_id=FAKE",
    ]);
    prop_oneof![json.prop_map(|text| text.as_bytes().to_vec()), vec(any::<u8>(), 0..40)]
}

/// A request without a valid credential.
#[derive(Debug, Clone)]
struct Stranger {
    method: String,
    path: String,
    query: String,
    authorizations: Vec<String>,
    content_type: Option<&'static str>,
    header: Option<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Stranger {
    fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers: Vec<(String, Vec<u8>)> = self.header.iter().cloned().collect();
        let own =
            self.authorizations.iter().map(|value| ("authorization".to_owned(), value.as_bytes().to_vec()));
        headers.extend(own);
        headers.extend(self.content_type.map(|value| ("content-type".to_owned(), value.as_bytes().to_vec())));
        headers
    }

    /// As a request, if it can be one.
    fn request(&self) -> Option<Request<Bytes>> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.target())
            .body(self.body.clone().into())
            .ok()?;
        for (name, value) in self.headers() {
            let header = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&value));
            if let (Ok(name), Ok(value)) = header {
                request.headers_mut().append(name, value);
            }
        }
        Some(request)
    }

    /// As it goes over the wire.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.target()).into_bytes();
        for (name, value) in self.headers() {
            bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", self.body.len()).into_bytes());
        bytes.extend(&self.body);
        bytes
    }
}

fn stranger() -> impl Strategy<Value = Stranger> {
    let types = vec!["application/json", "application/x-www-form-urlencoded", "text/plain"];
    (
        line(),
        query(),
        vec(wrong_authorization(), 0..3),
        option::of(select(types)),
        option::of(("[a-z-]{1,10}".prop_map(|name| format!("x-{name}")), vec(any::<u8>(), 0..20))),
        body(),
    )
        .prop_map(|((method, path), query, authorizations, content_type, header, body)| Stranger {
            method,
            path,
            query,
            authorizations,
            content_type,
            header,
            body,
        })
}

/// The same cases each time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, random)
}

#[test]
fn no_request_without_a_valid_credential_gets_a_success() {
    let sandbox = populated();
    let (refused, reached) = (AtomicU32::new(0), AtomicU32::new(0));
    let mut runner = runner(2048);
    let result = runner.run(&stranger(), |stranger| {
        let Some(mut request) = stranger.request() else { return Ok(()) };
        let status = sandbox.handle(&request).response.status();
        prop_assert!(!status.is_success(), "{status}");
        refused.fetch_add(1, Ordering::Relaxed);
        // The same request with a valid one shows that the credential was what it lacked.
        request.headers_mut().insert("authorization", HeaderValue::from_str(&key()).unwrap());
        if sandbox.handle(&request).response.status() != StatusCode::UNAUTHORIZED {
            reached.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    result.unwrap();
    let (refused, reached) = (refused.into_inner(), reached.into_inner());
    assert!(refused > 1000 && reached > 1000, "{refused} refused, {reached} got further with a credential");
}

/// Serves a sandbox and notes whether it panicked.
fn watched(sandbox: Sandbox) -> (Server, Arc<AtomicBool>) {
    let panicked = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&panicked);
    let handler = move |request: &Request<Bytes>| {
        catch_unwind(AssertUnwindSafe(|| sandbox.handle(request))).unwrap_or_else(|_| {
            noted.store(true, Ordering::Relaxed);
            Reply::from(Response::new(Bytes::new()))
        })
    };
    (Server::start(handler).unwrap(), panicked)
}

fn succeeded(answer: &str) -> bool {
    // Of each answer the first line only: a body may hold anything.
    answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.0 2")
}

/// Bytes that are a request, almost one, or none.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (stranger(), any::<prop::sample::Index>(), vec(any::<u8>(), 0..8), 0..12_usize).prop_map(
        |(stranger, place, inserted, removed)| {
            let mut bytes = stranger.bytes();
            let start = place.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, inserted);
            bytes
        },
    );
    prop_oneof![
        4 => stranger().prop_map(|stranger| stranger.bytes()),
        4 => damaged,
        1 => vec(any::<u8>(), 0..200),
        1 => Just(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
    ]
}

#[test]
fn no_bytes_without_a_valid_credential_get_a_success_or_cause_a_panic() {
    let (server, panicked) = watched(populated());
    let answered = AtomicU32::new(0);
    let mut runner = runner(256);
    let result = runner.run(&bytes(), |bytes| {
        let answer = exchange(server.address(), &bytes);
        prop_assert!(!succeeded(&answer), "{answer}");
        prop_assert!(!panicked.load(Ordering::Relaxed));
        answered.fetch_add(u32::from(!answer.is_empty()), Ordering::Relaxed);
        Ok(())
    });
    result.unwrap();
    assert!(answered.load(Ordering::Relaxed) > 100, "{answered:?}");
    let reached = server.take_exchanges().len();
    assert!(reached > 50, "{reached} requests reached the sandbox");
    let request =
        format!("GET /v1/introspect HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n\r\n", key());
    assert!(succeeded(&exchange(server.address(), request.as_bytes())));
}

#[test]
fn clients_that_say_nothing_or_half_harm_nobody() {
    let (server, panicked) = watched(populated());
    for part in ["", "G", "GET /v1/introspect HTTP/1.1\r\n", "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n{"]
    {
        assert!(!succeeded(&exchange(server.address(), part.as_bytes())), "{part}");
    }
    let large = pleo_sandbox::MAX_BODY + 1;
    let mut request = format!(
        "POST /v1/introspect HTTP/1.1\r\nauthorization: {}\r\ncontent-length: {large}\r\n\r\n",
        key()
    )
    .into_bytes();
    request.resize(request.len() + large, b' ');
    assert!(!succeeded(&exchange(server.address(), &request)));
    assert!(!panicked.load(Ordering::Relaxed));
}

#[test]
fn the_end_of_time_is_no_problem() {
    let sandbox = populated();
    sandbox.advance(Duration::MAX);
    let mut runner = runner(256);
    let result = runner.run(&stranger(), |stranger| {
        if let Some(mut request) = stranger.request() {
            request.headers_mut().insert("authorization", HeaderValue::from_str(&key()).unwrap());
            sandbox.handle(&request);
        }
        Ok(())
    });
    result.unwrap();
}
