//! One document of many.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Document, Refusals, SpecError, foreign::markdown_code, names, pointer, report::Report, walk};

/// The name of the merged document in errors and the report.
pub const RESULT: &str = "spec/openapi.json";

/// Merges clean documents.
///
/// Components of one name and one body (descriptions aside) become one. Of several bodies under
/// one name the one that more documents share than any other keeps the name; the others get their
/// document's name in front. Where no body has more documents than the next, all of them do: which
/// one keeps a name must not depend on what the documents are called.
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
    let bodies = variants(documents);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for document in documents.iter() {
        for (name, _) in schemas(&document.value) {
            *taken.entry(name.clone()).or_default() += 1;
        }
    }
    let mut renames: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); documents.len()];
    for (name, variants) in bodies {
        let copies: usize = variants.iter().map(Vec::len).sum();
        if variants.len() == 1 {
            if copies > 1 {
                report
                    .merging
                    .push(format!("{}: {copies} identical components became one", markdown_code(&name)));
            }
            continue;
        }
        let most = variants.iter().map(Vec::len).max().unwrap_or_default();
        let mut with_most = variants.iter().filter(|holders| holders.len() == most);
        let keeps = match (with_most.next(), with_most.next()) {
            (Some(only), None) => only.clone(),
            _ => Vec::new(),
        };
        for index in variants.iter().flatten().filter(|index| !keeps.contains(index)) {
            let renamed = format!("{}{name}", names::pascal(documents[*index].stem()));
            if taken.insert(renamed.clone(), 1).is_some() {
                return Err(SpecError::new(
                    &documents[*index].name,
                    pointer::push("/components/schemas", &name),
                    format!("another document has another `{name}`, and `{renamed}` is taken too"),
                    "rename one of them in an overlay",
                ));
            }
            report.merging.push(if keeps.is_empty() {
                format!(
                    "{} of {} differs from those of other documents and became {}",
                    markdown_code(&name),
                    markdown_code(&documents[*index].name),
                    markdown_code(&renamed),
                )
            } else {
                format!(
                    "{} of {} differs from that of {} and became {}",
                    markdown_code(&name),
                    markdown_code(&documents[*index].name),
                    keeps
                        .iter()
                        .map(|kept| markdown_code(&documents[*kept].name))
                        .collect::<Vec<_>>()
                        .join(", "),
                    markdown_code(&renamed),
                )
            });
            renames[*index].insert(name.clone(), renamed);
        }
    }
    for (document, renames) in documents.iter_mut().zip(&renames).filter(|(_, renames)| !renames.is_empty()) {
        rename(&mut document.value, renames);
    }
    Ok(())
}

/// The documents that hold each component, by name: one list for each of its bodies, that of the first
/// document first.
///
/// Equal texts are the same body only if what they refer to is the same as well.
fn variants(documents: &[Document]) -> BTreeMap<String, Vec<Vec<usize>>> {
    let mut components: BTreeMap<String, Component> = BTreeMap::new();
    let mut referrers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        for (name, schema) in schemas(&document.value) {
            let mut references = BTreeSet::new();
            walk::references(schema, &mut |reference| {
                references.extend(pointer::schema_name(reference).map(str::to_owned));
            });
            for reference in &references {
                referrers.entry(reference.clone()).or_default().insert(name.clone());
            }
            components.entry(name.clone()).or_default().add(
                index,
                without_prose(schema).to_string(),
                references,
            );
        }
    }
    let mut differing: Vec<String> =
        components.iter().filter(|(_, it)| it.bodies() > 1).map(|(name, _)| name.clone()).collect();
    while let Some(name) = differing.pop() {
        for referrer in referrers.get(&name).into_iter().flatten() {
            let Some(told_apart) = components.get(referrer).and_then(|it| it.told_apart_by(&components))
            else {
                continue;
            };
            if let Some(component) = components.get_mut(referrer) {
                component.body_of = told_apart;
                differing.push(referrer.clone());
            }
        }
    }
    components.into_iter().map(|(name, component)| (name, component.holders())).collect()
}

/// What the documents say of a component.
#[derive(Default)]
struct Component {
    /// The number of its body, by document.
    body_of: BTreeMap<usize, usize>,
    numbers: BTreeMap<String, usize>,
    /// What it refers to, by document.
    references: BTreeMap<usize, BTreeSet<String>>,
}

impl Component {
    fn add(&mut self, document: usize, body: String, references: BTreeSet<String>) {
        let next = self.numbers.len();
        self.body_of.insert(document, *self.numbers.entry(body).or_insert(next));
        self.references.insert(document, references);
    }

    fn bodies(&self) -> usize {
        self.body_of.values().collect::<BTreeSet<_>>().len()
    }

