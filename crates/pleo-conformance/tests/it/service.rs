//! The rules about the service: our sandbox keeps them, and faulty services are caught.

use std::{collections::BTreeSet, sync::Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use pleo_conformance::{
    catalogue,
    engine::{Judged, judge},
    report::{Report, Standing, SubjectKind},
    rules::Rule,
    subject::service::SandboxService,
    verdict::{Level, Side, Verdict},
};
use pleo_sandbox::{Handler, Reply, Sandbox};
use uuid::Uuid;

use crate::{
    faulty::{each, not_caught},
    support::without_search,
};

const CASES: u32 = 64;

fn service_rules() -> Vec<&'static Rule> {
    catalogue().iter().filter(|rule| rule.side() == Side::Service).collect()
}

fn report(service: &mut SandboxService, cases: u32) -> Report {
    let judged = Judged { client: None, service: Some(service), kind: SubjectKind::Service };
    Report::from(judge(&service_rules(), judged, &without_search(cases), &mut |_| {}).unwrap())
}

/// A request on its way to the sandbox, and what the faulty service does with it.
type Faulty = fn(&Sandbox, Request<Bytes>) -> Reply;

/// Every faulty service, and the rule that has to catch it.
const FAULTY: &[(&str, &str, Faulty)] = &[
    ("keys are not known", "AUTH-101", |sandbox, request| match (scheme(&request), request.uri().path()) {
        ("basic", "/v1/introspect") if sandbox.handle(&request).response.status().is_success() => {
            status(StatusCode::SERVICE_UNAVAILABLE)
        }
        _ => sandbox.handle(&request),
    }),
    ("tokens are not known", "AUTH-102", |sandbox, request| {
        let reply = sandbox.handle(&request);
        // Only those that are no part of an authorisation of the suite's own.
        let suites = authorization(&request).contains("-credential");
        if scheme(&request) == "bearer" && suites && reply.response.status().is_success() {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        }
        reply
    }),
    ("no credential is needed", "AUTH-103", |sandbox, request| {
        let anonymous = authorization(&request).is_empty() && !request.uri().path().starts_with("/oauth/");
        if anonymous { status(StatusCode::OK) } else { sandbox.handle(&request) }
    }),
    ("a key is as good by Bearer", "AUTH-104", |sandbox, mut request| {
        if let Some(key) = authorization(&request).strip_prefix("Bearer ").map(str::to_owned) {
            let as_token = sandbox.handle(&request);
            set_authorization(&mut request, &basic(&key, ""));
            let as_key = sandbox.handle(&request);
            let key = as_key.response.status() != StatusCode::UNAUTHORIZED
                && as_key.response.status() != StatusCode::NOT_FOUND;
            return if key { as_key } else { as_token };
        }
        sandbox.handle(&request)
    }),
    ("the password is looked at", "AUTH-105", |sandbox, mut request| {
        if let Some((_, password)) = user_and_password(&request).filter(|(_, password)| !password.is_empty())
            && !request.uri().path().starts_with("/oauth/")
        {
            set_authorization(&mut request, &basic(&password, ""));
        }
        sandbox.handle(&request)
    }),
    ("the password is looked at if there is no user name", "AUTH-105", |sandbox, mut request| {
        if let Some((user, password)) = user_and_password(&request).filter(|(user, _)| user.is_empty()) {
            set_authorization(&mut request, &basic(&password, &user));
        }
        sandbox.handle(&request)
    }),
    ("a password is no matter if the key stands before it, too", "AUTH-105", |sandbox, mut request| {
        if let Some((user, _)) = user_and_password(&request).filter(|(user, password)| user == password) {
            set_authorization(&mut request, &basic(&user, ""));
        }
        sandbox.handle(&request)
    }),
    ("Base64 is left to chance", "AUTH-106", |sandbox, mut request| {
        if let Some(key) = authorization(&request).strip_prefix("Basic FAKE-").map(str::to_owned) {
            set_authorization(&mut request, &basic(&format!("FAKE-{}", key.trim_end_matches(':')), ""));
        }
        sandbox.handle(&request)
    }),
    ("a token is as good by Basic", "AUTH-107", |sandbox, mut request| {
        let reply = sandbox.handle(&request);
        if let Some((user, _)) = user_and_password(&request).filter(|(_, password)| password.is_empty())
            && !request.uri().path().starts_with("/oauth/")
            && reply.response.status() == StatusCode::UNAUTHORIZED
        {
            set_authorization(&mut request, &format!("Bearer {user}"));
            let as_token = sandbox.handle(&request);
            if as_token.response.status() != StatusCode::UNAUTHORIZED {
                return as_token;
            }
        }
        reply
    }),
    ("dead keys are forbidden", "AUTH-108", |sandbox, request| {
        let reply = sandbox.handle(&request);
        // Keys that lead nowhere and yet look right: those that nobody made, that expired or were revoked.
        let looks_right = user_and_password(&request)
            .is_some_and(|(user, password)| user.ends_with("-credential") && password.is_empty());
        let known_token = {
            let mut as_token = request.clone();
            if let Some((user, _)) = user_and_password(&request) {
                set_authorization(&mut as_token, &format!("Bearer {user}"));
            }
            sandbox.handle(&as_token).response.status() != StatusCode::UNAUTHORIZED
        };
        if looks_right && !known_token && reply.response.status() == StatusCode::UNAUTHORIZED {
            return status(StatusCode::FORBIDDEN);
        }
        reply
    }),
    ("environments are one", "ENV-101", |sandbox, request| {
        let other = user_and_password(&request).is_some_and(|(user, _)| user.ends_with("-production"));
        if other { status(StatusCode::OK) } else { sandbox.handle(&request) }
    }),
    ("legacy tokens are let in", "LEG-101", |sandbox, request| {
        let reply = sandbox.handle(&request);
        if is_legacy(sandbox, &request) { status(StatusCode::OK) } else { reply }
    }),
    ("legacy tokens get a 401", "LEG-102", |sandbox, request| {
        let reply = sandbox.handle(&request);
        if is_legacy(sandbox, &request) { status(StatusCode::UNAUTHORIZED) } else { reply }
    }),
    ("customers are not kept apart", "CMP-101", |sandbox, request| {
        let companies = sandbox.companies();
        let (last, _) = companies.split_last().unwrap();
        let_in(sandbox, &request, &[*last])
    }),
    ("companies of one organisation are not kept apart", "CMP-101", |sandbox, request| {
        let companies = sandbox.companies();
        let (_, organization) = companies.split_last().unwrap();
        let_in(sandbox, &request, &organization[1..])
    }),
    ("companies in bodies are not kept apart", "CMP-101", |sandbox, request| {
        let others = &sandbox.companies()[1..];
        let query = request.uri().query().unwrap_or_default();
        let in_query = others.iter().any(|company| query.contains(&company.to_string()));
        if in_query { sandbox.handle(&request) } else { let_in(sandbox, &request, others) }
    }),
    ("a missing company is not found", "CMP-102", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let company = String::from_utf8_lossy(reply.response.body()).contains("company");
        if reply.response.status() == StatusCode::BAD_REQUEST && company {
            return status(StatusCode::NOT_FOUND);
        }
        reply
    }),
    ("scopes are not looked at", "SCP-101", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let forbidden = reply.response.status() == StatusCode::FORBIDDEN;
        if forbidden && !names_one_of(&sandbox.companies()[1..], &request) {
            status(StatusCode::OK)
        } else {
            reply
        }
    }),
    ("a 403 says nothing", "SCP-102", |sandbox, request| {
        let mut reply = sandbox.handle(&request);
        if reply.response.status() == StatusCode::FORBIDDEN {
            *reply.response.body_mut() = Bytes::new();
        }
        reply
    }),
    ("a 403 has an empty message", "SCP-102", |sandbox, request| {
        let mut reply = sandbox.handle(&request);
        if reply.response.status() == StatusCode::FORBIDDEN {
            *reply.response.body_mut() = Bytes::from_static(br#"{"type":"ACCESS_DENIED","message":""}"#);
        }
        reply
    }),
    ("the published scopes are not enough", "SCP-103", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&reply.response.status());
        let introspects = request.uri().path() == "/v1/introspect";
        let oauth = request.uri().path().starts_with("/oauth/");
        let no_company = reply.response.status() == StatusCode::BAD_REQUEST;
        let legacy = is_legacy(sandbox, &request);
        if refused || introspects || oauth || no_company || legacy || !is_good_key(sandbox, &request) {
            return reply;
        }
        error(StatusCode::FORBIDDEN)
    }),
    ("a good key is quoted", "SEC-101", |sandbox, request| {
        let keys = user_and_password(&request).is_some_and(|(user, _)| user.ends_with("-credential"));
        quoting(sandbox, &request, keys)
    }),
    ("a key as password is quoted", "SEC-101", |sandbox, request| {
        let passwords = user_and_password(&request).is_some_and(|(user, _)| user.is_empty());
        quoting(sandbox, &request, passwords)
    }),
    ("a key by Bearer is quoted", "SEC-101", |sandbox, request| {
        let bearers = authorization(&request).starts_with("Bearer FAKE-");
        quoting(sandbox, &request, bearers)
    }),
    ("a key that is not encoded is quoted", "SEC-101", |sandbox, request| {
        let unencoded = authorization(&request).starts_with("Basic FAKE-");
        quoting(sandbox, &request, unencoded)
    }),
    ("PKCE is left to the app", "OAU-101", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let query = request.uri().query().unwrap_or_default();
        let location = reply.response.headers().get(header::LOCATION);
        let refused = location.is_some_and(|value| value.to_str().unwrap_or_default().contains("error="));
        if request.uri().path() == "/oauth/authorize" && refused && !query.contains("S256") {
            let mut reply = status(StatusCode::FOUND);
            let location = HeaderValue::from_static("https://app.example.com/callback?code=FAKE-CODE");
            reply.response.headers_mut().insert(header::LOCATION, location);
            return reply;
        }
        reply
    }),
    ("any verifier will do", "OAU-102", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let exchange = String::from_utf8_lossy(request.body()).contains("authorization_code");
        if exchange && reply.response.status() == StatusCode::BAD_REQUEST {
            return status(StatusCode::OK);
        }
        reply
    }),
    ("a code is good twice", "OAU-102", |sandbox, request| {
        static EXCHANGED: Mutex<BTreeSet<Bytes>> = Mutex::new(BTreeSet::new());
        let reply = sandbox.handle(&request);
        if !String::from_utf8_lossy(request.body()).contains("authorization_code") {
            return reply;
        }
        // The same form is the same code with the same verifier.
        let mut exchanged = EXCHANGED.lock().unwrap();
        if reply.response.status().is_success() {
            exchanged.insert(request.body().clone());
        } else if exchanged.contains(request.body()) {
            return status(StatusCode::OK);
        }
        reply
    }),
    ("old access tokens go on working", "OAU-103", |sandbox, request| {
        static ISSUED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let reply = sandbox.handle(&request);
        let mut issued = ISSUED.lock().unwrap();
        let tokens: serde_json::Value = serde_json::from_slice(reply.response.body()).unwrap_or_default();
        issued.extend(tokens["access_token"].as_str().map(str::to_owned));
        let is_refused = reply.response.status() == StatusCode::UNAUTHORIZED;
        let has_issued =
            authorization(&request).strip_prefix("Bearer ").is_some_and(|token| issued.contains(token));
        if is_refused && has_issued { status(StatusCode::OK) } else { reply }
    }),
    ("old refresh tokens go on working", "OAU-103", |sandbox, request| {
        let reply = sandbox.handle(&request);
        let renewal = String::from_utf8_lossy(request.body()).contains("grant_type=refresh_token");
        if renewal && reply.response.status() == StatusCode::BAD_REQUEST {
            return status(StatusCode::OK);
        }
        reply
    }),
];

