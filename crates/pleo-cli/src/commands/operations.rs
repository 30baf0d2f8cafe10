//! `pleo operations`: what the API offers.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use pleo::{CompanyLocation, Operation, Safety, operations};
use serde::Serialize;

use super::naming;
use crate::{
    exit::Exit,
    failure::Failure,
    output::{Format, OutputArguments, print_json, records::Records},
};

/// List the operations.
///
/// Without --output it is a table.
///
/// Examples:
///   pleo operations                    all of them
///   pleo operations receipt            those with the word in name, path or description
///   pleo operations --family export    those of an API family
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OperationsArguments {
    /// A word of the name, the path or the description.
    word: Option<String>,
    /// Only the operations of this API family.
    #[arg(long, value_name = "FAMILY", add = ArgValueCompleter::new(naming::complete_families))]
    family: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

/// An operation, as `--json` prints it: see `schemas/operations.json`.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    pleo_name: &'static str,
    family: &'static str,
    method: String,
    path: &'static str,
    description: &'static str,
    deprecated: bool,
    use_instead: Option<&'static str>,
    effect: &'static str,
    paged: bool,
    parameters: Vec<ListedParameter>,
    body: Option<&'static str>,
    body_required: bool,
    company: Option<&'static str>,
    scopes: Option<&'static [&'static str]>,
    documentation: &'static str,
}

#[derive(Serialize)]
struct ListedParameter {
    name: &'static str,
    required: bool,
    list: bool,
}

impl Listed {
    fn new(operation: &'static Operation) -> Self {
        let parameter = |parameter: &pleo::Parameter| ListedParameter {
            name: parameter.name,
            required: parameter.required,
            list: parameter.list,
        };
        Self {
            name: operation.id,
            pleo_name: operation.pleo_id,
            family: operation.family,
            method: operation.method.to_string(),
            path: operation.path,
            description: operation.description,
            deprecated: operation.deprecated,
            use_instead: operation.superseded_by,
            effect: effect(operation),
            paged: operation.is_paged(),
            parameters: operation.parameters.iter().map(parameter).collect(),
            body: operation.request_body.map(|body| body.media_type),
            body_required: operation.request_body.is_some_and(|body| body.required),
            company: match operation.company {
                CompanyLocation::Query { name, .. } | CompanyLocation::Body { name, .. } => Some(name),
                CompanyLocation::Nowhere => None,
            },
            scopes: operation.scopes,
            documentation: operation.documentation,
        }
    }
}

/// What calling it does: reads, writes, or writes once however often it is repeated.
fn effect(operation: &Operation) -> &'static str {
    match operation.safety {
        Safety::Safe => "reads",
        Safety::Idempotent => "writes, repeatable",
        Safety::Neither => "writes",
    }
}

/// Runs the command.
pub(crate) fn run(arguments: OperationsArguments) -> Result<Exit, Failure> {
    let family = match &arguments.family {
        Some(name) => Some(naming::family(name)?),
        None => None,
    };
    let word = arguments.word.as_deref().map(str::to_lowercase);
    let matches = |operation: &&'static Operation| {
        let texts = [operation.id, operation.pleo_id, operation.path, operation.description];
        family.is_none_or(|family| operation.family == family)
            && word.as_ref().is_none_or(|word| texts.iter().any(|text| text.to_lowercase().contains(word)))
    };
    let found: Vec<_> = operations::all().filter(matches).collect();
    if found.is_empty() {
        let word = arguments.word.unwrap_or_default();
        let failure = Failure::usage(format!("no operation has the word `{word}`"));
        let names = operations::all().map(|operation| operation.id);
        return Err(naming::or_nearest(failure, &word, names, "`pleo operations` lists all of them."));
    }
    let format = arguments.output.format(Format::Table);
    if format == Format::Json {
        print_json(&found.into_iter().map(Listed::new).collect::<Vec<_>>())?;
        return Ok(Exit::Success);
    }
    let mut records =
        Records::with_columns(format, &["operation", "method", "path", "effect", "description"])?;
    for operation in found {
        let description = match operation.superseded_by {
            Some(other) => format!("Deprecated: use {other}. {}", operation.description),
            None if operation.deprecated => format!("Deprecated. {}", operation.description),
            None => operation.description.to_owned(),
        };
        records.row([
            operation.id.to_owned(),
            operation.method.to_string(),
            operation.path.to_owned(),
            effect(operation).to_owned(),
            description,
        ])?;
    }
    records.finish()?;
    Ok(Exit::Success)
}
