//! The comparison on the nine published documents: it finds what was changed and nothing else,
//! whatever form the documents have, and nothing makes it panic.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use xtask_drift::{
    Report,
    api::{ApiFinding, Prose, compare, kinds},
};
use xtask_openapi::{Document, pointer, walk};
use xtask_testing::mutation::mutation;
use xtask_testing::{is_pointer, published};

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn compared(old: &[Document], new: &[Document]) -> Report {
    Report::of_api(compare(old, new, Prose::LeftOut).unwrap_or_else(|error| panic!("{error}")))
}

/// The operations that hold a schema, in requests and in responses.
type Uses = BTreeMap<&'static str, BTreeSet<String>>;

/// Finds by itself which operations lead to which schemas of a document, by pointer.
struct Reach<'d> {
    document: &'d Value,
    uses: BTreeMap<String, Uses>,
    /// What another schema holds together with what it says itself.
    joined: BTreeSet<String>,
}

impl<'d> Reach<'d> {
    fn of(document: &'d Value) -> Self {
        let mut reach = Self { document, uses: BTreeMap::new(), joined: BTreeSet::new() };
        for (place, operation) in walk::operations(document) {
            let name = format!("{} {}", place.method.to_uppercase(), place.path);
            let mut operation = operation.clone();
            for (at, _) in walk::operation_schemas_mut(&place.pointer, &mut operation) {
                let answer = at.strip_prefix(&place.pointer).unwrap().starts_with("/responses/");
                reach.visit(&at, if answer { "response" } else { "request" }, &name);
            }
        }
        reach
    }

    fn visit(&mut self, at: &str, direction: &'static str, operation: &str) {
        let schema = self.document.pointer(at).unwrap();
        if let Some(reference) = schema.get("$ref") {
            return self.visit(&reference.as_str().unwrap()[1..], direction, operation);
        }
        let uses = self.uses.entry(at.to_owned()).or_default().entry(direction).or_default();
        if !uses.insert(operation.to_owned()) {
            return;
        }
        for (child, value) in walk::children_mut(at, &mut schema.clone()) {
            let hidden = if direction == "request" { "readOnly" } else { "writeOnly" };
            if value[hidden] == true {
                continue;
            }
            let joined = child.strip_prefix(at).unwrap().starts_with("/allOf/");
            if joined {
                let target =
                    value.get("$ref").and_then(Value::as_str).map_or(child.as_str(), |target| &target[1..]);
                self.joined.extend([at.to_owned(), target.to_owned()]);
            }
            self.visit(&child, direction, operation);
        }
    }
}

/// What has to be found: kind, API, operations, and the place in the new document, or in the old
/// one for what is gone.
type Expected = (String, String, Vec<String>, String);

/// A schema to change.
struct Target<'t> {
    choice: Index,
    schema: &'t mut Value,
}

/// Changes a schema; returns the kind without its direction and the place below the schema, or
/// nothing where the change does not fit.
type SchemaChange = fn(&mut Target<'_>) -> Option<(&'static str, String)>;

fn is(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind
}

fn set(target: &mut Target<'_>, key: &str, value: Value) -> String {
    target.schema[key] = value;
    format!("/{key}")
}

/// Sets a keyword that is not there yet.
fn fresh(target: &mut Target<'_>, kind: &str, key: &str, value: Value) -> Option<String> {
    (is(target.schema, kind) && target.schema.get(key).is_none()).then(|| set(target, key, value))
}

/// The name of a property that leads to no other schema.
fn leaf(target: &Target<'_>) -> Option<String> {
    let leaves: Vec<&String> = target
        .schema
        .get("properties")?
        .as_object()?
        .iter()
        .filter(|(_, value)| {
            !["$ref", "properties", "items", "allOf", "additionalProperties", "readOnly", "writeOnly"]
                .iter()
                .any(|key| value.get(key).is_some())
        })
        .map(|(name, _)| name)
        .collect();
    (!leaves.is_empty()).then(|| (*target.choice.get(&leaves)).clone())
}

