//! Passes that decide which types there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Log, null};
use crate::{Refusals, SpecError, names, pointer, walk};

const SCHEMAS: &str = "/components/schemas";

pub(super) fn enum_lists(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        // Null alone is not an enum. A component of it would be a type without a value.
        let only_null = null::is_only_null(schema);
        if only_null && !pointer::is_component(at) {
            return Ok(());
        }
        let Some(schema) = schema.as_object_mut() else { return Ok(()) };
        if only_null {
            schema.retain(|key, _| !matches!(key.as_str(), "enum" | "nullable" | "type"));
            log.changed(pointer::push(at, "enum"));
            return Ok(());
        }
        let Some(Value::Array(values)) = schema.get_mut("enum") else { return Ok(()) };
        let place = pointer::push(at, "enum");
        let before = values.len();
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.to_string()));
        let with_null = seen.contains("null");
        if values.len() < before {
            log.changed(&place);
        }
        let mut named = values.iter().filter(|value| !value.is_null()).peekable();
        let of_strings = named.peek().is_some() && named.all(Value::is_string);
        match schema.get("type") {
            Some(kind) if of_strings && kind == "string" => {}
            None if of_strings => {
                schema.insert("type".to_owned(), json!("string"));
                if with_null {
                    schema.insert("nullable".to_owned(), Value::Bool(true));
                }
                log.changed(place);
            }
            _ => {
                schema.remove("enum");
                log.changed(place);
            }
        }
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
        } else if schema.get("nullable") == Some(&Value::Bool(true)) {
            schema.remove("nullable");
            schema.extend(null::into_map(null::or_null(reference)));
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

/// Puts a component where it is referred to, unless it is an enum. What is next to the
/// reference stays.
fn put_in_place(schemas: &Value, schema: &mut Value) -> bool {
    let mut changed = false;
    for _ in 0..STEPS {
        let or_null = null::other_than_null(schema).and_then(|other| other.get("$ref"));
        let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref")).or(or_null);
        let reference = reference.and_then(Value::as_str);
        let target = reference
            .and_then(pointer::schema_name)
            .and_then(|name| schemas.get(name))
            .and_then(Value::as_object);
        let Some(target) = target.filter(|target| !target.contains_key("enum")) else { break };
        // An object cannot be a parameter and is refused later: its members are not needed for that.
        let mut whole: Map<String, Value> = target
            .iter()
            .filter(|(key, _)| *key != "properties")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let beside = schema
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| !matches!(key.as_str(), "$ref" | "allOf" | "anyOf"));
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
    /// Values of each enum component that is not nullable, with the names of all components that have them.
    enums: BTreeMap<String, Vec<String>>,
    existing: Map<String, Value>,
    new: BTreeMap<String, Value>,
}

impl<'a> Hoist<'a> {
    fn new(log: &'a mut Log, schemas: &Map<String, Value>) -> Self {
        let mut enums: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, schema) in schemas {
            if schema.get("nullable") != Some(&Value::Bool(true))
                && let Some(values) = values_of(schema)
            {
                enums.entry(values).or_default().push(name.clone());
            }
        }
        Self { log, enums, existing: schemas.clone(), new: BTreeMap::new() }
    }

    fn finish(self) -> BTreeMap<String, Value> {
        self.new
    }

    /// Hoists what is inside `schema`, which itself stays; `name` is the name of its type.
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

    /// Hoists `schema` itself if it is an enum or object, else what is inside it.
    fn one(&mut self, at: &str, name: &str, schema: &mut Value) -> Result<(), SpecError> {
        if null::is_only_null(schema) {
            return Ok(());
        }
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
        // Null is the place's business, too. A list of values without it does not allow it, whatever
        // `nullable` says.
        let mut null_in_list = false;
        if let Some(Value::Array(values)) = map.get_mut("enum") {
            let before = values.len();
            values.retain(|value| !value.is_null());
            null_in_list = values.len() < before;
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
        let allows_null = place.get("nullable") == Some(&Value::Bool(true)) && (is_object || null_in_list);
        *schema = if allows_null {
            place.remove("nullable");
            place.extend(null::into_map(null::or_null(reference)));
            Value::Object(place)
        } else if place.is_empty() {
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
        let equal = values_of(body).and_then(|values| self.enums.get(&values));
        match (equal, title) {
            (_, Some(title)) => title,
            (Some(equal), None) => equal.iter().find(|equal| *equal == name).unwrap_or(&equal[0]).clone(),
            (None, None) => name.to_owned(),
        }
    }

    fn add(&mut self, at: &str, name: &str, body: Value) -> Result<(), SpecError> {
        match self.existing.get(name).or_else(|| self.new.get(name)) {
            None => {
                self.new.insert(name.to_owned(), body);
                Ok(())
            }
            Some(other) if comparable(other) == comparable(&body) => Ok(()),
            Some(_) => Err(self.log.refuse(
                at,
                format!("the inline type would be called `{name}`, which is another type already"),
                "give the inline schema a `title` of its own with an overlay",
            )),
        }
    }
}

/// The values of an enum, whatever their order.
fn values_of(schema: &Value) -> Option<String> {
    let mut values: Vec<String> = schema.get("enum")?.as_array()?.iter().map(Value::to_string).collect();
    values.sort();
    Some(values.join(","))
}

/// What two types have to have in common to be one: neither their descriptions nor the order in which
/// values and required members are listed.
fn comparable(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("description");
    }
    walk::sort_lists(&mut schema);
    schema
}

/// A title as the name of a component. One that could not be in a reference is cased as a type.
fn as_component(title: String) -> String {
    let plain =
        !title.is_empty() && title.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if plain { title } else { names::pascal(&title) }
}
