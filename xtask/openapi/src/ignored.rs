//! What means nothing in a published document, and what is written in several ways there.
//!
//! - Extensions that begin with `x-pleo-` are this project's: only overlays and passes write them.
//! - Keys beside a `$ref` are ignored, as OpenAPI 3.0.3 says of the reference object. In 3.1 those
//!   beside the reference of a schema count.
//! - The fragment of a reference may be percent-encoded; from here on it is not.

use serde_json::Value;

use super::{
    SpecError, pointer,
    shape::{self, Shape},
};

/// The extensions of this project.
const OURS: &str = "x-pleo-";

/// Leaves out of a document what means nothing there, and writes its references in one way.
///
/// # Errors
/// For a reference with a malformed fragment.
pub fn clean(document: &str, value: &mut Value) -> Result<(), SpecError> {
    let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
    let cleaner = Cleaner { document, siblings_of_schemas: version.starts_with("3.1.") };
    cleaner.clean("", value, &shape::ROOT)
}

struct Cleaner<'a> {
    document: &'a str,
    /// Whether what is beside the reference of a schema counts.
    siblings_of_schemas: bool,
}

impl Cleaner<'_> {
    fn clean(&self, at: &str, value: &mut Value, shape: &Shape) -> Result<(), SpecError> {
        match value {
            Value::Object(map) => {
                if shape.is_extensible() {
                    map.retain(|key, _| !key.starts_with(OURS));
                }
                if let Some(fields) = shape.fields()
                    && fields.components.is_some()
                    && let Some(Value::String(reference)) = map.get_mut("$ref")
                {
                    self.reference(&pointer::push(at, "$ref"), reference)?;
                    if !(fields.is_schema() && self.siblings_of_schemas) {
                        map.retain(|key, _| key == "$ref");
                    }
                }
                for (key, child) in map {
                    if let Some(inner) = shape.member(key) {
                        self.clean(&pointer::push(at, key), child, inner)?;
                    }
                }
            }
            Value::Array(list) => {
                if let Some(inner) = shape.item() {
                    for (index, item) in list.iter_mut().enumerate() {
                        self.clean(&format!("{at}/{index}"), item, inner)?;
                    }
                }
            }
            Value::String(reference) if matches!(shape, Shape::Reference) => self.reference(at, reference)?,
            _ => {}
        }
        Ok(())
    }

    fn reference(&self, at: &str, reference: &mut String) -> Result<(), SpecError> {
        *reference = pointer::canonical(reference).map_err(|problem| {
            SpecError::new(
                self.document,
                at,
                format!("reference {reference:?} holds {problem}"),
                "write `%25` for a percent sign and `~0` for a tilde in the name of what is meant",
            )
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaned(mut value: Value) -> Value {
        clean("a.yaml", &mut value).unwrap();
        value
    }

    #[test]
    fn our_extensions_mean_nothing_wherever_a_published_document_holds_them() {
        let with = |ours: bool| {
            let mut value = json!({
                "openapi": "3.0.3", "info": {"title": "t", "contact": {}, "license": {}},
                "tags": [{"name": "a", "externalDocs": {}}], "servers": [{"url": "/"}], "externalDocs": {},
                "paths": {"/a": {
                    "parameters": [{"name": "a", "schema": {}, "examples": {"a": {}}}],
                    "get": {
                        "externalDocs": {},
                        "requestBody": {"content": {"a/b": {"schema": {}, "examples": {"a": {}}}}},
                        "responses": {"200": {
                            "content": {"a/b": {}},
                            "headers": {"a": {"schema": {"items": {}}, "content": {"a/b": {"schema": {}}}}},
                            "links": {"a": {}},
                        }},
                    },
                }},
                "components": {
                    "examples": {"a": {}}, "headers": {"a": {"schema": {}}}, "parameters": {"a": {"schema": {}}},
                    "requestBodies": {"a": {"content": {"a/b": {}}}}, "responses": {"a": {"headers": {"a": {}}}},
                    "securitySchemes": {"a": {}},
                    "schemas": {"a": {
                        "properties": {"a": {"items": {}}}, "additionalProperties": {}, "items": {},
                        "allOf": [{}], "anyOf": [{}], "oneOf": [{}], "discriminator": {}, "xml": {},
                        "externalDocs": {},
                    }},
                },
            });
            if ours {
                fill(&mut value);
            }
            value
        };
        // In each object that is not a list of names, of which a member may be called so.
        fn fill(value: &mut Value) {
            match value {
                Value::Object(map) => {
                    map.values_mut().for_each(fill);
                    let names = map.contains_key("a") || map.contains_key("a/b");
                    if !names {
                        map.insert("x-pleo-name".to_owned(), json!({"x-pleo-safe": true}));
                    }
                }
                Value::Array(list) => list.iter_mut().for_each(fill),
                _ => {}
            }
        }
        assert_ne!(with(true), with(false));
        assert_eq!(cleaned(with(true)), with(false));
    }

    #[test]
    fn names_and_values_that_look_like_our_extensions_stay() {
        let value = json!({"openapi": "3.0.3", "components": {
            "schemas": {"x-pleo-thing": {
                "properties": {"x-pleo-name": {}},
                "example": {"x-pleo-name": 1, "$ref": "#/a%20b"}, "default": {"x-pleo-name": 1},
                "enum": [{"x-pleo-name": 1}], "const": {"x-pleo-name": 1},
            }},
            "headers": {"x-pleo-id": {}},
        }});
        assert_eq!(cleaned(value.clone()), value);
    }

    #[test]
    fn what_is_beside_a_reference_is_ignored_but_for_schemas_in_openapi_3_1() {
        let reference =
            |to: &str| json!({"$ref": to, "description": "d", "required": true, "nullable": true});
        let document = |version: &str| {
            json!({"openapi": version, "paths": {"/a": {"get": {
                "parameters": [reference("#/components/parameters/P")],
                "requestBody": reference("#/components/requestBodies/B"),
                "responses": {"200": reference("#/components/responses/R")},
            }}}, "components": {"schemas": {"S": {"properties": {"$ref": reference("#/components/schemas/T")}}}}})
        };
        let bare = cleaned(document("3.0.3"));
        let get = &bare["paths"]["/a"]["get"];
        assert_eq!(get["parameters"][0], json!({"$ref": "#/components/parameters/P"}));
        assert_eq!(get["requestBody"], json!({"$ref": "#/components/requestBodies/B"}));
        assert_eq!(get["responses"]["200"], json!({"$ref": "#/components/responses/R"}));
        let property = "/components/schemas/S/properties/$ref";
        assert_eq!(bare.pointer(property), Some(&json!({"$ref": "#/components/schemas/T"})));
        let newer = cleaned(document("3.1.0"));
        assert_eq!(newer.pointer(property), Some(&reference("#/components/schemas/T")));
        assert_eq!(newer["paths"], bare["paths"]);
    }

    #[test]
    fn references_are_decoded_where_they_are_references() {
        let value = cleaned(json!({"openapi": "3.0.3", "components": {"schemas": {"A": {
            "items": {"$ref": "#/components/schemas/Page%3CA%3E"},
            "properties": {"$ref": {"type": "string"}},
            "discriminator": {"mapping": {"a": "#/components/schemas/Page%3CA%3E", "b": "B%20"}},
        }}}}));
        let schema = &value["components"]["schemas"]["A"];
        assert_eq!(schema["items"]["$ref"], "#/components/schemas/Page<A>");
        assert_eq!(
            schema["discriminator"]["mapping"],
            json!({"a": "#/components/schemas/Page<A>", "b": "B%20"})
        );
        assert_eq!(schema["properties"]["$ref"], json!({"type": "string"}));
    }

    #[test]
    fn a_malformed_reference_is_refused_where_it_is() {
        let mut value =
            json!({"openapi": "3.0.3", "components": {"schemas": {"A": {"items": {"$ref": "#/a%zz"}}}}});
        let error = clean("a.yaml", &mut value).unwrap_err();
        assert_eq!(error.pointer, "/components/schemas/A/items/$ref");
    }

    #[test]
    fn a_clean_document_stays_as_it_is() {
        let once = cleaned(json!({"openapi": "3.0.3", "components": {"schemas": {
            "A": {"items": {"$ref": "#/components/schemas/a%2541", "x-pleo-name": "a"}}}}}));
        assert_eq!(cleaned(once.clone()), once);
    }
}
