//! `cargo xtask sync`

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use xtask_codegen::compile::heard;
use xtask_drift::{Report, api::Prose, render, source::Source};
use xtask_fetch::{FetchError, Request, guides, interrupt};
use xtask_openapi::PUBLISHED;

use super::{fetch, generate, long_step};

/// Whether to fetch first, and what to keep of what that says.
#[derive(Args)]
#[group(skip)]
#[command(after_help = "\
Exit codes:
  0    the client is what the documents make it
  1    refused, or the client could not be made or verified
  2    wrong usage
  3    something could not be read or written
  130  interrupted
The tree changes with code 0 only.")]
pub(crate) struct Arguments {
    /// First fetch what Pleo publishes today, and say what that changes.
    #[arg(long)]
    fetch: bool,
    /// Write what changed here, as Markdown.
    #[arg(long, value_name = "FILE", requires = "fetch")]
    report: Option<PathBuf>,
    /// Write a commit message here.
    #[arg(long, value_name = "FILE", requires = "fetch")]
    message: Option<PathBuf>,
    #[command(flatten)]
    fetching: fetch::Arguments,
}

/// Makes the client of the documents, and first fetches those if that is asked for.
pub(crate) fn run(root: &Path, arguments: Arguments) -> ExitCode {
    let Arguments { fetch, report, message, fetching } = arguments;
    let request = match fetching.checked() {
        Ok(request) => request,
        Err(problem) => return fetch::wrong_usage(&problem),
    };
    // From here on a signal ends the run where nothing is half written.
    interrupt::watch();
    let done = if fetch {
        fetch_and_make(root, &request, report.as_deref(), message.as_deref())
    } else if request.is_default() {
        make(root)
    } else {
        return fetch::wrong_usage("flags of fetching need --fetch");
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            let code = error.downcast_ref::<FetchError>().map_or(1, FetchError::exit_code);
            ExitCode::from(code)
        }
    }
}

/// Fetches the documents, says what changed, and makes the client of them: all of it, or nothing.
fn fetch_and_make(
    root: &Path,
    request: &Request,
    report: Option<&Path>,
    message: Option<&Path>,
) -> Result<()> {
    let published = root.join(PUBLISHED);
    let before = Source::folder(root, &published)?;
    let fetched = fetch::bring(root, request)?;
    println!("{}", fetch::summary(&fetched));
    let made = compare(root, &before, fetched.guides.as_ref(), report, message).and_then(|text| {
        make(root)?;
        Ok(text)
    });
    match made {
        Ok(text) => {
            println!("\n{text}");
            Ok(())
        }
        Err(error) => {
            fetched.change.undo().context(
                "taking back the documents failed; restore them with `git restore spec/published spec/*.toml`",
            )?;
            Err(error.context(
                "the documents that Pleo publishes now are taken back, too\n\
                 to keep them and fix what is in the way, run:  cargo xtask fetch\n\
                 docs/regenerating.md explains the steps",
            ))
        }
    }
}

/// Says what changed since `before`, and returns the commit message.
fn compare(
    root: &Path,
    before: &Source,
    guides: Option<&guides::GuideReport>,
    report: Option<&Path>,
    message: Option<&Path>,
) -> Result<String> {
    let after = Source::folder(root, &root.join(PUBLISHED))?;
    let changed = Report::between(root, before, &after, Prose::LeftOut)?;
    let mut text = render::commit_message(&changed, &before.documents, &after.documents);
    if let Some(news) = guides.and_then(guides::report::commit_message) {
        text.push_str(&format!("\n{news}.\n"));
    }
    println!("{}", render::text(&changed));
    if let Some(file) = report {
        let first = guides.map(guides::report::markdown).unwrap_or_default();
        write(file, &render::markdown_after(&first, &changed))?;
    }
    if let Some(file) = message {
        write(file, &text)?;
    }
    Ok(text)
}

/// Writes a file whole, or not at all.
fn write(file: &Path, text: &str) -> Result<()> {
    xtask_tree::write(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
}

/// Makes the generated files, writes those that differ, and verifies them. A client that does not
/// compile, or that breaks a rule of the conformance suite, is taken back.
fn make(root: &Path) -> Result<()> {
    let change = generate::write(root)?;
    let verified = long_step("verify", "cargo build", |say| compiles(root, say))
        .and_then(|()| long_step("judge", "pleo-conformance", |say| conforms(root, say)));
    let summary = match verified {
        Ok(summary) => summary,
        Err(error) => {
            let taken_back = change.count();
            change.undo().context("taking back what was written failed; restore it with `git restore`")?;
            if interrupt::happened() {
                return Err(error);
            }
            let log = root.join("target/xtask-verify.log");
            // The log is a help, not the point.
            let kept =
                fs::create_dir_all(root.join("target")).and_then(|()| fs::write(&log, format!("{error:#}")));
            let place =
                if kept.is_ok() { format!("\nwhat it said is in {}", log.display()) } else { String::new() };
            bail!(
                "the generated client could not be verified; the tree is as it was, {taken_back} files taken back{place}\n\
                 to keep the files and look at them, run:  cargo xtask generate"
            );
        }
    };
    println!("in sync    the client is what spec/published and spec/overlays make it");
    println!("{summary}");
    Ok(())
}

/// Compiles the client, and the suite with it. Cargo chooses features for the whole workspace when it is asked for a
/// program by `--bin`, so the tests have none of this to compile again.
fn compiles(root: &Path, say: &dyn Fn(&str)) -> Result<((), String)> {
    cargo(root, &["build", "--bin", "pleo-conformance"], say)?;
    Ok(((), "pleo-client and the suite compile".to_owned()))
}

/// The summary line of the conformance suite.
fn conforms(root: &Path, say: &dyn Fn(&str)) -> Result<(String, String)> {
    let said = cargo(root, &["run", "--bin", "pleo-conformance", "--", "run", "--summary"], say)?;
    Ok((said.trim().to_owned(), "the client keeps the rules of the documents".to_owned()))
}

/// What a command of cargo's prints. An interrupt ends it.
fn cargo(root: &Path, arguments: &[&str], say: &dyn Fn(&str)) -> Result<String> {
    heard(root, arguments, say, &interrupt::happened).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => FetchError::Interrupted.into(),
        _ => error.into(),
    })
}
