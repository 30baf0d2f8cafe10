//! Passes over what is in a schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Log, all_of, null};
use crate::{Refusals, foreign::markdown_code, pointer, walk};

pub(super) fn down_convert(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    if document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.1.")) {
        document["openapi"] = json!("3.0.3");
        log.changed("/openapi");
    }
    walk::schemas_mut(document, &mut |at, schema| {
        let unchanged = null::only_null();
        if null::is_only_null(schema)
            && unchanged.as_object().into_iter().flatten().any(|(key, value)| schema.get(key) != Some(value))
        {
            log.changed(at);
            if let Some(schema) = schema.as_object_mut() {
                schema.remove("const");
                schema.extend(null::only_null().as_object().cloned().unwrap_or_default());
            }
        }
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        if null::down_convert(schema) {
            log.changed(at);
        }
        if let Some(Value::Array(types)) = schema.get("type") {
            let mut types: Vec<String> = types.iter().filter_map(|t| t.as_str().map(str::to_owned)).collect();
            let before = types.len();
            types.retain(|name| name != "null");
            let [one] = types.as_slice() else {
                return Err(log.refuse(
                    pointer::push(at, "type"),
                    format!("a value of several types: {}", types.join(", ")),
                    "choose one in an overlay, or make it `{}` for any value",
                ));
            };
            if before > types.len() {
                schema.insert("nullable".to_owned(), Value::Bool(true));
            }
            schema.insert("type".to_owned(), Value::String(one.clone()));
            log.changed(pointer::push(at, "type"));
        }
        if let Some(constant) = schema.remove("const") {
            schema.insert("enum".to_owned(), json!([constant]));
            log.changed(pointer::push(at, "const"));
        }
        for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if schema.get(exclusive).is_some_and(Value::is_number)
                && let Some(value) = schema.insert(exclusive.to_owned(), Value::Bool(true))
            {
                schema.insert(bound.to_owned(), value);
                log.changed(pointer::push(at, exclusive));
            }
        }
        if schema.remove("examples").is_some() {
            log.changed(pointer::push(at, "examples"));
        }
        Ok(())
    })
}

pub(super) fn reference_siblings(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut()
            && schema.len() > 1
            && let Some(reference) = schema.remove("$ref")
        {
            let members = schema.entry("allOf").or_insert_with(|| json!([]));
            if let Some(members) = members.as_array_mut() {
                members.insert(0, json!({ "$ref": reference }));
            }
            log.changed(at);
        }
        Ok(())
    })
}

pub(super) fn object_types(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut() {
            for (key, kind) in
                [("properties", "object"), ("additionalProperties", "object"), ("items", "array")]
            {
                if !schema.contains_key(key) {
                    continue;
                }
                match schema.get("type").and_then(Value::as_str) {
                    None => {
                        schema.insert("type".to_owned(), json!(kind));
                        log.changed(at);
                    }
                    Some(other) if other != kind => {
                        return Err(log.refuse(
                            pointer::push(at, key),
                            format!("`{key}` belongs to an {kind}, and the type is {other:?}"),
                            "correct the type, or take the key out with an overlay",
                        ));
                    }
                    Some(_) => {}
                }
            }
            let has_members =
                schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
            if has_members && schema.get("additionalProperties").is_some_and(is_typed) {
                return Err(log.refuse(
                    pointer::push(at, "additionalProperties"),
                    "typed members beside `properties`, which would be lost on the way",
                    "take out either of the two with an overlay: `properties` to have a map of all members, \
                     `additionalProperties` to do without the members that have no name",
                ));
            }
            let kind = schema.get("type").and_then(Value::as_str);
            if kind == Some("array") && !schema.contains_key("items") {
                schema.insert("items".to_owned(), json!({}));
                log.changed(at);
            } else if let Some(kind) = kind
                && !matches!(kind, "array" | "boolean" | "integer" | "number" | "object" | "string")
            {
                return Err(log.refuse(
                    pointer::push(at, "type"),
                    format!("type {kind:?}"),
                    "one of array, boolean, integer, number, object and string belongs there",
                ));
            }
        }
        Ok(())
    })
}

