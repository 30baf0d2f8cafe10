//! The command `pleo`.

mod arguments;
mod commands;
mod configuration;
mod connection;
mod exit;
mod failure;
mod output;
mod prompt;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::{arguments::Arguments, exit::Exit};

fn main() -> ExitCode {
    clap_complete::CompleteEnv::with_factory(Arguments::command).complete();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody may be reading.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return exit.into();
        }
    };
    match commands::run(arguments.command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}
