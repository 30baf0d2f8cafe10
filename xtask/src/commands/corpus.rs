//! `cargo xtask corpus`: what becomes of any folder of OpenAPI documents.
//!
//! Each document is read, normalised and generated in a process of its own, so that a crash or a document
//! that takes too much time or memory ends neither the run nor the machine.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{Read as _, Seek as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use xtask_codegen::{CLIENT, compile::Workspace};
use xtask_openapi::{
    Document,
    foreign::one_line,
    normalise::{Idle, normalise},
};

/// Which documents, and what to do with them.
#[derive(clap::Args)]
#[command(after_help = "\
Each file below DIR that ends in .json, .yaml or .yml is read as one document. Outcomes:
  generated  a client was generated, and with --compile it compiles
  refused    an error names what is not supported
  broken     a crash, more time or memory than allowed, or generated code that does not compile
Files that are not OpenAPI are skipped and counted.

Exit codes:
  0  nothing is broken
  1  a document is broken
  2  wrong usage, or DIR cannot be read")]
pub(crate) struct Arguments {
    /// The folder with the documents, searched recursively
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Also compile what was generated, all documents together
    #[arg(long)]
    compile: bool,
    /// The time for one document
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// How to print the outcomes; JSON is printed at the end
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Handle the document DIR in this process, print its outcome, and write what was generated to a file
    #[arg(long, hide = true, value_name = "FILE")]
    one: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs every document of a folder.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    if let Some(file) = &arguments.one {
        limit_memory();
        println!("{}", one(&arguments.folder, file));
        return ExitCode::SUCCESS;
    }
    match run_all(root, arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The number of documents that are broken.
fn run_all(root: &Path, arguments: &Arguments) -> Result<usize> {
    let start = Instant::now();
    let folder = &arguments.folder;
    if !folder.is_dir() {
        bail!("there is no folder {}; pass a folder of OpenAPI documents", folder.display());
    }
    let mut files = xtask_tree::files_below(folder).with_context(|| folder.display().to_string())?;
    files.sort();
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    let print = |outcome: &Value| {
        if arguments.format == Format::Text && outcome["outcome"] != "skipped" {
            // A file is named by its author, and an error quotes its document: the problem, and where it is.
            let text = |key: &str| {
                let lines = outcome[key].as_str().unwrap_or_default().lines();
                one_line(&lines.take(2).collect::<Vec<_>>().join(""))
            };
            let seconds = outcome["seconds"].as_f64().unwrap_or_default();
            println!("{:<10} {}: {} ({seconds:.1} s)", text("outcome"), text("file"), text("detail"));
        }
    };
    let mut outcomes = Vec::new();
    for path in files {
        let is_read = |extension: &OsStr| ["json", "yaml", "yml"].iter().any(|known| extension == *known);
        if path.extension().is_some_and(is_read) {
            let start = Instant::now();
            let generated = scratch.path().join(format!("document-{}", outcomes.len()));
            let mut outcome = child(&path, &generated, Duration::from_secs(arguments.timeout))?;
            outcome["file"] = json!(path.strip_prefix(folder).unwrap_or(&path).to_string_lossy());
            outcome["seconds"] = json!(start.elapsed().as_secs_f64());
            print(&outcome);
            outcomes.push(outcome);
        }
    }
    if arguments.compile {
        compile(root, scratch.path(), &mut outcomes)?.iter().for_each(print);
    }
    let count = |kind: &str| outcomes.iter().filter(|outcome| outcome["outcome"] == kind).count();
    let [generated, refused, broken] = ["generated", "refused", "broken"].map(count);
    let seconds = start.elapsed().as_secs_f64();
    let skipped = count("skipped");
    if arguments.format == Format::Json {
        outcomes.retain(|outcome| outcome["outcome"] != "skipped");
        let report = json!({
            "documents": outcomes, "generated": generated, "refused": refused, "broken": broken,
            "skipped": skipped, "seconds": seconds,
        });
        println!("{report:#}");
    } else {
        println!(
            "total      {generated} generated, {refused} refused, {broken} broken; \
             {skipped} skipped that are not OpenAPI ({seconds:.1} s)"
        );
    }
    Ok(broken)
}

fn outcome(kind: &str, detail: impl ToString) -> Value {
    json!({ "outcome": kind, "detail": detail.to_string() })
}

/// Handles a document in a process of its own.
fn child(path: &Path, generated: &Path, limit: Duration) -> Result<Value> {
    // Files, because a process waits when a pipe is full.
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = Command::new(env::current_exe()?)
        .args([OsStr::new("corpus"), OsStr::new("--one"), generated.as_os_str(), OsStr::new("--")])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        .spawn()
        .context("cannot start a process for a document")?;
    let start = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if start.elapsed() > limit => {
                child.kill()?;
                child.wait()?;
                return Ok(outcome("broken", format!("took longer than {} s", limit.as_secs())));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    out.rewind()?;
    match serde_json::from_reader(&out) {
        Ok(outcome) if status.success() => Ok(outcome),
        _ => {
            let mut said = Vec::new();
            err.rewind()?;
            err.read_to_end(&mut said)?;
            let said = String::from_utf8_lossy(&said);
            Ok(outcome("broken", format!("{status}: {}", said.trim().replace('\n', " "))))
        }
    }
}

/// Bounds the memory of this process; elsewhere than on Unix, only the time of a document is bounded.
fn limit_memory() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Some(2 << 30);
        let _ = setrlimit(Resource::As, Rlimit { current: limit, maximum: limit });
    }
}

/// Reads, normalises and generates a document in this process.
fn one(path: &Path, generated: &Path) -> Value {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return outcome("skipped", error),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let document = match Document::parse(name, &text) {
        Ok(document) => document,
        Err(error) if VERSIONS.iter().any(|key| text.contains(key)) => return outcome("refused", error),
        Err(error) => return outcome("skipped", error),
    };
    if VERSIONS.iter().all(|key| document.value.get(*key).is_none()) {
        return outcome("skipped", "the document has no version of OpenAPI");
    }
    let files = normalise(vec![document], &[], Idle::Allowed)
        .and_then(|normalised| Ok(xtask_codegen::generate(&normalised)?));
    match files {
        Ok(files) => match fs::write(generated, json!(files).to_string()) {
            Ok(()) => {
                let code = files.iter().filter(|(path, _)| path.starts_with(CLIENT));
                outcome(
                    "generated",
                    format!("{} lines", code.map(|(_, text)| text.lines().count()).sum::<usize>()),
                )
            }
            Err(error) => outcome("broken", format!("cannot write {}: {error}", generated.display())),
        },
        Err(error) => outcome("refused", error),
    }
}

/// The keys of which a document of OpenAPI has one.
const VERSIONS: [&str; 2] = ["openapi", "swagger"];

/// Compiles what was generated, and returns the outcomes that are broken now.
fn compile(root: &Path, scratch: &Path, outcomes: &mut [Value]) -> Result<Vec<Value>> {
    let target = root.join("target/corpus");
    let mut workspace = Workspace::new(root, &target, &target.join("target"))?;
    let member = |index: usize| format!("document-{index}");
    for (index, outcome) in outcomes.iter().enumerate() {
        if outcome["outcome"] == "generated" {
            let files = serde_json::from_slice(&fs::read(scratch.join(member(index)))?)?;
            workspace.client(&member(index), &files)?;
        }
    }
    let checked = workspace.check().context("cannot compile what was generated")?;
    if checked.errors.is_empty() && !checked.success {
        bail!("cannot compile what was generated:\n{}", checked.stderr);
    }
    let mut broken = Vec::new();
    for (index, outcome) in outcomes.iter_mut().enumerate() {
        if let Some(error) = checked.errors.iter().find(|error| error.member == member(index)) {
            outcome["outcome"] = json!("broken");
            outcome["detail"] = json!(format!("does not compile: {}", error.rendered));
            broken.push(outcome.clone());
        }
    }
    Ok(broken)
}
