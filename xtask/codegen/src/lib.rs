//! From the normalised document to the generated files.
//!
//! `progenitor` runs the generator, `plan` decides which family each type and operation
//! belongs to, `types` and `operations` make the families' code of what the generator gave,
//! `catalogue` writes the operation catalogue, `calls` the table by which the tests call every
//! operation, `features` the Cargo features. `part` makes only what two states can differ in. `compile`
//! checks with the compiler what was generated.

mod calls;
mod catalogue;
pub mod compile;
pub mod features;
mod operations;
mod part;
mod plan;
mod print;
mod progenitor;
mod types;

pub use part::{differing, generate_part};
pub use print::Draft;
pub use progenitor::first_argument;
use std::collections::BTreeMap;

use xtask_openapi::{Normalised, SpecError};
pub use xtask_tree::Files;

/// Where the generated part of the client stands, from the root of the project.
pub const CLIENT: &str = "crates/pleo-client/src/generated";
/// Where the tests' table of calls stands.
pub const CALLS: &str = "crates/pleo-conformance/src/subject/ours/calls.rs";
/// Where the clean document stands.
pub const OPENAPI: &str = "spec/openapi.json";
/// Where the report stands.
pub const REPORT: &str = "spec/report.md";

/// Makes every generated file of a normalised document.
///
/// # Errors
/// For a document that progenitor does not take, with operation and pointer.
pub fn generate(normalised: &Normalised) -> Result<Files, SpecError> {
    let mut files = generate_code(normalised).map_err(|error| normalised.at_source(error))?;
    let mut openapi = serde_json::to_string_pretty(&normalised.openapi).unwrap_or_default();
    openapi.push('\n');
    files.insert(OPENAPI.to_owned(), openapi);
    files.insert(REPORT.to_owned(), normalised.report.to_markdown());
    Ok(files)
}

/// Makes the client's files and the tests' table of calls.
fn generate_code(normalised: &Normalised) -> Result<Files, SpecError> {
    let plan = plan::Plan::new(&normalised.openapi);
    let (drafts, calls) = generate_modules(&plan, &normalised.lowered, |_| true)?;
    let mut files: Files = drafts.into_iter().map(|(path, draft)| (path, draft.text())).collect();
    files.insert(CALLS.to_owned(), calls.file());
    Ok(files)
}

/// The client's files before they are formatted, by path from the root of the project.
pub type Drafts = BTreeMap<String, Draft>;

/// Makes the files of the modules that are wanted and their calls, of a document that holds what
/// they need.
fn generate_modules(
    plan: &plan::Plan,
    lowered: &serde_json::Value,
    wanted: impl Fn(&str) -> bool,
) -> Result<(Drafts, calls::Calls), SpecError> {
    let raw = progenitor::run(lowered, plan.wrappers())?;
    let mut files = Drafts::new();
    let mut calls = calls::Calls::default();
    for module in plan.modules().iter().filter(|module| wanted(&module.name)) {
        let folder = format!("{CLIENT}/{}", module.name);
        files.insert(format!("{folder}/types.rs"), types::file(plan, module, &raw)?);
        if !module.operations.is_empty() {
            files.insert(format!("{folder}/builder.rs"), operations::file(plan, module, &raw, &mut calls)?);
            files.insert(format!("{folder}/operations.rs"), catalogue::file(plan, module));
        }
        files.insert(format!("{folder}/mod.rs"), operations::module_file(plan, module));
    }
    files.insert(format!("{CLIENT}/mod.rs"), catalogue::root_file(plan));
    Ok((files, calls))
}