/// Whether a schema says what its values are. `type: object` alone is how Pleo's generator writes "any
/// value", see the pass `any-values`.
fn is_typed(schema: &Value) -> bool {
    let says = |(key, value): (&String, &Value)| {
        let bare = key == "type" && value == "object";
        !bare && key != "nullable" && !all_of::is_note(key)
    };
    schema.as_object().into_iter().flatten().any(says)
}

pub(super) fn array_keywords(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut()
            && schema.get("type") == Some(&json!("array"))
        {
            for key in ["format", "maxLength", "minLength", "pattern"] {
                if schema.remove(key).is_some() {
                    log.changed(pointer::push(at, key));
                }
            }
        }
        Ok(())
    })
}

pub(super) fn unions(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        if schema.contains_key("oneOf") || schema.contains_key("anyOf") {
            let kept = ["description", "deprecated"]
                .iter()
                .filter_map(|key| Some((key.to_string(), schema.remove(*key)?)));
            let kept: Map<String, Value> = kept.collect();
            *schema = kept;
            log.changed(at);
        } else if schema.contains_key("discriminator") {
            return Err(log.refuse(
                pointer::push(at, "discriminator"),
                "a discriminator without `oneOf`: fields of the variants would be lost",
                "list the variants in `oneOf` with an overlay, or make the schema `{}` for any value",
            ));
        }
        Ok(())
    })
}

pub(super) fn any_values(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(values) = schema.get_mut("additionalProperties").and_then(Value::as_object_mut) else {
            return Ok(());
        };
        let bare = values.keys().all(|key| matches!(key.as_str(), "type" | "nullable"));
        if bare && values.get("type") == Some(&json!("object")) {
            values.clear();
            log.changed(pointer::push(at, "additionalProperties"));
        }
        Ok(())
    })
}

pub(super) fn date_formats(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        let format = schema.get("format").and_then(Value::as_str).map(str::to_owned);
        if matches!(format.as_deref(), Some("date" | "date-time"))
            && let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && pattern.to_ascii_lowercase().starts_with("yyyy")
        {
            if pattern.eq_ignore_ascii_case("yyyy-mm-dd") && format.as_deref() == Some("date-time") {
                schema.insert("format".to_owned(), json!("date-or-date-time"));
            }
            schema.remove("pattern");
            log.changed(pointer::push(at, "pattern"));
        }
        Ok(())
    })
}

pub(super) fn bounds_in_docs(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let mut sentence = |at: &str, schema: &mut Map<String, Value>| {
        let pairs = [
            ("minItems", "maxItems", "items"),
            ("minLength", "maxLength", "characters"),
            ("minimum", "maximum", ""),
            ("minProperties", "maxProperties", "entries"),
        ];
        let mut sentences = Vec::new();
        for (low, high, unit) in pairs {
            let (low, high) = (schema.remove(low), schema.remove(high));
            if low.is_some() || high.is_some() {
                log.changed(at);
            }
            let low = low.filter(|low| *low != json!(0) || unit.is_empty());
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            match (low, high) {
                (Some(low), Some(high)) if low == high => sentences.push(format!("Exactly {low}{unit}.")),
                (Some(low), Some(high)) => sentences.push(format!("{low} to {high}{unit}.")),
                (None, Some(high)) => sentences.push(format!("At most {high}{unit}.")),
                (Some(low), None) => sentences.push(format!("At least {low}{unit}.")),
                (None, None) => {}
            }
        }
        if schema.remove("uniqueItems") == Some(json!(true)) {
            log.changed(at);
            sentences.push("No item twice.".to_owned());
        }
        for key in ["exclusiveMaximum", "exclusiveMinimum", "multipleOf", "pattern"] {
            if let Some(value) = schema.remove(key) {
                log.changed(at);
                match (key, &value) {
                    ("pattern", Value::String(pattern)) => {
                        sentences.push(format!("Matches {}.", markdown_code(pattern)))
                    }
                    ("multipleOf", step) => sentences.push(format!("A multiple of {step}.")),
                    ("exclusiveMaximum", Value::Bool(true)) => {
                        sentences.push("Less than the upper bound.".to_owned())
                    }
                    ("exclusiveMinimum", Value::Bool(true)) => {
                        sentences.push("More than the lower bound.".to_owned())
                    }
                    _ => {}
                }
            }
        }
        sentences.join(" ")
    };
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut() {
            let bounds = sentence(at, schema);
            describe(schema, &bounds);
        }
        Ok(())
    })?;
    // Progenitor documents a parameter by its own description, not by its schema's.
    walk::operations_mut(document, |_, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let bounds = parameter
                .pointer("/schema/description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if let Some(parameter) = parameter.as_object_mut() {
                describe(parameter, &bounds);
            }
        }
        Ok(())
    })
}

