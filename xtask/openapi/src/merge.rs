//! One document of many.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Document, Refusals, SpecError, names, pointer, report::Report, walk};

/// The name of the merged document in errors and the report.
pub const RESULT: &str = "spec/openapi.json";

/// Merges clean documents.
///
/// Components of one name and one body (descriptions aside) become one. Of several bodies under
/// one name the one that most documents share keeps the name (of equally many, that of the first
/// document by name); the others get their document's name in front.
///
/// # Errors
/// For a method and path, or a method name, that two documents describe, and for names that
/// collide once they are Rust.
pub fn merge(mut documents: Vec<Document>, report: &mut Report) -> Result<Value, Refusals> {
    tell_apart(&mut documents, report)?;
    let mut merged = Merged::default();
    for document in &documents {
        merged.add(document);
    }
    Refusals::none(std::mem::take(&mut merged.refused))?;
    Ok(merged.finish(&documents))
}

/// Renames components that share a name with a different one of another document.
fn tell_apart(documents: &mut [Document], report: &mut Report) -> Result<(), SpecError> {
    let mut bodies: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        for (name, schema) in schemas(&document.value) {
            bodies
                .entry(name.clone())
                .or_default()
                .entry(without_prose(schema).to_string())
                .or_default()
                .push(index);
        }
    }
    for (name, variants) in bodies {
        let copies: usize = variants.values().map(Vec::len).sum();
        if variants.len() == 1 {
            if copies > 1 {
                report.merging.push(format!("`{name}`: {copies} identical components became one"));
            }
            continue;
        }
        let keeps = variants
            .values()
            .max_by_key(|holders| (holders.len(), std::cmp::Reverse(holders.first().copied())))
            .cloned()
            .unwrap_or_default();
        for index in variants.values().flatten().filter(|index| !keeps.contains(index)) {
            let renamed = format!("{}{name}", names::pascal(documents[*index].stem()));
            if documents.iter().any(|document| schemas(&document.value).any(|(taken, _)| *taken == renamed)) {
                return Err(SpecError::new(
                    &documents[*index].name,
                    pointer::push("/components/schemas", &name),
                    format!("another document has another `{name}`, and `{renamed}` is taken too"),
                    "rename one of them in an overlay",
                ));
            }
            rename(&mut documents[*index].value, &name, &renamed);
            report.merging.push(format!(
                "`{name}` of `{}` differs from that of {} and became `{renamed}`",
                documents[*index].name,
                keeps
                    .iter()
                    .map(|kept| format!("`{}`", documents[*kept].name))
                    .collect::<Vec<_>>()
                    .join(", "),
            ));
        }
    }
    Ok(())
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten()
}

fn without_prose(schema: &Value) -> Value {
    let mut root = json!({ "components": { "schemas": { "it": schema } } });
    let stripped = walk::schemas_mut(&mut root, &mut |_, schema| {
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
            schema.remove("example");
        }
        Ok(())
    });
    debug_assert!(stripped.is_ok(), "the visitor never refuses");
    root["components"]["schemas"]["it"].take()
}

fn rename(document: &mut Value, from: &str, to: &str) {
    fn references(value: &mut Value, from: &str, to: &str) {
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    if key == "$ref" && child == from {
                        *child = Value::String(to.to_owned());
                    } else {
                        references(child, from, to);
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|child| references(child, from, to)),
            _ => {}
        }
    }
    let pointer_of = |name: &str| format!("#{}", pointer::push("/components/schemas", name));
    references(document, &pointer_of(from), &pointer_of(to));
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
        && let Some(schema) = schemas.remove(from)
    {
        schemas.insert(to.to_owned(), schema);
    }
}

#[derive(Default)]
struct Merged {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    security: BTreeMap<String, Value>,
    methods: BTreeMap<String, String>,
    types: BTreeMap<String, (String, String)>,
    refused: Vec<SpecError>,
}

