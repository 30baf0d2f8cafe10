//! No secret is ever shown: not in what is printed, not in a file that is not meant to hold it.

use std::{fs, path::Path, thread};

use pleo_sandbox::{Fault, Grant};

use crate::support::{Done, Pleo, folder, write};

const SECRET: &str = "FAKE-CANARY-7f3a9c";

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
        } else if !path.ends_with("canary.key") {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

/// The secret in every form in which somebody could show it.
fn forms() -> Vec<String> {
    let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    vec![
        SECRET.to_owned(),
        SECRET[5..].to_owned(),
        base64(SECRET),
        base64(&format!("{SECRET}:")),
        SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ]
}

/// All that the commands show while Pleo fails like this.
fn with_fault(fault: Option<&Fault>, commands: &[&[&str]]) -> String {
    let pleo = Pleo::start();
    pleo.sandbox.admit(SECRET, Grant::standalone_key(pleo.company));
    pleo.sandbox.set_limit(None);
    let mut text = String::new();
    for arguments in commands {
        if let Some(fault) = fault {
            (0..20).for_each(|_| pleo.sandbox.inject("/v", fault.clone()));
        }
        let command = pleo.company_command(arguments).env("PLEO_API_KEY", SECRET).env("RUST_BACKTRACE", "1");
        let command = command.file("body.json", "{\"name\":\"x\"}").file("tags.csv", "code,name\nA,B\n");
        everything(&command.run(), &mut text);
        pleo.sandbox.clear_faults();
    }
    text
}

#[test]
fn no_command_and_no_failure_shows_the_key() {
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
        &["export", "run", "--book", "exit 1"],
        &["tags", "sync", "G2", "tags.csv"],
        &["webhook", "subscribe", "https://app.example/hook", "--secret-file", "canary.key"],
        &["status", "--json"],
        &["operations"],
        &["completion", "bash"],
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
        let runs: Vec<_> =
            faults.iter().map(|fault| scope.spawn(|| with_fault(fault.as_ref(), commands))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
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

    assert!(text.len() > 10_000);
    for form in forms() {
        let at = text.find(&form);
        assert!(at.is_none(), "{form} in …{}", &text[at.unwrap_or(0).saturating_sub(300)..]);
    }
}
