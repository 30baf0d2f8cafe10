//! `pleo completion`: what makes a shell complete commands, operations and profiles.

use clap::Args;
use clap_complete::env::Shells;

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, written},
};

/// The variable by which the shell asks this command for candidates.
const VARIABLE: &str = "COMPLETE";

/// Print the script that makes your shell complete commands, operations and profiles.
///
/// Examples:
///   bash        echo 'source <(pleo completion bash)' >> ~/.bashrc
///   zsh         echo 'source <(pleo completion zsh)' >> ~/.zshrc
///   fish        pleo completion fish > ~/.config/fish/completions/pleo.fish
///   PowerShell  pleo completion powershell | Out-String | Invoke-Expression
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionArguments {
    /// The shell.
    #[arg(value_parser = ["bash", "zsh", "fish", "powershell", "elvish"])]
    shell: String,
}

/// Runs the command.
pub(crate) fn run(arguments: CompletionArguments) -> Result<Exit, Failure> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&arguments.shell) else {
        return Err(Failure::usage("there is no completion for this shell"));
    };
    let mut output = Output::new();
    written(shell.write_registration(VARIABLE, "pleo", "pleo", "pleo", &mut output))?;
    output.finish()?;
    Ok(Exit::Success)
}
