//! Judging values by `spec/openapi.json` with the `jsonschema` crate, for tests.

use jsonschema::Validator;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document;

/// A validator of this schema, whose `$ref`s lead into the document.
pub(crate) fn validator(schema: &Value) -> Validator {
    let mut schema = json!({ "allOf": [schema], "components": document::root()["components"] });
    to_json_schema(&mut schema);
    jsonschema::draft4::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_format("uuid", |text: &str| Uuid::parse_str(text).is_ok())
        .with_format("url", |text: &str| text.parse::<http::Uri>().is_ok_and(|url| url.host().is_some()))
        .build(&schema)
        .expect("the document's schemas are valid")
}

/// What is wrong with a value, one line each.
pub(crate) fn complaints(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// OpenAPI 3.0 is JSON Schema draft 4 but for `nullable`.
fn to_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(to_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(to_json_schema);
            if members.remove("nullable") == Some(Value::Bool(true)) {
                let schema = std::mem::take(members);
                members.insert("anyOf".to_owned(), json!([schema, { "type": "null" }]));
            }
        }
        _ => {}
    }
}
