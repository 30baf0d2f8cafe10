//! The report as JSON: everything there is, for programs.

use schemars::{Schema, schema_for};

use super::Report;

/// The report as JSON, one member a line.
///
/// # Errors
/// None are known: every report can be written.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// The JSON Schema of [`render`]'s output, as it is published in `schemas/report.schema.json`.
pub fn schema() -> Schema {
    schema_for!(Report)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::sample, render, schema};

    const PUBLISHED: &str = include_str!("../../schemas/report.schema.json");

    fn validator() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(PUBLISHED).unwrap()).unwrap()
    }

    #[test]
    fn the_published_schema_is_the_one_of_the_reports() {
        let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(
            generated == PUBLISHED,
            "run this: cargo run -p pleo-conformance --example report_schema | tee crates/pleo-conformance/schemas/report.schema.json"
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

    proptest! {
        #[test]
        fn any_report_is_valid_by_the_schema_and_reads_back_the_same(report in sample::any_report()) {
            let text = render(&report).unwrap();
            let value = serde_json::from_str(&text).unwrap();
            prop_assert!(validator().is_valid(&value));
            prop_assert_eq!(serde_json::from_value::<super::Report>(value).unwrap(), report);
        }
    }
}
