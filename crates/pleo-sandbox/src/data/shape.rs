//! Bringing what the sandbox knows into the shape that an operation answers with.

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use pleo_client::Operation;
use serde_json::{Map, Value, json};

use super::Input;
use crate::document;

/// The status of a success: the lowest that the document describes, but 201 for what creates where that is
/// described too.
pub(super) fn success(operation: &Operation) -> StatusCode {
    let responses = document::operation(operation)["responses"].as_object();
    let keys = || responses.into_iter().flat_map(Map::keys).filter(|key| key.starts_with('2'));
    if operation.id.starts_with("create") && keys().any(|key| key == "201") {
        return StatusCode::CREATED;
    }
    keys().filter_map(|key| key.replace("XX", "00").parse().ok()).min().unwrap_or(StatusCode::OK)
}

/// The schema of a success; `null` where it has no body.
pub(super) fn answer(operation: &Operation) -> &'static Value {
    document::answer_pointer(operation, success(operation).as_u16()).map_or(&Value::Null, |it| at(&it))
}

/// The schema of the member `data` of a success.
pub(super) fn data(operation: &Operation) -> &'static Value {
    document::followed(&answer(operation)["properties"]["data"])
}

/// `{"data": …}` with one thing.
pub(super) fn one(input: &Input<'_>, value: &Value) -> Value {
    json!({ "data": fit(value, data(input.operation)) })
}

/// `{"data": […]}` with all things, without paging (P10).
pub(super) fn all(input: &Input<'_>, values: Vec<Value>) -> Value {
    one(input, &Value::Array(values))
}

/// What the schema knows of a value: other members are left out, and so is `null` where it is not allowed.
pub(super) fn fit(value: &Value, schema: &Value) -> Value {
    let schema = document::followed(schema);
    match (value, schema["properties"].as_object()) {
        (Value::Object(members), Some(properties)) => {
            let known = members.iter().filter_map(|(name, value)| {
                let property = properties.get(name)?;
                (!value.is_null() || is_nullable(property)).then(|| (name.clone(), fit(value, property)))
            });
            Value::Object(known.collect())
        }
        (Value::Array(items), _) => items.iter().map(|item| fit(item, &schema["items"])).collect(),
        (other, _) => other.clone(),
    }
}

fn is_nullable(schema: &Value) -> bool {
    schema["nullable"] == true || document::followed(schema)["nullable"] == true
}

/// The schema at a JSON pointer of the document.
fn at(pointer: &str) -> &'static Value {
    document::followed(document::root().pointer(pointer).unwrap_or(&Value::Null))
}

/// The first object with the members of the second, which win.
pub(super) fn with(mut value: Value, members: Value) -> Value {
    if let (Value::Object(value), Value::Object(members)) = (&mut value, members) {
        value.extend(members);
    }
    value
}

/// Replaces what the body of an update is about: what it could say and does not is gone.
pub(super) fn replace(value: &mut Value, input: &Input<'_>) {
    let schema = at(&document::body_pointer(input.operation));
    let (Some(value), Some(properties)) = (value.as_object_mut(), schema["properties"].as_object()) else {
        return;
    };
    // Nothing moves to another company (K2).
    for name in properties.keys().filter(|name| *name != "companyId") {
        match input.body().get(name) {
            Some(member) => value.insert(name.clone(), member.clone()),
            None => value.remove(name),
        };
    }
    value.insert("updatedAt".to_owned(), stamp(input.now));
}

/// A time as Pleo writes it.
pub(super) fn stamp(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
