//! `cargo xtask`: the project's commands.

mod commands;
mod steps;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commands of Pleo for Rust.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the client from spec/ and verifies it. The main command.
    Sync,
    /// Makes the client from spec/, without verifying it.
    Generate,
    /// Fails if a generated file is not what spec/ makes it; changes nothing.
    Check,
    /// Runs every test: nextest where it is installed, else cargo test, and the doc tests.
    Test,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Sync => commands::sync::run(),
        Command::Generate => commands::generate::run(),
        Command::Check => commands::check::run(),
        Command::Test => commands::test::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
