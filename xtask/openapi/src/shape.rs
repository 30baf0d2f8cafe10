//! What the pipeline knows of OpenAPI 3.0 and 3.1, as a table.
//!
//! A document is held against it before any pass runs, and again after the overlays. What is not
//! in the table is refused with its place, so that no construct slips through unseen and every
//! pass may rely on the JSON types found here.

use serde_json::{Map, Value};

use super::{Refusals, SpecError, pointer};

/// The shape that a value must have.
pub(crate) enum Shape {
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
    /// An object that no pass looks into, so that it is not held against its fields.
    Free(&'static Fields),
    /// The name of a component, or a reference to it.
    Reference,
}

/// An object with known keys. Keys that start with `x-` are free.
pub(crate) struct Fields {
    what: &'static str,
    required: &'static [&'static str],
    /// The keys of which it has at least one if it is more than a remark on what is elsewhere.
    whole: &'static [&'static str],
    /// A key that is enough where what it is in is whole and new as well.
    inside: Option<&'static str>,
    fields: &'static [(&'static str, Field)],
    /// The section of `components` that a `$ref` may point into instead.
    pub(crate) components: Option<&'static str>,
}

/// What most objects need no word about.
const PLAIN: Fields =
    Fields { what: "an object", required: &[], whole: &[], inside: None, fields: &[], components: None };

pub(crate) enum Field {
    Is(Shape),
    /// Known, but not supported: why, and what to do.
    Refused(&'static str, &'static str),
}

use Field::{Is, Refused};
use Shape::{
    Any, Flag, Free, List, Map as MapOf, Names, Number, NumberOrFlag, Object, ObjectOrFlag, Text, TextOrTexts,
};

static DOCUMENT: Fields = Fields {
    what: "an OpenAPI document",
    required: &["info", "openapi", "paths"],
    fields: &[
        ("components", Is(Object(&COMPONENTS))),
        ("externalDocs", Is(Free(&EXTERNAL_DOCS))),
        ("info", Is(Object(&INFO))),
        ("openapi", Is(Text)),
        ("paths", Is(MapOf(&Object(&PATH_ITEM)))),
        ("security", Is(SECURITY)),
        ("servers", Is(List(&Free(&SERVER)))),
        ("tags", Is(List(&Free(&TAG)))),
        (
            "webhooks",
            Refused("webhooks are not generated", "take the `webhooks` out with an overlay `remove`"),
        ),
    ],
    ..PLAIN
};

const SECURITY: Shape = List(&Names(&List(&Text)));
static SCHEMA_SHAPE: Shape = Object(&SCHEMA);

static INFO: Fields = Fields {
    what: "an info object",
    required: &["title", "version"],
    fields: &[
        ("contact", Is(Free(&PLAIN_OBJECT))),
        ("description", Is(Text)),
        ("license", Is(Free(&PLAIN_OBJECT))),
        ("summary", Is(Text)),
        ("termsOfService", Is(Text)),
        ("title", Is(Text)),
        ("version", Is(Text)),
    ],
    ..PLAIN
};

static COMPONENTS: Fields = Fields {
    what: "a components object",
    fields: &[
        ("examples", Is(EXAMPLES)),
        ("headers", Is(HEADERS)),
        ("parameters", Is(Names(&Object(&PARAMETER)))),
        ("requestBodies", Is(Names(&Object(&REQUEST_BODY)))),
        ("responses", Is(Names(&Object(&RESPONSE)))),
        ("schemas", Is(Names(&SCHEMA_SHAPE))),
        ("securitySchemes", Is(Names(&Free(&SECURITY_SCHEME)))),
    ],
    ..PLAIN
};

static PATH_ITEM: Fields = Fields {
    what: "a path item",
    whole: &["delete", "get", "head", "options", "patch", "post", "put"],
    fields: &[
        ("$ref", Refused("a path item by reference", "bundle the document, so that the path is in it")),
        ("delete", Is(Object(&OPERATION))),
        ("description", Is(Text)),
        ("get", Is(Object(&OPERATION))),
        ("head", Is(Object(&OPERATION))),
        ("options", Is(Object(&OPERATION))),
        ("parameters", Is(List(&Object(&PARAMETER)))),
        ("patch", Is(Object(&OPERATION))),
        ("post", Is(Object(&OPERATION))),
        ("put", Is(Object(&OPERATION))),
        ("servers", Is(List(&Any))),
        ("summary", Is(Text)),
        (
            "trace",
            Refused(
                "TRACE cannot carry a credential safely",
                "take the operation out with an overlay `remove`",
            ),
        ),
    ],
    ..PLAIN
};

