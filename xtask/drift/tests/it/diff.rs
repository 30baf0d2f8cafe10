//! The comparison of published documents: every kind of change, and nothing where nothing changed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use xtask_drift::{
    Report,
    api::{
        Prose, compare,
        kinds::{self, Direction},
    },
};
use xtask_openapi::{Document, pointer};
use xtask_testing::{fixtures, published};

fn cases() -> Value {
    xtask_testing::read(&fixtures("diff").join("kinds.yaml")).unwrap().value
}

fn list<'v>(cases: &'v Value, key: &str) -> &'v Vec<Value> {
    let list = cases[key].as_array().unwrap();
    assert!(!list.is_empty(), "no {key}");
    list
}

/// Sets a place of a list of documents; null removes it.
fn put(documents: &mut Value, at: &str, value: &Value) {
    let (parent, _) = at.rsplit_once('/').unwrap();
    let key = pointer::tokens(at).last().unwrap();
    match documents.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Object(map) if value.is_null() => {
            map.remove(&key).unwrap_or_else(|| panic!("nothing to remove at {at}"));
        }
        Value::Object(map) => {
            map.insert(key, value.clone());
        }
        Value::Array(list) if value.is_null() => {
            list.remove(key.parse().unwrap());
        }
        other => panic!("{at} is in {other}"),
    }
}

fn documents(value: &Value) -> Vec<Document> {
    let document =
        |(index, value): (usize, &Value)| Document { name: format!("{index}.yaml"), value: value.clone() };
    value.as_array().unwrap().iter().enumerate().map(document).collect()
}

fn compared(old: &[Document], new: &[Document]) -> Report {
    Report::of_api(compare(old, new, Prose::Compared).unwrap_or_else(|error| panic!("{error}")))
}

/// The kinds of a report, sorted.
fn found(report: &Report) -> Vec<&'static str> {
    let mut found: Vec<&str> = report.findings.iter().map(|finding| finding.kind).collect();
    found.sort_unstable();
    found
}

fn inverses(kinds: &[&str]) -> Vec<&'static str> {
    let inverse = |id: &&str| kinds::by_id(id).unwrap_or_else(|| panic!("no kind {id}")).inverse;
    let mut inverses: Vec<&str> = kinds.iter().map(inverse).collect();
    inverses.sort_unstable();
    inverses
}

const BODY: &str = "/0/paths/~1things/post/requestBody/content/application~1json/schema/properties/it";
const ANSWER: &str = "/0/paths/~1things/post/responses/201/content/application~1json/schema/properties/it";

fn prefix(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Request => ("request", BODY),
        Direction::Response => ("response", ANSWER),
    }
}

/// Every pair of documents with the kinds that it has to give.
fn pairs() -> Vec<(Vec<String>, Value, Value)> {
    let cases = cases();
    let mut pairs = Vec::new();
    let expected = |case: &Value, prefix: &str| {
        let mut kinds: Vec<String> =
            list(case, "kinds").iter().map(|kind| format!("{prefix}{}", kind.as_str().unwrap())).collect();
        kinds.sort_unstable();
        kinds
    };
    for case in list(&cases, "schemas") {
        for direction in [Direction::Request, Direction::Response] {
            let (prefix, at) = prefix(direction);
            let (mut old, mut new) = (cases["base"].clone(), cases["base"].clone());
            put(&mut old, at, &case["old"]);
            put(&mut new, at, &case["new"]);
            pairs.push((expected(case, &format!("{prefix}-")), old, new));
        }
    }
    for case in list(&cases, "places") {
        let (mut old, mut new) = (cases["base"].clone(), cases["base"].clone());
        for change in list(case, "changes") {
            let at = change["at"].as_str().unwrap();
            for (side, key) in [(&mut old, "old"), (&mut new, "new")] {
                if let Some(value) = change.get(key) {
                    put(side, at, value);
                }
            }
        }
        pairs.push((expected(case, ""), old, new));
    }
    pairs
}

#[test]
fn each_pair_gives_its_kinds_and_swapped_their_inverses() {
    for (expected, old, new) in pairs() {
        let (old, new) = (documents(&old), documents(&new));
        let there = compared(&old, &new);
        assert_eq!(found(&there), expected, "{there:#?}");
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert_eq!(found(&compared(&new, &old)), inverses(&expected), "the way back of {expected:?}");
    }
}

#[test]
fn each_kind_has_a_pair() {
    let mut seen = BTreeSet::new();
    for (expected, _, _) in pairs() {
        for id in expected {
            let kind = kinds::by_id(&id).unwrap_or_else(|| panic!("no kind {id}"));
            seen.extend([kind.id, kind.inverse]);
        }
    }
    let missing: Vec<&str> = kinds::all().map(|kind| kind.id).filter(|id| !seen.contains(id)).collect();
    assert!(missing.is_empty(), "no pair for {missing:?}");
}

