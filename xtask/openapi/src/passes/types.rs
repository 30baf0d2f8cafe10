//! Passes that decide which types there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Log;
use crate::{Refusals, SpecError, names, pointer, walk};

const SCHEMAS: &str = "/components/schemas";

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
            .filter(|(_, schema)| reference(schema).is_some_and(|to| nullable.contains(to)))
            .map(|(name, _)| format!("#{}", pointer::push(SCHEMAS, name)))
            .filter(|reference| !nullable.contains(reference))
            .collect();
        if more.is_empty() {
            break;
        }
        nullable.extend(more);
    }
    let is_nullable = |schema: &Value| reference(schema).is_some_and(|to| nullable.contains(to));
    walk::operations_mut(document, |place, operation| {
        for (_, schema) in walk::operation_schemas_mut(&place.pointer, operation) {
            if is_nullable(schema) {
                *schema = json!({ "allOf": [schema.clone()], "nullable": true });
            }
        }
        Ok(())
    })?;
    walk::schemas_mut(document, &mut |_, schema| {
        // The reference inside a wrapper is visited too; what is nullable is the wrapper.
        if let Some(inner) = schema.pointer("/allOf/0")
            && is_nullable(inner)
        {
            schema["nullable"] = Value::Bool(true);
        }
        for (_, child) in walk::children_mut("", schema) {
            if is_nullable(child) && child.as_object().is_some_and(|child| child.len() == 1) {
                *child = json!({ "allOf": [child.clone()], "nullable": true });
            }
        }
        // The loop above has also wrapped the member of this schema's own `allOf`.
        if let Some(inner) = schema.pointer("/allOf/0/allOf/0").cloned() {
            schema["allOf"] = json!([inner]);
        }
        Ok(())
    })
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)
}

pub(super) fn enum_lists(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        let Some(Value::Array(values)) = schema.get("enum") else { return Ok(()) };
        let place = pointer::push(at, "enum");
        let mut kept: Vec<Value> = Vec::new();
        for value in values {
            if !value.is_null() && !kept.contains(value) {
                kept.push(value.clone());
            }
        }
        let had_null = values.iter().any(Value::is_null);
        let unchanged = kept.len() == values.len();
        let of_strings =
            schema.get("type").is_none_or(|kind| kind == "string") && kept.iter().all(Value::is_string);
        if kept.is_empty() || !of_strings {
            schema.remove("enum");
            log.changed(place);
            return Ok(());
        }
        if !unchanged {
            log.changed(place);
        }
        if had_null {
            schema.insert("nullable".to_owned(), Value::Bool(true));
        }
        schema.insert("enum".to_owned(), Value::Array(kept));
        schema.entry("type").or_insert_with(|| json!("string"));
        Ok(())
    })
}

pub(super) fn typed_strings(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let enums: BTreeSet<String> = document
        .pointer(SCHEMAS)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, schema)| schema.get("enum").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    walk::schemas_mut(document, &mut |at, schema| {
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        let Some(marker) = schema.remove("x-pleo-enum") else { return Ok(()) };
        let place = pointer::push(at, "x-pleo-enum");
        let name = marker.as_str().unwrap_or_default();
        if !enums.contains(name) || schema.get("type") != Some(&json!("string")) {
            return Err(log.refuse(
                place,
                format!("a string cannot take its values from {marker}"),
                "mark a plain string with the name of an enum of the same document",
            ));
        }
        schema.remove("type");
        let reference = json!({ "$ref": format!("#{}", pointer::push(SCHEMAS, name)) });
        if schema.is_empty() {
            schema.insert("$ref".to_owned(), reference["$ref"].clone());
        } else {
            schema.insert("allOf".to_owned(), json!([reference]));
        }
        log.changed(place);
        Ok(())
    })
}

/// How many components that are nothing but another are followed.
const STEPS: usize = 64;