fn authorization(request: &Request<Bytes>) -> String {
    let value = request.headers().get(header::AUTHORIZATION);
    value.map(|value| value.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

fn scheme(request: &Request<Bytes>) -> &'static str {
    match authorization(request).split(' ').next() {
        Some("Basic") => "basic",
        Some("Bearer") => "bearer",
        _ => "",
    }
}

fn user_and_password(request: &Request<Bytes>) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization(request).strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn set_authorization(request: &mut Request<Bytes>, value: &str) {
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
}

fn status(status: StatusCode) -> Reply {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = status;
    response.into()
}

fn error(code: StatusCode) -> Reply {
    let mut reply = status(code);
    *reply.response.body_mut() = Bytes::from_static(br#"{"type":"ACCESS_DENIED","message":"no"}"#);
    reply
}

/// Whether the credential opens `/v1/introspect`.
fn is_good_key(sandbox: &Sandbox, request: &Request<Bytes>) -> bool {
    let introspect = Request::get("/v1/introspect").header(header::AUTHORIZATION, authorization(request));
    sandbox.handle(&introspect.body(Bytes::new()).unwrap()).response.status().is_success()
}

/// Whether the credential is a token of the legacy API: then even what is always there is not found.
fn is_legacy(sandbox: &Sandbox, request: &Request<Bytes>) -> bool {
    let introspect = Request::get("/v1/introspect").header(header::AUTHORIZATION, authorization(request));
    let reply = sandbox.handle(&introspect.body(Bytes::new()).unwrap());
    reply.response.status() == StatusCode::NOT_FOUND
}

/// An answer in which the Authorization header stands, if it is quoted.
fn quoting(sandbox: &Sandbox, request: &Request<Bytes>, quoted: bool) -> Reply {
    let mut reply = sandbox.handle(request);
    if let Some(header) = request.headers().get(header::AUTHORIZATION).filter(|_| quoted) {
        reply.response.headers_mut().insert("x-seen", header.clone());
    }
    reply
}

/// Answers requests for some companies, whoever asks, as long as the scopes suffice.
fn let_in(sandbox: &Sandbox, request: &Request<Bytes>, companies: &[Uuid]) -> Reply {
    let reply = sandbox.handle(request);
    let of_scope = String::from_utf8_lossy(reply.response.body()).to_lowercase().contains("scope");
    let forbidden = reply.response.status() == StatusCode::FORBIDDEN;
    if forbidden && !of_scope && names_one_of(companies, request) { status(StatusCode::OK) } else { reply }
}

fn names_one_of(companies: &[Uuid], request: &Request<Bytes>) -> bool {
    let text = format!("{} {}", request.uri(), String::from_utf8_lossy(request.body()));
    companies.iter().any(|company| text.contains(&company.to_string()))
}

struct Between(Sandbox, Faulty);

impl Handler for Between {
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        (self.1)(&self.0, request.clone())
    }
}

#[test]
fn our_sandbox_keeps_every_rule_about_the_service() {
    let report = report(&mut SandboxService::start().unwrap(), 256);
    let other: Vec<_> =
        report.results.iter().filter(|result| result.standing() != Standing::Passed).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn each_faulty_service_is_caught_by_its_rule_and_no_other() {
    each(FAULTY, |(name, caught_by, faulty)| {
        let mut service = SandboxService::start_with(|sandbox| Between(sandbox, *faulty)).unwrap();
        let report = report(&mut service, CASES);
        let failed: Vec<_> = report
            .results
            .iter()
            .filter(|result| matches!(result.verdict, Verdict::Fail { .. }))
            .map(|result| (result.id.as_str(), not_caught(result)))
            .collect();
        if failed == [(*caught_by, None)] { vec![] } else { vec![format!("{name}: {failed:?}")] }
    });
}

#[test]
fn every_must_about_the_service_catches_something() {
    let catchers: BTreeSet<&str> = FAULTY.iter().map(|(_, rule, _)| *rule).collect();
    let idle: Vec<&str> = service_rules()
        .iter()
        .filter(|rule| rule.level == Level::Must && !catchers.contains(rule.id))
        .map(|rule| rule.id)
        .collect();
    assert!(idle.is_empty(), "these rules never caught anything: {idle:?}");
}