#[test]
fn each_finding_says_where_it_is_and_what_stood_there() {
    for (_, old, new) in pairs() {
        let (before, after) = (documents(&old), documents(&new));
        for finding in compared(&before, &after).findings {
            let kind = kinds::by_id(finding.kind).unwrap();
            assert_eq!((finding.level, finding.direction), (kind.level, kind.direction));
            assert!(finding.old.is_some() || finding.new.is_some(), "{finding:#?}");
            for (place, side) in [(&finding.old, &before), (&finding.new, &after)] {
                let Some(place) = place else { continue };
                let document = side.iter().find(|document| document.name == place.file).unwrap();
                // A document that names no servers, tags or security says so by leaving them out.
                let implied = ["/servers", "/tags", "/security", "/info"];
                let there = document.value.pointer(&place.pointer).is_some();
                assert!(there || implied.iter().any(|end| place.pointer.ends_with(end)), "{finding:#?}");
            }
            assert!(finding.text.starts_with(kind.what), "{}", finding.text);
            assert_eq!(
                finding.operations.is_empty(),
                finding.kind.starts_with("api-") || finding.kind.starts_with("security-scheme-"),
                "{finding:#?}"
            );
        }
    }
}

#[test]
fn schemas_that_say_the_same_in_another_form_do_not_differ() {
    let cases = cases();
    for pair in list(&cases, "same") {
        for at in [BODY, ANSWER] {
            let (mut old, mut new) = (cases["base"].clone(), cases["base"].clone());
            put(&mut old, at, &pair[0]);
            put(&mut new, at, &pair[1]);
            for (a, b) in [(&old, &new), (&new, &old)] {
                let report = Report::of_api(compare(&documents(a), &documents(b), Prose::LeftOut).unwrap());
                assert!(report.is_empty(), "{pair}: {:?}", found(&report));
            }
        }
    }
}

#[test]
fn words_are_left_out_unless_they_are_asked_for() {
    let (mut words, mut others) = (0, 0);
    for (expected, old, new) in pairs() {
        let expected: Vec<&str> = expected
            .iter()
            .map(String::as_str)
            .filter(|id| {
                let prose = kinds::by_id(id).unwrap().prose;
                *if prose { &mut words } else { &mut others } += 1;
                !prose
            })
            .collect();
        let report = Report::of_api(compare(&documents(&old), &documents(&new), Prose::LeftOut).unwrap());
        assert_eq!(found(&report), expected);
    }
    assert!(words > 5 && others > 60, "{words} of words, {others} others");
}

#[test]
fn the_published_documents_do_not_differ_from_themselves() {
    assert_eq!(published().len(), 9);
    assert!(compared(&published(), &published()).is_empty());
}

#[test]
fn a_shared_component_is_reported_once_a_direction_with_all_operations() {
    let operation = |id: &str| {
        json!({
            "operationId": id,
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Tree" } } } },
            "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Alias" } } } } },
        })
    };
    let document = |leaf: Value| {
        let operations: Value =
            (0..50).map(|index| (format!("/v1/{index}"), json!({ "post": operation("a") }))).collect();
        json!([{
            "openapi": "3.1.0",
            "info": { "title": "Trees", "version": "1" },
            "paths": operations,
            "components": { "schemas": {
                "Alias": { "$ref": "#/components/schemas/Tree", "description": "words" },
                "Tree": { "type": "object", "properties": {
                    "leaf": leaf,
                    "parent": { "$ref": "#/components/schemas/Tree" },
                    "children": { "type": "array", "items": { "$ref": "#/components/schemas/Alias" } },
                } },
            } },
        }])
    };
    let (old, new) =
        (document(json!({ "type": "string" })), document(json!({ "type": "string", "format": "uuid" })));
    let report = compared(&documents(&old), &documents(&new));
    assert_eq!(found(&report), ["request-format-added", "response-format-added"]);
    for finding in &report.findings {
        assert_eq!(finding.operations.len(), 50);
        let place = finding.new.as_ref().unwrap();
        assert_eq!(place.pointer, "/components/schemas/Tree/properties/leaf/format");
        assert!(finding.text.contains("Tree.leaf"), "{}", finding.text);
    }
}

