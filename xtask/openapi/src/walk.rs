//! Visiting the operations and schemas of a document.

use serde_json::{Map, Value};

use super::{Refusals, SpecError, pointer};

/// The HTTP methods that OpenAPI 3.0 knows, in the order in which operations are generated.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Calls `visit` for every operation with its pointer, path and method, in order of path, then
/// method.
///
/// # Errors
/// Everything that `visit` refuses: one refusal does not end the walk.
pub fn operations_mut(
    document: &mut Value,
    mut visit: impl FnMut(&Place, &mut Map<String, Value>) -> Result<(), SpecError>,
) -> Result<(), Refusals> {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return Ok(()) };
    let mut refused = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut)
                && let Err(error) = visit(&Place::new(path, method), operation)
            {
                refused.push(error);
            }
        }
    }
    Refusals::none(refused)
}

/// The operations of a document in order of path, then method.
pub fn operations(document: &Value) -> impl Iterator<Item = (Place, &Map<String, Value>)> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS
            .iter()
            .filter_map(move |method| Some((Place::new(path, method), item.get(method)?.as_object()?)))
    })
}

/// An operation as people name it, such as `GET /v1/things`.
pub fn operation_name(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// A path without the names of its parameters, and those names.
pub fn template(path: &str) -> (String, Vec<String>) {
    let (mut key, mut names, mut rest) = (String::new(), Vec::new(), path);
    while let Some((before, name, after)) = rest
        .split_once('{')
        .and_then(|(before, tail)| tail.split_once('}').map(|(name, after)| (before, name, after)))
    {
        key.push_str(before);
        key.push_str("{}");
        names.push(name.to_owned());
        rest = after;
    }
    key.push_str(rest);
    (key, names)
}

/// Where an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path template.
    pub path: String,
    /// The method in lower case.
    pub method: &'static str,
    /// JSON pointer of the operation.
    pub pointer: String,
}

impl Place {
    fn new(path: &str, method: &'static str) -> Self {
        let pointer = pointer::push(&pointer::push("/paths", path), method);
        Self { path: path.to_owned(), method, pointer }
    }
}

/// Calls `visit` for every schema of the document, an outer one before those in it. What `visit`
/// puts in place of a schema is walked instead of what was there.
///
/// # Errors
/// Everything that `visit` refuses. What is inside a refused schema is not visited.
pub fn schemas_mut(
    document: &mut Value,
    visit: &mut dyn FnMut(&str, &mut Value) -> Result<(), SpecError>,
) -> Result<(), Refusals> {
    let mut refused = Vec::new();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in schemas {
            schema_mut(&pointer::push("/components/schemas", name), schema, visit, &mut refused);
        }
    }
    operations_mut(document, |place, operation| {
        for (at, schema) in operation_schemas_mut(&place.pointer, operation) {
            schema_mut(&at, schema, visit, &mut refused);
        }
        Ok(())
    })?;
    Refusals::none(refused)
}

/// The schemas that an operation's parameters, request body and responses hold directly.
pub fn operation_schemas_mut<'a>(
    at: &str,
    operation: &'a mut Map<String, Value>,
) -> Vec<(String, &'a mut Value)> {
    let mut found = Vec::new();
    for (key, part) in operation.iter_mut() {
        match key.as_str() {
            "parameters" => {
                for (index, parameter) in part.as_array_mut().into_iter().flatten().enumerate() {
                    if let Some(schema) = parameter.get_mut("schema") {
                        found.push((format!("{at}/parameters/{index}/schema"), schema));
                    }
                }
            }
            "requestBody" => content_schemas_mut(&pointer::push(at, key), part, &mut found),
            "responses" => {
                let at = pointer::push(at, key);
                for (status, response) in part.as_object_mut().into_iter().flatten() {
                    content_schemas_mut(&pointer::push(&at, status), response, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

fn content_schemas_mut<'a>(at: &str, part: &'a mut Value, found: &mut Vec<(String, &'a mut Value)>) {
    let content = part.get_mut("content").and_then(Value::as_object_mut);
    for (media_type, media) in content.into_iter().flatten() {
        if let Some(schema) = media.get_mut("schema") {
            found.push((pointer::push(&format!("{at}/content"), media_type) + "/schema", schema));
        }
    }
}

/// Walks one schema and all in it.
fn schema_mut(
    at: &str,
    schema: &mut Value,
    visit: &mut dyn FnMut(&str, &mut Value) -> Result<(), SpecError>,
    refused: &mut Vec<SpecError>,
) {
    match visit(at, schema) {
        Ok(()) => {
            for (at, child) in children_mut(at, schema) {
                schema_mut(&at, child, visit, refused);
            }
        }
        Err(error) => refused.push(error),
    }
}

/// The schemas directly inside a schema, with their pointers.
pub fn children_mut<'a>(at: &str, schema: &'a mut Value) -> Vec<(String, &'a mut Value)> {
    let mut found = Vec::new();
    for (key, part) in schema.as_object_mut().into_iter().flatten() {
        match (key.as_str(), part) {
            ("properties", Value::Object(properties)) => {
                let at = pointer::push(at, key);
                found.extend(properties.iter_mut().map(|(name, child)| (pointer::push(&at, name), child)));
            }
            ("items" | "additionalProperties", part @ Value::Object(_)) => {
                found.push((pointer::push(at, key), part))
            }
            ("allOf" | "oneOf" | "anyOf", Value::Array(members)) => {
                found.extend(
                    members.iter_mut().enumerate().map(|(i, child)| (format!("{at}/{key}/{i}"), child)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Sorts the lists of a schema whose order says nothing: `enum` and `required`.
pub fn sort_lists(schema: &mut Value) {
    for key in ["enum", "required"] {
        if let Some(Value::Array(list)) = schema.get_mut(key) {
            list.sort_by_cached_key(Value::to_string);
        }
    }
}

/// How many values a value is made of, itself included.
pub fn size(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        Value::Array(list) => 1 + list.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Calls `visit` for every `$ref` in a value.
pub fn references<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a str)) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                match child {
                    Value::String(reference) if key == "$ref" => visit(reference),
                    _ => references(child, visit),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|child| references(child, visit)),
        _ => {}
    }
}