static OPERATION: Fields = Fields {
    what: "an operation",
    required: &["responses"],
    fields: &[
        (
            "callbacks",
            Refused("callbacks are not generated", "take the `callbacks` out with an overlay `remove`"),
        ),
        ("deprecated", Is(Flag)),
        ("description", Is(Text)),
        ("externalDocs", Is(Free(&EXTERNAL_DOCS))),
        ("operationId", Is(Text)),
        ("parameters", Is(List(&Object(&PARAMETER)))),
        ("requestBody", Is(Shape::Object(&REQUEST_BODY))),
        ("responses", Is(MapOf(&Object(&RESPONSE)))),
        ("security", Is(SECURITY)),
        ("servers", Is(List(&Any))),
        ("summary", Is(Text)),
        ("tags", Is(List(&Text))),
    ],
    ..PLAIN
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
        ("examples", Is(EXAMPLES)),
        ("explode", Is(Flag)),
        ("in", Is(Text)),
        ("name", Is(Text)),
        ("required", Is(Flag)),
        ("schema", Is(Object(&SCHEMA))),
        ("style", Is(Text)),
    ],
    ..PLAIN
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
    ..PLAIN
};

static RESPONSE: Fields = Fields {
    what: "a response",
    components: Some("responses"),
    whole: &["content"],
    inside: Some("description"),
    fields: &[
        ("content", Is(Names(&Object(&MEDIA_TYPE)))),
        ("description", Is(Text)),
        ("headers", Is(HEADERS)),
        ("links", Is(LINKS)),
    ],
    ..PLAIN
};

static MEDIA_TYPE: Fields = Fields {
    what: "a media type",
    whole: &["schema"],
    fields: &[
        ("encoding", Refused("a body with an encoding per part", "hand-write the call")),
        ("example", Is(Any)),
        ("examples", Is(EXAMPLES)),
        ("schema", Is(Object(&SCHEMA))),
    ],
    ..PLAIN
};

const NO_CONDITIONS: Field = Refused(
    "a condition that Rust types cannot express",
    "describe the plain shape in an overlay and leave the condition to the server",
);

static SCHEMA: Fields = Fields {
    what: "a schema",
    components: Some("schemas"),
    whole: &[
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "enum",
        "items",
        "oneOf",
        "properties",
        "type",
    ],
    fields: &[
        ("additionalProperties", Is(ObjectOrFlag(&SCHEMA))),
        ("allOf", Is(List(&SCHEMA_SHAPE))),
        ("anyOf", Is(List(&SCHEMA_SHAPE))),
        ("const", Is(Any)),
        ("default", Is(Any)),
        ("deprecated", Is(Flag)),
        ("description", Is(Text)),
        ("discriminator", Is(Free(&DISCRIMINATOR))),
        ("else", NO_CONDITIONS),
        ("enum", Is(List(&Any))),
        ("example", Is(Any)),
        ("examples", Is(Any)),
        ("exclusiveMaximum", Is(NumberOrFlag)),
        ("exclusiveMinimum", Is(NumberOrFlag)),
        ("externalDocs", Is(Free(&EXTERNAL_DOCS))),
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
        ("xml", Is(Free(&PLAIN_OBJECT))),
    ],
    ..PLAIN
};

static PLAIN_OBJECT: Fields = PLAIN;

const EXAMPLES: Shape = Names(&Free(&EXAMPLE));
const HEADERS: Shape = Names(&Free(&HEADER));
const LINKS: Shape = Names(&Free(&LINK));

static EXAMPLE: Fields = Fields {
    what: "an example",
    whole: &["externalValue", "value"],
    fields: &[("value", Is(Any))],
    components: Some("examples"),
    ..PLAIN
};

static HEADER: Fields = Fields {
    what: "a header",
    whole: &["content", "schema"],
    fields: &[
        ("content", Is(Names(&Free(&MEDIA_TYPE)))),
        ("example", Is(Any)),
        ("examples", Is(EXAMPLES)),
        ("schema", Is(Free(&SCHEMA))),
    ],
    components: Some("headers"),
    ..PLAIN
};

static LINK: Fields = Fields {
    what: "a link",
    whole: &["operationId", "operationRef"],
    fields: &[("parameters", Is(Any)), ("requestBody", Is(Any))],
    components: Some("links"),
    ..PLAIN
};

static SECURITY_SCHEME: Fields =
    Fields { what: "a security scheme", required: &["type"], components: Some("securitySchemes"), ..PLAIN };

static DISCRIMINATOR: Fields = Fields {
    what: "a discriminator",
    required: &["propertyName"],
    fields: &[("mapping", Is(Names(&Shape::Reference)))],
    ..PLAIN
};

static EXTERNAL_DOCS: Fields = Fields { what: "a link to documentation", required: &["url"], ..PLAIN };
static SERVER: Fields = Fields { what: "a server", required: &["url"], ..PLAIN };
static TAG: Fields = Fields {
    what: "a tag",
    required: &["name"],
    fields: &[("externalDocs", Is(Free(&EXTERNAL_DOCS)))],
    ..PLAIN
};

