//! `cargo xtask`: the project's commands.

mod commands;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// Generating makes and drops trees of tokens: a third of its time would go into the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The commands of Pleo for Rust.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    /// The folder that holds spec/ and the generated client [default: this project].
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the client from spec/ and verify it. The main command.
    Sync(commands::sync::Arguments),
    /// Fetch what Pleo publishes today into spec/published; change nothing else.
    Fetch(commands::fetch::Arguments),
    /// Make the client from spec/, without verifying it.
    Generate,
    /// Fail if a generated file does not match spec/; change nothing.
    Check,
    /// Say what changed in Pleo's API between two states of the published documents.
    Diff(commands::diff::Arguments),
    /// Measure what building costs: compile times, size and crates of a program, for each choice of features.
    Measure(commands::measure::Arguments),
    /// Run a folder of other OpenAPI documents through the generator, and say what becomes of each.
    Corpus(commands::corpus::Arguments),
    /// Run the conformance suite on our client and on other clients, and write docs/conformance-results.md.
    CompareClients,
    /// Pack the published crates, show that the packages work by themselves, and publish them.
    Release(commands::release::Arguments),
    /// Run tests: with nextest if it is installed, otherwise with cargo test, and then the doc tests.
    Test(commands::test::Arguments),
}

/// The root of this project.
fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(project);
    let result = match arguments.command {
        Command::Sync(arguments) => return commands::sync::run(&root, arguments),
        Command::Fetch(arguments) => return commands::fetch::run(&root, arguments),
        Command::Generate => commands::generate::run(&root),
        Command::Check => commands::check::run(&root),
        Command::Diff(arguments) => return commands::diff::run(&root, &arguments),
        Command::Measure(arguments) => commands::measure::run(&root, &arguments),
        Command::Corpus(arguments) => return commands::corpus::run(&root, &arguments),
        Command::CompareClients => commands::compare_clients::run(&root),
        Command::Release(arguments) => commands::release::run(&root, &arguments),
        Command::Test(arguments) => commands::test::run(&root, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
