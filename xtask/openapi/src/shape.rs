//! What the pipeline knows of OpenAPI 3.0 and 3.1, as a table.
//!
//! A document is held against it before any pass runs, and again after the overlays. What is not
//! in the table is refused with its place, so that no construct slips through unseen and every
//! pass may rely on the JSON types found here.

use serde_json::{Map, Value};

use super::{Refusals, SpecError, pointer};

/// The shape that a value must have.
enum Shape {
    Any,
    Text,
    Flag,
    Number,
    NumberOrFlag,
    TextOrTexts,
    List(&'static Shape),
    /// Any keys; those that start with `x-` are extensions.
    Map(&'static Shape),
    /// Any keys, extensions excluded: a property may be called `x-id`.
    Names(&'static Shape),
    Object(&'static Fields),
    ObjectOrFlag(&'static Fields),
}

/// An object with known keys. Keys that start with `x-` are free.
struct Fields {
    what: &'static str,
    required: &'static [&'static str],
    fields: &'static [(&'static str, Field)],
    /// The section of `components` that a `$ref` may point into instead.
    components: Option<&'static str>,
}

enum Field {
    Is(Shape),
    /// Known, but not supported: why, and what to do.
    Refused(&'static str, &'static str),
}

use Field::{Is, Refused};
use Shape::{
    Any, Flag, List, Map as MapOf, Names, Number, NumberOrFlag, Object, ObjectOrFlag, Text, TextOrTexts,
};

static DOCUMENT: Fields = Fields {
    what: "an OpenAPI document",
    required: &["info", "openapi", "paths"],
    components: None,
    fields: &[
        ("components", Is(Object(&COMPONENTS))),
        ("externalDocs", Is(Any)),
        ("info", Is(Object(&INFO))),
        ("openapi", Is(Text)),
        ("paths", Is(MapOf(&Object(&PATH_ITEM)))),
        ("security", Is(SECURITY)),
        ("servers", Is(List(&Any))),
        ("tags", Is(List(&Any))),
        (
            "webhooks",
            Refused("webhooks are not generated", "take the `webhooks` out with an overlay `remove`"),
        ),
    ],
};

const SECURITY: Shape = List(&Names(&List(&Text)));
static SCHEMA_SHAPE: Shape = Object(&SCHEMA);

static INFO: Fields = Fields {
    what: "an info object",
    required: &["title", "version"],
    components: None,
    fields: &[
        ("contact", Is(Any)),
        ("description", Is(Text)),
        ("license", Is(Any)),
        ("summary", Is(Text)),
        ("termsOfService", Is(Text)),
        ("title", Is(Text)),
        ("version", Is(Text)),
    ],
};

static COMPONENTS: Fields = Fields {
    what: "a components object",
    required: &[],
    components: None,
    fields: &[
        ("examples", Is(Any)),
        ("headers", Is(Any)),
        ("parameters", Is(Names(&Object(&PARAMETER)))),
        ("requestBodies", Is(Names(&Object(&REQUEST_BODY)))),
        ("responses", Is(Names(&Object(&RESPONSE)))),
        ("schemas", Is(Names(&SCHEMA_SHAPE))),
        ("securitySchemes", Is(Names(&Any))),
    ],
};

const NO_SERVERS: Field = Refused(
    "a path or operation with servers of its own would leave the environment's host",
    "take the `servers` out with an overlay `remove`, or describe the other host as an API of its own",
);

static PATH_ITEM: Fields = Fields {
    what: "a path item",
    required: &[],
    components: None,
    fields: &[
        ("$ref", Refused("a path item by reference", "bundle the document, so that the path stands in it")),
        ("delete", Is(Object(&OPERATION))),
        ("description", Is(Text)),
        ("get", Is(Object(&OPERATION))),
        ("head", Is(Object(&OPERATION))),
        ("options", Is(Object(&OPERATION))),
        ("parameters", Is(List(&Object(&PARAMETER)))),
        ("patch", Is(Object(&OPERATION))),
        ("post", Is(Object(&OPERATION))),
        ("put", Is(Object(&OPERATION))),
        ("servers", NO_SERVERS),
        ("summary", Is(Text)),
        (
            "trace",
            Refused(
                "TRACE cannot carry a credential safely",
                "take the operation out with an overlay `remove`",
            ),
        ),
    ],
};

static OPERATION: Fields = Fields {
    what: "an operation",
    required: &["responses"],
    components: None,
    fields: &[
        (
            "callbacks",
            Refused("callbacks are not generated", "take the `callbacks` out with an overlay `remove`"),
        ),
        ("deprecated", Is(Flag)),
        ("description", Is(Text)),
        ("externalDocs", Is(Any)),
        ("operationId", Is(Text)),
        ("parameters", Is(List(&Object(&PARAMETER)))),
        ("requestBody", Is(Shape::Object(&REQUEST_BODY))),
        ("responses", Is(MapOf(&Object(&RESPONSE)))),
        ("security", Is(SECURITY)),
        ("servers", NO_SERVERS),
        ("summary", Is(Text)),
        ("tags", Is(List(&Text))),
    ],
};

static PARAMETER: Fields = Fields {
    what: "a parameter",
    required: &["in", "name", "schema"],
    components: Some("parameters"),
    fields: &[
        ("allowEmptyValue", Is(Flag)),
        ("allowReserved", Is(Flag)),
        (
            "content",
            Refused(
                "a parameter with a media type",
                "describe it by `schema` with an overlay, or hand-write the call",
            ),
        ),
        ("deprecated", Is(Flag)),
        ("description", Is(Text)),
        ("example", Is(Any)),
        ("examples", Is(Any)),
        ("explode", Is(Flag)),
        ("in", Is(Text)),
        ("name", Is(Text)),
        ("required", Is(Flag)),
        ("schema", Is(Object(&SCHEMA))),
        ("style", Is(Text)),
    ],
};

static REQUEST_BODY: Fields = Fields {
    what: "a request body",
    required: &["content"],
    components: Some("requestBodies"),
    fields: &[
        ("content", Is(Names(&Object(&MEDIA_TYPE)))),
        ("description", Is(Text)),
        ("required", Is(Flag)),
    ],
};

static RESPONSE: Fields = Fields {
    what: "a response",
    required: &[],
    components: Some("responses"),
    fields: &[
        ("content", Is(Names(&Object(&MEDIA_TYPE)))),
        ("description", Is(Text)),
        ("headers", Is(Any)),
        ("links", Is(Any)),
    ],
};

static MEDIA_TYPE: Fields = Fields {
    what: "a media type",
    required: &[],
    components: None,
    fields: &[
        ("encoding", Refused("a body with an encoding per part", "hand-write the call")),
        ("example", Is(Any)),
        ("examples", Is(Any)),
        ("schema", Is(Object(&SCHEMA))),
    ],
};

const NO_CONDITIONS: Field = Refused(
    "a condition that Rust types cannot express",
    "describe the plain shape in an overlay and leave the condition to the server",
);

static SCHEMA: Fields = Fields {
    what: "a schema",
    required: &[],
    components: Some("schemas"),
    fields: &[
        ("additionalProperties", Is(ObjectOrFlag(&SCHEMA))),
        ("allOf", Is(List(&SCHEMA_SHAPE))),
        ("anyOf", Is(List(&SCHEMA_SHAPE))),
        ("const", Is(Any)),
        ("default", Is(Any)),
        ("deprecated", Is(Flag)),
        ("description", Is(Text)),
        ("discriminator", Is(Any)),
        ("else", NO_CONDITIONS),
        ("enum", Is(List(&Any))),
        ("example", Is(Any)),
        ("examples", Is(Any)),
        ("exclusiveMaximum", Is(NumberOrFlag)),
        ("exclusiveMinimum", Is(NumberOrFlag)),
        ("externalDocs", Is(Any)),
        ("format", Is(Text)),
        ("if", NO_CONDITIONS),
        ("items", Is(Object(&SCHEMA))),
        ("maxItems", Is(Number)),
        ("maxLength", Is(Number)),
        ("maxProperties", Is(Number)),
        ("maximum", Is(Number)),
        ("minItems", Is(Number)),
        ("minLength", Is(Number)),
        ("minProperties", Is(Number)),
        ("minimum", Is(Number)),
        ("multipleOf", Is(Number)),
        ("not", NO_CONDITIONS),
        ("nullable", Is(Flag)),
        ("oneOf", Is(List(&SCHEMA_SHAPE))),
        ("pattern", Is(Text)),
        ("patternProperties", NO_CONDITIONS),
        ("prefixItems", Refused("a tuple", "describe it as an array of any value in an overlay")),
        ("properties", Is(Names(&SCHEMA_SHAPE))),
        ("readOnly", Is(Flag)),
        ("required", Is(List(&Text))),
        ("then", NO_CONDITIONS),
        ("title", Is(Text)),
        ("type", Is(TextOrTexts)),
        ("uniqueItems", Is(Flag)),
        ("writeOnly", Is(Flag)),
        ("xml", Is(Any)),
    ],
};

/// Holds a document against the table.
///
/// # Errors
/// Every place where it has another JSON type, lacks a needed key, holds a key that no pass knows, or a
/// reference that leads nowhere.
pub fn check(document: &str, value: &Value) -> Result<(), Refusals> {
    let mut checker = Checker { document, root: value, refused: Vec::new() };
    checker.shape("", value, &Object(&DOCUMENT));
    // What follows relies on the types.
    if checker.refused.is_empty() {
        checker.version(value);
        checker.names();
        checker.aliases();
    }
    Refusals::none(checker.refused)
}

struct Checker<'a> {
    document: &'a str,
    root: &'a Value,
    refused: Vec<SpecError>,
}

impl Checker<'_> {
    fn refuse(&mut self, at: &str, problem: impl Into<String>, help: &str) {
        self.refused.push(SpecError::new(self.document, at, problem, help));
    }

