//! What is refused, and in which order, when several documents or strange ones are given.

use serde_json::{Value, json};
use xtask_openapi::{Document, SpecError, normalise, normalise::Idle};

fn document(name: &str, server: &str, paths: Value) -> Document {
    let value = json!({
        "openapi": "3.0.3", "info": { "title": name, "version": "1" },
        "servers": [{ "url": server }], "paths": paths,
    });
    Document { name: name.to_owned(), value }
}

fn get(path: &str, id: &str) -> Value {
    json!({ path: { "get": { "operationId": id, "responses": { "204": { "description": "d" } } } } })
}

fn refused(documents: Vec<Document>) -> SpecError {
    normalise(documents, &[], Idle::Refused).unwrap_err().first().clone()
}

#[test]
fn the_path_of_the_servers_is_part_of_every_request() {
    let gizmo =
        document("gizmo.yaml", "https://external.pleo.io/gizmo-service", get("/v9/gizmos", "list_gizmos"));
    let other = document("other.yaml", "https://external.pleo.io", get("/v9/gizmos", "list_other"));
    let openapi = normalise(vec![gizmo, other], &[], Idle::Refused).unwrap().openapi;
    assert_eq!(openapi["paths"]["/gizmo-service/v9/gizmos"]["get"]["operationId"], "list_gizmos");
    assert_eq!(openapi["paths"]["/v9/gizmos"]["get"]["operationId"], "list_other");
    assert_eq!(openapi["servers"], json!([{ "url": "https://external.pleo.io" }]));
}

#[test]
fn a_host_that_no_environment_knows_is_refused_in_the_projects_documents_only() {
    let foreign = document("gizmo.yaml", "https://gizmo.example/api", get("/v9/gizmos", "list_gizmos"));
    let error = refused(vec![foreign.clone()]);
    assert_eq!((error.document.as_str(), error.pointer.as_str()), ("gizmo.yaml", "/servers/0/url"));
    assert!(error.problem.contains("gizmo.example"), "{error}");
    let openapi = normalise(vec![foreign], &[], Idle::Allowed).unwrap().openapi;
    assert!(openapi["paths"].get("/api/v9/gizmos").is_some());
}

#[test]
fn what_is_wrong_with_an_operation_is_told_where_the_published_document_has_it() {
    let mut paths = get("/v9/gizmos", "list_gizmos");
    paths["/v9/gizmos"]["get"]["responses"] = json!({ "302": { "description": "d" } });
    let error = refused(vec![document("gizmo.yaml", "https://external.pleo.io/gizmo-service", paths)]);
    assert_eq!(error.pointer, "/paths/~1v9~1gizmos/get/responses");
}

#[test]
fn an_operation_of_two_documents_is_found_before_anything_else() {
    let host = "https://external.pleo.io";
    let mut second = document("b.yaml", host, get("/v1/things/{thingId}", "get_thing"));
    second.value["surprise"] = json!(1);
    let error = refused(vec![document("a.yaml", host, get("/v1/things/{id}", "get_thing")), second]);
    assert_eq!(
        (error.document.as_str(), error.pointer.as_str()),
        ("b.yaml", "/paths/~1v1~1things~1{thingId}/get")
    );
    assert!(error.problem.contains("a.yaml"), "{error}");
}

#[test]
fn a_document_in_which_passes_find_nothing_to_do_needs_no_change_of_code() {
    let plain = document("gizmo.yaml", "https://external.pleo.io", get("/v9/gizmos", "list_gizmos"));
    assert!(normalise(vec![plain], &[], Idle::Refused).is_ok());
}

/// A document with an enum of this many values, and one schema and one operation for each fifty of them.
fn large(count: usize) -> Document {
    let things = count / 50;
    let values: Vec<String> = (0..count).map(|n| format!("value-{n}")).collect();
    let mut paths = json!({});
    let mut schemas = json!({ "Kind": { "type": "string", "enum": values } });
    for n in 0..things {
        let reference = json!({ "$ref": format!("#/components/schemas/Thing{n}") });
        schemas[format!("Thing{n}")] = json!({
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": { "$ref": "#/components/schemas/Kind" },
                "next": { "$ref": format!("#/components/schemas/Thing{}", (n + 1) % things) },
                "same": { "type": "string", "enum": ["a", "b"] },
                "based": { "allOf": [{ "$ref": "#/components/schemas/Base" }, { "type": "object", "properties": { "own": { "type": "string" } } }] },
            },
        });
        paths[format!("/things/{n}")] = json!({ "get": {
            "operationId": format!("get_thing_{n}"),
            "parameters": [{ "$ref": "#/components/parameters/Kinds" }],
            "responses": { "200": { "description": "d", "content": { "application/json": { "schema": reference } } } },
        } });
    }
    schemas["Base"] = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
    let mut document = document("large.yaml", "https://external.pleo.io", paths);
    document.value["components"] = json!({
        "schemas": schemas,
        "parameters": { "Kinds": { "name": "kinds", "in": "query", "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Kind" } } } },
    });
    document
}

#[test]
fn a_large_document_is_normalised() {
    // Two thousand operations and schemas, and an enum of a hundred thousand values: what grows with the
    // square of any of them would not end.
    let normalised =
        normalise(vec![large(100_000)], &[], Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        normalised.openapi["components"]["schemas"]["Kind"]["enum"].as_array().unwrap().len(),
        100_000
    );
    assert_eq!(normalised.openapi["paths"].as_object().unwrap().len(), 2_000);
}

#[test]
fn two_large_documents_whose_components_all_differ_are_merged() {
    let mut second = large(100_000);
    second.name = "second.yaml".to_owned();
    second.value["components"]["schemas"]["Kind"]["enum"][0] = json!("another");
    let paths = second.value["paths"].as_object_mut().unwrap();
    *paths = std::mem::take(paths).into_iter().map(|(path, item)| (format!("/second{path}"), item)).collect();
    for (_, item) in paths {
        let id = item["get"]["operationId"].as_str().unwrap().replace("get_", "get_second_");
        item["get"]["operationId"] = json!(id);
    }
    let normalised =
        normalise(vec![large(100_000), second], &[], Idle::Refused).unwrap_or_else(|error| panic!("{error}"));
    let schemas = normalised.openapi["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("LargeThing1999") && schemas.contains_key("SecondThing1999"));
}

#[test]
fn a_shared_part_that_would_be_written_out_out_of_all_proportion_is_refused() {
    let mut document = large(50_000);
    let properties: Value = (0..2_000)
        .map(|n| (format!("p{n}"), json!({ "type": "string" })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    document.value["components"]["responses"] = json!({ "Error": { "description": "d", "content": { "application/json": {
        "schema": { "type": "object", "properties": properties } } } } });
    for (_, item) in document.value["paths"].as_object_mut().unwrap() {
        item["get"]["responses"]["400"] = json!({ "$ref": "#/components/responses/Error" });
    }
    let error = refused(vec![document]);
    assert_eq!(error.pointer, "/components/responses/Error");
}
