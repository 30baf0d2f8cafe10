//! `spec/openapi.json`, as the sandbox reads it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::{Draft, Keyword, Registry, ValidationError, Validator, error::ValidationErrorKind};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use pleo_client::Operation;
use serde_json::{Value, json};

static ROOT: LazyLock<Value> = LazyLock::new(|| {
    // The file is part of the program; that it is JSON is tested below.
    serde_json::from_str(include_str!("openapi.json")).unwrap_or_default()
});

/// The whole document.
pub(crate) fn root() -> &'static Value {
    &ROOT
}

/// What the document says of an operation.
pub(crate) fn operation(operation: &Operation) -> &'static Value {
    &root()["paths"][operation.path][operation.method.as_str().to_ascii_lowercase()]
}

/// The JSON pointer of what the document says of an operation.
fn pointer(operation: &Operation) -> String {
    format!("/paths/{}/{}", escape(operation.path), operation.method.as_str().to_ascii_lowercase())
}

fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

/// The JSON pointer of the schema of an operation's body.
pub(crate) fn body_pointer(operation: &Operation) -> String {
    format!("{}/requestBody/content/application~1json/schema", pointer(operation))
}

/// The JSON pointer of the schema of the operation's parameter with this place in the document's list.
pub(crate) fn parameter_pointer(operation: &Operation, index: usize) -> String {
    format!("{}/parameters/{index}/schema", pointer(operation))
}

/// The JSON pointer of the schema of an operation's responses with this status; `None` where the document
/// describes no body.
pub(crate) fn answer_pointer(operation: &Operation, status: u16) -> Option<String> {
    let responses = &self::operation(operation)["responses"];
    let class = format!("{}XX", status / 100);
    let key = [status.to_string(), class].into_iter().find(|key| responses.get(key).is_some())?;
    responses[&key]["content"].get("application/json")?;
    Some(format!("{}/responses/{key}/content/application~1json/schema", pointer(operation)))
}

/// The schema behind `$ref`s, and behind an `allOf` with one member, which is how 3.0 adds to a `$ref`.
pub(crate) fn followed(mut schema: &Value) -> &Value {
    loop {
        schema = match (schema["$ref"].as_str(), schema["allOf"].as_array().map(Vec::as_slice)) {
            (Some(target), _) => root().pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null),
            (None, Some([only])) => only,
            _ => return schema,
        };
    }
}

/// The type of the schema at a JSON pointer.
pub(crate) fn type_of(pointer: &str) -> Option<&'static str> {
    followed(root().pointer(pointer)?)["type"].as_str()
}

/// A schema of OpenAPI 3.0, or a tree of them, as JSON Schema 2020-12: `nullable` becomes a type, and the
/// formats of integers become bounds.
pub(crate) fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut converted: serde_json::Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), json_schema(value))).collect();
            let bounds = match members.get("format").and_then(Value::as_str) {
                Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                Some("int64") => Some((i64::MIN, i64::MAX)),
                _ => None,
            };
            if let Some((least, greatest)) = bounds {
                converted.remove("format");
                converted.entry("minimum").or_insert(least.into());
                converted.entry("maximum").or_insert(greatest.into());
                converted.insert(EXACT.to_owned(), true.into());
            }
            // A property that is called `nullable` has a schema there, not `true`.
            if converted.get("nullable") == Some(&Value::Bool(true)) {
                converted.remove("nullable");
                json!({ "anyOf": [converted, { "type": "null" }] })
            } else {
                Value::Object(converted)
            }
        }
        Value::Array(items) => items.iter().map(json_schema).collect(),
        other => other.clone(),
    }
}

/// Below this, a floating-point number without a fraction is the integer that was written (RFC 8259, section 6).
pub(crate) const EXACT_BELOW: f64 = (1_u64 << 53) as f64;

/// Our keyword for integers that were written as such, or are small enough to be exact. JSON readers make a
/// floating-point number of `1e18` and of an integer with too many digits, and it may not be the number that was meant.
const EXACT: &str = "exact";

struct Exact;

impl<'i> Keyword<'i> for Exact {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("not an exact integer")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match instance {
            Value::Number(number) => {
                number.as_i64().is_some() || number.as_f64().is_some_and(|value| value.abs() < EXACT_BELOW)
            }
            _ => true,
        }
    }
}

