//! The sandbox as a program.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
};

use crate::support::{basic, exchange};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleo-sandbox"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

/// Ends the program also when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_says_where_it_is_and_what_to_call_it_with() {
    let started = program(&["--port", "0", "--environment", "production"]).stdout(Stdio::piped()).spawn();
    let mut running = Running(started.unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    assert!(first.contains("Production"), "{first}");
    let address = first.rsplit("http://").next().unwrap().parse().unwrap();
    let said: Vec<String> = lines.by_ref().take_while(|line| !line.contains("Ctrl-C")).collect();
    let said = said.join("\n");
    let company = said.lines().find_map(|line| line.strip_prefix("company")).unwrap().trim();
    assert!(said.contains(&format!("PLEO_ENVIRONMENT=http://{address}")), "{said}");
    for (name, authorization) in [
        ("FAKE-STANDALONE-KEY", basic("FAKE-STANDALONE-KEY", "")),
        ("FAKE-INTEGRATED-KEY", basic("FAKE-INTEGRATED-KEY", "")),
        ("FAKE-ACCESS-TOKEN", "Bearer FAKE-ACCESS-TOKEN".to_owned()),
    ] {
        assert!(said.contains(name), "{said}");
        let request = format!("GET /v1/introspect HTTP/1.0\r\nAuthorization: {authorization}\r\n\r\n");
        let answer = exchange(address, request.as_bytes());
        assert!(answer.contains(" 200 ") && answer.contains(company), "{answer}");
    }
}