#[test]
fn a_long_chain_of_components_is_followed_to_its_end() {
    const LENGTH: usize = 3_000;
    let document = |last: &str| {
        let next = |index: usize| json!({ "$ref": format!("#/components/schemas/C{}", index + 1) });
        let schema = |index: usize| match index % 4 {
            _ if index == LENGTH => json!({ "type": last }),
            0 => json!({ "type": "object", "properties": { "next": next(index), "first": next(0) } }),
            1 => next(index),
            2 => json!({ "oneOf": [next(index), { "type": "string" }] }),
            _ => json!({ "allOf": [next(index)], "nullable": true }),
        };
        let schemas: Value = (0..=LENGTH).map(|index| (format!("C{index}"), schema(index))).collect();
        let body =
            json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/C0" } } } });
        json!([{
            "openapi": "3.0.0",
            "info": { "title": "Chain", "version": "1" },
            "paths": { "/": { "put": { "requestBody": body, "responses": {} } } },
            "components": { "schemas": schemas },
        }])
    };
    let report = compared(&documents(&document("integer")), &documents(&document("boolean")));
    assert_eq!(found(&report), ["request-type-changed"]);
}

#[test]
fn documents_that_cannot_be_compared_are_refused_with_the_place() {
    let document = |schema: Value| {
        json!([{
            "openapi": "3.0.0",
            "info": { "title": "A", "version": "1" },
            "paths": { "/a": { "get": { "responses": { "200": {
                "content": { "application/json": { "schema": schema } },
            } } } } },
            "components": { "schemas": { "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" } } },
        }])
    };
    let at = |below: &str| format!("/paths/~1a/get/responses/200/content/application~1json/schema{below}");
    let without = |place: &str| {
        let mut documents = document(json!({}));
        put(&mut documents, place, &Value::Null);
        documents
    };
    for (documents_of, place, problem) in [
        (json!([7]), String::new(), "is not an object"),
        (json!([{ "swagger": "2.0" }]), String::new(), "does not say `openapi: 3.…`"),
        (without("/0/info/title"), "/info".to_owned(), "has no title"),
        (document(json!({ "$ref": "#/no/where" })), at("/$ref"), "leads nowhere"),
        (document(json!({ "$ref": "other.yaml#/A" })), at("/$ref"), "leads out of the document"),
        (document(json!({ "$ref": "#/components/schemas/A" })), at(""), "without an end"),
        (document(json!({ "type": 7 })), at("/type"), "neither a type nor a list of types"),
        (document(json!({ "enum": "A" })), at("/enum"), "is not a list"),
        (document(json!({ "required": [1] })), at("/required"), "does not list names"),
        (document(json!({ "properties": [] })), at("/properties"), "is not an object"),
        (document(json!({ "items": "A" })), at("/items"), "is not a schema"),
        (document(json!({ "maxLength": "7" })), at("/maxLength"), "is not a number"),
        (document(json!({ "nullable": "true" })), at("/nullable"), "neither true nor false"),
    ] {
        let bad = documents(&documents_of);
        for (old, new) in [(&bad[..], &[][..]), (&[][..], &bad[..])] {
            let error = compare(old, new, Prose::LeftOut).unwrap_err();
            assert_eq!(
                (error.document.as_str(), error.pointer.as_str()),
                ("0.yaml", place.as_str()),
                "{error}"
            );
            assert!(error.problem.contains(problem), "{error}");
        }
    }
}

#[test]
fn the_path_of_an_address_belongs_to_the_url_wherever_it_is_written() {
    let document = |server: &str, path: &str| Document {
        name: "a.yaml".to_owned(),
        value: json!({
            "openapi": "3.0.1", "info": { "title": "A", "version": "1" },
            "servers": [{ "url": server }],
            "paths": { path: { "get": { "responses": { "200": { "description": "d" } } } } },
        }),
    };
    let kinds = |old: &Document, new: &Document| -> Vec<&str> {
        let (old, new) = (std::slice::from_ref(old), std::slice::from_ref(new));
        let findings = compare(old, new, Prose::LeftOut).unwrap();
        findings.iter().map(|finding| finding.kind).collect()
    };
    let one = document("https://a.example/v1", "/things/{id}");
    for (server, path) in [
        ("https://a.example", "/v1/things/{id}"),
        ("https://a.example/", "/v1/things/{name}"),
        ("https://A.example:443/v1/", "/things/{id}"),
    ] {
        let other = document(server, path);
        assert_eq!(kinds(&one, &other), Vec::<&str>::new(), "{server}{path}");
        assert_eq!(kinds(&other, &one), Vec::<&str>::new(), "{server}{path}");
    }
    let next = document("https://a.example/v2", "/things/{id}");
    assert_eq!(kinds(&one, &next), ["operation-removed", "operation-added"]);
    let elsewhere = document("https://b.example/v1", "/things/{id}");
    assert_eq!(kinds(&one, &elsewhere), ["server-removed", "server-added"]);
}