    /// Its bodies by document, if what it refers to makes them more than they were.
    fn told_apart_by(&self, components: &BTreeMap<String, Self>) -> Option<BTreeMap<usize, usize>> {
        let mut numbers = BTreeMap::new();
        let mut body_of = BTreeMap::new();
        for (document, body) in &self.body_of {
            let referred: Vec<Option<usize>> = self.references[document]
                .iter()
                .map(|name| components.get(name)?.body_of.get(document).copied())
                .collect();
            let next = numbers.len();
            body_of.insert(*document, *numbers.entry((body, referred)).or_insert(next));
        }
        (numbers.len() > self.bodies()).then_some(body_of)
    }

    fn holders(&self) -> Vec<Vec<usize>> {
        let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (document, body) in &self.body_of {
            holders.entry(*body).or_default().push(*document);
        }
        holders.into_values().collect()
    }
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten()
}

/// What two components have to have in common to be one.
fn without_prose(schema: &Value) -> Value {
    let mut root = json!({ "components": { "schemas": { "it": schema } } });
    let stripped = walk::schemas_mut(&mut root, &mut |_, schema| {
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
            schema.remove("example");
        }
        walk::sort_lists(schema);
        Ok(())
    });
    debug_assert!(stripped.is_ok(), "the visitor never refuses");
    root["components"]["schemas"]["it"].take()
}

/// Renames components, by old name.
fn rename(document: &mut Value, names: &BTreeMap<String, String>) {
    fn references(value: &mut Value, names: &BTreeMap<String, String>) {
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    match child {
                        Value::String(reference) if key == "$ref" => {
                            let to = pointer::schema_name(reference).and_then(|name| names.get(name));
                            if let Some(to) = to {
                                *reference = format!("#{}", pointer::push("/components/schemas", to));
                            }
                        }
                        child => references(child, names),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|child| references(child, names)),
            _ => {}
        }
    }
    references(document, names);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| (names.get(&name).cloned().unwrap_or(name), schema))
            .collect();
    }
}

#[derive(Default)]
struct Merged {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    security: BTreeMap<String, Value>,
    methods: BTreeMap<String, String>,
    types: BTreeMap<String, (String, String)>,
    /// The family of each module.
    families: BTreeMap<String, String>,
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
            let family = operation.get("x-pleo-family").and_then(Value::as_str).unwrap_or_default();
            let other = self.families.entry(names::snake(family)).or_insert_with(|| family.to_owned());
            if other != family {
                return Err(SpecError::new(
                    &document.name,
                    pointer::push(&place.pointer, "x-pleo-family"),
                    format!("family `{family}` would be the same module as `{other}`"),
                    "give one of them another `x-pleo-family` in an overlay",
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
            let taken = self.types.insert(
                names::compared(&names::pascal(name)).into_owned(),
                (name.clone(), document.name.clone()),
            );
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
    fn no_component_keeps_a_name_because_of_what_its_document_is_called() {
        let thing = |kind: &str| json!({ "Thing": { "type": kind } });
        for (string, integer) in [("a", "b"), ("b", "a")] {
            let documents = vec![
                document(string, "get_a", thing("string")),
                document(integer, "get_b", thing("integer")),
            ];
            let schemas = merged(documents).unwrap()["components"]["schemas"].clone();
            assert_eq!(schemas[names::pascal(string) + "Thing"]["type"], "string");
            assert_eq!(schemas[names::pascal(integer) + "Thing"]["type"], "integer");
            assert_eq!(schemas.get("Thing"), None);
        }
    }

    #[test]
    fn equal_components_that_refer_to_different_ones_are_told_apart() {
        let schemas = |kind: &str| {
            json!({
                "List": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                "Lists": { "type": "array", "items": { "$ref": "#/components/schemas/List" } },
                "Thing": { "type": kind },
            })
        };
        let openapi = merged(vec![
            document("a", "get_a", schemas("string")),
            document("b", "get_b", schemas("string")),
            document("c", "get_c", schemas("integer")),
        ]);
        let schemas = openapi.unwrap()["components"]["schemas"].clone();
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        assert_eq!(schemas["List"]["items"], reference("Thing"));
        assert_eq!(schemas["CList"]["items"], reference("CThing"));
        assert_eq!(schemas["CLists"]["items"], reference("CList"));
    }

    #[test]
    fn the_order_of_values_and_required_members_makes_no_other_component() {
        let schemas = |values: [&str; 2]| json!({ "Thing": { "type": "string", "enum": values } });
        let openapi = merged(vec![
            document("a", "get_a", schemas(["x", "y"])),
            document("b", "get_b", schemas(["y", "x"])),
        ]);
        assert_eq!(openapi.unwrap()["components"]["schemas"]["Thing"]["x-pleo-sources"], json!(["a", "b"]));
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
