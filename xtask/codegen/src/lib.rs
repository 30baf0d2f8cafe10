//! From the normalised document to the generated files.
//!
//! `plan` decides which family each type and operation belongs to, `progenitor` runs the generator.
//! Of what that gives, `types`, `calls` and `methods` make the families' code, `catalogue` the
//! operation catalogue and `table` the list by which the tests call every operation; `client` puts
//! them together. `features` writes the Cargo features. `part` makes only what two states can
//! differ in. `compile` checks with the compiler what was generated; `corpus` tells what becomes of any document.

mod calls;
mod catalogue;
mod client;
pub mod compile;
mod condition;
pub mod corpus;
mod docs;
mod draft;
mod families;
pub mod features;
mod methods;
mod part;
mod plan;
mod progenitor;
mod prose;
mod rust;
mod signatures;
mod table;
mod types;

pub use client::{CLIENT, Drafts};
pub use draft::Draft;
pub use families::PURPOSES;
pub use part::{differing, generate_part};
pub use rust::first_argument;
pub use table::CALLS;

use std::fmt::Write as _;

use progenitor::Reading;
use xtask_openapi::{Normalised, SpecError, foreign::is_hidden};
pub use xtask_tree::Files;

/// Where the clean document is.
pub const OPENAPI: &str = "spec/openapi.json";
/// Where a copy of it is, for the package of the sandbox: a package holds nothing from outside its folder.
pub const OPENAPI_COPY: &str = "crates/pleo-sandbox/src/openapi.json";
/// Where the report is.
pub const REPORT: &str = "spec/report.md";

/// Makes every generated file of a normalised document.
///
/// # Errors
/// For a document that progenitor does not take, with operation and pointer.
pub fn generate(normalised: &Normalised) -> Result<Files, SpecError> {
    let mut files = generate_code(normalised).map_err(|error| normalised.at_source(error))?;
    let openapi = json(&normalised.openapi);
    files.insert(OPENAPI_COPY.to_owned(), openapi.clone());
    files.insert(OPENAPI.to_owned(), openapi);
    files.insert(REPORT.to_owned(), normalised.report.to_markdown());
    Ok(files)
}

/// Makes the client's files and the tests' table of calls.
fn generate_code(normalised: &Normalised) -> Result<Files, SpecError> {
    let plan = plan::Plan::new(&normalised.openapi);
    let (drafts, calls) = client::generate_modules(&plan, &normalised.lowered, Reading::Whole, |_| true)?;
    let mut files: Files = drafts.into_iter().map(|(path, draft)| (path, draft.text())).collect();
    files.insert(CALLS.to_owned(), calls.file());
    Ok(files)
}

/// A document as JSON, with an escape for each character that is not seen.
fn json(document: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Line ends are between the values; those inside are escaped already.
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}
