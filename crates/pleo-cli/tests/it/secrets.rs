//! No secret is ever shown: not in what is printed, not in a file that is not meant to hold it.

#[cfg(unix)]
use std::{collections::BTreeSet, path::PathBuf};
use std::{fs, path::Path, thread};

#[cfg(unix)]
use pleo_sandbox::Exchange;
use pleo_sandbox::{Fault, Grant};
#[cfg(unix)]
use serde_json::Value;

#[cfg(unix)]
use crate::support::{CLIENT, Pleocmd, browser, follow, free_address, get, opened};
use crate::support::{Done, Pleo, folder, write};

const SECRET: &str = "FAKE-CANARY-7f3a9c";

/// Prints what a program sees that the command starts: its variables, and the command lines of both.
#[cfg(target_os = "linux")]
const SPY: &str = "env; for process in $$ $PPID; do tr '\\0' ' ' < /proc/$process/cmdline; done; echo SPIED";
#[cfg(not(target_os = "linux"))]
const SPY: &str = "env; echo SPIED";

/// The files that hold secrets by design.
const SECRET_FILES: [&str; 3] = ["canary.key", "app.secret", "sealing.key"];

/// All of a run: what it printed, and the files that it left, except those that hold secrets by design.
fn everything(done: &Done, text: &mut String) {
    text.push_str(&done.out);
    text.push_str(&done.err);
    files(&done.home, text);
}

