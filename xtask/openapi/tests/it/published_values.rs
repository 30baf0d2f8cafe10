//! The clean document takes exactly the values that the published ones take.
//!
//! Every schema of every published document is held against its counterpart in the clean one, by a
//! strict validator and value by value: those that the schema asks for, and small changes of them.
//! Where the two are meant to differ, the difference is listed in [`INTENDED`], each with its reason.

use std::collections::BTreeMap;

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};
use xtask_openapi::{Document, normalise, normalise::Idle, overlay, passes, pointer, walk};
use xtask_testing::{overlays, published};

/// A difference that is meant: what the published document would have to say to allow the same values.
struct Intended {
    what: &'static str,
    why: &'static str,
    /// Changes the published document; `marked` is the same one with the overlays in it.
    change: fn(&mut Value, marked: &Value),
}

const INTENDED: [Intended; 4] = [
    Intended {
        what: "a string that an overlay marks with an enum takes the values of that enum only",
        why: "Pleo lists them in a component that nothing refers to; code reads them as an open enum",
        change: type_strings,
    },
    Intended {
        what: "an object without properties as the values of a map is any value",
        why: "that is how Pleo's generator writes any value, and real metadata holds strings and numbers",
        change: any_values,
    },
    Intended {
        what: "a bound of the length beside an enum is not held against values",
        why: "Pleo's list of countries holds UNDEFINED and asks for two characters; the list says which values there are",
        change: no_bounds_of_enums,
    },
    Intended {
        what: "a pattern such as YYYY-MM-DD is not held against values",
        why: "it is not a regular expression, and as one it matches no date",
        change: no_date_patterns,
    },
];

fn type_strings(published: &mut Value, marked: &Value) {
    fn each(published: &mut Value, marked: &Value) {
        if let Some(name) = marked.get("x-pleo-enum").and_then(Value::as_str) {
            let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
            *published = match published.get("nullable") == Some(&json!(true)) {
                true => json!({ "anyOf": [reference, { "enum": [null] }] }),
                false => reference,
            };
            return;
        }
        match (published, marked) {
            (Value::Object(published), Value::Object(marked)) => {
                for (key, value) in published {
                    if let Some(marked) = marked.get(key) {
                        each(value, marked);
                    }
                }
            }
            (Value::Array(published), Value::Array(marked)) => {
                published.iter_mut().zip(marked).for_each(|(published, marked)| each(published, marked));
            }
            _ => {}
        }
    }
    each(published, marked);
}

fn any_values(published: &mut Value, _: &Value) {
    schemas(published, &mut |schema| {
        if let Some(Value::Object(values)) = schema.get_mut("additionalProperties")
            && values.keys().all(|key| matches!(key.as_str(), "type" | "nullable"))
            && values.get("type") == Some(&json!("object"))
        {
            values.clear();
        }
    });
}

fn no_date_patterns(published: &mut Value, _: &Value) {
    schemas(published, &mut |schema| {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if pattern.is_some_and(|pattern| pattern.to_ascii_lowercase().starts_with("yyyy")) {
            schema.remove("pattern");
        }
    });
}

fn no_bounds_of_enums(published: &mut Value, _: &Value) {
    schemas(published, &mut |schema| {
        if schema.contains_key("enum") {
            schema.remove("minLength");
            schema.remove("maxLength");
        }
    });
}

fn schemas(document: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    walk::schemas_mut(document, &mut |_, schema| {
        schema.as_object_mut().into_iter().for_each(&mut *change);
        Ok(())
    })
    .unwrap();
}

/// A document whose schemas can be held against values.
struct Side {
    root: Value,
    registry: Registry<'static>,
}

const BASE: &str = "test:///openapi.json";

impl Side {
    fn new(root: Value) -> Self {
        let registry = Registry::new().add(BASE, json_schema(&root)).unwrap().prepare().unwrap();
        Self { root, registry }
    }

