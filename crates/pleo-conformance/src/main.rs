//! `pleo-conformance`: judges clients of Pleo's External API.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice};
use pleo_conformance::{
    catalogue,
    cli::{self, RunRules, Stream, Streams, Suite, coverage},
    engine,
    report::Report,
};

/// How many columns a report has where nobody says.
const WIDTH: usize = 100;

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut streams = Streams {
        width: console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns.into()),
        watched: err.is_terminal(),
        out: Stream { styled: AutoStream::choice(&out) != ColorChoice::Never, sink: &mut out },
        err: Stream { styled: AutoStream::choice(&err) != ColorChoice::Never, sink: &mut err },
    };
    let run: &RunRules<'_> =
        &|rules, subject, options, progress| engine::run(rules, subject, options, progress).map(Report::from);
    let suite = Suite { catalogue: catalogue(), coverage: &coverage::table, run, plan: &engine::plan };
    ExitCode::from(cli::main(std::env::args_os(), &suite, &mut streams).code())
}