const BASE: &str = "pleo-sandbox:///openapi.json";

static REGISTRY: LazyLock<Option<Registry<'static>>> =
    LazyLock::new(|| Registry::new().add(BASE, json_schema(root())).ok()?.prepare().ok());

/// The validator of the schema at a JSON pointer of the document, compiled once; `None` where there is no
/// schema.
pub(crate) fn validator(pointer: &str) -> Option<Arc<Validator>> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

    root().pointer(pointer)?;
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = compiled.get(pointer) {
        return Some(Arc::clone(known));
    }
    let validator = Arc::new(compile(pointer).ok()?);
    compiled.insert(pointer.to_owned(), Arc::clone(&validator));
    Some(validator)
}

fn compile(pointer: &str) -> Result<Validator, ValidationError<'static>> {
    // What a URI's fragment may not hold (RFC 3986, section 3.5).
    const FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'{').add(b'}').add(b'#').add(b'"');

    let Some(registry) = REGISTRY.as_ref() else {
        return Err(ValidationError::schema("the document cannot be read as a schema"));
    };
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_registry(registry)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_format("date-or-date-time", is_date_or_date_time)
        .with_keyword(EXACT, |_, _, _| Ok(Box::new(Exact)))
        .with_format("url", |text| text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()))
        .build(&json!({ "$ref": format!("{BASE}#{}", utf8_percent_encode(pointer, FRAGMENT)) }))
}

fn is_date_or_date_time(text: &str) -> bool {
    text.parse::<chrono::NaiveDate>().is_ok() || chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// Where and how a value differs from its schema. It never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", Place(.pointer))]
pub struct Mismatch {
    /// The JSON pointer of the place; empty for the whole value.
    pub pointer: String,
    /// What is wrong there.
    pub problem: String,
    /// Whether something that is required is missing there.
    pub missing: bool,
}

struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the value" } else { self.0 })
    }
}

impl From<ValidationError<'_>> for Mismatch {
    fn from(error: ValidationError<'_>) -> Self {
        let pointer = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => Self {
                pointer: format!("{pointer}/{}", escape(property.as_str().unwrap_or_default())),
                problem: "is missing".to_owned(),
                missing: true,
            },
            _ => Self {
                pointer,
                problem: format!("does not agree with {:?} of its schema", error.kind().keyword()),
                missing: false,
            },
        }
    }
}

/// Compares a value with the schema at a JSON pointer of the document. Where there is no schema, everything
/// agrees.
///
/// # Errors
/// The first difference.
pub(crate) fn check(pointer: &str, value: &Value) -> Result<(), Mismatch> {
    match validator(pointer) {
        Some(validator) => validator.validate(value).map_err(Mismatch::from),
        None => Ok(()),
    }
}

