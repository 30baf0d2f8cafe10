//! `pleo call`: every operation, and the same request by curl.

use std::{collections::BTreeMap, process::Command};

use bytes::Bytes;
use http::{Request, header};
use pleo_sandbox::{Environment, Sandbox};
use serde_json::Value;

use crate::support::{KEY, Pleo, folder};

/// All operations, as `pleo operations --json` lists them.
fn operations(pleo: &Pleo) -> Vec<Value> {
    serde_json::from_str(&pleo.command(&["operations", "--json"]).run().ended(0).out).unwrap()
}

/// Parameters and a body for an operation, with everything that a shell or a URL could get wrong.
fn arguments(operation: &Value) -> Vec<String> {
    let mut arguments = vec!["call".to_owned(), operation["name"].as_str().unwrap().to_owned()];
    let path = operation["path"].as_str().unwrap();
    for (at, parameter) in operation["parameters"].as_array().unwrap().iter().enumerate() {
        let name = parameter["name"].as_str().unwrap();
        if Some(name) == operation["company"].as_str() {
            continue;
        }
        if path.contains(&format!("{{{name}}}")) {
            // A company in the path has to be that of the session.
            let value =
                if name == "companyId" { "11111111-2222-4333-8444-555555555551" } else { "a b&c=ü'\"$x`/" };
            arguments.push(format!("{name}={value}"));
        } else if !["organization_id", "organizationId", "partner_id"].contains(&name) {
            arguments.push(format!("{name}={at} & ü'\"$HOME`"));
            if parameter["list"] == true {
                arguments.push(format!("{name}=second"));
            }
        }
    }
    if operation["body"].is_string() {
        arguments.extend(["--body".to_owned(), "body.json".to_owned()]);
    }
    arguments
}

/// What a request is, apart from names of programs and addresses.
#[derive(Debug, PartialEq, Eq)]
struct Essence {
    method: String,
    path: String,
    query: Vec<String>,
    headers: BTreeMap<String, Vec<String>>,
    body: Bytes,
}

fn essence(request: &Request<Bytes>) -> Essence {
    let mut query: Vec<_> = request.uri().query().unwrap_or_default().split('&').map(str::to_owned).collect();
    query.sort();
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in request.headers() {
        if ![header::USER_AGENT, header::HOST].contains(name) {
            headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
        }
    }
    Essence {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query,
        headers,
        body: request.body().clone(),
    }
}

#[test]
fn the_line_for_curl_makes_the_same_request_for_every_operation() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has curl");
        eprintln!("skipped: there is no curl");
        return;
    }
    let pleo = Pleo::with(Sandbox::new(Environment::Staging));
    pleo.sandbox.set_limit(None);
    let home = folder();
    let body = "{\"name\":\"O'Hara \\\"$(rm)\\\" `x` ü\\n\", \"n\": 1.10}";
    crate::support::write(&home.join("body.json"), body);
    let operations = operations(&pleo);
    assert_eq!(operations.len(), 114);
    for operation in &operations {
        let arguments = arguments(operation);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let name = arguments[1];

        let with = |flag: &str| {
            let all: Vec<_> = arguments.iter().copied().chain([flag]).collect();
            pleo.company_command(&all).home(&home)
        };
        let dry = with("--dry-run").without("PLEO_API_KEY").run().ended(0);
        assert!(dry.out.contains(operation["method"].as_str().unwrap()), "{name}: {}", dry.out);
        let line = with("--curl").without("PLEO_API_KEY").run().ended(0).out;
        assert!(pleo.take_exchanges().is_empty(), "{name} was sent by --curl or --dry-run");

        // What the fake Pleo says of such values is not the matter here.
        with("--yes").run();
        let ours = pleo.take_exchanges();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{} --silent --output /dev/null", line.trim()));
        let status = shell.env("PLEO_API_KEY", KEY).env("no_proxy", "*").status().unwrap();
        assert!(status.success(), "{name}: {line}");
        let curls = pleo.take_exchanges();
        assert_eq!((ours.len(), curls.len()), (1, 1), "{name}");
        assert_eq!(essence(&curls[0].request), essence(&ours[0].request), "{name}: {line}");
    }
}

#[test]
fn lists_are_read_to_their_end_in_every_format() {
    let pleo = Pleo::start();
    let call = |format: &str| {
        let arguments = ["call", "list_employees", "limit=3", "--all", "--output", format];
        pleo.company_command(&arguments).run().ended(0).out
    };
    let json: Vec<Value> = serde_json::from_str(&call("json")).unwrap();
    assert!(json.len() > 3, "{}", json.len());
    let lines: Vec<Value> = call("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, json);
    assert_eq!(call("csv").lines().count(), json.len() + 1);
    assert_eq!(call("table").lines().count(), json.len() + 1);
}

#[test]
fn what_was_read_of_a_list_is_printed_even_if_it_breaks_off() {
    let pleo = Pleo::start();
    for format in ["csv", "table", "json", "ndjson"] {
        // The second page.
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let handler = std::sync::Arc::clone(&pleo.sandbox);
        let server = pleo_sandbox::Server::start(move |request: &Request<Bytes>| {
            if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                return handler.handle(request);
            }
            let refused = http::Response::builder().status(400).body(Bytes::new());
            pleo_sandbox::Reply::from(refused.unwrap())
        });
        let server = server.unwrap();
        let arguments = ["call", "list_employees", "limit=3", "--all", "--output", format];
        let done = pleo.company_command(&arguments).env("PLEO_ENVIRONMENT", server.url()).run().ended(6);
        assert!(done.out.lines().count() >= 3, "{format}: {}", done.out);
        assert!(done.err.contains("after="), "{format}: {}", done.err);
    }
}

