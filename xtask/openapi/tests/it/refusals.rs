//! One run names everything that is in its way.

use serde_json::json;
use xtask_openapi::{Refusals, normalise, normalise::Idle, overlay::Overlay};
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
    let of_export = refusals.iter().filter(|error| error.document == "export.yaml").count();
    assert!(of_export > 40, "{of_export} of {} are about export.yaml", refusals.iter().count());
    assert!(refusals.to_string().contains(&format!("{} problems in all", refusals.iter().count())));
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
    documents.retain(|document| ["vendors.yaml", "oberon.yaml"].contains(&document.name.as_str()));
    let mut expected = Vec::new();
    for document in &mut documents {
        let paths = document.value["paths"].as_object_mut().unwrap();
        let (path, mut item) = paths.iter().next().map(|(path, item)| (path.clone(), item.clone())).unwrap();
        for operation in item.as_object_mut().unwrap().values_mut() {
            operation["operationId"] = json!(format!("odd {}", operation["operationId"]));
        }
        // A brace without its pair, twice.
        for odd in ["/odd/{a", "/odd/b}"] {
            paths.insert(format!("{odd}{}", path.len()), item.clone());
            expected.push(document.name.clone());
        }
    }
    let own: Vec<Overlay> = Vec::new();
    let refusals = normalise(documents, &own, Idle::Allowed).unwrap_err();
    let named: std::collections::BTreeSet<_> = refusals.iter().map(|error| error.document.clone()).collect();
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["oberon.yaml", "vendors.yaml"]);
    assert!(refusals.iter().count() >= expected.len(), "{refusals}");
}
