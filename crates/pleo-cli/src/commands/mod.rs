//! The commands, a module each.

pub(crate) mod access;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod companies;
pub(crate) mod completion;
pub(crate) mod entries;
pub(crate) mod export;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod month;
pub(crate) mod naming;
pub(crate) mod operations;
pub(crate) mod progress;
pub(crate) mod receipts;
pub(crate) mod sandbox;
pub(crate) mod scopes;
pub(crate) mod status;
pub(crate) mod tags;
pub(crate) mod webhook;

use std::{thread, time::Duration};

use clap::Args;
use tokio::{runtime, sync::oneshot};

use crate::{
    arguments::{Command, Connected},
    connection::Settings,
    exit::Exit,
    failure::Failure,
    prompt,
};

/// Runs the command.
pub(crate) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(Connected { command, connection }) => block_on(check::run(connection, command)),
        Command::Call(arguments) => connected(arguments, call::run),
        Command::Operations(arguments) => operations::run(arguments),
        Command::Scopes(arguments) => scopes::run(arguments),
        Command::Access(arguments) => access::run(arguments),
        Command::Login(Connected { command, connection }) => {
            block_on(async { login::login(&Settings::with_new_profile(connection)?, command).await })
        }
        Command::Logout(connection) => block_on(async { login::logout(&Settings::new(connection)?).await }),
        Command::OpenBrowser { address } => login::open_browser(&address),
        Command::Status(arguments) => status::run(arguments),
        Command::Companies(arguments) => connected(arguments, companies::run),
        Command::Entries(arguments) => connected(arguments, entries::run),
        Command::Receipts(arguments) => connected(arguments, receipts::run),
        Command::Export(export::ExportCommand::Run(arguments)) => connected(arguments, export::run),
        Command::Tags(tags::TagsCommand::Sync(arguments)) => connected(arguments, tags::sync),
        Command::Webhook(webhook::WebhookCommand::Subscribe(arguments)) => {
            connected(arguments, webhook::subscribe)
        }
        Command::Webhook(webhook::WebhookCommand::Verify(arguments)) => block_on(webhook::verify(arguments)),
        Command::Sandbox(arguments) => sandbox::run(arguments),
        Command::Completion(arguments) => completion::run(arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Runs a command that reaches Pleo.
fn connected<A: Args>(
    Connected { command, connection }: Connected<A>,
    run: impl AsyncFnOnce(&Settings, A) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    block_on(async { run(&Settings::new(connection)?, command).await })
}

/// How long the work may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_millis(500);

/// Tells when Ctrl-C is pressed. A command that waits for an answer at the terminal cannot be told, so the process ends
/// soon after that in any case.
fn interrupts() -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = tell.send(());
                tokio::time::sleep(GRACE).await;
                prompt::show_typing();
                anstream::eprintln!();
                std::process::exit(Exit::Interrupted.code().into());
            }
        });
    });
    told
}

/// Waits for the work, or for Ctrl-C, which ends it: whatever is dropped then leaves nothing half-written.
fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::new(Exit::Local, format!("cannot start the async runtime: {error}")))?;
    runtime.block_on(async {
        let interrupted = interrupts();
        tokio::select! {
            result = work => result,
            Ok(()) = interrupted => Err(Failure::new(Exit::Interrupted, "interrupted")),
        }
    })
}