/// The shape of a whole document.
pub(crate) static ROOT: Shape = Object(&DOCUMENT);

impl Shape {
    /// The fields of an object with known keys.
    pub(crate) fn fields(&self) -> Option<&'static Fields> {
        match self {
            Object(fields) | ObjectOrFlag(fields) | Free(fields) => Some(fields),
            _ => None,
        }
    }

    /// The shape of the member `key` of an object; none where anything may be.
    pub(crate) fn member(&self, key: &str) -> Option<&'static Shape> {
        match self {
            MapOf(_) if key.starts_with("x-") => None,
            MapOf(inner) | Names(inner) => Some(inner),
            _ => self.fields()?.field(key),
        }
    }

    /// The shape of the items of a list; none where anything may be.
    pub(crate) fn item(&self) -> Option<&'static Shape> {
        match self {
            List(inner) => Some(inner),
            _ => None,
        }
    }

    /// Whether keys that begin with `x-` are extensions.
    pub(crate) fn is_extensible(&self) -> bool {
        matches!(self, MapOf(_)) || self.fields().is_some()
    }

    /// Whether `value` brings all that makes it what it is, and is not only a remark on something
    /// that has to be there already. With `inside` it is a part of something that is new as well.
    pub(crate) fn is_whole(&self, value: &Value, inside: bool) -> bool {
        match value {
            Value::Array(list) => {
                self.item().is_none_or(|inner| list.iter().all(|item| inner.is_whole(item, inside)))
            }
            Value::Object(map) => match self.fields() {
                Some(fields) => fields.is_whole(map, inside),
                None => map
                    .iter()
                    .all(|(key, child)| self.member(key).is_none_or(|inner| inner.is_whole(child, inside))),
            },
            _ => true,
        }
    }

    /// Whether it is there only to hold other things, so that it can come to be with them.
    pub(crate) fn is_container(&self) -> bool {
        match self {
            MapOf(_) | Names(_) | List(_) => true,
            _ => self.fields().is_some_and(|fields| fields.required.is_empty() && fields.whole.is_empty()),
        }
    }
}

impl Fields {
    fn field(&self, key: &str) -> Option<&'static Shape> {
        match self.fields.iter().find(|(name, _)| *name == key) {
            Some((_, Is(shape))) => Some(shape),
            _ => None,
        }
    }

    /// What it is, with an article.
    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Whether it is a schema.
    pub(crate) fn is_schema(&self) -> bool {
        self.components == Some("schemas")
    }

    fn is_whole(&self, map: &Map<String, Value>, inside: bool) -> bool {
        if self.components.is_some() && map.contains_key("$ref") {
            return true;
        }
        let holds = |key: &&str| {
            map.get(*key).is_some_and(|child| self.field(key).is_none_or(|shape| shape.is_whole(child, true)))
        };
        let enough = || {
            let holds_none = !self.whole.iter().any(|key| map.contains_key(*key));
            inside && holds_none && self.inside.is_some_and(|key| map.contains_key(key))
        };
        self.required.iter().all(holds) && (self.whole.is_empty() || self.whole.iter().any(holds) || enough())
    }
}

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
            (Shape::Any | Shape::Free(_) | Shape::Reference, _)
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
            ("leads out of the document", "bundle the documents, so that everything is in one")
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

    /// The names of schemas become part of references in what is generated, where they would have to be
    /// escaped, which tools do differently. What else is referred to is put in place before.
    fn names(&mut self) {
        let sections = self.root.get("components").and_then(Value::as_object);
        for (section, entries) in sections.into_iter().flatten() {
            let unfit: &[char] =
                if section == "schemas" { &['/', '~', '#', '%', '?', '"', ' '] } else { &['%'] };
            for (name, _) in entries.as_object().into_iter().flatten() {
                if name.contains(unfit) {
                    self.refuse(
                        &pointer::push(&format!("/components/{section}"), name),
                        format!("a name that cannot be part of a reference: {name:?}"),
                        "name it with letters, digits, `.`, `-` and `_`, as OpenAPI asks",
                    );
                }
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
pub(crate) fn alias(schema: &Value) -> Option<&str> {
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
    #[test]
    fn only_schemas_need_names_that_fit_into_a_reference() {
        let value = json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"responses": {"404": {"$ref": "#/components/responses/Not Found~1Gone"}}}}},
            "components": {"responses": {"Not Found/Gone": {"description": "d"}}, "schemas": {"a b": {}}}});
        let refusals = check("a.yaml", &value).unwrap_err();
        let places: Vec<&str> = refusals.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(places, ["/components/schemas/a b"]);
    }
}
