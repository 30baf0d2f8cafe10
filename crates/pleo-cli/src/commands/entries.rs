//! `pleo entries`: the accounting entries of a month.

use std::io::{self, IsTerminal as _};

use clap::Args;
use indicatif::ProgressBar;
use pleo::{Money, accounting_entries::types::AccountingEntryV1, chrono::DateTime, chrono::FixedOffset};
use serde_json::value::to_raw_value;

use super::{month::MonthArguments, progress};
use crate::{
    connection::Settings,
    exit::Exit,
    failure::Failure,
    output::{Format, OutputArguments, records::Records},
};

/// Write the accounting entries of a month.
///
/// Tables and CSV have the fields that most people need, with the amount in the currency's own
/// decimals. JSON has all fields.
///
/// Without --output it is a table on a terminal, and CSV elsewhere.
///
/// Examples:
///   pleo entries --month 2026-10 > october.csv
///   pleo entries --month 2026-10 --zone Europe/Copenhagen --deleted --output ndjson
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct EntriesArguments {
    #[command(flatten)]
    month: MonthArguments,
    #[command(flatten)]
    output: OutputArguments,
}

const COLUMNS: [&str; 13] = [
    "id",
    "performed_at",
    "settled_at",
    "bookkeeping_date",
    "amount",
    "currency",
    "status",
    "note",
    "account_code",
    "tax_code_id",
    "employee_id",
    "receipts",
    "deleted_at",
];

/// Runs the command.
pub(crate) async fn run(settings: &Settings, arguments: EntriesArguments) -> Result<Exit, Failure> {
    let client = settings.client()?;
    let mut entries = arguments.month.entries(&client)?;
    let format = arguments.output.format(Format::Csv);
    let mut records = match format {
        Format::Json | Format::Ndjson => Records::new(format),
        Format::Csv | Format::Table => Records::with_columns(format, &COLUMNS)?,
    };
    // Rows that a person watches would mix with it.
    let counter = match (format, io::stdout().is_terminal()) {
        (Format::Table, _) | (_, false) => {
            progress::counter(&format!("entries of {}", arguments.month.month()))
        }
        _ => ProgressBar::hidden(),
    };
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        match format {
            Format::Json | Format::Ndjson => {
                let raw = to_raw_value(&entry)
                    .map_err(|error| Failure::new(Exit::Local, format!("cannot write JSON: {error}")))?;
                records.raw(&raw)?;
            }
            Format::Csv | Format::Table => records.row(row(&entry)?)?,
        }
        counter.inc(1);
    }
    counter.finish_and_clear();
    records.finish()?;
    Ok(Exit::Success)
}

fn row(entry: &AccountingEntryV1) -> Result<[String; COLUMNS.len()], Failure> {
    let money = Money::try_from(&entry.transaction_value).map_err(|error| {
        let failure = Failure::of(Exit::Service, error);
        Failure { what: format!("the accounting entry {}: {}", entry.id, failure.what), ..failure }
    })?;
    let time = |time: Option<DateTime<FixedOffset>>| time.map(|time| time.to_rfc3339()).unwrap_or_default();
    let id = |id: Option<pleo::uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    Ok([
        entry.id.to_string(),
        entry.performed_at.to_rfc3339(),
        time(entry.settled_at),
        time(entry.bookkeeping_date),
        money.amount().to_string(),
        money.currency().code().to_owned(),
        entry.status.as_str().to_owned(),
        entry.note.clone().unwrap_or_default(),
        entry.account_code.clone().unwrap_or_default(),
        id(entry.tax_code_id),
        id(entry.employee_id),
        entry.receipt_ids.len().to_string(),
        time(entry.deleted_at),
    ])
}
