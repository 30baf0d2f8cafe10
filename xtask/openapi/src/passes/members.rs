//! The pass over members that only requests or only responses hold.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Log, schemas};
use crate::{Refusals, pointer, walk};

const SCHEMAS: &str = "/components/schemas";

/// Which way a type goes, how the members are marked that do not go that way, and what is said of them.
const WAYS: [(&str, &str, &str); 2] = [
    ("requestBody", "readOnly", "Only responses hold it."),
    ("responses", "writeOnly", "Only requests hold it."),
];

pub(super) fn one_way(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    for (part, mark, sentence) in WAYS {
        let reached = reached(document, part);
        let marked = marked_components(document, mark);
        let schemas = document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut);
        for (name, schema) in schemas.into_iter().flatten().filter(|(name, _)| reached.contains(*name)) {
            let at = pointer::push(SCHEMAS, name);
            let Some(schema) = schema.as_object_mut() else { continue };
            let Some(Value::Array(mut required)) = schema.remove("required") else { continue };
            let Some(Value::Object(properties)) = schema.get_mut("properties") else {
                schema.insert("required".to_owned(), Value::Array(required));
                continue;
            };
            required.retain(|name| {
                let property = name.as_str().and_then(|name| properties.get_mut(name));
                let Some(property) = property.filter(|property| is_marked(property, mark, &marked)) else {
                    return true;
                };
                if let Some(property) = property.as_object_mut()
                    && !property.contains_key("$ref")
                {
                    schemas::describe(property, sentence);
                }
                log.changed(format!("{at}/required"));
                false
            });
            if !required.is_empty() {
                schema.insert("required".to_owned(), Value::Array(required));
            }
        }
    }
    Ok(())
}

/// The components that a part of any operation refers to, directly or through others.
fn reached(document: &Value, part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Value> =
        walk::operations(document).filter_map(|(_, operation)| operation.get(part)).collect();
    while let Some(value) = open.pop() {
        walk::references(value, &mut |reference| {
            if let Some(name) = pointer::schema_name(reference)
                && found.insert(name.to_owned())
            {
                open.extend(component(document, name));
            }
        });
    }
    found
}

fn component<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    document.pointer(SCHEMAS)?.get(name)
}

/// The components that are marked themselves, or are another name of one that is.
fn marked_components(document: &Value, mark: &str) -> BTreeSet<String> {
    let none = Map::new();
    let schemas = document.pointer(SCHEMAS).and_then(Value::as_object).unwrap_or(&none);
    let mut marked = BTreeSet::new();
    loop {
        let more: Vec<&String> = schemas
            .iter()
            .filter(|(name, schema)| !marked.contains(*name) && is_marked(schema, mark, &marked))
            .map(|(name, _)| name)
            .collect();
        if more.is_empty() {
            return marked;
        }
        marked.extend(more.into_iter().cloned());
    }
}

/// Whether a schema is marked, or what it refers to is.
fn is_marked(schema: &Value, mark: &str, components: &BTreeSet<String>) -> bool {
    let refers = |schema: &Value| {
        let reference = schema.get("$ref").and_then(Value::as_str);
        reference.and_then(pointer::schema_name).is_some_and(|name| components.contains(name))
    };
    let members = schema.get("allOf").and_then(Value::as_array);
    schema.get(mark) == Some(&Value::Bool(true))
        || refers(schema)
        || members.into_iter().flatten().any(|member| is_marked(member, mark, components))
}
