//! `pleo sandbox`: a fake Pleo on this machine.

use std::{
    env,
    error::Error as _,
    process::{Command, ExitStatus},
};

use clap::Args;
use pleo::{AnyEnvironment, ClientBuilder};
use pleo_sandbox::program::{self, KEY, Running};

use crate::{connection::without_secrets, exit::Exit, failure::Failure};

/// Start a fake Pleo on this machine.
///
/// It refuses what Pleo's documents refuse, and everything is forgotten when it ends. Its keys and
/// the lines that use them are printed. With a command after two hyphens it runs the command, with
/// PLEO_ENVIRONMENT, PLEO_API_KEY and PLEO_COMPANY_ID set for the sandbox, and ends with it.
///
/// Examples:
///   pleo sandbox                              until Ctrl-C, at port 8080
///   pleo sandbox -- pleo check                a first response
///   pleo sandbox --fault /v2/employees=503 -- python3 my_client.py
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SandboxArguments {
    // What follows would be the documentation of the whole command otherwise.
    #[command(flatten)]
    program: program::Arguments,
    /// A command to run, on a free port.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Serves until it is interrupted, or until the command ends.
pub(crate) fn run(arguments: SandboxArguments) -> Result<Exit, Failure> {
    let Some((program, rest)) = arguments.command.split_first() else {
        let running = start(&arguments.program)?;
        anstream::println!("{running}");
        running.join();
        return Ok(Exit::Success);
    };
    let running = start(&arguments.program.on_free_port())?;
    let itself = (program == "pleo").then(env::current_exe).and_then(Result::ok);
    let mut command = itself.map_or_else(|| Command::new(program), Command::new);
    let status = without_secrets(&mut command)
        .args(rest)
        .env(AnyEnvironment::VARIABLE, running.url())
        .env(ClientBuilder::KEY, KEY)
        .env(ClientBuilder::COMPANY, running.company().to_string())
        .env_remove(ClientBuilder::KEY_FILE)
        .status()
        .map_err(|error| Failure::usage(format!("cannot run {program}: {error}")))?;
    Ok(exit(status))
}

fn start(arguments: &program::Arguments) -> Result<Running, Failure> {
    program::start(arguments).map_err(|error| {
        let failure = Failure::of(Exit::Local, &error);
        match error.source() {
            Some(source) => Failure { what: format!("{}: {source}", failure.what), ..failure },
            None => failure,
        }
    })
}

/// The command's own exit code, or 1 if it was killed.
fn exit(status: ExitStatus) -> Exit {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(Exit::Local, Exit::OfCommand)
}