#[test]
fn it_has_a_version_and_suggests_what_a_misspelt_option_may_mean() {
    assert_eq!(run(&["--version"]), (Some(0), format!("pleo-sandbox {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, said) = run(&["--enviroment", "production"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("a similar argument exists: '--environment'"), "{said}");
}

/// Starts the program and waits until it listens.
fn started(arguments: &[&str]) -> (Running, std::net::SocketAddr) {
    let mut command = program(&[&["--port", "0"], arguments].concat());
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut first = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim().rsplit("http://").next().unwrap().parse().unwrap();
    (running, address)
}

#[test]
fn flags_set_keys_limit_faults_entries_and_redirect_addresses() {
    let (_running, address) = started(&[
        "--key=FAKE-READER,scopes=users:read,company=2",
        "--key=FAKE-OLD,expires=2020-01-01T00:00:00Z",
        "--key=FAKE-SHORT,kind=token,expires=0",
        "--key=FAKE-TOKEN,kind=token,expires=3600",
        "--limit=4",
        "--fault=/v1/installations=503*2",
        "--fault=/v1/companies=429-date:30",
        "--redirect-uri=http://localhost:9000/back",
        "--entries=30",
        "--show-unknown",
    ]);
    let send = |authorization: &str, line: &str, body: &str| {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        exchange(address, (head + body).as_bytes())
    };
    let status = |answer: &str| answer.split(' ').nth(1).unwrap().to_owned();
    let key = |secret: &str| basic(secret, "");

    let reader = send(&key("FAKE-READER"), "GET /v1/introspect", "");
    assert!(reader.contains("users:read") && reader.contains("555552"), "{reader}");
    assert!(reader.contains("sandboxUnknownField"), "{reader}");
    assert_eq!(status(&send(&key("FAKE-READER"), "GET /v3/export-jobs", "")), "403");
    assert_eq!(status(&send(&key("FAKE-OLD"), "GET /v1/introspect", "")), "401");
    assert_eq!(status(&send("Bearer FAKE-SHORT", "GET /v1/introspect", "")), "401");

    let token = "Bearer FAKE-TOKEN";
    let answers: Vec<_> = (0..3).map(|_| status(&send(token, "GET /v1/installations/me", ""))).collect();
    assert_eq!(answers, ["503", "503", "200"]);
    assert!(send(token, "GET /v1/companies", "").to_lowercase().contains("retry-after: "));
    let search = "POST /v1/accounting-entries:search?company_id=11111111-2222-4333-8444-555555555551&limit=1";
    let found = send(token, search, r#"{"includeDeleted":true}"#);
    assert!(found.contains(r#""total":30"#), "{found}");
    assert_eq!(status(&send(token, "GET /v1/introspect", "")), "200");
    assert_eq!(status(&send(token, "GET /v1/introspect", "")), "200");
    assert_eq!(status(&send(token, "GET /v1/introspect", "")), "429", "a fifth request is beyond the limit");

    let authorize = |redirect: &str| {
        let query = format!(
            "client_id=FAKE-CLIENT&response_type=code&redirect_uri={redirect}&code_challenge_method=S256&\
             code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        send("", &format!("GET /oauth/authorize?{query}"), "")
    };
    let allowed = authorize("http://localhost:9000/back");
    assert!(allowed.contains("location: http://localhost:9000/back?"), "{allowed}");
    assert!(!authorize("http://localhost/callback").contains("location: "));
}

#[test]
fn the_log_has_a_line_for_each_exchange_and_no_secret() {
    let (mut running, address) = started(&["--log"]);
    let company = "11111111-2222-4333-8444-555555555551";
    let key = basic("FAKE-STANDALONE-KEY", "");
    for (line, status) in [
        (format!("GET /v1/companies/{company}?x=FAKE-QUERY HTTP/1.1\r\nHost: localhost"), 400),
        ("GET /v1/companies/FAKE-STANDALONE-KEY HTTP/1.1\r\nHost: localhost".to_owned(), 401),
        ("FAKE-METHOD /v1/introspect HTTP/1.1\r\nHost: localhost".to_owned(), 405),
        ("GET /v1/introspect HTTP/1.1\r\nHost: FAKE-HOST.example".to_owned(), 421),
    ] {
        let answer = exchange(address, format!("{line}\r\nAuthorization: {key}\r\n\r\n").as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
    }
    let lines = BufReader::new(running.0.stderr.take().unwrap()).lines().take(4).map(Result::unwrap);
    let shown = lines.map(|line| {
        let (rest, took) = line.strip_suffix(" ms").unwrap().rsplit_once(' ').unwrap();
        took.parse::<f64>().unwrap();
        rest.to_owned()
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            "GET /v1/companies/11111111… 400",
            "GET /v1/companies/… 401",
            "… /v1/introspect 405",
            "GET /v1/introspect 421",
        ]
    );
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let said = |set: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(arguments);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(set.iter().copied());
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for arguments in [&["--help"][..], &["--no-such-option"], &["--port", &port]] {
        assert!(!said(&[], arguments).contains('\u{1b}'), "{arguments:?}");
        assert!(said(&[("CLICOLOR_FORCE", "1")], arguments).contains("\u{1b}["), "{arguments:?}");
        let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
        assert!(!said(&both, arguments).contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = run(&["--port", &port]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&format!("port {port} is taken")) && said.contains("--port"), "{said}");
}

#[test]
fn wrong_usage_and_help_have_their_own_exit_codes() {
    for wrong in [
        &["--port", "70000"][..],
        &["--environment", "live"],
        &["--no-such-option"],
        &["--key", ",scopes=users:read"],
        &["--key", "FAKE,company=5"],
        &["--key", "FAKE,expires=soon"],
        &["--key", "FAKE,scope=users:read"],
        &["--limit", "few"],
        &["--fault", "/v1/introspect"],
        &["--fault", "/v1/introspect=breakdown"],
        &["--entries", "24"],
    ] {
        assert_eq!(run(wrong).0, Some(2), "{wrong:?}");
    }
    let (code, said) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("--environment"), "{said}");
}

#[test]
fn completions_and_manual_pages_know_the_options() {
    let (code, script) = run(&["completion", "bash"]);
    assert_eq!(code, Some(0));
    assert!(script.contains("--environment") && script.contains("complete -F"), "{script}");

    let folder = std::env::temp_dir().join(format!("pleo-sandbox-man-{}", std::process::id()));
    let (code, said) = run(&["man", folder.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let page = folder.join("pleo-sandbox.1");
    assert!(std::fs::read_to_string(&page).unwrap().contains("environment"));
    let no_folder = page.join("folder");
    let (code, said) = run(&["man", no_folder.to_str().unwrap()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.starts_with(&format!("error: cannot write manual pages to {}: ", no_folder.display())),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();

    for wrong in [&["completion"][..], &["completion", "no-such-shell"], &["--port", "0", "man", "folder"]] {
        assert_eq!(run(wrong).0, Some(2), "{wrong:?}");
    }
}