fn required<'r>(target: &'r mut Target<'_>) -> &'r mut Vec<Value> {
    if target.schema.get("required").is_none() {
        target.schema["required"] = json!([]);
    }
    target.schema["required"].as_array_mut().unwrap()
}

fn property(name: &str) -> String {
    pointer::push("/properties", name)
}

const SCHEMA_CHANGES: [SchemaChange; 19] = [
    |target| {
        target.schema.get("type")?;
        let (kind, value) = if target.schema["nullable"] == true {
            ("no-longer-nullable", false)
        } else {
            ("became-nullable", true)
        };
        target.schema["nullable"] = json!(value);
        Some((kind, String::new()))
    },
    |target| {
        if !is(target.schema, "string") && !is(target.schema, "boolean") {
            return None;
        }
        let nullable = target.schema["nullable"] == true;
        let read_only = target.schema["readOnly"] == true;
        *target.schema = json!({ "type": "integer", "nullable": nullable, "readOnly": read_only });
        Some(("type-changed", String::new()))
    },
    |target| {
        if !is(target.schema, "integer") || target.schema.get("enum").is_some() {
            return None;
        }
        target.schema["type"] = json!("number");
        Some(("type-widened", String::new()))
    },
    |target| Some(("format-added", fresh(target, "string", "format", json!("surprise"))?)),
    |target| {
        target.schema.get("format")?;
        Some(("format-changed", set(target, "format", json!("surprise"))))
    },
    |target| {
        target.schema.as_object_mut()?.remove("format")?;
        Some(("format-removed", "/format".to_owned()))
    },
    |target| {
        target.schema.get_mut("enum")?.as_array_mut()?.push(json!("SURPRISE"));
        Some(("enum-value-added", String::new()))
    },
    |target| {
        let values = target.schema.get_mut("enum")?.as_array_mut()?;
        let index = target.choice.index(values.len());
        values.remove(index);
        Some(("enum-value-removed", String::new()))
    },
    |target| {
        if target.schema.get("enum").is_some() {
            return None;
        }
        Some(("enum-added", fresh(target, "string", "enum", json!(["A"])).map(|_| String::new())?))
    },
    |target| Some(("length-tightened", fresh(target, "string", "maxLength", json!(7))?)),
    |target| Some(("range-tightened", fresh(target, "integer", "minimum", json!(7))?)),
    |target| Some(("item-count-tightened", fresh(target, "array", "maxItems", json!(7))?)),
    |target| Some(("pattern-added", fresh(target, "string", "pattern", json!("^surprise"))?)),
    |target| Some(("default-added", fresh(target, "boolean", "default", json!(true))?)),
    |target| {
        if !is(target.schema, "object") {
            return None;
        }
        target.schema.as_object_mut()?.entry("properties").or_insert_with(|| json!({}))["surprise"] =
            json!({ "type": "string" });
        Some(("property-optional-added", property("surprise")))
    },
    |target| {
        if !is(target.schema, "object") {
            return None;
        }
        target.schema.as_object_mut()?.entry("properties").or_insert_with(|| json!({}))["surprise"] =
            json!({ "type": "string" });
        required(target).push(json!("surprise"));
        Some(("property-required-added", property("surprise")))
    },
    |target| {
        let name = leaf(target)?;
        target.schema["properties"].as_object_mut()?.remove(&name);
        let before = required(target).len();
        required(target).retain(|other| *other != name);
        let kind = if required(target).len() < before {
            "property-required-removed"
        } else {
            "property-optional-removed"
        };
        Some((kind, property(&name)))
    },
    |target| {
        let name = leaf(target)?;
        let before = required(target).len();
        required(target).retain(|other| *other != name);
        if required(target).len() < before {
            return Some(("property-became-optional", property(&name)));
        }
        required(target).push(json!(name));
        Some(("property-became-required", property(&name)))
    },
    |target| {
        if !is(target.schema, "object") || target.schema.get("additionalProperties").is_some() {
            return None;
        }
        set(target, "additionalProperties", json!(false));
        Some(("additional-properties-forbidden", String::new()))
    },
];

