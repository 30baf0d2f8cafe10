//! `cargo xtask measure`

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result, anyhow};
use xtask::measure::{
    DOCUMENT, MeasureError, Subject, bench,
    build::{Builds, Row, Start},
    compare::{self, Comparison, Figures},
    document::Document,
    table::Table,
};

use super::fetch::{at_least_one, wrong_usage};
use crate::steps::step;

/// The exit code for worse figures, where `--fail-on-worse` is given.
const WORSE: u8 = 1;
/// The exit code when something could not be measured; 2 is clap's, for wrong usage.
const COULD_NOT_MEASURE: u8 = 3;

/// What is measured, and what is done with the figures.
#[derive(clap::Args)]
#[command(after_help = "\
The machine must do nothing else meanwhile. docs/measurements.md says what the columns are.

Exit codes:
  0  measured; a figure that got worse is named and fails nothing
  1  a figure got worse, and --fail-on-worse is given
  2  wrong usage
  3  something could not be measured, or, where --fail-on-worse is given, nothing compared;
     or docs/measurements.md is damaged")]
pub(crate) struct Arguments {
    /// What is measured [default: all but cold, which takes long].
    #[arg(value_name = "WHAT")]
    subject: Option<Subject>,
    /// How often each build is timed; the median counts. One from nothing is timed once.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = at_least_one)]
    runs: usize,
    /// Measures these rows of `build` or `cold` and no others: full, default, an API family or
    /// "bare reqwest". A table that is written has no others then.
    #[arg(long, value_name = "ROW", value_delimiter = ',', requires = "subject")]
    only: Vec<String>,
    /// Puts the measured tables in the place of the committed ones.
    #[arg(long)]
    write: bool,
    /// Fails when a figure got worse by more than 15 %.
    #[arg(long)]
    fail_on_worse: bool,
}

/// Measures, and compares with what is committed.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    let subjects = match arguments.subject {
        Some(subject) if subject.bench().is_some() && !arguments.only.is_empty() => {
            return wrong_usage(
                "--only chooses rows of `build` and `cold`; a bench measures all of its rows",
            );
        }
        Some(subject) => vec![subject],
        None => Subject::ALL.into_iter().filter(|subject| *subject != Subject::Cold).collect(),
    };
    let committed = match committed(root, &subjects, &arguments.only) {
        Ok(committed) => committed,
        Err(error) => return could_not_measure(&error.into()),
    };
    let mut worst = ExitCode::SUCCESS;
    let mut failed = false;
    for (subject, figures) in committed {
        match measure(root, arguments, subject, &figures) {
            Ok(comparison) if arguments.fail_on_worse && comparison.compared == 0 => {
                could_not_measure(&anyhow!(
                    "{}: there is no committed figure to compare with",
                    subject.name()
                ));
                failed = true;
            }
            Ok(comparison) if arguments.fail_on_worse && !comparison.worse.is_empty() => {
                worst = ExitCode::from(WORSE);
            }
            Ok(_) => {}
            Err(error) => {
                could_not_measure(&error.context(subject.name()));
                failed = true;
            }
        }
    }
    if failed { ExitCode::from(COULD_NOT_MEASURE) } else { worst }
}

/// The committed figures, read before anything is measured: what is damaged shows at once.
fn committed(
    root: &Path,
    subjects: &[Subject],
    only: &[String],
) -> Result<Vec<(Subject, Figures)>, MeasureError> {
    let document = Document::read(root)?;
    let figures = |subject: &Subject| {
        let figures = document.figures(*subject)?;
        // A row that is not asked for is not gone.
        Ok((*subject, if only.is_empty() { figures } else { figures.only(only) }))
    };
    subjects.iter().map(figures).collect()
}

fn could_not_measure(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(COULD_NOT_MEASURE)
}

/// Measures one subject, prints its table, and says how that differs from the committed one.
fn measure(root: &Path, arguments: &Arguments, subject: Subject, committed: &Figures) -> Result<Comparison> {
    let start = match subject {
        Subject::Cold => Start::Cold,
        _ => Start::Warm { runs: arguments.runs },
    };
    let table = match subject.bench() {
        Some(bench) => bench::run(root, bench)?,
        None => build(&Builds::new(root, start, &arguments.only)?)?,
    };
    let now = Figures::of(subject, &table).context("the measured table")?;
    let comparison = compare::compare(committed, &now);
    println!("\n{table}\n{comparison}");
    if arguments.write {
        Document::write(root, subject, &table)?;
        println!("written    {DOCUMENT}, {}", subject.name());
    }
    Ok(comparison)
}

/// Measures building, one line a row.
fn build(builds: &Builds) -> Result<Table> {
    let measure = |row: &Row| {
        step("measured", row.name(), || {
            let cells = builds.measure(row)?;
            let done = cells.join(", ");
            Ok((cells, done))
        })
    };
    let rows = builds.rows().iter().map(measure).collect::<Result<_>>()?;
    Ok(builds.table(rows)?)
}
