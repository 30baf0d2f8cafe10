//! The sandbox as a program.

use std::{error::Error as _, process::ExitCode};

use clap::Parser as _;
use pleo_sandbox::program::{self, start};

/// A fake Pleo on this machine.
#[derive(Debug, clap::Parser)]
#[command(
    name = "pleo-sandbox",
    version,
    max_term_width = 100,
    about = "A fake Pleo on this machine",
    long_about = None,
    after_help = "Exit codes: 2 wrong usage, 3 the sandbox cannot run, such as when the port is taken."
)]
struct Program {
    #[command(flatten)]
    options: program::Arguments,
}

/// Exit code 0 is never reached but by `--help`; 2 is clap's for wrong usage, 3 is for what cannot run.
fn main() -> ExitCode {
    match start(&Program::parse().options) {
        Ok(running) => {
            println!("{running}");
            running.join();
            ExitCode::SUCCESS
        }
        Err(error) => {
            // It drops the colours where they are not wanted: not a terminal, or NO_COLOR.
            let error_style = clap::builder::Styles::default().get_error().to_owned();
            anstream::eprintln!("{error_style}error:{error_style:#} {error}");
            if let Some(source) = error.source() {
                anstream::eprintln!("cause: {source}");
            }
            ExitCode::from(3)
        }
    }
}
