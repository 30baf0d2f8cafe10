//! `cargo xtask diff`

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    thread,
};

use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum;
use xtask_drift::{
    Level, Report,
    api::{ApiFinding, Prose},
    render,
    source::Source,
};
use xtask_openapi::PUBLISHED;

/// The exit code for a change as grave as `--fail-on` asks.
const REACHED: u8 = 1;
/// The exit code when the two sides could not be compared; 2 is clap's, for wrong usage.
const COULD_NOT_RUN: u8 = 3;

/// What is compared, and how it is shown.
#[derive(clap::Args)]
#[command(after_help = "\
A side is a folder or file of OpenAPI documents, or else a git revision, of which spec/published is read.

Exit codes:
  0  compared, and nothing as grave as --fail-on asks
  1  compared, and something as grave as --fail-on asks
  2  wrong usage
  3  could not be compared, or, where --fail-on is given, not the Rust API")]
pub(crate) struct Arguments {
    /// The old side: a folder, a file or a git revision.
    #[arg(default_value = "HEAD")]
    old: String,
    /// The new side, likewise [default: spec/published as it is on disk].
    new: Option<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The level from which on a change makes the exit code 1.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Report changes of descriptions, summaries, titles and examples too.
    #[arg(long)]
    with_docs: bool,
}

/// The forms of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For the body of a pull request.
    Markdown,
    /// For programs; described by xtask/drift/schemas/diff.schema.json.
    Json,
    /// Annotations for GitHub Actions.
    Github,
}

/// From which level on the command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Breaking changes.
    Breaking,
    /// Possibly breaking changes, and breaking ones.
    Possibly,
    /// Any change.
    Any,
}

impl FailOn {
    fn level(self) -> Level {
        match self {
            Self::Breaking => Level::Breaking,
            Self::Possibly => Level::PossiblyBreaking,
            Self::Any => Level::Documentation,
        }
    }
}

/// Compares, and prints the report.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    let shown = compare(root, arguments).and_then(|(report, shown)| {
        show(&shown)?;
        Ok(report)
    });
    match shown {
        Ok(report) => {
            match arguments.fail_on {
                Some(from) if report.gravest() >= Some(from.level()) => ExitCode::from(REACHED),
                // What is not known may be as grave.
                Some(_) if report.rust_problem.is_some() => ExitCode::from(COULD_NOT_RUN),
                _ => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Prints a report. A reader that has had enough, such as `head`, is not a failure.
fn show(report: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(report.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

fn compare(root: &Path, arguments: &Arguments) -> Result<(Report, String)> {
    let (old, new) = thread::scope(|scope| {
        let new = scope.spawn(|| match &arguments.new {
            Some(new) => Source::read(root, new),
            None => Source::folder(root, &root.join(PUBLISHED)),
        });
        (Source::read(root, &arguments.old), new.join())
    });
    let old = old.context("the old side")?;
    let new =
        new.map_err(|_| anyhow!("reading it panicked")).and_then(|new| Ok(new?)).context("the new side")?;
    let prose = if arguments.with_docs { Prose::Compared } else { Prose::LeftOut };
    let report = Report::between(root, &old, &new, prose)?;
    let shown = match arguments.format {
        Format::Text => render::text(&report),
        Format::Markdown => render::markdown(&report),
        Format::Json => render::json(&report)?,
        Format::Github => render::github(&report, |finding| annotated(finding, &old, &new)),
    };
    Ok((report, shown))
}

/// The file and line of a finding: where it is now, else where it was.
fn annotated(finding: &ApiFinding, old: &Source, new: &Source) -> Option<(String, Option<usize>)> {
    let (place, side) =
        finding.new.as_ref().map(|place| (place, new)).or(finding.old.as_ref().map(|place| (place, old)))?;
    let file = side.folder.join(&place.file).to_string_lossy().replace('\\', "/");
    // A line of the old side is not a line of the file that is annotated.
    let line = finding.new.as_ref().and_then(|place| new.line(&place.file, &place.pointer));
    Some((file, line))
}