fn files(folder: &Path, text: &mut String) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files(&path, text);
        } else if !SECRET_FILES.iter().any(|name| path.ends_with(name)) {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

/// A secret in every form in which somebody could show it.
fn forms(secret: &str) -> Vec<String> {
    let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    vec![
        secret.to_owned(),
        secret[5..].to_owned(),
        base64(secret),
        base64(&format!("{secret}:")),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ]
}

/// Fails the test if a text shows the secret in any form.
fn assert_hidden(secret: &str, text: &str) {
    assert!(secret.len() > 12, "{secret} is too short to be looked for");
    for form in forms(secret) {
        if let Some(at) = text.find(&form) {
            let before: String = text[..at].chars().rev().take(300).collect();
            panic!("{form} after …{}", before.chars().rev().collect::<String>());
        }
    }
}

/// All that the commands show while Pleo fails like this, with the secret as a key or as a token.
fn with_fault(fault: Option<&Fault>, variable: &str, commands: &[&[&str]]) -> String {
    let pleo = Pleo::start();
    let grant = match variable {
        "PLEO_API_KEY" => Grant::standalone_key(pleo.company),
        _ => Grant::access_token(pleo.company),
    };
    pleo.sandbox.admit(SECRET, grant);
    pleo.sandbox.set_limit(None);
    let mut text = String::new();
    for arguments in commands {
        if let Some(fault) = fault {
            (0..20).for_each(|_| pleo.sandbox.inject("/v", fault.clone()));
        }
        let command = pleo.company_command(arguments).without("PLEO_API_KEY").env(variable, SECRET);
        // A key that seals tokens is 32 bytes.
        let command = command.env("PLEO_TOKEN_KEY", sealing_key()).env("RUST_BACKTRACE", "1");
        let command = command.file("body.json", "{\"name\":\"x\"}").file("tags.csv", "code,name\nA,B\n");
        everything(&command.run(), &mut text);
        pleo.sandbox.clear_faults();
    }
    text
}

fn sealing_key() -> String {
    data_encoding::BASE64.encode(b"FAKE-CANARY-that-seals-tokens-32")
}

#[test]
fn no_command_and_no_failure_shows_the_key() {
    let book = format!("{{ {SPY}; }} >&2; exit 1");
    let commands: &[&[&str]] = &[
        &["check"],
        &["check", "--json", "--for", "export"],
        &["call", "list_companies"],
        &["call", "list_companies", "--curl"],
        &["call", "list_companies", "--dry-run"],
        &["call", "create_vendor", "--body", "body.json"],
        &["companies"],
        &["entries", "--month", "2025-01"],
        &["receipts", "--month", "2025-01", "--into", "receipts"],
        &["export", "run", "--book", &book],
        &["tags", "sync", "G2", "tags.csv"],
        &["webhook", "subscribe", "https://app.example/hook", "--secret-file", "canary.key"],
        &["status", "--json"],
        &["status"],
        &["operations"],
        &["scopes", "export"],
        &["access", "--relation", "new-partner"],
        &["login", "--client-id", "FAKE-CLIENT"],
        &["logout"],
        &["man", "pages"],
        &["sandbox", "--", "sh", "-c", SPY],
        &["completion", "bash"],
        &["--version"],
        &["call", "list_companies", "--unknown-flag"],
    ];
    let faults = [
        None,
        Some(Fault::Status(401)),
        Some(Fault::Status(403)),
        Some(Fault::Status(500)),
        Some(Fault::DropConnection),
        Some(Fault::InvalidJson),
        Some(Fault::Redirect(302, format!("https://elsewhere.example/{SECRET}"))),
    ];
    let pleo = Pleo::start();
    pleo.sandbox.admit(SECRET, Grant::standalone_key(pleo.company));
    pleo.sandbox.set_limit(None);
    let mut text = String::new();
    // Each fault has a fake Pleo of its own, and most of the time is spent in waits between attempts.
    let texts: Vec<String> = thread::scope(|scope| {
        let runs = faults.iter().flat_map(|fault| {
            let run = |variable| scope.spawn(move || with_fault(fault.as_ref(), variable, commands));
            ["PLEO_API_KEY", "PLEO_ACCESS_TOKEN"].map(run)
        });
        let runs: Vec<_> = runs.collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(texts.iter().any(|text| text.matches("SPIED").count() > 2), "no program was started");
    texts.iter().for_each(|more| text.push_str(more));
    // Broken keys, from each source.
    for broken in
        [format!("\"{SECRET}\""), format!("Basic {SECRET}"), format!("{SECRET}\n"), format!("{SECRET}:")]
    {
        for variable in ["PLEO_API_KEY", "PLEO_ACCESS_TOKEN"] {
            let command = pleo.command(&["check"]).without("PLEO_API_KEY").env(variable, &broken);
            everything(&command.run(), &mut text);
        }
        let home = folder();
        write(&home.join("canary.key"), &format!("{broken}{broken}"));
        let command = pleo.command(&["check", "--key-file", "canary.key"]).home(&home);
        everything(&command.run(), &mut text);
    }
    for place in ["PLEO_ENVIRONMENT", "PLEO_COMPANY_ID"] {
        everything(&pleo.company_command(&["companies"]).env(place, SECRET).run(), &mut text);
    }
    let configuration = format!("[profiles.a]\nkey = \"{SECRET}\"\n");
    let command = pleo.command(&["check"]);
    let done = command.file(".config/pleo/config.toml", &configuration).run();
    text.push_str(&done.out);
    text.push_str(&done.err);

    // What completes a command line reads the configuration.
    let command = pleo.command(&["--", "pleo", "call", "--profile", ""]).env("COMPLETE", "bash");
    let command = command.env("_CLAP_COMPLETE_INDEX", "3").env("PLEO_API_KEY", SECRET);
    everything(&command.run(), &mut text);

    assert!(text.len() > 10_000);
    assert_hidden(SECRET, &text);
    assert_hidden(&sealing_key(), &text);
}

/// The tokens, codes and verifiers that went to and fro.
#[cfg(unix)]
fn exchanged(exchanges: &[Exchange]) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for exchange in exchanges {
        for pair in String::from_utf8_lossy(exchange.request.body()).split('&') {
            if let Some((_, value)) = pair.split_once('=').filter(|(name, _)| {
                matches!(*name, "code" | "code_verifier" | "refresh_token" | "client_secret" | "token")
            }) {
                secrets.insert(value.to_owned());
            }
        }
        let response: Value = serde_json::from_slice(exchange.reply.response.body()).unwrap_or_default();
        for name in ["access_token", "refresh_token"] {
            secrets.extend(response[name].as_str().map(str::to_owned));
        }
    }
    secrets
}

const APP_SECRET: &str = "FAKE-CANARY-of-the-app";

/// A home folder in which somebody has logged in.
#[cfg(unix)]
struct LoggedIn {
    pleo: Pleo,
    home: PathBuf,
    /// All that was shown so far.
    text: String,
}

#[cfg(unix)]
impl LoggedIn {
    /// Logs in, with a browser that writes down what it sees.
    fn new() -> Self {
        let host = free_address();
        let redirect = format!("http://{host}/callback");
        let pleo = Pleo::with_app(&redirect, Some(APP_SECRET));
        pleo.sandbox.set_limit(None);
        let home = folder();
        write(&home.join("app.secret"), APP_SECRET);
        let browser = browser(&home, &format!("{{ {SPY}; }} > \"$HOME/seen\""));

        let mut this = Self { pleo, home, text: String::new() };
        let mut login = this.command(&[
            "login",
            "--client-id",
            CLIENT,
            "--client-secret-file",
            "app.secret",
            "--redirect-uri",
            &redirect,
            "--scopes",
            "users:read vendors:read",
        ]);
        login = login.env("BROWSER", browser.as_os_str());
        let child = login.spawn();
        let back = follow(&opened(&this.home));
        // The address with the code goes through the browser, whose window it is.
        this.text = get(&host, back.strip_prefix(&format!("http://{host}")).unwrap());
        let done = Done::of(child.wait_with_output().unwrap(), this.home.clone()).ended(0);
        everything(&done, &mut this.text);
        assert!(this.text.contains("SPIED"), "the browser was not started");
        this
    }

    fn command(&self, arguments: &[&str]) -> Pleocmd {
        let command = self.pleo.company_command(arguments).without("PLEO_API_KEY").home(&self.home);
        command.env("PLEO_TOKEN_KEY", sealing_key()).env("RUST_BACKTRACE", "1")
    }

    fn run(&mut self, command: Pleocmd) -> Done {
        let done = command.run();
        everything(&done, &mut self.text);
        done
    }

    /// Fails the test if anything that was shown is a token or another secret.
    fn assert_nothing_shown(&self) {
        let mut secrets = exchanged(&self.pleo.take_exchanges());
        assert!(secrets.len() > 3, "{} secrets were exchanged", secrets.len());
        secrets.extend([APP_SECRET.to_owned(), sealing_key()]);
        for secret in secrets {
            assert_hidden(&secret, &self.text);
        }
    }
}

#[test]
#[cfg(unix)]
fn no_token_is_shown_when_calls_and_renewals_fail() {
    let refused = || Some(Fault::Status(401));
    // A refused access token is renewed.
    let faults = [
        (None, None),
        (refused(), None),
        (refused(), Some(Fault::InvalidJson)),
        (refused(), Some(Fault::Status(400))),
        (refused(), Some(Fault::CutBody)),
        (refused(), Some(Fault::DropConnection)),
        (Some(Fault::InvalidJson), None),
    ];
    thread::scope(|scope| {
        for (call, renewal) in &faults {
            scope.spawn(move || {
                let mut user = LoggedIn::new();
                for arguments in [&["status", "--json"][..], &["call", "search_vendors", "limit=1"]] {
                    for (path, fault) in [("/v", call), ("/oauth", renewal)] {
                        (0..3).for_each(|_| {
                            fault.iter().for_each(|fault| user.pleo.sandbox.inject(path, fault.clone()))
                        });
                    }
                    user.run(user.command(arguments));
                    user.pleo.sandbox.clear_faults();
                }
                user.assert_nothing_shown();
            });
        }
    });
}

#[test]
#[cfg(unix)]
fn stored_tokens_that_cannot_be_used_are_not_shown() {
    let mut user = LoggedIn::new();
    let other = data_encoding::BASE64.encode(b"FAKE-CANARY-of-another-key-of-32");
    for key in [&other, APP_SECRET] {
        let done = user.run(user.command(&["check"]).env("PLEO_TOKEN_KEY", key));
        assert_ne!(done.code, Some(0));
        assert_hidden(key, &user.text);
    }
    let tokens = user.home.join(".local/share/pleo/default.tokens");
    let sealed = fs::read_to_string(&tokens).unwrap();
    write(&tokens, &sealed.replace('A', "B"));
    assert_ne!(user.run(user.command(&["check"])).code, Some(0));
    write(&tokens, &sealed);
    write(&user.home.join("app.secret"), &format!("{APP_SECRET}-\u{7f}"));
    assert_ne!(user.run(user.command(&["check"])).code, Some(0));
    write(&user.home.join("app.secret"), APP_SECRET);
    user.run(user.command(&["check"])).ended(0);
    user.run(user.command(&["logout"])).ended(0);
    user.run(user.command(&["check"])).ended(4);
    user.assert_nothing_shown();
}

#[test]
fn a_webhook_shows_no_secret() {
    let pleo = Pleo::start();
    let home = folder();
    let mut text = String::new();
    let run = |arguments: &[&str]| pleo.company_command(arguments).home(&home).file("body.json", "{}").run();
    let subscribe = ["webhook", "subscribe", "https://app.example/hook", "--secret-file", "canary.key"];
    everything(&run(&subscribe).ended(0), &mut text);
    everything(&run(&subscribe).ended(0), &mut text);
    let secret = fs::read_to_string(home.join("canary.key")).unwrap();
    for headers in [
        &[][..],
        &[
            "--header",
            "webhook-id: 1",
            "--header",
            "webhook-timestamp: 1",
            "--header",
            "webhook-signature: v1,x",
        ],
        &["--header", "webhook-id: 1", "--header", "no colon"],
    ] {
        let verify = ["webhook", "verify", "--secret-file", "canary.key", "body.json"];
        let done = run(&[&verify[..], headers].concat());
        assert_ne!(done.code, Some(0));
        everything(&done, &mut text);
    }
    for broken in [format!("{secret}!"), format!("x{secret}"), secret[..20].to_owned()] {
        write(&home.join("canary.key"), &broken);
        everything(&run(&["webhook", "verify", "--secret-file", "canary.key", "body.json"]), &mut text);
    }
    assert_hidden(secret.trim(), &text);
}