#[test]
fn numbers_stay_as_they_came() {
    let server = pleo_sandbox::Server::start(|_: &Request<Bytes>| {
        let body = r#"{"data":[{"id":"a","amount":1.10,"big":12345678901234567890.123}],"pagination":{"hasNextPage":false}}"#;
        pleo_sandbox::Reply::from(http::Response::new(Bytes::from_static(body.as_bytes())))
    });
    let server = server.unwrap();
    for arguments in
        [&["call", "list_companies"][..], &["call", "list_companies", "--all", "--output", "csv"]]
    {
        let command = crate::support::Pleocmd::new(arguments);
        let done = command.env("PLEO_ENVIRONMENT", server.url()).env("PLEO_API_KEY", KEY).run().ended(0);
        assert!(done.out.contains("1.10"), "{}", done.out);
        assert!(done.out.contains("12345678901234567890.123"), "{}", done.out);
    }
}

#[test]
fn what_is_wrong_with_a_call_is_said_before_anything_is_sent() {
    let pleo = Pleo::start();
    for (arguments, what) in [
        (&["create_vendr", "--body", "-"][..], "Did you mean `create_vendor`?"),
        (&["search_vendors", "limt=3"], "Did you mean `limit`?"),
        (&["search_vendors", "limit=3", "limit=4"], "takes the parameter `limit` once only"),
        (&["search_vendors", "limit"], "Parameters are NAME=VALUE"),
        (&["get_vendor"], "needs the parameter `id`"),
        (&["get_vendor", "id=.."], "would change the path"),
        (&["create_vendor"], "needs a body"),
        (&["create_vendor", "--body", "none.json"], "cannot read the body from none.json"),
        (&["create_vendor", "--body", "-"], "is not JSON: line 1, column"),
        (&["get_vendor", "id=1", "--body", "-"], "takes no body"),
        (&["get_vendor", "id=1", "--all"], "does not return pages"),
    ] {
        let arguments: Vec<_> = ["call"].iter().chain(arguments).copied().collect();
        let done = pleo.company_command(&arguments).input("FAKE-PERSONAL-DATA").run();
        assert!(matches!(done.code, Some(1 | 2)), "{arguments:?}: {:?}", done.code);
        assert!(done.err.contains(what), "{arguments:?}: {}", done.err);
        assert!(!done.err.contains("FAKE-PERSONAL-DATA"), "{arguments:?}: {}", done.err);
        assert!(done.out.is_empty(), "{arguments:?}: {}", done.out);
    }
    let done = pleo.command(&["call", "search_vendors"]).run().ended(2);
    assert!(done.err.contains("Give --company ID"), "{}", done.err);
    assert!(pleo.take_exchanges().is_empty());
}

#[test]
fn nothing_is_written_to_production_without_a_yes() {
    let arguments = ["call", "create_vendor", "--body", "-", "--environment", "production"];
    // If it were sent, it would not leave the machine.
    let command = crate::support::Pleocmd::new(&arguments)
        .env("PLEO_API_KEY", KEY)
        .env("HTTPS_PROXY", "http://127.0.0.1:9");
    let company = "11111111-2222-4333-8444-555555555551";
    let done = command.env("PLEO_COMPANY_ID", company).input("{\"name\":\"x\"}").run().ended(2);
    assert!(done.err.contains("writes: POST https://external.pleo.io/v1/vendors"), "{}", done.err);
    assert!(done.err.contains("Pass --yes"), "{}", done.err);
}

#[test]
fn text_from_pleo_cannot_control_the_terminal() {
    let server = pleo_sandbox::Server::start(|_: &Request<Bytes>| {
        let body = "{\"data\":[{\"id\":\"\\u001b[31mred\\u202e\"}],\"pagination\":{\"hasNextPage\":false}}";
        pleo_sandbox::Reply::from(http::Response::new(Bytes::from_static(body.as_bytes())))
    });
    let server = server.unwrap();
    let command = crate::support::Pleocmd::new(&["call", "list_companies", "--output", "table"]);
    let done = command.env("PLEO_ENVIRONMENT", server.url()).env("PLEO_API_KEY", KEY).run().ended(0);
    assert!(!done.out.contains(['\u{1b}', '\u{202e}']), "{:?}", done.out);
    assert!(done.out.contains("[31mred"), "{:?}", done.out);
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_not_an_error() {
    let pleo = Pleo::start();
    let mut command = pleo.company_command(&["entries", "--month", "2025-01"]);
    let mut child = command.spawn();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
}