    fn validator(&self, schema: &Value) -> Validator {
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .build(&json_schema(schema))
            .unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    fn followed<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        loop {
            schema = match (schema["$ref"].as_str(), schema["allOf"].as_array().map(Vec::as_slice)) {
                (Some(to), _) => self.root.pointer(to.trim_start_matches('#')).unwrap(),
                (None, Some([only])) => only,
                _ => return schema,
            };
        }
    }
}

/// A schema of OpenAPI 3.0.3, or a tree of them, as JSON Schema.
///
/// `nullable` means something beside a `type` only, and nothing where an enum does not list null;
/// what is beside a `$ref` means nothing; a `format` is a hint.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                return json!({ "$ref": format!("{BASE}{reference}") });
            }
            let mut converted: Map<String, Value> = members
                .iter()
                .map(|(name, value)| {
                    let literal = matches!(name.as_str(), "enum" | "default" | "example");
                    (name.clone(), if literal { value.clone() } else { json_schema(value) })
                })
                .collect();
            if converted.get("format").is_some_and(Value::is_string) {
                converted.remove("format");
            }
            if converted.get("nullable") == Some(&json!(true)) {
                converted.remove("nullable");
                if let Some(Value::String(kind)) = converted.get("type") {
                    let kinds = json!([kind, "null"]);
                    converted.insert("type".to_owned(), kinds);
                }
            }
            Value::Object(converted)
        }
        Value::Array(items) => items.iter().map(json_schema).collect(),
        other => other.clone(),
    }
}

/// A value that a schema asks for, as full as it gets.
fn full(side: &Side, schema: &Value, depth: usize) -> Value {
    let schema = side.followed(schema);
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(members) = schema["anyOf"].as_array() {
        return full(side, &members[0], depth);
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let deep = depth > 6;
            let required =
                |name: &String| schema["required"].as_array().is_some_and(|it| it.contains(&json!(name)));
            let mut object: Map<String, Value> = properties
                .filter(|(name, _)| !deep || required(name))
                .map(|(name, property)| (name.clone(), full(side, property, depth + 1)))
                .collect();
            if schema["additionalProperties"].is_object() && !deep {
                object.insert("a key".to_owned(), full(side, &schema["additionalProperties"], depth + 1));
            }
            Value::Object(object)
        }
        Some("array") if depth > 6 => json!([]),
        Some("array") => {
            let item = full(side, &schema["items"], depth + 1);
            let least = schema["minItems"].as_u64().unwrap_or(1).max(1);
            (0..least).map(|_| item.clone()).collect()
        }
        Some("string") => {
            let least = schema["minLength"].as_u64().unwrap_or_default() as usize;
            let text = match schema["format"].as_str() {
                Some("uuid") => "67e55044-10b1-426f-9247-bb680e5fe0c8",
                Some("date") => "2024-02-29",
                Some("date-time" | "date-or-date-time") => "2024-02-29T12:00:00Z",
                _ => "text",
            };
            json!(format!("{text}{}", "x".repeat(least.saturating_sub(text.len()))))
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        _ => json!({ "any": ["value"] }),
    }
}