    fn version(&mut self, value: &Value) {
        let version = value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if version.starts_with("3.0.") || version.starts_with("3.1.") {
            return;
        }
        self.refuse(
            "/openapi",
            format!("OpenAPI version {version:?}"),
            "convert the document to OpenAPI 3.0 or 3.1",
        );
    }

    fn shape(&mut self, at: &str, value: &Value, shape: &Shape) {
        let expected = match (shape, value) {
            (Shape::Any, _)
            | (Shape::Text, Value::String(_))
            | (Shape::Flag, Value::Bool(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::NumberOrFlag, Value::Number(_) | Value::Bool(_))
            | (Shape::TextOrTexts, Value::String(_))
            | (Shape::ObjectOrFlag(_), Value::Bool(_)) => return,
            (Shape::TextOrTexts, Value::Array(list)) => return self.list(at, list, &Shape::Text),
            (Shape::List(inner), Value::Array(list)) => return self.list(at, list, inner),
            (Shape::Map(inner) | Shape::Names(inner), Value::Object(map)) => {
                let extensible = matches!(shape, Shape::Map(_));
                for (key, child) in map.iter().filter(|(key, _)| !(extensible && key.starts_with("x-"))) {
                    self.shape(&pointer::push(at, key), child, inner);
                }
                return;
            }
            (Shape::Object(object) | Shape::ObjectOrFlag(object), Value::Object(map)) => {
                return self.object(at, map, object);
            }
            (Shape::Text, _) => "a string",
            (Shape::Flag, _) => "true or false",
            (Shape::Number, _) => "a number",
            (Shape::NumberOrFlag, _) => "a number or true or false",
            (Shape::TextOrTexts, _) => "a string or a list of strings",
            (Shape::List(_), _) => "a list",
            (Shape::Map(_) | Shape::Names(_), _) => "an object",
            (Shape::Object(object), _) => object.what,
            (Shape::ObjectOrFlag(_), _) => "a schema or true or false",
        };
        self.refuse(
            at,
            format!("{} where {expected} belongs", kind(value)),
            "correct the document; a value of this type has no meaning here",
        );
    }

    fn list(&mut self, at: &str, list: &[Value], inner: &Shape) {
        for (index, child) in list.iter().enumerate() {
            self.shape(&format!("{at}/{index}"), child, inner);
        }
    }

    fn object(&mut self, at: &str, map: &Map<String, Value>, object: &Fields) {
        if let (Some(section), Some(reference)) = (object.components, map.get("$ref")) {
            self.reference(at, reference, section);
        } else if let Some(missing) = object.required.iter().find(|key| !map.contains_key(**key)) {
            self.refuse(
                at,
                format!("{} without `{missing}`", object.what),
                "correct the document, or add what is missing with an overlay",
            );
        }
        for (key, child) in map {
            if key.starts_with("x-") || (key == "$ref" && object.components.is_some()) {
                continue;
            }
            let at = pointer::push(at, key);
            match object.fields.iter().find(|(name, _)| name == key) {
                Some((_, Field::Is(shape))) => self.shape(&at, child, shape),
                Some((_, Field::Refused(problem, help))) => self.refuse(&at, *problem, help),
                None => self.refuse(
                    &at,
                    format!("`{key}` in {}, which no pass knows", object.what),
                    "teach `xtask/openapi/src/shape.rs` what it means, or take it out with an overlay `remove`",
                ),
            }
        }
    }

    fn reference(&mut self, at: &str, reference: &Value, section: &str) {
        let at = pointer::push(at, "$ref");
        let Some(reference) = reference.as_str() else {
            return self.refuse(
                &at,
                format!("{} where a reference belongs", kind(reference)),
                "correct the document",
            );
        };
        let prefix = format!("#/components/{section}/");
        let (problem, help) = if !reference.starts_with('#') {
            ("leads out of the document", "bundle the documents, so that everything stands in one")
        } else if !reference.starts_with(&prefix) || reference[prefix.len()..].contains('/') {
            return self.refuse(
                &at,
                format!("reference {reference:?} does not name an entry of components/{section}"),
                "move what it names there, and refer to that",
            );
        } else if self.root.pointer(&reference[1..]).is_none() {
            ("leads nowhere", "add what it names, or correct the name")
        } else {
            return;
        };
        self.refuse(&at, format!("reference {reference:?} {problem}"), help);
    }

    /// A reference to one of these names would have to be escaped, which tools do differently.
    fn names(&mut self) {
        let sections = self.root.get("components").and_then(Value::as_object);
        for (section, entries) in sections.into_iter().flatten() {
            let names = entries.as_object().into_iter().flatten().map(|(name, _)| name);
            for name in names.filter(|name| name.contains(['/', '~', '#', '%', '?', '"', ' '])) {
                self.refuse(
                    &pointer::push(&format!("/components/{section}"), name),
                    format!("a name that cannot stand in a reference: {name:?}"),
                    "name it with letters, digits, `.`, `-` and `_`, as OpenAPI asks",
                );
            }
        }
    }

    /// Components that are only a reference to each other would be followed for ever.
    fn aliases(&mut self) {
        for section in ["parameters", "requestBodies", "responses", "schemas"] {
            let entries = self.root.pointer(&format!("/components/{section}")).and_then(Value::as_object);
            for (name, entry) in entries.into_iter().flatten() {
                let mut next = entry;
                let mut steps = 0;
                while let Some(reference) = alias(next) {
                    steps += 1;
                    match self.root.pointer(reference.trim_start_matches('#')) {
                        Some(target) if steps < 64 => next = target,
                        _ => {
                            self.refuse(
                                &pointer::push(&format!("/components/{section}"), name),
                                "a chain of references without an end",
                                "let one of them hold the content",
                            );
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// What a component is another name of: a reference, alone or as the only member of `allOf`.
fn alias(schema: &Value) -> Option<&str> {
    let only = || schema.get("allOf")?.as_array().filter(|members| members.len() == 1)?.first()?.get("$ref");
    schema.get("$ref").or_else(only).and_then(Value::as_str)
}

/// The JSON type of a value, with an article.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether the table knows `method` as that of an operation; `walk` and the table must agree.
#[cfg(test)]
fn knows_method(method: &str) -> bool {
    PATH_ITEM.fields.iter().any(|(name, _)| *name == method)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::walk;

    #[test]
    fn every_method_that_is_walked_is_known() {
        assert!(walk::METHODS.iter().all(|method| knows_method(method)));
    }

    #[test]
    fn an_unknown_key_is_refused_with_document_operation_and_pointer() {
        let value = json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"responses": {}, "surprise": 1}}}});
        let error = check("a.yaml", &value).unwrap_err();
        let error = error.first();
        assert_eq!(error.pointer, "/paths/~1a/get/surprise");
        assert_eq!(error.operation().as_deref(), Some("GET /a"));
    }

    #[test]
    fn references_that_only_name_each_other_are_refused() {
        let value = json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {},
            "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}});
        assert_eq!(check("a.yaml", &value).unwrap_err().first().pointer, "/components/schemas/A");
    }
}
