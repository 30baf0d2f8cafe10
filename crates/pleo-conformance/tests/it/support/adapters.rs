//! The adapters in `adapters/`, and copies of them with a mistake.

use std::{fs, path::Path, process::Command};

/// An adapter.
pub(crate) struct Adapter {
    /// What runs it.
    program: &'static str,
    /// The programs that it needs.
    needs: &'static [&'static str],
    /// Its path below this crate.
    path: &'static str,
    /// One of its lines, and the mistake that can stand there instead.
    mistake: (&'static str, &'static str),
}

/// curl behind a shell script. Its mistake: the key is the password.
pub(crate) const CURL: Adapter = Adapter {
    program: "sh",
    needs: &["sh", "curl", "jq"],
    path: "adapters/curl.sh",
    mistake: (r#"| "Basic " + ($secret + ":" | @base64)"#, r#"| "Basic " + (":" + $secret | @base64)"#),
};

/// Python's standard library. Its mistake: the company under a name that no operation knows.
pub(crate) const PYTHON: Adapter = Adapter {
    program: "python3",
    needs: &["python3"],
    path: "adapters/python_client.py",
    mistake: ("query = query + [(name, self.company)]", r#"query = query + [("company", self.company)]"#),
};

impl Adapter {
    /// Whether what it needs is there. In CI it has to be: a test that is skipped shows nothing.
    pub(crate) fn is_available(&self) -> bool {
        let is_missing = |program: &&&str| {
            let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
            !found.is_ok_and(|output| output.status.success())
        };
        let missing: Vec<&str> = self.needs.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return true;
        }
        let message = format!("{} needs what is not here: apt-get install {}", self.path, missing.join(" "));
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        false
    }

    /// The command that runs it.
    pub(crate) fn command(&self) -> Vec<String> {
        vec![self.program.into(), self.source().to_str().unwrap().into()]
    }

    /// The command that runs a copy with the mistake, which is written into this folder.
    pub(crate) fn command_with_mistake(&self, folder: &Path) -> Vec<String> {
        let source = fs::read_to_string(self.source()).unwrap();
        let (right, wrong) = self.mistake;
        let is_it = |line: &&str| line.trim() == right;
        assert_eq!(source.lines().filter(is_it).count(), 1, "{} has another line than {right}", self.path);
        let copy = folder.join("adapter");
        fs::write(&copy, source.replace(right, wrong)).unwrap();
        vec![self.program.into(), copy.to_str().unwrap().into()]
    }

    fn source(&self) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.path)
    }
}
