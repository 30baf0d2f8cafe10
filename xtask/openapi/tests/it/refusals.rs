//! One run names everything that is in its way.

use serde_json::json;
use xtask_openapi::{Refusals, normalise, normalise::Idle, pointer};
use xtask_testing::{overlays, published};

/// Where each refusal is, in order.
fn places(refusals: &Refusals) -> Vec<(String, String)> {
    refusals.iter().map(|error| (error.document.clone(), error.pointer.clone())).collect()
}

#[test]
fn every_overlay_action_that_lost_its_operation_is_named_in_one_run() {
    let mut documents = published();
    let export = documents.iter_mut().find(|document| document.name == "export.yaml").unwrap();
    export.value["paths"] = json!({});
    let refusals = normalise(documents, &overlays(), Idle::Refused).unwrap_err();
    let all = refusals.iter().count();
    assert!(all >= 40 && refusals.iter().all(|error| error.document == "export.yaml"), "{refusals}");
    assert_eq!(refusals.to_string().matches(" --> export.yaml#/actions/").count(), all);
    assert!(refusals.to_string().ends_with(&format!("{all} problems in all")), "{refusals}");
}

#[test]
fn unknown_keys_of_all_documents_are_named_in_one_run() {
    let mut documents = published();
    for document in documents.iter_mut().take(3) {
        document.value["surprise"] = json!(1);
        document.value["info"]["another"] = json!(2);
    }
    let names: Vec<String> = documents.iter().take(3).map(|document| document.name.clone()).collect();
    let refusals = normalise(documents, &overlays(), Idle::Refused).unwrap_err();
    let expected: Vec<_> = names
        .iter()
        .flat_map(|name| ["/info/another", "/surprise"].map(|at| (name.clone(), at.to_owned())))
        .collect();
    assert_eq!(places(&refusals), expected);
}

#[test]
fn what_one_step_refuses_in_several_operations_and_documents_is_named_in_one_run() {
    let mut documents = published();
    let mut expected = Vec::new();
    for document in &mut documents[5..7] {
        let stem = document.stem().to_owned();
        let paths = document.value["paths"].as_object_mut().unwrap();
        for brace in ["b}", "{a"] {
            let path = format!("/{stem}/{brace}");
            let at = pointer::push(&pointer::push("/paths", &path), "get");
            expected.push((document.name.clone(), at));
            paths.insert(path, json!({ "get": { "responses": { "204": { "description": "Done." } } } }));
        }
    }
    let refusals = normalise(documents, &overlays(), Idle::Refused).unwrap_err();
    assert_eq!(places(&refusals), expected, "{refusals}");
}

#[test]
fn the_host_of_a_document_hides_nothing_else_that_is_in_the_way() {
    let mut documents = published();
    documents[0].value["servers"] = json!([{ "url": "https://x.example" }]);
    let mut expected = vec![(documents[0].name.clone(), "/servers/0/url".to_owned())];
    for (document, path) in documents.iter_mut().zip(["/{a", "/b}"]) {
        document.value["paths"][path] =
            json!({ "get": { "responses": { "204": { "description": "Done." } } } });
        expected.push((document.name.clone(), pointer::push("/paths", path) + "/get"));
    }
    let refusals = normalise(documents, &overlays(), Idle::Refused).unwrap_err();
    assert_eq!(places(&refusals), expected, "{refusals}");
}
