//! Leaving out what is Pleo's wording: facts stay, sentences go.

use reqwest::StatusCode;
use serde_json::Value;

/// Keys of OpenAPI objects that hold wording, samples, or whom to ask.
const PROSE: [&str; 13] = [
    "$comment",
    "contact",
    "description",
    "example",
    "examples",
    "externalDocs",
    "license",
    "termsOfService",
    "x-code-samples",
    "x-codeSamples",
    "x-enum-descriptions",
    "x-enumDescriptions",
    "x-mint",
];

/// Keys whose object has names for keys, so that a key `description` in it is a name.
const NAMES: [&str; 19] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    "webhooks",
];

/// Keys whose value is data of the API.
const DATA: [&str; 7] = ["const", "default", "dependentRequired", "enum", "mapping", "required", "security"];

/// Takes the prose out of an OpenAPI document. The description of a response, which OpenAPI asks
/// for, becomes the name of its status.
pub fn leave_out(document: &mut Value) {
    object(document);
}

fn object(value: &mut Value) {
    match value {
        Value::Array(members) => members.iter_mut().for_each(object),
        Value::Object(map) => {
            map.retain(|key, _| !PROSE.contains(&key.as_str()));
            for (key, child) in map {
                match key.as_str() {
                    "responses" => responses(child),
                    "scopes" => scopes(child),
                    key if DATA.contains(&key) || key.starts_with("x-") => {}
                    key if NAMES.contains(&key) && child.is_object() => names(child),
                    _ => object(child),
                }
            }
        }
        _ => {}
    }
}

fn names(value: &mut Value) {
    value.as_object_mut().into_iter().flatten().for_each(|(_, child)| object(child));
}

fn responses(value: &mut Value) {
    for (status, response) in value.as_object_mut().into_iter().flatten() {
        let described = response.get("description").is_some();
        object(response);
        if let Some(response) = response.as_object_mut().filter(|_| described) {
            response.insert("description".to_owned(), Value::String(status_name(status)));
        }
    }
}

/// The scopes of an OAuth flow: a name, and what it is for in words.
fn scopes(value: &mut Value) {
    for (_, words) in value.as_object_mut().into_iter().flatten() {
        *words = Value::String(String::new());
    }
}

fn status_name(status: &str) -> String {
    let code = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    match code.and_then(|code| code.canonical_reason()) {
        Some(name) => name.to_owned(),
        None if status == "default" => "Default".to_owned(),
        None => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sentences_go_and_names_that_look_like_them_stay() {
        let mut document = json!({
            "openapi": "3.0.1",
            "info": {
                "title": "A API", "version": "1", "description": "words", "termsOfService": "words",
                "contact": { "email": "a@example.org" }, "license": { "name": "words" },
            },
            "servers": [{ "url": "https://a.example", "description": "words" }],
            "tags": [{ "name": "A", "description": "words", "externalDocs": { "url": "words" } }],
            "paths": { "/a": { "get": {
                "summary": "List all", "description": "words", "operationId": "listAll",
                "parameters": [
                    { "name": "description", "in": "query", "description": "words", "example": "words",
                      "schema": { "type": "string", "default": { "description": "data" } } },
                ],
                "responses": {
                    "404": { "description": "words" }, "default": { "description": "words" },
                    "5XX": { "description": "words" }, "200": { "$ref": "#/components/responses/example" },
                },
            } } },
            "components": {
                "schemas": { "example": {
                    "title": "Example", "description": "words", "type": "object",
                    "required": ["description", "example"],
                    "properties": {
                        "description": { "type": "string", "description": "words", "example": "words" },
                        "example": { "enum": ["description"], "examples": ["words"] },
                        "properties": { "properties": { "license": { "type": "string" } } },
                    },
                } },
                "responses": { "example": { "description": "words" } },
                "examples": { "a": { "value": "words" } },
                "securitySchemes": { "o": { "type": "oauth2", "flows": { "implicit": {
                    "scopes": { "description": "words" },
                } } } },
            },
            "x-readme": { "description": "kept as it is" },
        });
        leave_out(&mut document);
        assert_eq!(
            document,
            json!({
                "openapi": "3.0.1",
                "info": { "title": "A API", "version": "1" },
                "servers": [{ "url": "https://a.example" }],
                "tags": [{ "name": "A" }],
                "paths": { "/a": { "get": {
                    "summary": "List all", "operationId": "listAll",
                    "parameters": [
                        { "name": "description", "in": "query",
                          "schema": { "type": "string", "default": { "description": "data" } } },
                    ],
                    "responses": {
                        "404": { "description": "Not Found" }, "default": { "description": "Default" },
                        "5XX": { "description": "5XX" }, "200": { "$ref": "#/components/responses/example" },
                    },
                } } },
                "components": {
                    "schemas": { "example": {
                        "title": "Example", "type": "object", "required": ["description", "example"],
                        "properties": {
                            "description": { "type": "string" },
                            "example": { "enum": ["description"] },
                            "properties": { "properties": { "license": { "type": "string" } } },
                        },
                    } },
                    "responses": { "example": { "description": "example" } },
                    "securitySchemes": { "o": { "type": "oauth2", "flows": { "implicit": {
                        "scopes": { "description": "" },
                    } } } },
                },
                "x-readme": { "description": "kept as it is" },
            })
        );
    }
}
