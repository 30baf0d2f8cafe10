//! The components that only wrap another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reach::reachable;
use xtask_openapi::{names, pointer};

/// A component that only wraps another: it becomes an alias of one generic type, because Pleo
/// answers with dozens of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// An object with `data` only, of one thing.
    One(String),
    /// An object with `data` only, a list.
    List(String),
    /// A list as `data` with its `pagination`, whose component comes second.
    Page(String, String),
}

/// The components that only wrap another, by name.
pub(crate) type Wrappers = BTreeMap<String, Wrapper>;

/// The component that pages describe themselves by.
pub(crate) fn pagination(wrappers: &Wrappers) -> Option<&str> {
    wrappers.values().find_map(|wrapper| match wrapper {
        Wrapper::Page(_, pagination) => Some(pagination.as_str()),
        _ => None,
    })
}

/// The member of a page's pagination that says whether entries follow.
pub(crate) const HAS_NEXT_PAGE: &str = "hasNextPage";

/// The member of a page's pagination that the next page is read after, which an empty page leaves out.
pub(crate) const END_CURSOR: &str = "endCursor";

/// Whether a page's pagination has both, and of the types that the client's streams of pages need.
pub(crate) fn is_cursor_pagination(schema: &Value) -> bool {
    let is_required = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|required| required.iter().any(|required| required == name))
    };
    let is = |name: &str, kind: &str| {
        let property = schema.pointer(&format!("/properties/{name}"));
        property.is_some_and(|property| {
            property.get("type") == Some(&Value::from(kind))
                && ["format", "enum", "nullable"].iter().all(|key| property.get(key).is_none())
        })
    };
    is(HAS_NEXT_PAGE, "boolean")
        && is_required(HAS_NEXT_PAGE)
        && is(END_CURSOR, "string")
        && !is_required(END_CURSOR)
}

/// The names of the generic types.
pub(crate) const WRAPPERS: [&str; 2] = ["Data", "Page"];

impl Wrapper {
    /// The wrappers among the schemas, unless a schema has the name of a generic type itself.
    ///
    /// One that holds itself stays a type of its own: an alias cannot, and the generator would not
    /// know where to put a `Box`.
    pub(crate) fn find(schemas: &BTreeMap<String, Value>) -> Wrappers {
        if schemas.keys().any(|name| WRAPPERS.contains(&names::pascal(name).as_str())) {
            return Wrappers::new();
        }
        let mut found = Wrappers::new();
        let mut pagination = None;
        for (name, schema) in schemas {
            let Some(wrapper) = Self::of(schemas, schema) else { continue };
            if reachable(schemas, [schema]).contains(name) {
                continue;
            }
            // One generic type has one kind of pagination.
            if let Self::Page(_, own) = &wrapper
                && pagination.get_or_insert_with(|| own.clone()) != own
            {
                continue;
            }
            found.insert(name.clone(), wrapper);
        }
        found
    }

    fn of(schemas: &BTreeMap<String, Value>, schema: &Value) -> Option<Self> {
        let referred = |schema| referred(schemas, schema);
        let properties = schema.get("properties")?.as_object()?;
        let required = schema.get("required")?.as_array()?;
        if required.len() != properties.len() {
            return None;
        }
        let data = properties.get("data")?;
        let list = || {
            let plain = data.get("type") == Some(&Value::from("array"))
                && data.get("nullable") != Some(&Value::Bool(true));
            plain.then(|| referred(data.get("items")?)).flatten()
        };
        match (properties.len(), properties.get("pagination")) {
            (1, None) => referred(data).map(Self::One).or_else(|| list().map(Self::List)),
            (2, Some(pagination)) => Some(Self::Page(list()?, referred(pagination)?)),
            _ => None,
        }
    }

    /// The name of the generic type.
    pub(crate) fn generic(&self) -> &'static str {
        let [data, page] = WRAPPERS;
        match self {
            Self::One(_) | Self::List(_) => data,
            Self::Page(..) => page,
        }
    }

    /// The type in Rust, with generated types below `prefix`.
    pub(crate) fn rust(&self, prefix: &str) -> String {
        let name = |schema: &str| format!("{prefix}{}", names::pascal(schema));
        match self {
            Self::One(inner) => format!("{prefix}Data<{}>", name(inner)),
            Self::List(inner) => format!("{prefix}Data<::std::vec::Vec<{}>>", name(inner)),
            Self::Page(inner, _) => format!("{prefix}Page<{}>", name(inner)),
        }
    }
}

/// The component that a schema is, if it is nothing but that, in every request and response.
fn referred(schemas: &BTreeMap<String, Value>, schema: &Value) -> Option<String> {
    let name = referred_name(schema)?;
    let mut followed = vec![name];
    while let Some(target) = followed.last().and_then(|name| schemas.get(*name)) {
        if is_sometimes_absent(target) {
            return None;
        }
        match referred_name(target) {
            Some(next) if !followed.contains(&next) => followed.push(next),
            _ => break,
        }
    }
    (!is_sometimes_absent(schema)).then(|| name.to_owned())
}

fn referred_name(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"))?;
    pointer::schema_name(reference.as_str()?)
}

/// Whether what a schema describes may be null, or is held by requests or by responses only.
fn is_sometimes_absent(schema: &Value) -> bool {
    ["nullable", "readOnly", "writeOnly"].iter().any(|key| schema.get(key) == Some(&Value::Bool(true)))
}
