//! Passes over what may be null.
//!
//! The clean document allows null exactly where the published one does, in a form of OpenAPI 3.0
//! that means it: `nullable` beside a `type`, or a choice between a schema and [`only_null`]. The
//! generator wants something else: `nullable` at the place that refers to a type.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Log;
use crate::{Refusals, pointer, shape, walk};

const SCHEMAS: &str = "/components/schemas";

/// The schema that allows null and nothing else, in OpenAPI 3.0.
pub(super) fn only_null() -> Value {
    json!({ "type": "string", "nullable": true, "enum": [null] })
}

/// Whether a schema allows null and nothing else, as 3.0 or 3.1 says it.
pub(super) fn is_only_null(schema: &Value) -> bool {
    let only = |value: Option<&Value>| value.is_some_and(|value| *value == json!([null]));
    let kind = schema.get("type");
    let typed = match kind {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        Some(_) => schema.get("nullable") == Some(&Value::Bool(true)),
        None => true,
    };
    kind.is_some_and(|kind| *kind == "null" || *kind == json!(["null"]))
        || schema.get("const").is_some_and(Value::is_null)
        || (only(schema.get("enum")) && typed)
}

/// A choice between this schema and null.
pub(super) fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, only_null()] })
}

/// The other schema of a choice between one and null.
pub(super) fn other_than_null(schema: &Value) -> Option<&Value> {
    let [one, other] = schema.get("anyOf")?.as_array()?.as_slice() else { return None };
    match (is_only_null(one), is_only_null(other)) {
        (false, true) => Some(one),
        (true, false) => Some(other),
        _ => None,
    }
}

/// Writes choices with null, which OpenAPI 3.1 has, the way 3.0 can: `nullable` where there is a type
/// beside which it means something, else a choice with the schema that is [`only_null`].
///
/// Says whether anything changed.
pub(super) fn down_convert(schema: &mut Map<String, Value>) -> bool {
    let before = schema.clone();
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(members)) = schema.get(key) else { continue };
        let kept: Vec<Value> = members.iter().filter(|member| !is_only_null(member)).cloned().collect();
        if kept.len() == members.len() {
            continue;
        }
        schema.remove(key);
        match kept.as_slice() {
            [] => schema.extend(into_map(only_null())),
            [one] => match inline(schema, one) {
                Some(whole) => *schema = whole,
                None if schema.contains_key("anyOf") => {
                    schema.insert(key.to_owned(), json!([one, only_null()]));
                }
                None => schema.extend(into_map(or_null(one.clone()))),
            },
            several => {
                let members = several.iter().cloned().chain([only_null()]).collect();
                schema.insert(key.to_owned(), members);
            }
        }
    }
    *schema != before
}

/// The members of an object.
pub(super) fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A schema with a type, made nullable, together with what notes something beside it.
fn inline(beside: &Map<String, Value>, schema: &Value) -> Option<Map<String, Value>> {
    let mut whole = schema.as_object()?.clone();
    let notes =
        ["default", "deprecated", "description", "example", "examples", "readOnly", "title", "writeOnly"];
    let only_notes = beside.keys().all(|key| notes.contains(&key.as_str()) || key.starts_with("x-"));
    if !whole.contains_key("type") || !only_notes {
        return None;
    }
    whole.insert("nullable".to_owned(), Value::Bool(true));
    if let Some(Value::Array(values)) = whole.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    whole.extend(beside.iter().map(|(key, value)| (key.clone(), value.clone())));
    Some(whole)
}

/// Makes of a choice with null, and of null in an enum, what the generator knows: `nullable`.
pub(super) fn null_choices(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if is_only_null(schema) {
            // Nothing can be said of it in Rust that any value does not allow as well.
            if let Some(schema) = schema.as_object_mut() {
                for key in ["type", "nullable", "enum"] {
                    schema.remove(key);
                }
            }
            log.changed(at);
            return Ok(());
        }
        if let Some(other) = other_than_null(schema).cloned()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.remove("anyOf");
            schema.remove("type");
            let wrapped = match other {
                Value::Object(other) if other.contains_key("allOf") || other.contains_key("type") => other,
                other => into_map(json!({ "allOf": [other] })),
            };
            for (key, value) in wrapped {
                schema.entry(key).or_insert(value);
            }
            schema.insert("nullable".to_owned(), Value::Bool(true));
            log.changed(at);
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum")
            && values.contains(&Value::Null)
        {
            values.retain(|value| !value.is_null());
            schema["nullable"] = Value::Bool(true);
            log.changed(pointer::push(at, "enum"));
        }
        Ok(())
    })
}

/// Moves `nullable` from a component to the places that refer to it.
pub(super) fn nullable_components(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let mut nullable = BTreeSet::new();
    for (name, schema) in document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(schema) = schema.as_object_mut()
            && schema.get("nullable") == Some(&Value::Bool(true))
        {
            schema.remove("nullable");
            log.changed(pointer::push(SCHEMAS, name));
            nullable.insert(format!("#{}", pointer::push(SCHEMAS, name)));
        }
    }
    // A component that is a nullable one is nullable too.
    loop {
        let components = document.pointer(SCHEMAS).and_then(Value::as_object).into_iter().flatten();
        let more: Vec<String> = components
            .filter(|(_, schema)| shape::alias(schema).is_some_and(|to| nullable.contains(to)))
            .map(|(name, _)| format!("#{}", pointer::push(SCHEMAS, name)))
            .filter(|reference| !nullable.contains(reference))
            .collect();
        if more.is_empty() {
            break;
        }
        nullable.extend(more);
    }
    let is_nullable = |schema: &Value| {
        schema.get("$ref").and_then(Value::as_str).is_some_and(|reference| nullable.contains(reference))
    };
    walk::operations_mut(document, |place, operation| {
        for (_, schema) in walk::operation_schemas_mut(&place.pointer, operation) {
            if is_nullable(schema) {
                *schema = json!({ "allOf": [schema.clone()], "nullable": true });
            }
        }
        Ok(())
    })?;
    walk::schemas_mut(document, &mut |at, schema| {
        let component = pointer::is_component(at);
        // The reference inside a wrapper is visited too; what is nullable is the wrapper.
        if let Some(inner) = schema.pointer("/allOf/0")
            && is_nullable(inner)
            && !component
        {
            schema["nullable"] = Value::Bool(true);
        }
        let wraps = schema.get("allOf").is_some();
        for (child_at, child) in walk::children_mut("", schema) {
            let member = wraps && child_at.starts_with("/allOf/");
            if is_nullable(child) && !member && child.as_object().is_some_and(|child| child.len() == 1) {
                *child = json!({ "allOf": [child.clone()], "nullable": true });
            }
        }
        Ok(())
    })
}
