//! `pleo check` names what is wrong.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use pleo_sandbox::{Environment, Fault, Grant, Reply, Sandbox, Server};
use serde_json::Value;

use crate::support::{Done, KEY, Pleo, Pleocmd};

/// The report and how the check ended.
fn report(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("stdout: {}\nstderr: {}", done.out, done.err))
}

/// The causes in a report.
fn causes(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["cause"].as_str().unwrap()).collect()
}

/// Fails unless the check names this cause alone, ends with this code, tells what to do, and wrote nothing.
fn expect(name: &str, command: Pleocmd, pleo: Option<&Pleo>, cause: &str, code: i32) {
    let done = command.run();
    assert_eq!(done.code, Some(code), "{name}: {}{}", done.out, done.err);
    let report = report(&done);
    assert_eq!(causes(&report), [cause], "{name}: {report:#}");
    assert_eq!(report["works"], code == 0, "{name}");
    let help = report["problems"][0]["help"].as_array().unwrap();
    assert!(!help.is_empty(), "{name} says nothing to do: {report:#}");
    if let Some(pleo) = pleo {
        assert_only_read(name, pleo);
    }
}

/// Everything that `check` may ask.
const READS: [(&str, &str); 11] = [
    ("GET", "/v1/introspect"),
    ("GET", "/v1/companies"),
    ("POST", "/v1/accounting-entries:search"),
    ("POST", "/v1/chart-of-accounts:search"),
    ("POST", "/v1-beta/accounts:search"),
    ("GET", "/v2/employees"),
    ("GET", "/v3/export-jobs"),
    ("GET", "/v0/tag-groups"),
    ("POST", "/v0/tax-codes:search"),
    ("POST", "/v1/vendors:search"),
    ("GET", "/v1/subscriptions"),
];

fn assert_only_read(name: &str, pleo: &Pleo) {
    for exchange in pleo.take_exchanges() {
        let (method, path) = (exchange.request.method().as_str(), exchange.request.uri().path());
        assert!(READS.contains(&(method, path)), "{name}: {method} {path}");
    }
}

#[test]
fn a_key_that_works_is_said_to_work() {
    let pleo = Pleo::start();
    let done = pleo.command(&["check", "--json"]).run().ended(0);
    let report = report(&done);
    assert_eq!(report["works"], true);
    assert_eq!(report["identity"]["company_name"], "Fjord Bikes ApS");
    assert_eq!(report["identity"]["company_id"], pleo.company.to_string());
    let families = report["families"].as_array().unwrap();
    let unknown: Vec<_> = families.iter().filter(|family| family["may_read"] != true).collect();
    assert_eq!(unknown.len(), 1, "{unknown:#?}");
    assert_eq!(unknown[0]["family"], "enrichment");
    assert!(pleo.server.take_exchanges().len() > 11);
    let text = pleo.command(&["check"]).run().ended(0);
    assert!(text.out.contains("Fjord Bikes ApS"), "{}", text.out);
    assert!(text.err.contains("The credential works."), "{}", text.err);
}

