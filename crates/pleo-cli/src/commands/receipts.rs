//! `pleo receipts`: the files of a month's receipts.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use futures_util::{StreamExt as _, stream};
use pleo::{
    accounting_entries::types::ReceiptSearchRequest,
    receipts::{Progress, ReceiptDownload, ReceiptRunError},
    uuid::Uuid,
};

use super::{month::MonthArguments, progress};
use crate::{
    connection::Settings,
    exit::Exit,
    failure::Failure,
    output::{Output, shown, style},
};

/// How many accounting entries one search for receipts names.
const ENTRIES: usize = 100;

/// Download the receipts of a month.
///
/// Each file is named after its receipt's id. Existing files are skipped, and interrupted downloads
/// resume, so run it again until nothing is missing.
///
/// Example:
///   pleo receipts --month 2026-10 --into receipts
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReceiptsArguments {
    #[command(flatten)]
    month: MonthArguments,
    /// The folder for the files, which is made if it does not exist.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    into: PathBuf,
    /// How many files are downloaded at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    at_once: u8,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, arguments: ReceiptsArguments) -> Result<Exit, Failure> {
    let client = settings.client()?;

    let counter = progress::counter(&format!("entries of {}", arguments.month.month()));
    let mut entries = arguments.month.entries(&client)?;
    let (mut with_receipts, mut files) = (Vec::<Uuid>::new(), 0);
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        if !entry.receipt_ids.is_empty() {
            with_receipts.push(entry.id);
            files += entry.receipt_ids.len() as u64;
        }
        counter.inc(1);
    }
    counter.finish_and_clear();

    let searches = with_receipts.chunks(ENTRIES).map(|entries| {
        let body = ReceiptSearchRequest::builder()
            .include_deleted(arguments.month.deleted)
            .accounting_entry_ids(entries.to_vec());
        client.search_receipts(body).limit(100).items()
    });
    let receipts = stream::iter(searches).flatten();
    let bar = progress::bar(files, "receipts");
    let shown_bar = bar.clone();
    let download =
        ReceiptDownload::new(&client).with_at_once(arguments.at_once.into()).with_progress(move |progress| {
            if !matches!(progress, Progress::Received { .. }) {
                shown_bar.inc(1);
            }
        });
    let result = download.to_folder(&arguments.into, receipts).await;
    bar.finish_and_clear();
    let report = match result {
        Ok(report) => report,
        Err(ReceiptRunError::Folder(error)) => return Err(Failure::file("create", &arguments.into, &error)),
        Err(ReceiptRunError::List { source, report }) => {
            let done = report.saved + report.skipped;
            let again = format!("Run it again, which skips the {done} files that are there.");
            return Err(Failure::from(source).help(again));
        }
        Err(error) => return Err(Failure::of(Exit::Local, error)),
    };
    for missing in &report.missing {
        let bad = style::bad();
        anstream::eprintln!(
            "{bad}missing:{bad:#} receipt {}: {}",
            missing.receipt,
            shown(&format!("{:?}", missing.error))
        );
    }
    let mut output = Output::new();
    output.line(&format!(
        "{} new, {} there already, {} missing",
        report.saved,
        report.skipped,
        report.missing.len()
    ))?;
    output.finish()?;
    Ok(if report.missing.is_empty() { Exit::Success } else { Exit::Partly })
}
