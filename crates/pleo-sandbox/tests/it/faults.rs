//! What goes wrong on demand, as clients over TCP see it.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use pleo_auth::{
    Client, Session, StandaloneApiKey,
    pleo_client::{
        Error, TransportErrorKind,
        accounting_entries::types::AccountingEntryBaseSearchRequest,
        marketplace::types::{AuthMethod, CreateClientInstallationRequest},
    },
};
use pleo_sandbox::{Fault, Sandbox, Server};
use serde_json::{Value, json};

use crate::support::{KEY, exchange, get, key, post, sandbox};

fn serve() -> (Sandbox, Server) {
    let (sandbox, _) = sandbox();
    (sandbox.clone(), Server::start(sandbox).unwrap())
}

fn raw(server: &Server) -> String {
    let request =
        format!("GET /v1/introspect HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\r\n", key());
    exchange(server.address(), request.as_bytes())
}

fn client(server: &Server) -> Client<pleo_auth::Sandbox> {
    let environment = pleo_auth::Sandbox::new(&server.url()).unwrap();
    Client::without_retries(Session::new(StandaloneApiKey::new(environment, KEY).unwrap())).unwrap()
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test]
async fn a_status_comes_with_a_short_text() {
    let (sandbox, server) = serve();
    sandbox.inject("/v1/", Fault::Status(503));
    let error = client(&server).introspect_authentication().send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    sandbox.inject("/v1/", Fault::Status(7));
    assert!(raw(&server).starts_with("HTTP/1.1 500 "), "7 is no status");
}

#[tokio::test]
async fn a_cut_body_is_announced_whole_and_comes_in_half() {
    let (sandbox, server) = serve();
    let whole = raw(&server);
    sandbox.inject("/v1/introspect", Fault::CutBody);
    let cut = raw(&server);
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    let (_, whole) = whole.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "));
    assert_eq!(length(head), whole.len());
    assert_eq!(body, &whole[..whole.len() / 2]);
    sandbox.inject("/v1/introspect", Fault::CutBody);
    let error = client(&server).introspect_authentication().send().await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_connection_ends_without_an_answer_or_an_effect() {
    let (sandbox, server) = serve();
    sandbox.inject("/v1/introspect", Fault::DropConnection);
    assert_eq!(raw(&server), "");
    sandbox.inject("/v1/installations/me", Fault::DropConnection);
    let error = client(&server)
        .create_installation(CreateClientInstallationRequest::default())
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Transport { source, .. } if source.kind() != TransportErrorKind::Timeout),
        "{error:?}"
    );
    assert_eq!(get(&sandbox, "/v1/installations/me").status, 404, "the request was not looked at");
}

#[test]
fn a_connection_is_reset_without_an_answer() {
    let (sandbox, server) = serve();
    sandbox.inject("/v1/introspect", Fault::ResetConnection);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "GET /v1/introspect HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(raw(&server).starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_body_may_be_no_json() {
    let (sandbox, server) = serve();
    sandbox.inject("/v1/introspect", Fault::InvalidJson);
    let answer = raw(&server);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "));
    assert!(serde_json::from_str::<Value>(body).is_err());
    sandbox.inject("/v1/introspect", Fault::InvalidJson);
    assert!(client(&server).introspect_authentication().send().await.is_err());
}

#[tokio::test]
async fn unknown_values_and_fields_come_and_our_client_lives_with_them() {
    let (sandbox, server) = serve();
    let client = client(&server);
    sandbox.inject("/v1/introspect", Fault::UnknownEnumValue);
    let answer = client.introspect_authentication().send().await.unwrap().into_inner();
    assert!(!matches!(answer.data.auth_method, AuthMethod::ApiKey | AuthMethod::Oauth2 | AuthMethod::None));
    sandbox.inject("/v1/introspect", Fault::UnknownEnumValue);
    assert_eq!(get(&sandbox, "/v1/introspect").body["data"]["authMethod"], Fault::ENUM_VALUE);
    sandbox.inject("/v1/accounting-entries", Fault::UnknownEnumValue);
    let search = format!("/v1/accounting-entries:search?company_id={}", sandbox.companies()[0]);
    let entries = post(&sandbox, &search, &json!({ "includeDeleted": false })).body;
    let entries = entries["data"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry.to_string().contains(Fault::ENUM_VALUE)));
    sandbox.inject("/v1/introspect", Fault::UnknownField);
    let body = get(&sandbox, "/v1/introspect").body;
    assert!(body[Fault::FIELD].is_string() && body["data"][Fault::FIELD].is_string(), "{body}");
    assert_eq!(body["data"]["authMethod"], "API_KEY");
    sandbox.inject("/v1/introspect", Fault::UnknownField);
    client.introspect_authentication().send().await.unwrap();
    // A page echoes the request in maps.
    sandbox.inject("/v1/accounting-entries", Fault::UnknownField);
    let search =
        client.search_accounting_entries(AccountingEntryBaseSearchRequest::builder().include_deleted(false));
    let page = search.company_id(sandbox.companies()[0]).send().await.unwrap().into_inner();
    assert!(!page.data.is_empty());
}

