//! `pleo export run`: books what Pleo has queued, by a program of yours.

use std::{io, process::Stdio};

use clap::{Args, Subcommand};
use pleo::{
    export::types::{ExportJobEventType, ExportJobFailureReasonType, ExportJobItemFailureReasonType},
    export_run::{Booked, Booking, ExportRun, ExportRunError, NotBooked},
};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    arguments::Connected,
    connection::{Settings, without_secrets},
    exit::Exit,
    failure::Failure,
    output::{say, shown, style},
};

/// The exit code by which the program gives the whole job up (EX_TEMPFAIL of sysexits.h).
const GIVE_UP: i32 = 75;
/// The longest reason that is sent to Pleo, in characters.
const LONGEST_REASON: usize = 500;

/// Book what Pleo has queued for the accounting system.
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum ExportCommand {
    Run(Connected<RunArguments>),
}

/// Run a program for each queued item, and report what it says.
///
/// The program gets the item as JSON on standard input. Its exit code says what came of it:
///   0      booked; the first line of its output is the id in the accounting system, the second a link to it
///   75     the accounting system is not available: the job is given up
///   other  the item is not booked; the last line of standard error is the reason that Pleo shows
///
/// PLEO_DELIVERY is `first`, or `may-be-repeated` if an earlier run may have booked the item: look
/// before you book. A run that was interrupted continues where it stopped. The program gets none of
/// the variables with secrets.
///
/// Example:
///   pleo export run --book 'python3 book.py'
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RunArguments {
    /// The command line of the program, for the shell.
    #[arg(long, value_name = "COMMAND")]
    book: String,
    /// Do not ask before writing.
    #[arg(long, short)]
    yes: bool,
    /// Continue a job in progress after it has been quiet for this many seconds. 0 if no other run can be at work.
    #[arg(long, value_name = "SECONDS", default_value_t = ExportRun::RESUME_AFTER.as_secs())]
    resume_after: u64,
}

/// Runs the command.
pub(crate) async fn run(settings: &Settings, arguments: RunArguments) -> Result<Exit, Failure> {
    let client = settings.client()?;
    settings
        .confirm_write(arguments.yes, "This books what is queued, and reports it to Pleo's production.")?;
    let run =
        ExportRun::new(&client).with_resume_after(std::time::Duration::from_secs(arguments.resume_after));
    let (mut jobs, mut all_booked) = (0, true);
    loop {
        let summary = match run.next_job(|booking| book(&arguments.book, booking)).await {
            Ok(Some(summary)) => summary,
            Ok(None) => break,
            Err(error) => return Err(stopped(error)),
        };
        say(&format!(
            "{} {}: {} booked, {} failed",
            summary.job_id, summary.event, summary.successful, summary.failed
        ))?;
        for entry in &summary.refused {
            say(&format!("{entry}: Pleo rejected the reported result; check whether it is booked"))?;
        }
        jobs += 1;
        all_booked &= summary.event == ExportJobEventType::Completed;
    }
    if jobs == 0 {
        anstream::eprintln!("No export job is waiting.");
    }
    Ok(if all_booked { Exit::Success } else { Exit::Partly })
}

fn stopped(error: ExportRunError) -> Failure {
    match error {
        ExportRunError::Call { source, booked, .. } => {
            let failure = Failure::from(source).help("Run it again: it continues where it stopped.");
            let booked: Vec<_> = booked.iter().map(ToString::to_string).collect();
            match &*booked {
                [] => failure,
                booked => failure.help(format!("Booked and not reported yet: {}.", booked.join(", "))),
            }
        }
        error => Failure::of(Exit::Rejected, error),
    }
}

/// Hands one item to the program.
async fn book(command: &str, Booking { item, may_be_repeated, .. }: Booking) -> Result<Booked, NotBooked> {
    let unexpected = |reason: String| NotBooked::job(ExportJobFailureReasonType::IntegrationUnusable, reason);
    let input =
        serde_json::to_vec(&item).map_err(|error| unexpected(format!("the item is not JSON: {error}")))?;
    let delivery = if may_be_repeated { "may-be-repeated" } else { "first" };
    let output = program(command, &input, delivery).await.map_err(|error| {
        // Another item would meet the same.
        unexpected(format!("the program that books cannot be run: {error}"))
    })?;
    // A person watches what the program says about itself.
    let said = String::from_utf8_lossy(&output.stderr);
    let hint = style::hint();
    for line in said.lines() {
        anstream::eprintln!("{hint}{}:{hint:#} {}", item.accounting_entry_id, shown(line));
    }
    let last: String =
        said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().into();
    let reason = match output.status.code() {
        _ if !last.is_empty() => last.chars().take(LONGEST_REASON).collect(),
        Some(code) => format!("the program that books ended with {code}"),
        None => "the program that books was killed".to_owned(),
    };
    match output.status.code() {
        Some(0) => Ok(booked(&String::from_utf8_lossy(&output.stdout))),
        // The shell did not find the program, or somebody killed it: what came of the item is not known.
        Some(126 | 127) | None => Err(unexpected(reason)),
        Some(GIVE_UP) => Err(NotBooked::job(ExportJobFailureReasonType::AccountingSystemUnreachable, reason)),
        _ => Err(NotBooked::item(ExportJobItemFailureReasonType::AccountingSystemValidationFailure, reason)),
    }
}

fn booked(output: &str) -> Booked {
    let mut lines = output.lines().map(str::trim).filter(|line| !line.is_empty());
    let booked = match lines.next() {
        Some(id) => Booked::new().with_id(id),
        None => Booked::new(),
    };
    match lines.next() {
        Some(url) => booked.with_url(url),
        None => booked,
    }
}

async fn program(command: &str, input: &[u8], delivery: &str) -> io::Result<std::process::Output> {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command).env("PLEO_DELIVERY", delivery);
    without_secrets(shell.as_std_mut());
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = shell.spawn()?;
    let stdin = child.stdin.take();
    let write = async {
        let Some(mut stdin) = stdin else { return Ok(()) };
        match stdin.write_all(input).await {
            // A program that does not read its input may still know what to do.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    };
    let (written, output) = tokio::join!(write, child.wait_with_output());
    written?;
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_prints_is_an_id_and_a_link() {
        assert_eq!(booked(""), Booked::new());
        assert_eq!(booked("\n voucher-7 \n"), Booked::new().with_id("voucher-7"));
        let linked = Booked::new().with_id("7").with_url("https://books.example/7");
        assert_eq!(booked("7\nhttps://books.example/7\nmore\n"), linked);
    }
}
