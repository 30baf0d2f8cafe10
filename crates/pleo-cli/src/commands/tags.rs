//! `pleo tags sync`: a tag group that equals a list.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use pleo::tag_sync::{self, LocalTag, TagPlan, TagSyncError};

use crate::{
    arguments::Connected,
    connection::Settings,
    exit::Exit,
    failure::Failure,
    output::{say, shown, style},
};

/// Make a tag group equal to a list.
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum TagsCommand {
    Sync(Connected<SyncArguments>),
}

/// Create, rename, restore and archive tags until the group equals a CSV file.
///
/// The file has the columns `code` and `name`. Tags are recognised by their codes. A second run
/// changes nothing.
///
/// Examples:
///   pleo tags sync PROJECT projects.csv --dry-run    show what would change
///   pleo tags sync PROJECT projects.csv              change it
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SyncArguments {
    /// The code of the tag group.
    #[arg(value_name = "GROUP")]
    group: String,
    /// The CSV file.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before writing.
    #[arg(long, short)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn sync(settings: &Settings, arguments: SyncArguments) -> Result<Exit, Failure> {
    let list = read(&arguments.file)?;
    let client = settings.client()?;
    let group = tag_sync::find_group(&client, &arguments.group).await.map_err(failure)?;
    let plan = TagPlan::read(&client, group.id, list).await.map_err(failure)?;
    for change in plan.changes() {
        say(&format!("{change:#}"))?;
    }
    say(&format!("{} to change, {} unchanged", plan.changes().len(), plan.unchanged()))?;
    if arguments.dry_run || plan.is_empty() {
        return Ok(Exit::Success);
    }
    settings.confirm_write(arguments.yes, "This changes tags in production.")?;
    let report = plan.apply(&client).await;
    for failure in &report.failed {
        let bad = style::bad();
        anstream::eprintln!(
            "{bad}failed:{bad:#} {}: {}",
            shown(&failure.change.to_string()),
            shown(&format!("{:#}", failure.error))
        );
    }
    if !report.not_tried.is_empty() {
        anstream::eprintln!("{} changes were not tried after that", report.not_tried.len());
    }
    anstream::eprintln!("{} changes made", report.done.len());
    Ok(if report.failed.is_empty() { Exit::Success } else { Exit::Partly })
}

fn failure(error: TagSyncError) -> Failure {
    match error {
        TagSyncError::Read(error) => error.into(),
        error => Failure::of(Exit::Usage, error),
    }
}

/// The tags of a CSV file.
fn read(path: &std::path::Path) -> Result<Vec<LocalTag>, Failure> {
    let wrong = |error: csv::Error| {
        let line = error.position().map(|position| format!(", line {}", position.line())).unwrap_or_default();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::file("read", path, &error),
            _ => Failure::usage(format!(
                "{}{line} is not CSV with the columns `code` and `name`",
                path.display()
            ))
            .help("Write the names of the columns in the first line: code,name"),
        }
    };
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let columns = reader.headers().map_err(wrong)?;
    if !["code", "name"].iter().all(|column| columns.iter().any(|found| found == *column)) {
        return Err(Failure::usage(format!(
            "{} does not have the columns `code` and `name`",
            path.display()
        ))
        .help("Write the names of the columns in the first line: code,name"));
    }
    let list = reader.deserialize().collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if list.is_empty() {
        // A file that was cut off would archive the whole group.
        return Err(Failure::usage(format!("{} has no tags", path.display()))
            .help("Check that the file is complete; to archive a whole group, archive the group in Pleo."));
    }
    Ok(list)
}
