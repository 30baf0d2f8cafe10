//! The JSON Schemas that `pleo-conformance` publishes, read by Ajv in its strict mode.

use std::{fs, path::PathBuf};

use super::Judge;

fn published(name: &str) -> String {
    let schemas = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/pleo-conformance/schemas");
    schemas.join(name).display().to_string()
}

#[test]
fn ajv_takes_the_published_schemas_in_strict_mode() {
    let schemas = ["protocol.schema.json", "report.schema.json"].map(published);
    let Some(judge) = Judge::start("ajv", &schemas.each_ref().map(String::as_str)) else { return };
    for schema in &schemas {
        assert_eq!(judge.address(schema), "valid", "{schema}");
    }
}

#[test]
fn ajv_objects_to_a_format_that_json_schema_does_not_have() {
    let schema = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("uint32.schema.json").display().to_string();
    fs::write(&schema, r#"{"type":"integer","format":"uint32"}"#).unwrap();
    let Some(judge) = Judge::start("ajv", &[&schema]) else { return };
    assert_eq!(judge.address(&schema), r##"unknown format "uint32" ignored in schema at path "#""##);
}
