//! `pleo-conformance`: judges clients of Pleo's External API.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use console::Term;
use pleo_conformance::{
    catalogue,
    cli::{self, RunRules, Stream, Streams, Suite, coverage},
    engine,
    report::Report,
};

/// How many columns a terminal has that does not say.
const WIDTH: usize = 100;

fn main() -> ExitCode {
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

fn stream<'a>(sink: &'a mut impl RawStream, terminal: &Term) -> Stream<'a> {
    let columns = || terminal.size_checked().map_or(WIDTH, |(_, columns)| columns.into());
    Stream {
        styled: AutoStream::choice(&*sink) != ColorChoice::Never,
        width: sink.is_terminal().then(columns),
        sink,
    }
}
