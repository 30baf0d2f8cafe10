//! Passes over what stands in a schema.

use serde_json::{Map, Value, json};

use super::Log;
use crate::{Refusals, SpecError, pointer, walk};

pub(super) fn down_convert(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    if document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.1.")) {
        document["openapi"] = json!("3.0.3");
        log.changed("/openapi");
    }
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
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

pub(super) fn all_of(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let root = document.clone();
    walk::schemas_mut(document, &mut |at, schema| {
        if unwrap_single(schema) {
            log.changed(pointer::push(at, "allOf"));
        }
        let Some(Value::Array(members)) = schema.get("allOf") else { return Ok(()) };
        match members.as_slice() {
            [] => {
                return Err(log.refuse(
                    pointer::push(at, "allOf"),
                    "an empty `allOf`",
                    "remove it with an overlay",
                ));
            }
            [member] if member.get("$ref").is_some() => return Ok(()),
            members => {
                let mut merged = json!({ "type": "object" });
                let members = members.to_vec();
                for (index, member) in members.iter().enumerate() {
                    add_object(log, &format!("{at}/allOf/{index}"), &mut merged, member, &root, 0)?;
                }
                let Some(outer) = schema.as_object_mut() else { return Ok(()) };
                outer.remove("allOf");
                let outer = Value::Object(outer.clone());
                add_object(log, at, &mut merged, &outer, &root, 0)?;
                *schema = merged;
            }
        }
        log.changed(pointer::push(at, "allOf"));
        Ok(())
    })
}

/// Puts the only member of an `allOf` in its place, as long as nothing beside it says otherwise;
/// a reference with something beside it stays.
fn unwrap_single(schema: &mut Value) -> bool {
    let mut unwrapped = false;
    while let Some([member]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && let Some(outer) = schema.as_object()
        && let Some(inner) = member.as_object()
        && (outer.len() == 1 || !inner.contains_key("$ref"))
        && inner.iter().all(|(key, value)| {
            key == "allOf" || outer.get(key).is_none_or(|other| other == value || is_prose(key))
        })
    {
        let mut whole = inner.clone();
        whole.extend(
            outer.iter().filter(|(key, _)| *key != "allOf").map(|(key, value)| (key.clone(), value.clone())),
        );
        *schema = Value::Object(whole);
        unwrapped = true;
    }
    unwrapped
}

/// Whether the outer of two texts may stand for both.
fn is_prose(key: &str) -> bool {
    matches!(key, "description" | "title" | "example")
}

/// Adds the fields of one member of an `allOf` to the object that the `allOf` becomes.
fn add_object(
    log: &Log,
    at: &str,
    merged: &mut Value,
    member: &Value,
    root: &Value,
    depth: usize,
) -> Result<(), SpecError> {
    let refuse = |problem: String| Err(log.refuse(at, problem, "describe the merged object in an overlay"));
    if depth > 16 {
        return refuse("an `allOf` that contains itself".to_owned());
    }
    if let Some(reference) = member.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        if target.get("discriminator").is_some() {
            return refuse("an `allOf` over a base with a discriminator".to_owned());
        }
        return add_object(log, at, merged, target, root, depth + 1);
    }
    for (key, value) in member.as_object().into_iter().flatten() {
        match key.as_str() {
            "type" if value == "object" => {}
            "properties" => {
                let properties = merged
                    .as_object_mut()
                    .map(|merged| merged.entry("properties").or_insert_with(|| json!({})));
                let Some(Value::Object(properties)) = properties else { continue };
                for (name, property) in value.as_object().into_iter().flatten() {
                    if properties
                        .insert(name.clone(), property.clone())
                        .is_some_and(|other| other != *property)
                    {
                        return refuse(format!("members of `allOf` that differ on property `{name}`"));
                    }
                }
            }
            "required" => {
                let required = merged
                    .as_object_mut()
                    .map(|merged| merged.entry("required").or_insert_with(|| json!([])));
                let Some(Value::Array(required)) = required else { continue };
                for name in value.as_array().into_iter().flatten() {
                    if !required.contains(name) {
                        required.push(name.clone());
                    }
                }
            }
            "allOf" => {
                for member in value.as_array().into_iter().flatten() {
                    add_object(log, at, merged, member, root, depth + 1)?;
                }
            }
            "description" | "nullable" | "title" | "deprecated" | "example" | "xml" | "externalDocs" => {
                merged[key] = value.clone();
            }
            key if key.starts_with("x-") => merged[key] = value.clone(),
            key => return refuse(format!("`{key}` in an `allOf` of several members")),
        }
    }
    Ok(())
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
                    ("pattern", Value::String(pattern)) => sentences.push(format!("Matches `{pattern}`.")),
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
        let required = strings(schema.get("required"));
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