#[test]
fn each_broken_set_up_is_named_by_its_cause() {
    let pleo = Pleo::start();
    let check = || pleo.command(&["check", "--json"]);
    let with_key = |key: &str| check().env("PLEO_API_KEY", key);
    let some = Some(&pleo);

    // Nothing is sent for these.
    for (name, command, cause, code) in [
        ("no environment", check().without("PLEO_ENVIRONMENT"), "environment", 2),
        ("a made-up environment", check().env("PLEO_ENVIRONMENT", "prod"), "environment", 2),
        ("the legacy API", check().env("PLEO_ENVIRONMENT", "https://openapi.pleo.io"), "environment", 2),
        ("another site", check().env("PLEO_ENVIRONMENT", "https://pleo.example"), "environment", 2),
        ("no key", check().without("PLEO_API_KEY"), "no-credential", 2),
        ("two credentials", check().env("PLEO_ACCESS_TOKEN", "FAKE-TOKEN"), "no-credential", 2),
        (
            "no such file",
            check().without("PLEO_API_KEY").env("PLEO_API_KEY_FILE", "none"),
            "no-credential",
            1,
        ),
        ("a company that is none", check().env("PLEO_COMPANY_ID", "12"), "company", 2),
        ("quotes", with_key("\"FAKE-STANDALONE-KEY\""), "malformed-credential", 4),
        ("Basic pasted along", with_key("Basic RkFLRTo="), "malformed-credential", 4),
        ("Bearer pasted along", with_key("Bearer FAKE"), "malformed-credential", 4),
        ("a line break", with_key("FAKE-STANDALONE-KEY\n"), "malformed-credential", 4),
        ("a colon", with_key("FAKE-STANDALONE-KEY:"), "malformed-credential", 4),
        ("Base64", with_key("RkFLRTo="), "malformed-credential", 4),
        ("nothing", with_key(""), "malformed-credential", 4),
        (
            "a secret in the configuration",
            check().file(".config/pleo/config.toml", "[profiles.a]\napi_key = \"FAKE-KEY\"\n"),
            "configuration",
            2,
        ),
    ] {
        expect(name, command, some, cause, code);
    }
    assert!(pleo.take_exchanges().is_empty());

    let now = pleo.sandbox.now();
    let grant = Grant::standalone_key(pleo.company);
    pleo.sandbox
        .admit("FAKE-EXPIRED", Grant { expires_at: Some(now - Duration::from_secs(60)), ..grant.clone() });
    pleo.sandbox.admit("FAKE-REVOKED", grant.clone());
    pleo.sandbox.revoke("FAKE-REVOKED");
    pleo.sandbox.admit_legacy("FAKE-LEGACY");
    pleo.sandbox.admit("FAKE-TOKEN", Grant::access_token(pleo.company));
    for (name, command, cause) in [
        ("made up", with_key("FAKE-MADE-UP"), "credential-refused"),
        ("expired", with_key("FAKE-EXPIRED"), "credential-refused"),
        ("revoked", with_key("FAKE-REVOKED"), "credential-refused"),
        ("a token as a key", with_key("FAKE-TOKEN"), "credential-refused"),
        ("a legacy token", with_key("FAKE-LEGACY"), "legacy-token"),
        (
            "another company",
            check().env("PLEO_COMPANY_ID", "99999999-2222-4333-8444-555555555555"),
            "other-company",
        ),
    ] {
        expect(name, command, some, cause, 4);
    }

    pleo.sandbox.admit("FAKE-READER", grant.with_scopes(["users:read"]));
    let wanted = |key: &str| pleo.command(&["check", "--json", "--for", "export"]).env("PLEO_API_KEY", key);
    expect("scopes", wanted("FAKE-READER"), some, "scopes-missing", 5);

    for (name, fault, cause, code) in [
        ("not enabled", Fault::Status(403), "access-not-enabled", 5),
        ("a redirect", Fault::Redirect(302, "https://login.example/".to_owned()), "redirect", 7),
        ("too many requests", Fault::TooManyRequests(30), "rate-limited", 7),
        ("maintenance", Fault::Status(503), "service-failing", 7),
        ("no JSON", Fault::InvalidJson, "not-pleo", 7),
        ("a cut connection", Fault::CutBody, "broken-response", 3),
        ("no response", Fault::DropConnection, "unreachable", 3),
    ] {
        pleo.sandbox.inject("/v1/introspect", fault);
        expect(name, check(), some, cause, code);
    }
    pleo.sandbox.inject("/v1/introspect", Fault::Delay(Duration::from_secs(30)));
    expect("silence", pleo.command(&["check", "--json", "--timeout", "1"]), some, "timeout", 3);
    pleo.sandbox.clear_faults();
    pleo.sandbox.inject("/v3/export-jobs", Fault::Status(403));
    expect("a family that is not enabled", wanted(KEY), some, "access-not-enabled", 5);
    pleo.sandbox.inject("/v3/export-jobs", Fault::Status(503));
    expect("a family that cannot be tried", wanted(KEY), some, "not-tried", 7);
    // The company of the key is known without the list of companies.
    pleo.sandbox.inject("/v1/companies", Fault::Status(403));
    let done = pleo.command(&["check", "--json", "--for", "vendors"]).run().ended(0);
    assert_eq!(report(&done)["identity"]["company_id"], pleo.company.to_string());
}

