//! The adapters in `adapters/`, and copies of them with a mistake.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// An adapter.
pub(crate) struct Adapter {
    /// What runs it: a program and its arguments.
    runs_on: &'static [&'static str],
    /// The programs that it needs.
    needs: &'static [&'static str],
    /// The Python package that it needs.
    package: Option<&'static str>,
    /// Whether CI has what it needs.
    in_ci: bool,
    /// Its path below this crate.
    path: &'static str,
    /// A part of one of its lines, and the mistake that can stand there instead.
    mistake: (&'static str, &'static str),
}

/// curl behind a shell script. Its mistake: the key is the password.
pub(crate) const CURL: Adapter = Adapter {
    runs_on: &["sh"],
    needs: &["sh", "curl", "jq"],
    package: None,
    in_ci: true,
    path: "adapters/curl.sh",
    mistake: (r#"| "Basic " + ($secret + ":" | @base64)"#, r#"| "Basic " + (":" + $secret | @base64)"#),
};

/// Python's standard library. Its mistake: the company under a name that no operation knows.
pub(crate) const PYTHON: Adapter = Adapter {
    runs_on: &["python3"],
    needs: &["python3"],
    package: None,
    in_ci: true,
    path: "adapters/python_client.py",
    mistake: ("query = query + [(name, self.company)]", r#"query = query + [("company", self.company)]"#),
};

/// Python with requests. Its mistake: two characters of a query value are not encoded.
pub(crate) const REQUESTS: Adapter = Adapter {
    runs_on: &["python3"],
    needs: &["python3"],
    package: Some("requests"),
    in_ci: true,
    path: "adapters/python_requests.py",
    mistake: ("={quote(value, safe='')}", "={quote(value, safe='+&')}"),
};

/// Python with httpx. Its mistake: Base64 in the alphabet for URLs.
pub(crate) const HTTPX: Adapter = Adapter {
    runs_on: &["python3"],
    needs: &["python3"],
    package: Some("httpx"),
    in_ci: true,
    path: "adapters/python_httpx.py",
    mistake: ("base64.b64encode(", "base64.urlsafe_b64encode("),
};

/// Node with its own fetch. Its mistake: it logs what it was given.
pub(crate) const NODE: Adapter = Adapter {
    runs_on: &["node"],
    needs: &["node"],
    package: None,
    in_ci: true,
    path: "adapters/node_fetch.mjs",
    mistake: (
        "shown.log = `${operation.method} ${operation.path}`;",
        "shown.log = `${operation.method} ${JSON.stringify(credential)}`;",
    ),
};

/// Java with the JDK's client. Its mistake: the client follows redirects, and takes the header along.
pub(crate) const JAVA: Adapter = Adapter {
    runs_on: &["java"],
    needs: &["java"],
    package: None,
    in_ci: false,
    path: "adapters/JavaHttpClient.java",
    mistake: ("HttpClient.Redirect.NEVER", "HttpClient.Redirect.ALWAYS"),
};

/// Go with net/http. Its mistake: no colon after the key.
pub(crate) const GO: Adapter = Adapter {
    runs_on: &["go", "run"],
    needs: &["go"],
    package: None,
    in_ci: false,
    path: "adapters/go_net_http.go",
    mistake: (r#"[]byte(secret+":")"#, "[]byte(secret)"),
};

impl Adapter {
    /// Whether what it needs is there. What `.ci/run` installs has to be there in CI: a test that is skipped shows
    /// nothing.
    pub(crate) fn is_available(&self) -> bool {
        let program = |program: &&str| ["-c".to_owned(), format!("command -v {program}")];
        let mut missing: Vec<&str> =
            self.needs.iter().filter(|name| !succeeds("sh", &program(name))).copied().collect();
        if let Some(package) = self.package {
            let import = ["-c".to_owned(), format!("import {package}")];
            missing.extend((!succeeds(&python(), &import)).then_some(package));
        }
        if missing.is_empty() {
            return true;
        }
        let message = format!("{} needs what is not here: {}", self.path, missing.join(" "));
        assert!(!self.in_ci || std::env::var_os("CI").is_none(), "{message}; .ci/run installs it");
        eprintln!("SKIPPED: {message}");
        false
    }

    /// The command that runs it.
    pub(crate) fn command(&self) -> Vec<String> {
        self.command_for(&self.source())
    }

    /// The command that runs a copy with the mistake, which is written into this folder.
    pub(crate) fn command_with_mistake(&self, folder: &Path) -> Vec<String> {
        let source = fs::read_to_string(self.source()).unwrap();
        let (right, wrong) = self.mistake;
        assert_eq!(source.matches(right).count(), 1, "{} has this not once: {right}", self.path);
        // Some languages tell by the ending of a name what a file is.
        let copy = folder.join(self.source().file_name().unwrap());
        fs::write(&copy, source.replace(right, wrong)).unwrap();
        self.command_for(&copy)
    }

    fn command_for(&self, source: &Path) -> Vec<String> {
        let runs_on = self.runs_on.iter().map(|&word| match word {
            "python3" => python(),
            other => other.to_owned(),
        });
        runs_on.chain([source.to_str().unwrap().to_owned()]).collect()
    }

    fn source(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.path)
    }
}

/// The Python that `.ci/run` makes for the adapters, or else the system's.
fn python() -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/adapters/bin/python");
    if own.exists() { own.to_str().unwrap().to_owned() } else { "python3".to_owned() }
}

fn succeeds(program: &str, arguments: &[String]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