/// Values around what a schema asks for. What it refers to is varied on its own account, so that here
/// null and other types are enough.
fn values(side: &Side, schema: &Value, depth: usize) -> Vec<Value> {
    let whole = full(side, schema, 0);
    let mut found = vec![
        whole.clone(),
        json!(null),
        json!("text"),
        json!(""),
        json!(7),
        json!(0.5),
        json!(true),
        json!([]),
        json!({}),
    ];
    if schema.get("$ref").is_some() && depth > 0 {
        return found;
    }
    let schema = side.followed(schema);
    found.extend(schema["enum"].as_array().into_iter().flatten().cloned());
    for key in ["minLength", "maxLength"] {
        for length in schema[key].as_u64().into_iter().filter(|length| *length < 10_000) {
            found.extend(
                [length.saturating_sub(1), length, length + 1].map(|n| json!("x".repeat(n as usize))),
            );
        }
    }
    for key in ["minimum", "maximum"] {
        if let Some(bound) = schema[key].as_i64() {
            found.extend([bound.saturating_sub(1), bound, bound.saturating_add(1)].map(Value::from));
        }
    }
    found.extend(
        ["2024-02-29", "2024-02-29T12:00:00Z", "YYYY-MM-DD", "DK", "a value that nobody lists"]
            .map(Value::from),
    );
    if schema.get("items").is_some() {
        found.extend(values(side, &schema["items"], depth + 1).into_iter().map(|item| json!([item])));
        for key in ["minItems", "maxItems"] {
            for count in schema[key].as_u64().into_iter().filter(|count| *count < 2_000) {
                let item = full(side, &schema["items"], 1);
                for n in [count.saturating_sub(1), count, count + 1] {
                    found.push((0..n).map(|_| item.clone()).collect());
                }
            }
        }
    }
    let Value::Object(whole) = whole else { return found };
    let with = |key: &str, value: Value| {
        let mut changed = whole.clone();
        changed.insert(key.to_owned(), value);
        Value::Object(changed)
    };
    found.push(with("a key that nobody lists", json!([1])));
    if schema["additionalProperties"].is_object() {
        let inner = values(side, &schema["additionalProperties"], depth + 1);
        found.extend(inner.into_iter().map(|value| with("a key", value)));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let mut without = whole.clone();
        without.remove(name);
        found.push(Value::Object(without));
        if depth < 2 {
            found.extend(values(side, property, depth + 1).into_iter().map(|value| with(name, value)));
        }
    }
    found
}

/// Each schema of a published document with its counterpart in the clean one.
fn counterparts(name: &str, document: &Value, clean: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (schema, body) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let at = pointer::push("/components/schemas", schema);
        let other = clean.pointer(&at).unwrap_or_else(|| panic!("{name}{at} is gone"));
        assert!(
            other["x-pleo-sources"].as_array().unwrap().contains(&json!(name)),
            "{name}{at} became another"
        );
        found.push((at, body.clone(), other.clone()));
    }
    for (place, operation) in walk::operations(document) {
        let other = &clean["paths"][&place.path][place.method];
        for (index, parameter) in
            operation.get("parameters").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let same = |it: &&Value| it["name"] == parameter["name"] && it["in"] == parameter["in"];
            let other = other["parameters"].as_array().unwrap().iter().find(same).unwrap();
            let at = format!("{}/parameters/{index}/schema", place.pointer);
            found.push((at, parameter["schema"].clone(), other["schema"].clone()));
        }
        let mut content = |at: String, part: &Value, other: &Value| {
            for (media, value) in part["content"].as_object().into_iter().flatten() {
                if let Some(schema) = value.get("schema") {
                    let other = &other["content"]["application/json"]["schema"];
                    assert!(other.is_object(), "{name}{at}/{media} is gone");
                    found.push((pointer::push(&at, media), schema.clone(), other.clone()));
                }
            }
        };
        if let Some(body) = operation.get("requestBody") {
            content(format!("{}/requestBody/content", place.pointer), body, &other["requestBody"]);
        }
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let kept = if other["responses"].get(status).is_some() { status } else { "2XX" };
            let at = pointer::push(&format!("{}/responses", place.pointer), status) + "/content";
            content(at, response, &other["responses"][kept]);
        }
    }
    found
}

/// A value that one of the two takes, by the place of the schema, for this many schemas at most; and how
/// many values were tried.
fn differences(name: &str, published: &Side, clean: &Side, most: usize) -> (BTreeMap<String, String>, usize) {
    let mut found = BTreeMap::new();
    let mut tried = 0;
    for (at, schema, other) in counterparts(name, &published.root, &clean.root) {
        if found.len() >= most {
            break;
        }
        let (one, two) = (published.validator(&schema), clean.validator(&other));
        let mut candidates = values(published, &schema, 0);
        candidates.extend(values(clean, &other, 0));
        tried += candidates.len();
        let told_apart = candidates.iter().find(|value| one.is_valid(value) != two.is_valid(value));
        if let Some(value) = told_apart {
            let by = if one.is_valid(value) { "published" } else { "clean" };
            found.insert(at, format!("only the {by} document takes {value}"));
        }
    }
    (found, tried)
}

