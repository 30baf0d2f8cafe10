//! What becomes of documents that nobody here wrote, one by one.
//!
//! A document is handled in a process of its own, so that a crash or a document that takes too much time
//! or memory ends neither the run nor the machine.

use std::{
    fmt, fs,
    io::{self, Read as _, Seek as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use wait_timeout::ChildExt as _;
use xtask_openapi::{
    Document, names,
    normalise::{Idle, normalise},
};

use crate::{CLIENT, Files, compile::Workspace};

/// What became of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What became of it.
    #[serde(rename = "outcome")]
    pub kind: Kind,
    /// How much was generated, or why nothing was. It may quote the document.
    pub detail: String,
}

/// What can become of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A client was generated.
    Generated,
    /// An error names what is not supported.
    Refused,
    /// A crash, more time or memory than allowed, or generated code that does not compile.
    Broken,
    /// The file is not OpenAPI.
    Skipped,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Generated => "generated",
            Self::Refused => "refused",
            Self::Broken => "broken",
            Self::Skipped => "skipped",
        })
    }
}

impl Outcome {
    fn new(kind: Kind, detail: impl ToString) -> Self {
        Self { kind, detail: detail.to_string() }
    }
}

/// Runs a program that prints the [`Outcome`] of a document as JSON, and ends it after `limit`.
///
/// # Errors
/// When the program cannot be started.
pub fn in_process(program: &mut Command, limit: Duration) -> io::Result<Outcome> {
    // Files, because a process waits when a pipe is full.
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    program.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let mut child = program.spawn()?;
    let Some(status) = child.wait_timeout(limit)? else {
        child.kill()?;
        child.wait()?;
        return Ok(Outcome::new(Kind::Broken, format!("took longer than {} s", limit.as_secs())));
    };
    out.rewind()?;
    match serde_json::from_reader(&out) {
        Ok(outcome) if status.success() => Ok(outcome),
        _ => {
            let mut said = Vec::new();
            err.rewind()?;
            err.read_to_end(&mut said)?;
            let said = String::from_utf8_lossy(&said);
            Ok(Outcome::new(Kind::Broken, format!("{status}: {}", said.trim().replace('\n', " "))))
        }
    }
}

/// Reads, normalises and generates a document in this process, with as much memory as a document may take,
/// and writes the files to `generated` as JSON.
#[must_use]
pub fn handle(path: &Path, generated: &Path) -> Outcome {
    limit_memory();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Outcome::new(Kind::Skipped, error),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let document = match Document::parse(&name, &text) {
        Ok(document) => Document { name: names::family_file(&name), ..document },
        Err(error) if VERSIONS.iter().any(|key| text.contains(key)) => {
            return Outcome::new(Kind::Refused, error);
        }
        Err(error) => return Outcome::new(Kind::Skipped, error),
    };
    if VERSIONS.iter().all(|key| document.value.get(*key).is_none()) {
        return Outcome::new(Kind::Skipped, "the document has no version of OpenAPI");
    }
    let files = normalise(vec![document], &[], Idle::Allowed)
        .and_then(|normalised| Ok(crate::generate(&normalised)?));
    match files {
        Ok(files) => written(&files, generated),
        Err(error) => Outcome::new(Kind::Refused, error),
    }
}

fn written(files: &Files, generated: &Path) -> Outcome {
    if let Err(error) = fs::write(generated, serde_json::json!(files).to_string()) {
        return Outcome::new(Kind::Broken, format!("cannot write {}: {error}", generated.display()));
    }
    let code = files.iter().filter(|(path, _)| path.starts_with(CLIENT));
    let lines: usize = code.map(|(_, text)| text.lines().count()).sum();
    Outcome::new(Kind::Generated, format!("{lines} lines"))
}

/// The keys of which a document of OpenAPI has one.
const VERSIONS: [&str; 2] = ["openapi", "swagger"];

/// Bounds the memory of this process; elsewhere than on Unix, only the time of a document is bounded.
fn limit_memory() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Some(2 << 30);
        let _ = setrlimit(Resource::As, Rlimit { current: limit, maximum: limit });
    }
}

/// Compiles what [`handle`] wrote, all in one workspace in `folder`, and returns what is broken: the position
/// in `generated`, and what the compiler says.
///
/// # Errors
/// When a file cannot be read or written, and when the compiler fails for a reason other than the documents.
pub fn compile(root: &Path, folder: &Path, generated: &[&Path]) -> io::Result<Vec<(usize, Outcome)>> {
    let mut workspace = Workspace::new(root, folder, &folder.join("target"))?;
    let member = |index: usize| format!("document-{index}");
    for (index, path) in generated.iter().enumerate() {
        workspace.client(&member(index), &serde_json::from_slice(&fs::read(path)?)?)?;
    }
    let checked = workspace.check()?;
    if checked.errors.is_empty() && !checked.success {
        return Err(io::Error::other(checked.stderr));
    }
    let error_of = |index| checked.errors.iter().find(|error| error.member == member(index));
    let broken = (0..generated.len()).filter_map(|index| Some((index, error_of(index)?)));
    let outcome = |rendered| Outcome::new(Kind::Broken, format!("does not compile: {rendered}"));
    Ok(broken.map(|(index, error)| (index, outcome(&error.rendered))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Outcome {
        in_process(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn a_process_that_hangs_dies_or_talks_nonsense_is_broken() {
        let long = Duration::from_secs(600);
        let good = Outcome::new(Kind::Generated, "3 lines");
        assert_eq!(shell(r#"echo '{"outcome":"generated","detail":"3 lines"}'"#, long), good);
        for (script, limit, detail) in [
            ("exec sleep 3600", Duration::from_secs(1), "took longer than 1 s"),
            ("echo out of memory >&2; kill -9 $$", long, "signal: 9 (SIGKILL): out of memory"),
            (r#"echo '{"outcome":"generated","detail":""}'; exit 3"#, long, "exit status: 3: "),
            ("echo '{'", long, "exit status: 0: "),
            // More than a pipe holds.
            ("yes | head -c 1000000; exit 1", long, "exit status: 1: "),
        ] {
            assert_eq!(shell(script, limit), Outcome::new(Kind::Broken, detail), "{script}");
        }
    }
}