/// Adds a sentence to the description.
pub(super) fn describe(target: &mut Map<String, Value>, sentence: &str) {
    if sentence.is_empty() {
        return;
    }
    let description = match target.get("description").and_then(Value::as_str) {
        Some(description) => format!("{} {sentence}", description.trim_end()),
        None => sentence.to_owned(),
    };
    target.insert("description".to_owned(), Value::String(description));
}

pub(super) fn defaults(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if schema.as_object_mut().is_some_and(|schema| schema.remove("default").is_some()) {
            log.changed(pointer::push(at, "default"));
        }
        Ok(())
    })
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn optional_collections(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let required: BTreeSet<String> = strings(schema.get("required")).into_iter().collect();
        for (name, property) in
            schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            let Some(property) = property.as_object_mut() else { continue };
            let map = property.get("type") == Some(&json!("object")) && !property.contains_key("properties");
            let list = property.get("type") == Some(&json!("array"));
            if (map || list)
                && !required.contains(name)
                && property.get("nullable") != Some(&Value::Bool(true))
            {
                property.insert("nullable".to_owned(), Value::Bool(true));
                log.changed(pointer::push(&format!("{at}/properties"), name));
            }
        }
        Ok(())
    })
}

pub(super) fn formats(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        let kind = schema.get("type").and_then(Value::as_str).map(str::to_owned);
        if schema.remove("x-pleo-sensitive") == Some(Value::Bool(true)) {
            if kind.as_deref() != Some("string") {
                return Err(log.refuse(
                    at,
                    "only a string can be `x-pleo-sensitive`",
                    "mark the strings inside it",
                ));
            }
            schema.insert("format".to_owned(), json!("sensitive"));
            log.changed(at);
            return Ok(());
        }
        if let Some(format) = schema.get("format").and_then(Value::as_str) {
            let known: &[&str] = match kind.as_deref() {
                Some("string") => &["uuid", "date", "date-time", "date-or-date-time"],
                Some("integer") => &["int32", "int64"],
                _ => &[],
            };
            if !known.contains(&format) {
                schema.remove("format");
                log.changed(pointer::push(at, "format"));
            }
        }
        Ok(())
    })
}

pub(super) fn open_objects(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut() {
            let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
            if (closed || schema.contains_key("properties"))
                && schema.remove("additionalProperties").is_some()
            {
                log.changed(pointer::push(at, "additionalProperties"));
            }
        }
        Ok(())
    })
}

pub(super) fn annotations(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        if let Some(schema) = schema.as_object_mut() {
            for key in ["title", "example", "xml", "externalDocs", "readOnly", "writeOnly", "x-pleo-sources"]
            {
                if schema.remove(key).is_some() {
                    log.changed(pointer::push(at, key));
                }
            }
        }
        Ok(())
    })
}
