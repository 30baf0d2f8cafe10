//! The judges in `tests/judges`: programs that nobody here wrote, which say whether we are right.

mod ajv;
mod oidc_provider;
mod prism;
mod schemathesis;

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long a judge has until it listens, on a machine that is busy with other things.
const START: Duration = Duration::from_secs(120);

/// Says that a judge is not here, and what to do. In CI that is a failure, because a skipped test shows nothing.
fn missing(name: &str, remedy: &str) {
    assert!(env::var_os("CI").is_none(), "the judge {name} is not here; {remedy}");
    eprintln!("SKIPPED: the judge {name} is not here; {remedy}");
}

/// A judge that runs until it is dropped.
struct Judge {
    program: Child,
    /// What it said when it was ready: where it listens.
    addresses: Value,
}

impl Judge {
    /// Starts `server.js` in the judge's folder, or prints why it cannot.
    fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("judges");
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
        let missing = if !node.is_ok_and(|status| status.success()) {
            "install Node.js 20 or later"
        } else if !folder.join("node_modules").is_dir() {
            "run npm ci --prefix tests/judges"
        } else {
            return Some(Self::started(folder.join(name).join("server.js"), arguments));
        };
        self::missing(name, missing);
        None
    }

    fn started(script: PathBuf, arguments: &[&str]) -> Self {
        // Its standard input stays open as long as this process lives; its end ends the judge.
        let mut program = Command::new("node")
            .arg(&script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = program.stdout.take().unwrap();
        let mut judge = Self { program, addresses: Value::Null };
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line).map(|_| line);
            let _ = sender.send(read);
        });
        let line =
            receiver.recv_timeout(START).unwrap_or_else(|_| panic!("{} never listens", script.display()));
        judge.addresses = serde_json::from_str(&line.unwrap())
            .unwrap_or_else(|error| panic!("{} ended: {error}", script.display()));
        judge
    }

    /// The URL at which it has what this name says.
    fn address(&self, name: &str) -> &str {
        self.addresses[name].as_str().unwrap_or_else(|| panic!("nothing listens for {name}"))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