/// Changes an operation; returns kind and place below it, or nothing where it does not fit.
type OperationChange = fn(&mut Value, Index) -> Option<(&'static str, String)>;

fn parameters(operation: &mut Value) -> &mut Vec<Value> {
    if operation.get("parameters").is_none() {
        operation["parameters"] = json!([]);
    }
    operation["parameters"].as_array_mut().unwrap()
}

fn add_parameter(operation: &mut Value, required: bool) -> String {
    let all = parameters(operation);
    all.push(
        json!({ "in": "query", "name": "surprise", "required": required, "schema": { "type": "string" } }),
    );
    format!("/parameters/{}", all.len() - 1)
}

const OPERATION_CHANGES: [OperationChange; 11] = [
    |operation, _| Some(("request-parameter-required-added", add_parameter(operation, true))),
    |operation, _| Some(("request-parameter-optional-added", add_parameter(operation, false))),
    |operation, choice| {
        let index = choice.index(parameters(operation).len().max(1));
        let parameter = parameters(operation).get_mut(index).filter(|parameter| parameter["in"] != "path")?;
        let required = parameter["required"] == true;
        parameter["required"] = json!(!required);
        let kind =
            if required { "request-parameter-became-optional" } else { "request-parameter-became-required" };
        Some((kind, format!("/parameters/{index}")))
    },
    |operation, choice| {
        let index = choice.index(parameters(operation).len().max(1));
        let parameter =
            parameters(operation).get_mut(index).filter(|parameter| parameter["in"] == "query")?;
        parameter["in"] = json!("header");
        Some(("request-parameter-location-changed", format!("/parameters/{index}")))
    },
    |operation, _| {
        let (kind, value) = match operation["deprecated"] == true {
            true => ("operation-undeprecated", false),
            false => ("operation-deprecated", true),
        };
        operation["deprecated"] = json!(value);
        Some((kind, String::new()))
    },
    |operation, _| {
        operation["operationId"] = json!("surprise");
        Some(("operation-id-changed", "/operationId".to_owned()))
    },
    |operation, _| {
        operation["responses"]["418"] = json!({ "description": "words" });
        Some(("response-error-status-added", "/responses/418".to_owned()))
    },
    |operation, _| {
        operation["responses"]["206"] = json!({ "description": "words" });
        Some(("response-success-status-added", "/responses/206".to_owned()))
    },
    |operation, _| {
        operation.get("requestBody")?;
        operation["requestBody"]["content"]["text/csv"] = json!({});
        Some(("request-media-type-added", "/requestBody/content/text~1csv".to_owned()))
    },
    |operation, _| {
        let body = operation.get_mut("requestBody")?;
        let required = body["required"] == true;
        body["required"] = json!(!required);
        Some((
            if required { "request-body-became-optional" } else { "request-body-became-required" },
            "/requestBody".to_owned(),
        ))
    },
    |operation, _| {
        let (kind, value) = match operation["x-exclude"] == "true" {
            true => ("operation-shown", "false"),
            false => ("operation-hidden", "true"),
        };
        operation["x-exclude"] = json!(value);
        Some((kind, String::new()))
    },
];

/// One change: which document, which place, which of the changes, and a choice within it.
#[derive(Debug, Clone)]
enum Known {
    Schema(Index, Index, Index, Index),
    Operation(Index, Index, Index, Index),
    Added(Index),
    Removed(Index, Index),
    Version(Index),
    Server(Index),
}

fn known() -> impl Strategy<Value = Known> {
    let index = any::<Index>;
    prop_oneof![
        8 => (index(), index(), index(), index()).prop_map(|(a, b, c, d)| Known::Schema(a, b, c, d)),
        4 => (index(), index(), index(), index()).prop_map(|(a, b, c, d)| Known::Operation(a, b, c, d)),
        1 => index().prop_map(Known::Added),
        1 => (index(), index()).prop_map(|(a, b)| Known::Removed(a, b)),
        1 => index().prop_map(Known::Version),
        1 => index().prop_map(Known::Server),
    ]
}

/// Applies changes to the documents, none at a place that another one touched.
#[derive(Clone)]
struct Changer {
    documents: Vec<Document>,
    originals: Vec<Document>,
    uses: Vec<Vec<(String, Uses)>>,
    operations: Vec<Vec<(String, String)>>,
    touched: BTreeSet<(usize, String)>,
    removed: BTreeSet<String>,
    expected: Vec<Expected>,
}

impl Changer {
    fn new(originals: &[Document]) -> Self {
        let uses = originals.iter().map(|document| {
            let reach = Reach::of(&document.value);
            let joined = reach.joined;
            reach.uses.into_iter().filter(|(at, _)| !joined.contains(at)).collect()
        });
        let operations = originals.iter().map(|document| {
            walk::operations(&document.value)
                .map(|(place, _)| {
                    (place.pointer.clone(), format!("{} {}", place.method.to_uppercase(), place.path))
                })
                .collect()
        });
        Self {
            documents: originals.to_vec(),
            uses: uses.collect(),
            operations: operations.collect(),
            originals: originals.to_vec(),
            touched: BTreeSet::new(),
            removed: BTreeSet::new(),
            expected: Vec::new(),
        }
    }

    fn title(&self, document: usize) -> String {
        self.originals[document].value["info"]["title"].as_str().unwrap().to_owned()
    }

    fn touch(&mut self, document: usize, at: &str) -> bool {
        let overlaps = |other: &str| {
            let within = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}/"));
            within(at, other) || within(other, at)
        };
        let free = !self.touched.iter().any(|(other, place)| *other == document && overlaps(place));
        free && self.touched.insert((document, at.to_owned()))
    }

    fn all(&self, document: usize) -> Vec<String> {
        self.operations[document].iter().map(|(_, name)| name.clone()).collect()
    }

    fn apply(&mut self, known: &Known) {
        match known {
            Known::Schema(which, place, change, choice) => {
                let document = which.index(self.documents.len());
                let (at, uses) = place.get(&self.uses[document]).clone();
                if !self.touch(document, &at) {
                    return;
                }
                let schema = self.documents[document].value.pointer_mut(&at).unwrap();
                let mut changed = schema.clone();
                let change = change.get(&SCHEMA_CHANGES);
                if let Some((kind, below)) = change(&mut Target { choice: *choice, schema: &mut changed }) {
                    *schema = changed;
                    for (direction, operations) in uses {
                        let operations = operations.into_iter().collect();
                        let kind = format!("{direction}-{kind}");
                        self.expected.push((kind, self.title(document), operations, format!("{at}{below}")));
                    }
                }
            }
            Known::Operation(which, place, change, choice) => {
                let document = which.index(self.documents.len());
                let (at, name) = place.get(&self.operations[document]).clone();
                if !self.touch(document, &at) {
                    return;
                }
                let operation = self.documents[document].value.pointer_mut(&at).unwrap();
                let mut changed = operation.clone();
                if let Some((kind, below)) = change.get(&OPERATION_CHANGES)(&mut changed, *choice) {
                    *operation = changed;
                    self.expected.push((
                        kind.to_owned(),
                        self.title(document),
                        vec![name],
                        format!("{at}{below}"),
                    ));
                }
            }
            Known::Added(which) => {
                let document = which.index(self.documents.len());
                if self.touch(document, "/paths/~1surprise") {
                    let path = format!("/surprise/{document}");
                    self.documents[document].value["paths"][&path] = json!({ "get": { "responses": {} } });
                    let at = pointer::push("/paths", &path) + "/get";
                    self.expected.push((
                        "operation-added".to_owned(),
                        self.title(document),
                        vec![format!("GET {path}")],
                        at,
                    ));
                }
            }
            Known::Removed(which, place) => {
                let document = which.index(self.documents.len());
                let (at, name) = place.get(&self.operations[document]).clone();
                // One is enough for all that was used to stay in use somewhere, or to go with it.
                if self.removed.is_empty() && self.touch(document, &at) {
                    let (item, method) = at.rsplit_once('/').unwrap();
                    let item = self.documents[document].value.pointer_mut(item).unwrap();
                    item.as_object_mut().unwrap().remove(method).unwrap();
                    self.removed.insert(name.clone());
                    self.expected.push((
                        "operation-removed".to_owned(),
                        self.title(document),
                        vec![name],
                        at,
                    ));
                }
            }
            Known::Version(which) => {
                let document = which.index(self.documents.len());
                if self.touch(document, "/info/version") {
                    self.documents[document].value["info"]["version"] = json!("99.0.0");
                    let expected = (
                        "api-version-changed".to_owned(),
                        self.title(document),
                        Vec::new(),
                        "/info/version".to_owned(),
                    );
                    self.expected.push(expected);
                }
            }
            Known::Server(which) => {
                let document = which.index(self.documents.len());
                if self.touch(document, "/servers") {
                    self.documents[document].value["servers"]
                        .as_array_mut()
                        .unwrap()
                        .push(json!({ "url": "https://surprise.example" }));
                    let all = self.all(document);
                    self.expected.push((
                        "server-added".to_owned(),
                        self.title(document),
                        all,
                        "/servers".to_owned(),
                    ));
                }
            }
        }
    }

    /// What has to be found: what only a removed operation used is not compared any more.
    fn expected(&self) -> Vec<Expected> {
        let mut expected = Vec::new();
        for (kind, api, mut operations, at) in self.expected.iter().cloned() {
            if kind != "operation-removed" && !operations.is_empty() {
                operations.retain(|name| !self.removed.contains(name));
                if operations.is_empty() {
                    continue;
                }
            }
            operations.sort();
            expected.push((kind, api, operations, at));
        }
        expected.sort();
        expected
    }
}

