//! `pleo man`: the manual pages.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory as _, ValueHint};

use crate::{arguments, exit::Exit, failure::Failure};

/// Write the manual pages to a folder, one for each command.
///
/// Example:
///   pleo man ~/.local/share/man/man1 && man pleo-call
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ManArguments {
    /// The folder, which is made if it does not exist.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

/// Runs the command.
pub(crate) fn run(arguments: &ManArguments) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder, &error))?;
    let command = arguments::Arguments::command();
    clap_mangen::generate_to(command, folder).map_err(|error| Failure::file("write to", folder, &error))?;
    Ok(Exit::Success)
}
