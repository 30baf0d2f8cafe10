//! `pleo-conformance`: judges clients of Pleo's External API.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use console::Term;
use pleo_conformance::{
    catalogue,
    cli::{self, RunRules, Stream, Streams, Suite, coverage, exit::Exit},
    engine,
    report::Report,
    subject,
};

/// How many columns a terminal has that does not say.
const WIDTH: usize = 100;

fn main() -> ExitCode {
    if let Err(error) = be_ready_for_programs() {
        eprintln!("error: {error}");
        return ExitCode::from(Exit::NoResult.code());
    }
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut streams = Streams {
        watched: err.is_terminal(),
        out: stream(&mut out, &Term::stdout()),
        err: stream(&mut err, &Term::stderr()),
    };
    let run: &RunRules<'_> =
        &|rules, subject, options, progress| engine::run(rules, subject, options, progress).map(Report::from);
    let suite = Suite { catalogue: catalogue(), coverage: &coverage::table, run, plan: &engine::plan };
    ExitCode::from(cli::main(std::env::args_os(), &suite, &mut streams).code())
}

/// A program that is judged may be anybody's: it sees no credential, and leaves nothing behind.
fn be_ready_for_programs() -> Result<(), String> {
    if cli::needs_credentials(std::env::args_os()) {
        return Ok(());
    }
    subject::leave_credentials(std::env::args_os()).map_err(|error| {
        format!("this program cannot be started again without the credentials in its environment: {error}; unset them")
    })?;
    if let Err(error) = subject::take_charge() {
        eprintln!("warning: what a judged program starts may outlive the run: {error}");
    }
    Ok(())
}

fn stream<'a>(sink: &'a mut impl RawStream, terminal: &Term) -> Stream<'a> {
    let columns = || terminal.size_checked().map_or(WIDTH, |(_, columns)| columns.into());
    Stream {
        styled: AutoStream::choice(&*sink) != ColorChoice::Never,
        width: sink.is_terminal().then(columns),
        sink,
    }
}