/// Compares a response with what the document says of it: `body` is `None` when it was empty.
///
/// # Errors
/// When the document describes no such status or no body there, the body is missing, or it differs from its
/// schema.
pub fn conforms(operation: &Operation, status: u16, body: Option<&Value>) -> Result<(), Mismatch> {
    let whole = |problem: &str| Mismatch {
        pointer: String::new(),
        problem: format!("{problem} for status {status}"),
        missing: false,
    };
    let responses = &self::operation(operation)["responses"];
    let described = [status.to_string(), format!("{}XX", status / 100)];
    if !described.iter().any(|key| responses.get(key).is_some()) {
        return Err(whole("the document describes nothing"));
    }
    match (answer_pointer(operation, status), body) {
        (Some(pointer), Some(body)) => check(&pointer, body),
        (Some(_), None) => Err(whole("the document describes a body")),
        (None, Some(_)) => Err(whole("the document describes no body")),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_and_the_document_have_the_same_operations() {
        let paths = root()["paths"].as_object().unwrap().values();
        let methods = paths.flat_map(|path| path.as_object().unwrap().values());
        let described = methods.filter(|operation| operation.get("operationId").is_some()).count();
        assert_eq!(pleo_client::operations::all().count(), described);
        for entry in pleo_client::operations::all() {
            assert!(operation(entry).is_object(), "{}", entry.id);
        }
    }

    #[test]
    fn every_schema_of_the_document_compiles() {
        let mut pointers = Vec::new();
        for entry in pleo_client::operations::all() {
            if entry.request_body.is_some() {
                pointers.push(body_pointer(entry));
            }
            pointers.extend((0..entry.parameters.len()).map(|index| parameter_pointer(entry, index)));
            let statuses = operation(entry)["responses"].as_object().unwrap().keys();
            let statuses = statuses.map(|key| key.replace("XX", "00").parse().unwrap());
            pointers.extend(statuses.filter_map(|status| answer_pointer(entry, status)));
        }
        assert!(pointers.len() > 500, "{}", pointers.len());
        for pointer in pointers {
            assert!(root().pointer(&pointer).is_some(), "{pointer}");
            compile(&pointer).unwrap();
        }
    }

    #[test]
    fn parameters_stand_in_the_catalogue_as_in_the_document() {
        for entry in pleo_client::operations::all() {
            let names: Vec<_> = entry.parameters.iter().map(|parameter| parameter.name).collect();
            let listed = operation(entry)["parameters"].as_array().cloned().unwrap_or_default();
            let listed: Vec<_> = listed.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(names, listed, "{}", entry.id);
        }
    }

    #[test]
    fn nullable_and_integer_formats_become_json_schema() {
        let converted = json_schema(&json!({ "properties": {
            "nullable": { "type": "string", "nullable": true },
            "format": { "type": "integer", "format": "int32", "minimum": 0 },
        } }));
        let schema = jsonschema::validator_for(&converted).unwrap();
        assert!(schema.is_valid(&json!({ "nullable": null, "format": 2_147_483_647 })));
        assert!(schema.is_valid(&json!({ "nullable": "a", "format": 0 })));
        for wrong in
            [json!({ "nullable": 1 }), json!({ "format": 2_147_483_648_u32 }), json!({ "format": -1 })]
        {
            assert!(!schema.is_valid(&wrong), "{wrong}");
        }
    }

    #[test]
    fn integers_of_64_bits_have_64_bits() {
        let offset = pleo_client::operations::find("list_employees").unwrap();
        let index = offset.parameters.iter().position(|parameter| parameter.name == "offset").unwrap();
        let pointer = parameter_pointer(offset, index);
        let fits = |text: &str| check(&pointer, &serde_json::from_str(text).unwrap()).is_ok();
        for right in ["9223372036854775807", "-9223372036854775808", "0", "9007199254740991.0", "1e3"] {
            assert!(fits(right), "{right}");
        }
        for wrong in ["9223372036854775808", "-9223372036854775809", "9223372036854775807.0", "1e18", "1e300"]
        {
            assert!(!fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_difference_names_its_place_and_not_the_value() {
        let create = pleo_client::operations::find("create_vendor").unwrap();
        let body = json!({ "companyId": "FAKE-SECRET" });
        let mismatch = check(&body_pointer(create), &body).unwrap_err();
        assert!(!mismatch.to_string().contains("FAKE-SECRET"), "{mismatch}");
        let mismatch = check(&body_pointer(create), &json!({})).unwrap_err();
        assert!(mismatch.missing && mismatch.pointer.starts_with('/'), "{mismatch}");
        assert!(check(&body_pointer(create), &json!(1)).unwrap_err().to_string().starts_with("the value "));
    }

    #[test]
    fn dates_and_urls_are_looked_at() {
        for (text, right) in [("2026-01-01", true), ("2026-01-01T00:00:00Z", true), ("2026-13-01", false)] {
            assert_eq!(is_date_or_date_time(text), right, "{text}");
        }
    }

    #[test]
    fn an_answer_conforms_or_says_why_not() {
        let delete = pleo_client::operations::find("delete_installation").unwrap();
        assert_eq!(conforms(delete, 204, None), Ok(()));
        assert!(conforms(delete, 204, Some(&json!({}))).is_err());
        assert!(conforms(delete, 200, None).is_err());
        let introspect = pleo_client::operations::find("introspect_authentication").unwrap();
        assert!(conforms(introspect, 200, None).is_err());
        assert_eq!(conforms(introspect, 200, Some(&json!({}))).unwrap_err().pointer, "/data");
    }
}