#[test]
fn nobody_listening_is_unreachable() {
    let command = Pleocmd::new(&["check", "--json"])
        // No test gets this port by asking for a free one.
        .env("PLEO_ENVIRONMENT", "http://127.0.0.1:1")
        .env("PLEO_API_KEY", KEY);
    expect("nobody", command, None, "unreachable", 3);
}

#[test]
fn a_key_of_the_other_environment_is_refused_there_and_goes_nowhere_else() {
    let (here, there) = (Pleo::start(), Pleo::with(Sandbox::new(Environment::Production)));
    here.sandbox.admit("FAKE-STAGING-KEY", Grant::standalone_key(here.company));
    let command = there.command(&["check", "--json"]).env("PLEO_API_KEY", "FAKE-STAGING-KEY");
    expect("the other environment", command, Some(&there), "credential-refused", 4);
    assert!(here.take_exchanges().is_empty());
}

#[test]
fn a_profiles_key_is_not_used_in_another_environment() {
    let pleo = Pleo::start();
    for environment in ["environment = \"production\"\n", ""] {
        let configuration = format!("[profiles.live]\n{environment}key_file = \"key\"\n");
        let command = pleo
            .command(&["check", "--json", "--profile", "live"])
            .without("PLEO_API_KEY")
            .file(".config/pleo/config.toml", &configuration)
            .file("key", KEY);
        expect("a key of another environment", command, Some(&pleo), "no-credential", 2);
    }
    assert!(pleo.take_exchanges().is_empty());
}

#[test]
fn a_proxy_that_strips_the_header_is_named() {
    // Without a credential, Pleo says so by its method.
    let server = Server::start(|_: &Request<Bytes>| {
        let body = r#"{"data":{"authMethod":"NONE","clientId":"none","scope":""}}"#;
        Reply::from(Response::new(Bytes::from_static(body.as_bytes())))
    });
    let server = server.unwrap();
    let command =
        Pleocmd::new(&["check", "--json"]).env("PLEO_ENVIRONMENT", server.url()).env("PLEO_API_KEY", KEY);
    expect("NONE", command, None, "header-stripped", 4);

    // Or it refuses the request.
    let pleo = Pleo::changed(Sandbox::new(Environment::Staging), |request| {
        request.headers_mut().remove(header::AUTHORIZATION);
    });
    let done = pleo.command(&["check", "--json"]).run().ended(4);
    let report = report(&done);
    assert_eq!(causes(&report), ["credential-refused"]);
    assert!(done.out.contains("a proxy may be stripping the Authorization header"), "{}", done.out);
}

#[test]
fn a_clock_that_is_off_is_a_warning() {
    let sandbox = Sandbox::new(Environment::Staging);
    sandbox.admit(KEY, Grant::standalone_key(sandbox.companies()[0]));
    let server = Server::start(move |request: &Request<Bytes>| {
        let mut reply = sandbox.handle(request);
        let date = "Mon, 01 Jan 2024 00:00:00 GMT";
        reply.response.headers_mut().insert(header::DATE, date.parse().unwrap());
        reply
    });
    let server = server.unwrap();
    let command =
        Pleocmd::new(&["check", "--json"]).env("PLEO_ENVIRONMENT", server.url()).env("PLEO_API_KEY", KEY);
    let done = command.run().ended(0);
    let report = report(&done);
    assert_eq!(causes(&report), ["clock-off"]);
    assert_eq!(report["problems"][0]["is_warning"], true);
    assert!(report["problems"][0]["what"].as_str().unwrap().contains("ahead of Pleo's"), "{report:#}");
}