pub(super) fn parameter_types(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let schemas = document.pointer(SCHEMAS).cloned().unwrap_or(Value::Null);
    walk::operations_mut(document, |place, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let Some(schema) = parameter.get_mut("schema") else { continue };
            let mut changed = put_in_place(&schemas, schema);
            if let Some(items) = schema.get_mut("items") {
                changed |= put_in_place(&schemas, items);
            }
            if changed {
                log.changed(format!("{}/parameters/{index}/schema", place.pointer));
            }
        }
        Ok(())
    })
}

/// Puts a component where it is referred to, unless it is an enum. What stands beside the
/// reference stays.
fn put_in_place(schemas: &Value, schema: &mut Value) -> bool {
    let mut changed = false;
    for _ in 0..STEPS {
        let reference =
            schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref")).and_then(Value::as_str);
        let target = reference
            .and_then(pointer::schema_name)
            .and_then(|name| schemas.get(name))
            .and_then(Value::as_object);
        let Some(target) = target.filter(|target| !target.contains_key("enum")) else { break };
        let mut whole = target.clone();
        let beside = schema
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| !matches!(key.as_str(), "$ref" | "allOf"));
        whole.extend(beside.map(|(key, value)| (key.clone(), value.clone())));
        *schema = Value::Object(whole);
        changed = true;
    }
    changed
}

pub(super) fn inline_types(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    let schemas = match document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut) {
        Some(schemas) => std::mem::take(schemas),
        None => Map::new(),
    };
    let mut hoist = Hoist::new(log, &schemas);
    let mut kept = Map::new();
    for (name, mut schema) in schemas {
        let at = pointer::push(SCHEMAS, &name);
        hoist.inside(&at, &name, &mut schema)?;
        kept.insert(name, schema);
    }
    walk::operations_mut(document, |place, operation| {
        let method = names::pascal(operation.get("operationId").and_then(Value::as_str).unwrap_or_default());
        let parameters: Vec<String> = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|parameter| names::pascal(parameter.get("name").and_then(Value::as_str).unwrap_or_default()))
            .collect();
        for (at, schema) in walk::operation_schemas_mut(&place.pointer, operation) {
            let tail = &at[place.pointer.len()..];
            let suffix = match pointer::tokens(tail).collect::<Vec<_>>().as_slice() {
                [part, index, ..] if part == "parameters" => index
                    .parse()
                    .ok()
                    .and_then(|index: usize| parameters.get(index).cloned())
                    .unwrap_or_default(),
                [part, ..] if part == "requestBody" => "Request".to_owned(),
                [_, status, ..] if !status.starts_with('2') => {
                    format!("Response{}", names::pascal(status).trim_start_matches('X'))
                }
                _ => "Response".to_owned(),
            };
            hoist.one(&at, &format!("{method}{suffix}"), schema)?;
        }
        Ok(())
    })?;
    for (name, schema) in hoist.finish() {
        kept.insert(name, schema);
    }
    if !kept.is_empty()
        && let Some(root) = document.as_object_mut()
    {
        let components = root.entry("components").or_insert_with(|| json!({}));
        components["schemas"] = Value::Object(kept);
    }
    Ok(())
}

/// Makes inline types components.
struct Hoist<'a> {
    log: &'a mut Log,
    /// Value list of each enum component, with the names of all components that have it.
    enums: BTreeMap<String, Vec<String>>,
    existing: Map<String, Value>,
    new: BTreeMap<String, Value>,
}

