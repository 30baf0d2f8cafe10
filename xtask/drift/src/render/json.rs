//! A report as JSON.

use serde::Serialize;

use crate::{Counts, Report, quote};

/// The JSON form, described by `xtask/drift/schemas/diff.schema.json`.
///
/// # Errors
/// When the report cannot be written as JSON, which no report is known to do.
pub fn json(report: &Report) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Form<'r> {
        format: u32,
        counts: Counts,
        #[serde(flatten)]
        report: &'r Report,
    }
    let form = Form { format: 2, counts: report.counts(), report };
    Ok(quote::json(&serde_json::to_string_pretty(&form)?) + "\n")
}