struct Documents {
    clean: Value,
    /// The name of each published document, itself, and itself with the overlays.
    published: Vec<(String, Value, Value)>,
}

impl Documents {
    fn read() -> Self {
        let documents = published();
        let mut marked: Vec<Document> = documents.clone();
        overlay::apply_all(&mut marked, &overlays(), Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
        let normalised = normalise(documents.clone(), &overlays(), Idle::Refused)
            .unwrap_or_else(|error| panic!("{error}"));
        let published = documents
            .into_iter()
            .zip(marked)
            .map(|(document, marked)| (document.stem().to_owned(), document.value, marked.value))
            .collect();
        Self { clean: normalised.openapi, published }
    }

    /// The document of this name, in which these differences are none.
    fn changed(&self, name: &str, allowed: &[&Intended]) -> Value {
        let (_, value, marked) = self.published.iter().find(|(other, ..)| other == name).unwrap();
        let mut value = value.clone();
        for intended in allowed {
            (intended.change)(&mut value, marked);
        }
        value
    }
}

#[test]
fn the_clean_document_takes_the_values_that_the_published_ones_take() {
    let documents = Documents::read();
    let clean = Side::new(documents.clean.clone());
    let all: Vec<&Intended> = INTENDED.iter().collect();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (name, ..) in &documents.published {
        let (found, count) = differences(name, &Side::new(documents.changed(name, &all)), &clean, usize::MAX);
        wrong.extend(found.into_iter().map(|(at, difference)| format!("{name}{at}: {difference}")));
        tried += count;
    }
    println!("{tried} values");
    assert!(tried > 10_000, "{tried} values");
    assert!(wrong.is_empty(), "{} schemas differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_intended_difference_is_one() {
    let documents = Documents::read();
    let clean = Side::new(documents.clean.clone());
    let all: Vec<&Intended> = INTENDED.iter().collect();
    for left_out in &INTENDED {
        assert!(!left_out.why.is_empty());
        let others: Vec<&Intended> = INTENDED.iter().filter(|other| other.what != left_out.what).collect();
        let differs = documents.published.iter().any(|(name, ..)| {
            let value = documents.changed(name, &others);
            value != documents.changed(name, &all)
                && !differences(name, &Side::new(value), &clean, 1).0.is_empty()
        });
        assert!(differs, "nothing differs any more: {}", left_out.what);
    }
}

#[test]
fn a_clean_document_that_forbids_a_null_is_told_apart() {
    let documents = Documents::read();
    let all: Vec<&Intended> = INTENDED.iter().collect();
    let mut forbidding = documents.clean.clone();
    let schemas = forbidding["components"]["schemas"].as_object_mut().unwrap();
    let (name, schema) = schemas.iter_mut().find(|(_, schema)| schema["nullable"] == json!(true)).unwrap();
    let at = pointer::push("/components/schemas", name);
    schema.as_object_mut().unwrap().remove("nullable");
    let export = Side::new(documents.changed("export", &all));
    let (found, _) = differences("export", &export, &Side::new(forbidding), 1);
    assert_eq!(found.get(&at).map(String::as_str), Some("only the published document takes null"));
}

#[test]
fn every_pass_that_todays_documents_need_finds_something_to_do() {
    let normalised =
        normalise(published(), &overlays(), Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
    let all = passes::CLEAN.iter().chain(passes::LOWER);
    let idle: Vec<&str> = all
        .filter(|pass| pass.expect == passes::Expect::Today && normalised.report.count(pass.id) == 0)
        .map(|pass| pass.id)
        .collect();
    assert!(idle.is_empty(), "their reason is gone, so delete them or mark them `IfPresent`: {idle:?}");
}