impl Merged {
    fn add(&mut self, document: &Document) {
        let global_security = document.value.get("security").cloned();
        let mut value = document.value.clone();
        let title = value.pointer("/info/title").cloned().unwrap_or(Value::Null);
        let named = walk::operations_mut(&mut value, |place, operation| {
            let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place_of = format!("{} {}", document.name, place.pointer);
            if let Some(first) = self.methods.insert(names::pascal(&name), place_of) {
                return Err(SpecError::new(
                    &document.name,
                    pointer::push(&place.pointer, "operationId"),
                    format!("the operation is called `{name}`, like the one at {first}"),
                    "give one of them another `x-pleo-name` in an overlay",
                ));
            }
            if let Some(security) = &global_security {
                operation.entry("security").or_insert_with(|| security.clone());
            }
            operation.insert("x-pleo-api".to_owned(), title.clone());
            operation.insert("x-pleo-source".to_owned(), json!(document.stem()));
            Ok(())
        });
        self.refused.extend(named.err().into_iter().flatten());
        for (path, item) in value.get("paths").and_then(Value::as_object).into_iter().flatten() {
            self.add_path(document, path, item);
        }
        for (name, schema) in schemas(&value) {
            let at = pointer::push("/components/schemas", name);
            let taken = self.types.insert(names::pascal(name), (name.clone(), document.name.clone()));
            if let Some((other, file)) = taken
                && other != *name
            {
                self.refused.push(SpecError::new(
                    &document.name,
                    at,
                    format!(
                        "the schema would be called `{}` in Rust, like `{other}` of {file}",
                        names::pascal(name)
                    ),
                    "rename one of them in an overlay",
                ));
            }
            let target = self.schemas.entry(name.clone()).or_insert_with(|| schema.clone());
            if let Some(target) = target.as_object_mut() {
                let sources = target.entry("x-pleo-sources").or_insert_with(|| json!([]));
                sources.as_array_mut().into_iter().for_each(|sources| sources.push(json!(document.stem())));
            }
        }
        let schemes = value.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            let other = self.security.entry(name.clone()).or_insert_with(|| scheme.clone());
            if other != scheme {
                self.refused.push(SpecError::new(
                    &document.name,
                    pointer::push("/components/securitySchemes", name),
                    "a security scheme that another document declares differently",
                    "see which one the service means, and correct the other in an overlay",
                ));
            }
        }
    }

    fn add_path(&mut self, document: &Document, path: &str, item: &Value) {
        let at = pointer::push("/paths", path);
        let target = self.paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        for (key, value) in item.as_object().into_iter().flatten() {
            if walk::METHODS.contains(&key.as_str()) {
                if target.get(key).is_some() {
                    self.refused.push(SpecError::new(
                        &document.name,
                        pointer::push(&at, key),
                        "an operation that another document describes too",
                        "remove it from one of them with an overlay",
                    ));
                    continue;
                }
                target[key] = value.clone();
            }
        }
    }

    fn finish(self, documents: &[Document]) -> Value {
        let sources: Map<String, Value> = documents
            .iter()
            .map(|document| {
                let info = |key: &str| {
                    document.value.pointer(&format!("/info/{key}")).cloned().unwrap_or(Value::Null)
                };
                (document.stem().to_owned(), json!({ "title": info("title"), "version": info("version") }))
            })
            .collect();
        let servers: BTreeSet<String> = documents
            .iter()
            .flat_map(|document| {
                document.value.get("servers").and_then(Value::as_array).into_iter().flatten()
            })
            .filter_map(|server| server.get("url")?.as_str().map(str::to_owned))
            .collect();
        let servers: Vec<Value> = servers.into_iter().map(|url| json!({ "url": url })).collect();
        json!({
            "openapi": "3.0.3",
            "info": { "title": "Pleo External API", "version": "see x-pleo-sources", "x-pleo-sources": sources },
            "servers": servers,
            "paths": self.paths,
            "components": { "schemas": self.schemas, "securitySchemes": self.security },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, id: &str, schemas: Value) -> Document {
        let path = format!("/{name}");
        let value = json!({
            "info": { "title": name, "version": "1" },
            "paths": { path: { "get": { "operationId": id, "responses": {} } } },
            "components": { "schemas": schemas },
        });
        Document { name: format!("{name}.yaml"), value }
    }

    fn merged(documents: Vec<Document>) -> Result<Value, Refusals> {
        merge(documents, &mut Report::default())
    }

    #[test]
    fn equal_components_become_one_and_others_are_told_apart() {
        let thing = |kind: &str| json!({ "Thing": { "type": kind } });
        let openapi = merged(vec![
            document("a", "get_a", thing("string")),
            document("b", "get_b", thing("string")),
            document("c", "get_c", thing("integer")),
        ]);
        let schemas = openapi.unwrap()["components"]["schemas"].clone();
        assert_eq!(schemas["Thing"], json!({ "type": "string", "x-pleo-sources": ["a", "b"] }));
        assert_eq!(schemas["CThing"], json!({ "type": "integer", "x-pleo-sources": ["c"] }));
    }

    #[test]
    fn a_name_made_to_tell_components_apart_never_takes_the_place_of_another() {
        let error = merged(vec![
            document("a", "get_a", json!({ "Thing": { "type": "string" } })),
            document(
                "b",
                "get_b",
                json!({ "Thing": { "type": "integer" }, "BThing": { "type": "boolean" } }),
            ),
        ]);
        let error = error.unwrap_err();
        let error = error.first();
        assert_eq!(
            (error.document.as_str(), error.pointer.as_str()),
            ("b.yaml", "/components/schemas/Thing")
        );
        assert!(error.problem.contains("BThing"), "{error}");
    }

    #[test]
    fn operations_whose_builders_would_share_a_name_are_refused_across_documents() {
        let error = merged(vec![document("a", "get_a1", json!({})), document("b", "get_a_1", json!({}))]);
        assert_eq!(error.unwrap_err().first().pointer, "/paths/~1b/get/operationId");
    }
}
