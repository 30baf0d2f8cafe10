//! Showing a report: as text, as Markdown for a pull request, as JSON, as annotations for GitHub, and
//! as a commit message.
//!
//! Nothing that comes from a document leaves its place: see `quote`.

mod github;
mod json;
mod markdown;
mod message;
mod text;

pub use github::github;
pub use json::json;
pub use markdown::{MARKDOWN_LIMIT, markdown, markdown_after};
pub use message::commit_message;
pub use text::text;

use crate::{Report, api::ApiFinding};

/// How many operations of one finding are named in text and Markdown; JSON names all.
const NAMED: usize = 5;
/// What is said of equal documents.
const NO_CHANGE: &str = "no change";
/// The title of what changed in the client.
const RUST_TITLE: &str = "What this does to the Rust API";
/// How all findings are seen where some are left out.
const SHOW_ALL: &str = "`cargo xtask diff --format json` shows all of them";

/// The operations of a finding, unless its place names the only one.
fn operations(finding: &ApiFinding, show: impl Fn(&str) -> String) -> String {
    if matches!(&*finding.operations, [only] if finding.place.starts_with(&**only)) {
        return String::new();
    }
    let named: Vec<String> = finding.operations.iter().take(NAMED).map(|name| show(name)).collect();
    match finding.operations.len() {
        0..=NAMED => named.join(", "),
        all => format!("{} and {} more", named.join(", "), all - NAMED),
    }
}

fn bump(report: &Report) -> String {
    report.rust.as_ref().map(|rust| rust.bump.to_string()).unwrap_or_default()
}