fn found(report: &Report) -> Vec<Expected> {
    let one = |finding: &ApiFinding| {
        let place = finding.new.as_ref().or(finding.old.as_ref()).unwrap();
        let operations = finding.operations.iter().map(ToString::to_string).collect();
        (finding.kind.to_owned(), finding.api.clone(), operations, place.pointer.clone())
    };
    let mut found: Vec<Expected> = report.findings.iter().map(one).collect();
    found.sort();
    found
}

fn inverse(id: &str) -> String {
    kinds::by_id(id).unwrap().inverse.to_owned()
}

fn sorted(mut kinds: Vec<String>) -> Vec<String> {
    kinds.sort();
    kinds
}

#[test]
fn known_changes_of_the_published_documents_are_found_exactly_and_mirrored() {
    let originals = published();
    let untouched = Changer::new(&originals);
    let seen = RefCell::new(BTreeSet::new());
    let result = runner(100).run(&prop::collection::vec(known(), 1..=6), |changes| {
        let mut changer = untouched.clone();
        for change in &changes {
            changer.apply(change);
        }
        let there = compared(&originals, &changer.documents);
        prop_assert_eq!(found(&there), changer.expected());
        let back = compared(&changer.documents, &originals);
        let kinds = |report: &Report| {
            report.findings.iter().map(|finding| finding.kind.to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(sorted(kinds(&back)), sorted(kinds(&there).iter().map(|id| inverse(id)).collect()));
        seen.borrow_mut().extend(kinds(&there));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    assert!(seen.len() >= 35, "only {} kinds came up: {seen:?}", seen.len());
}

/// Brings a document into another form without changing what it means.
type Form = fn(&mut Document);

fn each_schema(document: &mut Value, mut change: impl FnMut(&str, &mut Value)) {
    walk::schemas_mut(document, &mut |at, schema| {
        change(at, schema);
        Ok(())
    })
    .unwrap();
}

/// Reverses every list whose order means nothing.
fn reverse(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                if let Value::Array(list) = child
                    && matches!(
                        key.as_str(),
                        "parameters" | "required" | "enum" | "tags" | "servers" | "security"
                    )
                {
                    list.reverse();
                }
                reverse(child);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(reverse),
        _ => {}
    }
}

fn rename(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                match child {
                    Value::String(target) if key == "$ref" => target.push_str("Renamed"),
                    _ => rename(child),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(rename),
        _ => {}
    }
}

const FORMS: [Form; 10] = [
    |document| {
        let text = serde_json::to_string(&document.value).unwrap();
        *document = Document::parse("renamed.json", &text).unwrap();
    },
    |document| reverse(&mut document.value),
    // References are written out, one level deep.
    |document| {
        let schemas = document.value["components"]["schemas"].clone();
        each_schema(&mut document.value, |at, schema| {
            if !at.starts_with("/components/")
                && let Some(target) = schema.get("$ref").and_then(Value::as_str)
            {
                *schema = schemas[target.rsplit('/').next().unwrap()].clone();
            }
        });
    },
    |document| {
        rename(&mut document.value);
        let schemas = document.value["components"]["schemas"].as_object_mut().unwrap();
        *schemas =
            std::mem::take(schemas).into_iter().map(|(name, schema)| (name + "Renamed", schema)).collect();
    },
    // What components hold inline becomes components.
    |document| {
        let schemas = document.value["components"]["schemas"].as_object_mut().unwrap();
        let mut fresh = Vec::new();
        for (name, schema) in schemas.iter_mut() {
            for (property, inner) in
                schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
            {
                let moved = format!("Moved.{name}.{}", property.replace(['/', '~'], "."));
                let reference = json!({ "$ref": format!("#/components/schemas/{moved}") });
                fresh.push((moved, std::mem::replace(inner, reference)));
            }
        }
        schemas.extend(fresh);
    },
    |document| {
        document.value["openapi"] = json!("3.1.0");
        each_schema(&mut document.value, |_, schema| {
            let Some(map) = schema.as_object_mut() else { return };
            if map.remove("nullable") == Some(json!(true)) {
                match map.get("type").cloned() {
                    Some(kind) => map.insert("type".to_owned(), json!([kind, "null"])),
                    None => {
                        let rest = Value::Object(std::mem::take(map));
                        map.insert("anyOf".to_owned(), json!([rest, { "type": "null" }]))
                    }
                };
            }
        });
    },
    |document| {
        document.value["info"]["description"] = json!("words");
        document.value["info"]["contact"] = json!({ "email": "a@example.com" });
        let mut count = 0;
        each_schema(&mut document.value, |_, schema| {
            count += 1;
            if schema.get("$ref").is_none() {
                schema["description"] = json!(format!("words {count}"));
                schema["example"] = json!(count);
            }
        });
        walk::operations_mut(&mut document.value, |_, operation| {
            operation.insert("summary".to_owned(), json!("words"));
            operation.insert("description".to_owned(), json!("words"));
            operation.insert("externalDocs".to_owned(), json!({ "url": "https://example.com" }));
            Ok(())
        })
        .unwrap();
    },
    |document| {
        each_schema(&mut document.value, |at, schema| {
            if at.ends_with("/schema") {
                *schema = json!({ "allOf": [schema.take()] });
            }
        });
    },
    |document| {
        walk::operations_mut(&mut document.value, |_, operation| {
            let mut parts: Vec<&mut Value> = Vec::new();
            for (key, value) in operation.iter_mut() {
                match key.as_str() {
                    "requestBody" => parts.push(value),
                    "responses" => parts.extend(value.as_object_mut().unwrap().values_mut()),
                    _ => {}
                }
            }
            for content in parts.into_iter().filter_map(|part| part.get_mut("content")?.as_object_mut()) {
                let written = |name: String| name.replace("application", "Application").replace(';', " ; ");
                *content =
                    std::mem::take(content).into_iter().map(|(name, media)| (written(name), media)).collect();
            }
            Ok(())
        })
        .unwrap();
    },
    // What parameters mean without saying it is left out; unused components go.
    |document| {
        walk::operations_mut(&mut document.value, |_, operation| {
            for parameter in
                operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
            {
                let map = parameter.as_object_mut().unwrap();
                let query = map["in"] == "query";
                if map.get("explode") == Some(&json!(query)) {
                    map.remove("explode");
                }
                map.remove("style");
                if map.get("required") == Some(&json!(false)) {
                    map.remove("required");
                }
            }
            Ok(())
        })
        .unwrap();
        let text = document.value.to_string();
        let schemas = document.value["components"]["schemas"].as_object_mut().unwrap();
        schemas.retain(|name, _| text.contains(&format!("#/components/schemas/{name}\"")));
    },
];

#[test]
fn each_form_changes_the_published_documents_and_nothing_of_what_they_mean() {
    let originals = published();
    for (index, form) in FORMS.iter().enumerate() {
        let mut others = originals.clone();
        others.iter_mut().for_each(form);
        let touched = originals.iter().zip(&others).any(|(a, b)| a.value != b.value || a.name != b.name);
        assert!(touched, "form {index} does nothing");
        for (old, new) in [(&originals, &others), (&others, &originals)] {
            let report = compared(old, new);
            assert!(
                report.is_empty(),
                "form {index}: {:#?}",
                &report.findings[..report.findings.len().min(3)]
            );
        }
    }
}

#[test]
fn published_documents_in_any_forms_at_once_do_not_differ() {
    let originals = published();
    let strategy = (prop::collection::vec(any::<Index>(), 2..5), prop::collection::vec(any::<Index>(), 0..3));
    let result = runner(20).run(&strategy, |(one, other)| {
        let formed = |forms: &[Index]| {
            let mut documents = originals.clone();
            let forms: BTreeSet<usize> = forms.iter().map(|form| form.index(FORMS.len())).collect();
            forms.iter().for_each(|form| documents.iter_mut().for_each(FORMS[*form]));
            documents
        };
        let report = compared(&formed(&one), &formed(&other));
        prop_assert!(report.is_empty(), "{:#?}", report.findings.first());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn no_mutation_of_a_published_document_makes_the_comparison_panic_or_lose_the_place() {
    let all = published();
    let tally = RefCell::new((0_u32, 0_u32));
    let strategy = (any::<Index>(), prop::collection::vec(mutation(), 1..=3));
    let result = runner(1_000).run(&strategy, |(which, mutations)| {
        let original = which.get(&all);
        let mut document = original.clone();
        let done: Vec<String> =
            mutations.iter().filter_map(|it| it.apply(&mut document.value, &all)).collect();
        let (old, new) = ([original.clone()], [document]);
        let run = || {
            (
                compare(&old, &new, Prose::Compared).map(Report::of_api),
                compare(&new, &old, Prose::Compared).map(Report::of_api),
            )
        };
        let (there, back) = catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| TestCaseError::fail(format!("it panicked after {done:?}")))?;
        prop_assert_eq!(there.is_ok(), back.is_ok());
        match (there, back) {
            (Ok(there), Ok(back)) => {
                tally.borrow_mut().0 += 1;
                let kinds = |report: &Report| {
                    report.findings.iter().map(|finding| finding.kind.to_owned()).collect::<Vec<_>>()
                };
                let inverses = kinds(&there).iter().map(|id| inverse(id)).collect();
                prop_assert_eq!(sorted(kinds(&back)), sorted(inverses), "after {:?}", done);
            }
            (Err(error), _) | (_, Err(error)) => {
                tally.borrow_mut().1 += 1;
                prop_assert_eq!(&error.document, &original.name);
                prop_assert!(is_pointer(&error.pointer), "{} after {:?}", error, done);
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (compared, refused) = tally.into_inner();
    assert!(compared > 100 && refused > 100, "{compared} compared, {refused} refused");
}
