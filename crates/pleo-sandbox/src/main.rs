//! The sandbox as a program.

use std::{
    error::Error as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _, ValueHint};
use clap_complete::Shell;
use pleo_sandbox::program::{self, start};

/// Start a fake Pleo on this machine.
#[derive(Debug, clap::Parser)]
#[command(
    name = "pleo-sandbox",
    version,
    max_term_width = 100,
    about = "Start a fake Pleo on this machine",
    long_about = None,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "\
Exit codes: 2 wrong usage, 3 the sandbox cannot run, such as when the port is taken, or something cannot be written."
)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: program::Arguments,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the script that makes your shell complete the options.
    ///
    /// An example is echo 'source <(pleo-sandbox completion bash)' >> ~/.bashrc
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages to a folder.
    ///
    /// An example is pleo-sandbox man ~/.local/share/man/man1
    Man {
        /// The folder, created if it does not exist.
        #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

/// The sandbox itself ends only when it is stopped, or with 3 if it cannot run; 2 is clap's for wrong usage.
fn main() -> ExitCode {
    let Program { command, options } = Program::parse();
    let done = match command {
        Some(Command::Completion { shell }) => {
            completion(shell).map_err(|error| format!("the script cannot be printed: {error}"))
        }
        Some(Command::Man { folder }) => man(&folder)
            .map_err(|error| format!("cannot write manual pages to {}: {error}", folder.display())),
        None => return serve(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => failed(&problem),
    }
}

fn serve(options: &program::Arguments) -> ExitCode {
    match start(options) {
        Ok(running) => {
            println!("{running}");
            running.join();
            ExitCode::SUCCESS
        }
        Err(error) => {
            let code = failed(&error);
            if let Some(source) = error.source() {
                anstream::eprintln!("cause: {source}");
            }
            code
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    // It drops the colours where they are not wanted: not a terminal, or NO_COLOR.
    let error_style = clap::builder::Styles::default().get_error().to_owned();
    anstream::eprintln!("{error_style}error:{error_style:#} {error}");
    ExitCode::from(3)
}

fn completion(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Program::command(), "pleo-sandbox", &mut script);
    match io::stdout().write_all(&script) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn man(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Program::command(), folder)
}
