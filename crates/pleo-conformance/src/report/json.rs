//! The report as JSON: everything there is, for programs.

use schemars::Schema;

use super::{FORMAT, Report, text::one_line};
use crate::protocol::schema_generator;

/// The report as JSON, one member a line.
///
/// # Errors
/// None are known: every report can be written.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// Why a text is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON, or not of a report's form.
    #[error("{0}")]
    Form(String),
    /// It is a report of another form.
    #[error("its format is {0}, and this runner reads format {FORMAT}")]
    Format(u64),
}

/// Reads what [`render`] wrote.
///
/// # Errors
/// When the text is not a report, or one of another form.
pub fn read(text: &[u8]) -> Result<Report, ReadError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u64,
    }
    // Messages quote what is in the text.
    let form = |error: serde_json::Error| ReadError::Form(one_line(&error.to_string()));
    match serde_json::from_slice::<Head>(text).map_err(form)?.format {
        format if format == u64::from(FORMAT) => serde_json::from_slice(text).map_err(form),
        other => Err(ReadError::Format(other)),
    }
}

/// The JSON Schema of [`render`]'s output, as it is published in `schemas/report.schema.json`.
pub fn schema() -> Schema {
    schema_generator().into_root_schema_for::<Report>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::sample, ReadError, read, render, schema};

    const PUBLISHED: &str = include_str!("../../schemas/report.schema.json");

    fn validator() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(PUBLISHED).unwrap()).unwrap()
    }

    #[test]
    fn the_published_schema_is_the_one_of_the_reports() {
        let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(
            generated == PUBLISHED,
            "run this: cargo run --example report_schema | tee crates/pleo-conformance/schemas/report.schema.json"
        );
    }

    #[test]
    fn the_schema_knows_every_verdict_and_refuses_another() {
        let validator = validator();
        let good = serde_json::to_value(sample::report()).unwrap();
        let verdicts: std::collections::BTreeSet<_> = good["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(
            verdicts.into_iter().collect::<Vec<_>>(),
            ["error", "fail", "inconclusive", "pass", "skip"]
        );
        assert!(validator.is_valid(&good));
        for (pointer, wrong) in [
            ("/results/0/verdict", "maybe".into()),
            ("/results/0/level", "MAY".into()),
            ("/results/0/side", "server".into()),
            ("/subject/kind", "human".into()),
            ("/seed", "1".into()),
            ("/results/1/evidence", serde_json::Value::Null),
            ("/results/1/evidence/message", serde_json::Value::Null),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = wrong;
            assert!(!validator.is_valid(&bad), "{pointer}");
        }
    }

    #[test]
    fn what_is_not_a_report_is_told_in_one_visible_line() {
        let report = render(&sample::report()).unwrap();
        let said = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(said(""), "EOF while parsing a value at line 1 column 0");
        assert_eq!(said("{}"), "missing field `format` at line 1 column 2");
        assert_eq!(said("[2]"), "its format is 2, and this runner reads format 1");
        assert_eq!(
            said("[1]"),
            "invalid length 1, expected struct Report with 9 elements at line 1 column 3"
        );
        let newer = report.replacen("\"format\": 1", "\"format\": 2", 1);
        assert!(matches!(read(newer.as_bytes()), Err(ReadError::Format(2))));
        let hostile = report.replacen("\"MUST\"", "\"\\u001b[35m\\n\"", 1);
        let said = said(&hostile);
        assert!(said.contains("unknown variant") && !said.contains(['\u{1b}', '\n']), "{said}");
        assert!(read(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn any_report_is_valid_by_the_schema_and_reads_back_the_same(report in sample::any_report()) {
            let text = render(&report).unwrap();
            let value = serde_json::from_str(&text).unwrap();
            prop_assert!(validator().is_valid(&value));
            prop_assert_eq!(serde_json::from_value::<super::Report>(value).unwrap(), report.clone());
            prop_assert_eq!(read(text.as_bytes()).unwrap(), report);
        }
    }
}
