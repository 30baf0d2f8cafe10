//! Which credentials are accepted, and what the others get.

use std::time::Duration;

use chrono::TimeDelta;
use pleo_client::operations;
use pleo_sandbox::{Environment, Grant, Sandbox};

use crate::support::{Answer, JSON, KEY, TOKEN, basic, key, sandbox, send};

const INTROSPECT: &str = "/v1/introspect";

fn introspect(sandbox: &Sandbox, authorizations: &[&str]) -> Answer {
    let headers: Vec<_> = authorizations.iter().map(|value| ("authorization", *value)).collect();
    send(sandbox, "GET", INTROSPECT, &headers, "")
}

fn assert_unauthorized(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.kind()), (401, "unauthorized"), "{what}");
    assert!(!answer.message().is_empty(), "{what}");
    assert!(answer.header("www-authenticate").contains("Basic"), "{what}");
}

#[test]
fn each_kind_is_accepted_in_its_own_way() {
    let (sandbox, company) = sandbox();
    sandbox.admit("FAKE-INTEGRATED", Grant::integrated_key(company));
    let bearer = format!("Bearer {TOKEN}");
    for (authorization, method) in [
        (key(), "API_KEY"),
        (key().replace("Basic", "bASIC"), "API_KEY"),
        (basic("FAKE-INTEGRATED", ""), "API_KEY"),
        (bearer.clone(), "OAUTH2"),
        (bearer.replace("Bearer", "BEARER"), "OAUTH2"),
    ] {
        let answer = introspect(&sandbox, &[&authorization]);
        assert_eq!(answer.status, 200, "{authorization}");
        assert_eq!(answer.body["data"]["authMethod"], method, "{authorization}");
        let operation = operations::find("introspect_authentication").unwrap();
        assert_eq!(pleo_sandbox::conforms(operation, 200, Some(&answer.body)), Ok(()));
        assert_eq!(answer.body["data"]["subjectURN"], format!("urn:pleo:company:{company}"));
    }
}

#[test]
fn every_other_way_is_refused_and_nothing_is_repeated() {
    let (sandbox, _) = sandbox();
    let (key, bearer) = (key(), format!("Bearer {TOKEN}"));
    for (what, authorizations) in [
        ("none", vec![]),
        ("key twice", vec![key.clone(), key.clone()]),
        ("key and token", vec![key.clone(), bearer.clone()]),
        ("key as Bearer", vec![format!("Bearer {KEY}")]),
        ("key unencoded", vec![format!("Basic {KEY}")]),
        ("key without scheme", vec![KEY.to_owned()]),
        ("key without colon", vec!["Basic RkFLRS1LRVk=".to_owned()]),
        ("key as password", vec![basic("", KEY)]),
        ("key in both", vec![basic(KEY, KEY)]),
        ("key with a password", vec![basic(KEY, "x")]),
        ("token as Basic", vec![basic(TOKEN, "")]),
        ("token unencoded as Basic", vec![format!("Basic {TOKEN}")]),
        ("token in other case", vec![format!("Bearer {}", TOKEN.to_lowercase())]),
        ("token cut", vec![bearer[..bearer.len() - 1].to_owned()]),
        ("token with something behind", vec![format!("{bearer}=")]),
        ("token percent-encoded", vec![bearer.replace("E-T", "E%2DT")]),
        ("header value for two", vec![format!("{key}, {bearer}")]),
        ("unknown key", vec![basic("FAKE-OTHER", "")]),
        ("unknown token", vec!["Bearer FAKE-OTHER".to_owned()]),
        ("other scheme", vec![format!("Token {TOKEN}")]),
    ] {
        let values: Vec<&str> = authorizations.iter().map(String::as_str).collect();
        let answer = introspect(&sandbox, &values);
        assert_unauthorized(&answer, what);
        for secret in values.iter().copied().chain([KEY, TOKEN, "FAKE-OTHER"]) {
            assert!(!answer.text.contains(secret), "{what}: {}", answer.text);
        }
    }
    let answer = send(&sandbox, "GET", INTROSPECT, &[("x-api-key", KEY), ("cookie", TOKEN)], "");
    assert_unauthorized(&answer, "in other headers");
}