#[test]
fn a_429_says_how_long_to_wait_in_both_forms() {
    let (sandbox, _) = sandbox();
    sandbox.inject("/v1/introspect", Fault::TooManyRequests(30));
    sandbox.inject("/v1/introspect", Fault::TooManyRequestsUntil(Duration::from_secs(86_430)));
    let in_seconds = get(&sandbox, "/v1/introspect");
    assert_eq!((in_seconds.status, in_seconds.header("retry-after")), (429, "30"));
    let as_date = get(&sandbox, "/v1/introspect");
    assert_eq!((as_date.status, as_date.header("retry-after")), (429, "Fri, 02 Jan 2026 00:00:30 GMT"));
    assert_eq!(as_date.header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
}

#[test]
fn unknown_fields_and_values_are_shown_until_told_otherwise() {
    let (sandbox, company) = sandbox();
    let search = format!("/v1/accounting-entries:search?company_id={company}");
    let entries = || post(&sandbox, &search, &json!({ "includeDeleted": false })).body;
    let before = entries();
    sandbox.show_unknown(true);
    let shown = entries();
    for entry in shown["data"].as_array().unwrap() {
        assert!(entry[Fault::FIELD].is_string(), "{entry}");
        assert_eq!(entry["family"], Fault::ENUM_VALUE);
    }
    assert!(shown["pagination"]["currentRequestPagination"]["parameters"].get(Fault::FIELD).is_none());
    let refused = get(&sandbox, "/v1/companies/unknown").text;
    assert!(!refused.contains(Fault::FIELD), "{refused}");
    sandbox.show_unknown(false);
    assert_eq!(entries(), before);
}

#[tokio::test]
async fn a_redirect_is_answered_and_our_client_does_not_follow() {
    let (sandbox, server) = serve();
    sandbox.inject("/v1/introspect", Fault::Redirect(307, format!("{}/v1/introspect", server.url())));
    let error = client(&server).introspect_authentication().send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 307);
    assert_eq!(server.take_exchanges().len(), 1);
    sandbox.inject("/v1/introspect", Fault::Redirect(302, "https://elsewhere.test/".to_owned()));
    assert!(raw(&server).contains("\r\nlocation: https://elsewhere.test/\r\n"));
    sandbox.inject("/v1/introspect", Fault::Redirect(302, "no\nheader".to_owned()));
    assert!(raw(&server).starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_response_of_ones_own_is_given_and_the_request_not_looked_at() {
    let (sandbox, server) = serve();
    let own = |status: u16, media_type: &str, body: &str| Fault::Response {
        status,
        media_type: media_type.to_owned(),
        body: body.to_owned(),
    };
    sandbox.inject("/v1/introspect", own(200, "text/html", "<p>Sign in</p>"));
    let html = raw(&server);
    assert!(html.starts_with("HTTP/1.1 200 ") && html.contains("\r\ncontent-type: text/html\r\n"), "{html}");
    assert!(html.ends_with("\r\n\r\n<p>Sign in</p>"), "{html}");
    sandbox.inject("/v1/introspect", own(204, "", ""));
    let empty = raw(&server);
    assert!(empty.starts_with("HTTP/1.1 204 ") && empty.ends_with("\r\n\r\n"), "{empty}");
    assert!(!empty.contains("content-type"), "{empty}");
    sandbox.inject("/v1/introspect", own(200, "no\nheader", "{}"));
    assert!(raw(&server).starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_delay_is_waited_for() {
    let (sandbox, server) = serve();
    let delay = Duration::from_millis(30);
    sandbox.inject("/v1/introspect", Fault::Delay(delay));
    let before = Instant::now();
    assert!(raw(&server).starts_with("HTTP/1.1 200 "));
    assert!(before.elapsed() >= delay);
    assert_eq!(server.take_exchanges()[0].reply.delay, delay);
}

#[test]
fn the_clock_jumps_before_the_request_is_looked_at() {
    let (sandbox, _) = sandbox();
    sandbox.set_limit(Some(1));
    assert_eq!(get(&sandbox, "/v1/introspect").status, 200);
    assert_eq!(get(&sandbox, "/v1/introspect").status, 429);
    let before = sandbox.now();
    sandbox.inject("/v1/introspect", Fault::ClockJump(Duration::from_secs(60)));
    assert_eq!(get(&sandbox, "/v1/introspect").status, 200);
    assert_eq!((sandbox.now() - before).num_seconds(), 60);
}

#[test]
fn faults_happen_once_in_their_order_and_on_their_path() {
    let (sandbox, _) = sandbox();
    sandbox.inject("/v1/introspect", Fault::Status(500));
    sandbox.inject("/v1/installations", Fault::Status(501));
    sandbox.inject("/v1/", Fault::Status(502));
    assert_eq!(get(&sandbox, "/v2/employees").status, 200);
    assert_eq!(get(&sandbox, "/v1/installations/me").status, 501);
    assert_eq!(get(&sandbox, "/v1/introspect").status, 500);
    assert_eq!(get(&sandbox, "/v1/introspect").status, 502);
    assert_eq!(get(&sandbox, "/v1/introspect").status, 200);
}

#[test]
fn the_log_says_what_was_dropped_or_cut() {
    let (sandbox, _) = sandbox();
    let (lines, logged) = std::sync::mpsc::channel();
    let log = move |line: &str| lines.send(line.to_owned()).unwrap();
    let address = ([127, 0, 0, 1], 0).into();
    let server = Server::bind_with_log(address, std::sync::Arc::new(sandbox.clone()), log).unwrap();
    for (fault, outcome) in
        [(Fault::DropConnection, "dropped"), (Fault::ResetConnection, "reset"), (Fault::CutBody, "200 cut")]
    {
        sandbox.inject("/v1/introspect", fault);
        raw(&server);
        let line = logged.recv().unwrap();
        assert!(line.starts_with(&format!("GET /v1/introspect {outcome} ")), "{line}");
    }
    assert!(server.take_exchanges().is_empty());
}