impl<'a> Hoist<'a> {
    fn new(log: &'a mut Log, schemas: &Map<String, Value>) -> Self {
        let mut enums: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, schema) in schemas {
            if let Some(values) = schema.get("enum") {
                enums.entry(values.to_string()).or_default().push(name.clone());
            }
        }
        Self { log, enums, existing: schemas.clone(), new: BTreeMap::new() }
    }

    fn finish(self) -> BTreeMap<String, Value> {
        self.new
    }

    /// Hoists what stands inside `schema`, which itself stays; `name` is the name of its type.
    fn inside(&mut self, at: &str, name: &str, schema: &mut Value) -> Result<(), SpecError> {
        for (child_at, child) in walk::children_mut(at, schema) {
            let tail = &child_at[at.len()..];
            let suffix = match pointer::tokens(tail).collect::<Vec<_>>().as_slice() {
                [_, property] if tail.starts_with("/properties/") => names::pascal(property),
                [key] if key == "items" => "Item".to_owned(),
                [key] if key == "additionalProperties" => "Value".to_owned(),
                [_, index] => format!("Variant{index}"),
                _ => String::new(),
            };
            self.one(&child_at, &format!("{}{suffix}", names::pascal(name)), child)?;
        }
        Ok(())
    }

    /// Hoists `schema` itself if it is an enum or object, else what stands inside it.
    fn one(&mut self, at: &str, name: &str, schema: &mut Value) -> Result<(), SpecError> {
        let is_enum = schema.get("enum").is_some();
        let is_object = schema.get("properties").is_some();
        if !is_enum && !is_object {
            return self.inside(at, name, schema);
        }
        let Some(map) = schema.as_object_mut() else { return Ok(()) };
        let title = map.remove("title").and_then(|title| title.as_str().map(str::to_owned));
        // What concerns the place and not the type stays at the place.
        let mut place = Map::new();
        for key in ["nullable", "description", "default", "deprecated", "readOnly", "writeOnly"] {
            if let Some(value) = map.remove(key) {
                place.insert(key.to_owned(), value);
            }
        }
        for key in ["minLength", "maxLength", "pattern", "example", "format"] {
            if is_enum {
                map.remove(key);
            }
        }
        let title = title.filter(|title| !title.trim().is_empty()).map(as_component);
        let wanted = title.clone().unwrap_or_else(|| name.to_owned());
        let mut body = schema.take();
        // The type needs a description of its own; that of the place is the best there is.
        if let (Some(body), Some(description)) = (body.as_object_mut(), place.get("description")) {
            body.insert("description".to_owned(), description.clone());
        }
        let chosen = if is_enum {
            self.enum_name(&body, name, title)
        } else {
            self.inside(at, &wanted, &mut body)?;
            wanted
        };
        self.add(at, &chosen, body)?;
        self.log.changed(at);
        let reference = json!({ "$ref": format!("#{}", pointer::push(SCHEMAS, &chosen)) });
        *schema = if place.is_empty() {
            reference
        } else {
            place.insert("allOf".to_owned(), json!([reference]));
            Value::Object(place)
        };
        Ok(())
    }

    /// An equal component's name, preferring the one that the place suggests; else the title; else
    /// the name by place.
    fn enum_name(&self, body: &Value, name: &str, title: Option<String>) -> String {
        let equal = self.enums.get(&body["enum"].to_string());
        match (equal, title) {
            (_, Some(title)) => title,
            (Some(equal), None) => equal.iter().find(|equal| *equal == name).unwrap_or(&equal[0]).clone(),
            (None, None) => name.to_owned(),
        }
    }

    fn add(&mut self, at: &str, name: &str, body: Value) -> Result<(), SpecError> {
        let mut comparable = body.clone();
        strip_description(&mut comparable);
        let other = self.existing.get(name).or_else(|| self.new.get(name));
        match other {
            None => {
                self.new.insert(name.to_owned(), body);
                Ok(())
            }
            Some(other) => {
                let mut other = other.clone();
                strip_description(&mut other);
                if other == comparable {
                    return Ok(());
                }
                Err(self.log.refuse(
                    at,
                    format!("the inline type would be called `{name}`, which is another type already"),
                    "give the inline schema a `title` of its own with an overlay",
                ))
            }
        }
    }
}

/// A title as the name of a component. One that could not stand in a reference is cased as a type.
fn as_component(title: String) -> String {
    let plain =
        !title.is_empty() && title.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if plain { title } else { names::pascal(&title) }
}

fn strip_description(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("description");
    }
}