#[test]
fn without_a_credential_every_operation_is_refused_alike() {
    let (sandbox, _) = sandbox();
    for operation in operations::all() {
        let answer =
            send(&sandbox, operation.method.as_str(), operation.path, &[("content-type", JSON)], "{}");
        assert_unauthorized(&answer, operation.id);
    }
    assert_unauthorized(&send(&sandbox, "GET", "/v1/no-such-path", &[], ""), "unknown path");
    assert_unauthorized(&send(&sandbox, "PATCH", INTROSPECT, &[], ""), "unknown method");
}

#[test]
fn a_credential_in_the_url_is_refused_whatever_else_is_there() {
    let (sandbox, _) = sandbox();
    sandbox.admit_legacy("FAKE-LEGACY");
    for uri in [
        format!("{INTROSPECT}?company_id=FAKE-LEGACY"),
        format!("{INTROSPECT}?api_key={KEY}"),
        format!("{INTROSPECT}?access_token={TOKEN}"),
        format!("{INTROSPECT}?{KEY}"),
        format!("{INTROSPECT}?a=b&c=FAKE%2DKEY"),
        format!("/v1/companies/{KEY}"),
        format!("http://{KEY}@127.0.0.1{INTROSPECT}"),
    ] {
        let answer = send(&sandbox, "GET", &uri, &[("authorization", &key())], "");
        assert_unauthorized(&answer, &uri);
        assert!(answer.message().contains("URL") && !answer.text.contains(KEY), "{uri}: {}", answer.text);
    }
}

#[test]
fn a_credential_ends_by_expiry_and_by_revocation() {
    let (sandbox, company) = sandbox();
    let expires_at = Some(sandbox.now() + TimeDelta::seconds(60));
    sandbox.admit(KEY, Grant { expires_at, ..Grant::standalone_key(company) });
    assert_eq!(introspect(&sandbox, &[&key()]).status, 200);
    sandbox.advance(Duration::from_secs(59));
    assert_eq!(introspect(&sandbox, &[&key()]).status, 200);
    sandbox.advance(Duration::from_secs(1));
    assert_unauthorized(&introspect(&sandbox, &[&key()]), "expired");

    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(introspect(&sandbox, &[&bearer]).status, 200);
    sandbox.revoke(TOKEN);
    assert_unauthorized(&introspect(&sandbox, &[&bearer]), "revoked");
}

#[test]
fn a_credential_of_the_other_environment_is_unknown() {
    let (staging, company) = sandbox();
    let production = Sandbox::new(Environment::Production);
    production.admit("FAKE-LIVE-KEY", Grant::standalone_key(company));
    let live = basic("FAKE-LIVE-KEY", "");
    assert_eq!(introspect(&production, &[&live]).status, 200);
    assert_unauthorized(&introspect(&staging, &[&live]), "live key in staging");
    assert_unauthorized(&introspect(&production, &[&key()]), "staging key in production");
}

#[test]
fn a_legacy_token_finds_nothing_on_any_path() {
    let (sandbox, _) = sandbox();
    sandbox.admit_legacy("FAKE-LEGACY");
    for authorization in ["Bearer FAKE-LEGACY".to_owned(), basic("FAKE-LEGACY", "")] {
        for operation in operations::all() {
            let headers = [("authorization", authorization.as_str())];
            let answer = send(&sandbox, operation.method.as_str(), operation.path, &headers, "");
            assert_eq!((answer.status, answer.kind()), (404, "not_found"), "{}", operation.id);
        }
    }
    assert_unauthorized(&introspect(&sandbox, &[&basic("", "FAKE-LEGACY")]), "legacy token as password");
}
