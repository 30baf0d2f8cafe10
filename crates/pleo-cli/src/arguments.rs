//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::engine::ArgValueCompleter;

use crate::{commands, configuration, exit::exit_codes};

/// Says whether your Pleo key works, calls every operation of Pleo's External API, and does the jobs that people
/// script first.
#[derive(Debug, Parser)]
#[command(
    name = "pleo",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = exit_codes!(),
    after_long_help = concat!(
        "Examples:\n",
        "  PLEO_ENVIRONMENT=staging pleo check               does my key work? (prompts for it)\n",
        "  pleo check --for export                           and is it enough for the export API?\n",
        "  pleo call search_vendors limit=5 --output table   call an operation\n",
        "  pleo entries --month 2026-10 > october.csv        a month of accounting entries\n",
        "  pleo sandbox                                      a fake Pleo on this machine to try it on\n",
        "\n",
        "A setting comes from a flag, or else from an environment variable, or else from the profile. A\n",
        "key is never a flag: it comes from PLEO_API_KEY, from the file that --key-file or\n",
        "PLEO_API_KEY_FILE names, from `pleo login`, or from a prompt.\n",
        "\n",
        exit_codes!(),
    ),
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

// It has no documentation of its own: that would be the help of each command.
#[derive(Debug, Args)]
pub(crate) struct Connected<A: Args> {
    #[command(flatten)]
    pub(crate) command: A,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
}

// How Pleo is reached. It has no documentation of its own for the same reason.
#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// The profile of the configuration file to use [variable: PLEO_PROFILE].
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(configuration::complete_profiles))]
    pub(crate) profile: Option<String>,
    /// production, staging, or the address of a sandbox [variable: PLEO_ENVIRONMENT].
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// The id of the company to work for [variable: PLEO_COMPANY_ID].
    #[arg(long, value_name = "ID")]
    pub(crate) company: Option<String>,
    /// A file that holds the API key [variable: PLEO_API_KEY_FILE].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_file: Option<PathBuf>,
    /// Ask for the API key at a prompt that does not show it.
    #[arg(long, conflicts_with = "key_file")]
    pub(crate) ask_key: bool,
    /// The time limit of each request, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Connected<commands::check::CheckArguments>),
    Call(Connected<commands::call::CallArguments>),
    Operations(commands::operations::OperationsArguments),
    Scopes(commands::scopes::ScopesArguments),
    Access(commands::access::AccessArguments),
    Login(Connected<commands::login::LoginArguments>),
    /// Forget the tokens of a profile.
    #[command(verbatim_doc_comment)]
    Logout(ConnectionArguments),
    /// Open an address in the browser. `pleo login` starts this without its secrets.
    #[command(hide = true)]
    OpenBrowser {
        /// The address.
        address: String,
    },
    Status(commands::status::StatusArguments),
    Companies(Connected<commands::companies::CompaniesArguments>),
    Entries(Connected<commands::entries::EntriesArguments>),
    Receipts(Connected<commands::receipts::ReceiptsArguments>),
    /// Book what Pleo has queued for the accounting system.
    #[command(subcommand, verbatim_doc_comment)]
    Export(commands::export::ExportCommand),
    /// Make a tag group equal to a list.
    #[command(subcommand, verbatim_doc_comment)]
    Tags(commands::tags::TagsCommand),
    /// Subscribe to webhooks, and verify their deliveries.
    #[command(subcommand, verbatim_doc_comment)]
    Webhook(commands::webhook::WebhookCommand),
    Sandbox(commands::sandbox::SandboxArguments),
    Completion(commands::completion::CompletionArguments),
    Man(commands::man::ManArguments),
}
