//! `pleo scopes`: the fewest scopes that operations need.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use pleo::ScopeSet;
use serde::Serialize;

use super::naming;
use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, print_json, style},
};

/// Say which scopes operations need.
///
/// Make a key, or authorise an app, with these scopes and no others. Pleo's documents do not state
/// the scopes of some operations; those are named.
///
/// Examples:
///   pleo scopes search_vendors create_vendor
///   pleo scopes export                             a whole API family
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ScopesArguments {
    /// Operations and API families.
    #[arg(required = true, value_name = "OPERATION|FAMILY", add = ArgValueCompleter::new(naming::complete_families_and_operations))]
    names: Vec<String>,
    /// Print JSON: see `schemas/scopes.json`.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    scopes: Vec<String>,
    unknown: Vec<&'static str>,
}

/// Runs the command.
pub(crate) fn run(arguments: ScopesArguments) -> Result<Exit, Failure> {
    let mut operations = Vec::new();
    for name in &arguments.names {
        operations.extend(naming::family_or_operation(name)?);
    }
    let needed = ScopeSet::needed_for(operations);
    let report = Report {
        scopes: needed.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        unknown: needed.unknown.iter().map(|operation| operation.id).collect(),
    };
    if arguments.json {
        print_json(&report)?;
        return Ok(Exit::Success);
    }
    let mut output = Output::new();
    for scope in &report.scopes {
        output.line(scope)?;
    }
    output.finish()?;
    if !report.unknown.is_empty() {
        let hint = style::hint();
        anstream::eprintln!(
            "{hint}hint:{hint:#} Pleo's documents do not state the scopes of {}",
            report.unknown.join(", ")
        );
    }
    Ok(Exit::Success)
}
