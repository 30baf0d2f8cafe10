//! The same documents give the same bytes, whatever their order, and a change in one API stays in
//! the generated code of that API.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Value, json};
use xtask_codegen::{self as generate, Files};
use xtask_openapi::{Document, normalise, normalise::Idle};
use xtask_testing::{overlays, published};

fn files(documents: Vec<Document>) -> Files {
    let normalised =
        normalise(documents, &overlays(), Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
    generate::generate(&normalised).unwrap_or_else(|error| panic!("{error}"))
}

/// The files that differ, are new or are gone.
fn changed(before: &Files, after: &Files) -> BTreeSet<String> {
    let paths = before.keys().chain(after.keys());
    paths.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// A value as JSON text in which the keys of every object are in reverse order.
fn reversed(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            out.push('{');
            for (index, (key, child)) in map.iter().rev().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let _ = write!(out, "{comma}{}:", Value::from(key.as_str()));
                reversed(child, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, child) in list.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                reversed(child, out);
            }
            out.push(']');
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

/// Changes one document and gives the files that change with it.
fn changed_by(name: &str, change: impl FnOnce(&mut Value)) -> BTreeSet<String> {
    let before = files(published());
    let mut documents = published();
    let document = documents.iter_mut().find(|document| document.name == name).unwrap();
    change(&mut document.value);
    changed(&before, &files(documents))
}

/// Holds that `changed` are files of one family, all of `expected` among them, and what is made
/// of the whole.
fn assert_stays_in(family: &str, changed: &BTreeSet<String>, expected: &[&str]) {
    let folder = format!("{}/{family}/", generate::CLIENT);
    for file in expected {
        assert!(changed.contains(&format!("{folder}{file}")), "{file} did not change; {changed:?} did");
    }
    let whole = [generate::OPENAPI, generate::OPENAPI_COPY, generate::REPORT, generate::CALLS];
    let others: Vec<_> =
        changed.iter().filter(|path| !path.starts_with(&folder) && !whole.contains(&path.as_str())).collect();
    assert!(others.is_empty(), "files of other APIs changed: {others:?}");
    assert!(changed.contains(generate::OPENAPI));
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    assert_eq!(changed(&files(published()), &files(published())), BTreeSet::new());
}

#[test]
fn the_order_of_documents_and_keys_changes_nothing() {
    let before = files(published());
    let turned = published()
        .into_iter()
        .rev()
        .map(|document| {
            let mut text = String::new();
            reversed(&document.value, &mut text);
            assert!(text.find("\"openapi\"") > text.find("\"paths\""), "the keys are reversed");
            Document::parse(document.name, &text).unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    assert_eq!(changed(&before, &files(turned)), BTreeSet::new());
}

#[test]
fn a_change_in_webhooks_touches_the_generated_code_of_webhooks_only() {
    let changed = changed_by("webhook-subscriptions.yaml", |document| {
        let model = &mut document["components"]["schemas"]["SubscriptionModel"]["properties"];
        assert!(model.is_object(), "the document describes SubscriptionModel");
        model["nickname"] = json!({ "type": "string", "description": "A name of one's own." });
        let get = &mut document["paths"]["/v1/subscriptions"]["get"];
        assert!(get.is_object(), "the document describes the list of subscriptions");
        let parameter = json!({ "name": "nickname", "in": "query", "schema": { "type": "string" } });
        match get["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(parameter),
            None => get["parameters"] = json!([parameter]),
        }
    });
    assert_stays_in("webhooks", &changed, &["types.rs", "builder.rs", "operations.rs"]);
    assert!(changed.contains(generate::CALLS));
}

#[test]
fn a_change_in_export_touches_the_generated_code_of_export_only() {
    let changed = changed_by("export.yaml", |document| {
        let path = document["paths"].as_object_mut().unwrap();
        let item = path.get_mut("/v3/export-jobs").unwrap();
        let parameters = item["get"]["parameters"].as_array_mut().unwrap();
        parameters.push(json!({ "name": "nickname", "in": "query", "schema": { "type": "string" } }));
        let properties = &mut document["components"]["schemas"]["ExportJob"]["properties"];
        assert!(properties.is_object(), "the document describes ExportJob");
        properties["nickname"] = json!({ "type": "string" });
    });
    assert_stays_in("export", &changed, &["types.rs", "builder.rs", "operations.rs"]);
}
