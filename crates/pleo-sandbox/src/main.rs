//! The sandbox as a program.

use std::{error::Error as _, process::ExitCode};

use clap::Parser as _;
use pleo_sandbox::program::{Arguments, start};

/// Exit code 0 is never reached but by `--help`; 2 is clap's for wrong usage, 3 is for what cannot run.
fn main() -> ExitCode {
    match start(&Arguments::parse()) {
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
