//! A live service gets little, and nothing without a word.

use std::process::{Command, Output};

use bytes::Bytes;
use http::{Method, Request, Response};
use pleo_sandbox::{Environment, Grant, Reply, Sandbox, Server};

/// A service that is live as far as the suite knows, with a key.
fn service() -> Server {
    let sandbox = Sandbox::new(Environment::Staging);
    let company = sandbox.companies()[0];
    sandbox.admit("FAKE-LIVE-KEY", Grant::standalone_key(company));
    sandbox.admit("FAKE-LIVE-TOKEN", Grant::access_token(company));
    Server::start(sandbox).unwrap()
}

fn judge(url: &str, key: &str, further: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pleo-conformance"))
        .args(["run", "--service", url, "--seed", "7"])
        .args(further)
        .env("PLEO_API_KEY", key)
        .env("PLEO_ACCESS_TOKEN", "FAKE-LIVE-TOKEN")
        .env("PLEO_ENVIRONMENT", url)
        .output()
        .unwrap()
}

#[test]
fn nothing_is_sent_before_somebody_says_so() {
    let server = service();
    let output = judge(&server.url(), "FAKE-LIVE-KEY", &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("GET ") && said.contains("/v1/introspect"), "{said}");
    assert!(said.contains("nothing was sent"), "{said}");
    assert!(server.take_exchanges().is_empty());
}

#[test]
fn a_live_service_gets_at_most_thirty_requests_that_only_read() {
    let server = service();
    let output = judge(&server.url(), "FAKE-LIVE-KEY", &["--yes-call-it"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let exchanges = server.take_exchanges();
    assert!((9..=30).contains(&exchanges.len()), "{} requests", exchanges.len());
    for exchange in &exchanges {
        assert_eq!(exchange.request.method(), Method::GET);
        assert_eq!(exchange.request.uri(), "/v1/introspect");
    }
    assert!(said.contains("9 passed, 0 failed, 11 skipped"), "{said}");
    assert!(!said.contains("FAKE-LIVE"), "{said}");
}

#[test]
fn a_key_that_does_not_work_is_found_and_not_shown() {
    let server = service();
    let output = judge(&server.url(), "FAKE-OTHER-KEY", &["--yes-call-it"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("AUTH-101") && !said.contains("FAKE-OTHER"), "{said}");
}

#[test]
fn an_address_that_is_not_pleos_is_wrong_usage_and_gets_nothing() {
    for url in [
        "",
        "external",
        "https://",
        "https://external.pleo.io.example.test",
        "https://FAKE-USER:FAKE-PASSWORD@external.staging.pleo.io",
        "https://external.staging.pleo.io/?key=FAKE-KEY",
        "http://external.staging.pleo.io",
        "https://openapi.pleo.io",
        "ftp://127.0.0.1",
        "http://127.0.0.1:99999",
    ] {
        let output = judge(url, "FAKE-LIVE-KEY", &["--yes-call-it"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{url}: {said}");
        assert!(said.contains("nothing was sent") && !said.contains("FAKE"), "{url}: {said}");
    }
}

#[test]
fn a_service_that_cannot_be_reached_is_reported_with_the_cause() {
    // No test gets this port by asking for a free one.
    let output = judge("http://127.0.0.1:1", "FAKE-LIVE-KEY", &["--yes-call-it"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no connection to the service: "), "{said}");
    assert!(said.to_lowercase().contains("connection refused"), "{said}");
    assert!(!said.contains("FAKE") && !said.contains("/v1/introspect"), "{said}");
}

#[test]
fn a_service_that_breaks_every_rule_gets_no_more_requests_than_the_plan_says() {
    let yes = |_: &Request<Bytes>| Reply::from(Response::new(Bytes::from_static(b"{}")));
    let server = Server::start(yes).unwrap();
    let output = judge(&server.url(), "FAKE-LIVE-KEY", &["--yes-call-it"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("9 requests"), "{said}");
    assert_eq!(server.take_exchanges().len(), 9);
}

#[test]
fn a_credential_is_sent_only_where_the_environment_says_that_it_belongs() {
    let server = service();
    for environment in [None, Some(""), Some("production"), Some("prod"), Some("http://127.0.0.1:1")] {
        // The old name of the option still works.
        let mut command = Command::new(env!("CARGO_BIN_EXE_pleo-conformance"));
        command
            .args(["run", "--target", &server.url(), "--yes-call-it"])
            .env("PLEO_API_KEY", "FAKE-LIVE-KEY");
        command.env_remove("PLEO_ENVIRONMENT").envs(environment.map(|it| ("PLEO_ENVIRONMENT", it)));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{environment:?}: {said}");
        assert!(said.contains("PLEO_ENVIRONMENT") && said.contains("nothing was sent"), "{said}");
        assert!(server.take_exchanges().is_empty(), "{environment:?}");
    }
}
