//! Reading a document from a place in it.

use serde_json::{Map, Value};
use xtask_openapi::{Document, SpecError, pointer};

/// A place in one of the documents of a state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    /// Index of the document.
    pub(super) document: usize,
    /// JSON pointer in it.
    pub(super) pointer: String,
}

impl At {
    /// The place below this one.
    pub(super) fn join(&self, token: impl AsRef<str>) -> Self {
        Self { document: self.document, pointer: pointer::push(&self.pointer, token) }
    }
}

/// An object of a document.
pub(super) type Object = Map<String, Value>;

/// A place in a document, and the value that is there.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    document: &'a Document,
    at: At,
    value: &'a Value,
}

impl<'a> Cursor<'a> {
    /// The whole document of that index.
    pub(super) fn root(documents: &'a [Document], index: usize) -> Self {
        let document = &documents[index];
        Self { document, at: At { document: index, pointer: String::new() }, value: &document.value }
    }

    /// Where this is.
    pub(super) fn at(&self) -> &At {
        &self.at
    }

    /// What is here.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// An error about this place.
    pub(super) fn error(&self, problem: impl Into<String>, help: &str) -> SpecError {
        SpecError::new(&self.document.name, &self.at.pointer, problem, help)
    }

    /// The member of an object, or the item of a list.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = match self.value {
            Value::Object(map) => map.get(key)?,
            Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
        Some(Self { document: self.document, at: self.at.join(key), value })
    }

    /// The value of a member, without its place.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// The members of this object, with their names.
    ///
    /// # Errors
    /// Where this is not an object.
    pub(super) fn members(&self) -> Result<impl Iterator<Item = (&'a str, Self)> + use<'a>, SpecError> {
        let (document, at) = (self.document, self.at.clone());
        let below = move |(name, value): (&'a String, &'a Value)| {
            (name.as_str(), Self { document, at: at.join(name), value })
        };
        Ok(self.object()?.iter().map(below))
    }

    /// The members of the object under a key; none where there is no such key.
    pub(super) fn section(&self, key: &str) -> Result<Vec<(&'a str, Self)>, SpecError> {
        self.get(key).map_or(Ok(Vec::new()), |section| Ok(section.members()?.collect()))
    }

    /// The items of this list.
    ///
    /// # Errors
    /// Where this is not a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, SpecError> {
        let Value::Array(list) = self.value else { return Err(self.error("is not a list", "write a list")) };
        Ok((0..list.len()).filter_map(|index| self.get(&index.to_string())).collect())
    }

    /// The items of the list under a key; none where there is no such key.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Self>, SpecError> {
        self.get(key).map_or(Ok(Vec::new()), |list| list.items())
    }

    /// This object.
    ///
    /// # Errors
    /// Where this is not an object.
    pub(super) fn object(&self) -> Result<&'a Object, SpecError> {
        self.value.as_object().ok_or_else(|| self.error("is not an object", "write it as OpenAPI 3 asks"))
    }

    /// This flag.
    ///
    /// # Errors
    /// Where this is not a flag.
    pub(super) fn flag(&self) -> Result<bool, SpecError> {
        self.value.as_bool().ok_or_else(|| self.error("is neither true nor false", "write true or false"))
    }

    /// The flag under a key; false where there is no such key.
    pub(super) fn says(&self, key: &str) -> Result<bool, SpecError> {
        self.get(key).map_or(Ok(false), |flag| flag.flag())
    }

    /// The text under a key.
    ///
    /// # Errors
    /// Where there is no such text.
    pub(super) fn text(&self, key: &str) -> Result<&'a str, SpecError> {
        let missing = || self.error(format!("has no text `{key}`"), "add it, as OpenAPI 3 asks");
        self.raw(key).and_then(Value::as_str).ok_or_else(missing)
    }

    /// Whether the document is of OpenAPI 3.0, in which what is next to a `$ref` is ignored.
    fn is_3_0(&self) -> bool {
        self.document
            .value
            .get("openapi")
            .and_then(Value::as_str)
            .is_some_and(|version| version.starts_with("3.0"))
    }

    /// Whether the `$ref` here is all that counts: a schema of OpenAPI 3.1 may say more beside it.
    pub(super) fn is_reference(&self, means_something: impl Fn(&str) -> bool) -> bool {
        self.raw("$ref").is_some()
            && (self.is_3_0()
                || self
                    .value
                    .as_object()
                    .is_some_and(|map| !map.keys().any(|key| key != "$ref" && means_something(key))))
    }

    /// Where the `$ref` here leads.
    ///
    /// # Errors
    /// Where it leads out of the document, or nowhere.
    pub(super) fn target(&self) -> Result<Self, SpecError> {
        let Some(reference) = self.get("$ref") else { return Ok(self.clone()) };
        let shown = reference.value;
        let fragment = shown.as_str().and_then(|text| text.strip_prefix('#')).ok_or_else(|| {
            reference.error(
                format!("reference {shown} leads out of the document"),
                "bundle the documents, so that everything is in one",
            )
        })?;
        self.anywhere(fragment).ok_or_else(|| {
            reference
                .error(format!("reference {shown} leads nowhere"), "add what it names, or correct the `$ref`")
        })
    }

    /// The place in the same document that a fragment names; `None` where nothing is there.
    pub(super) fn anywhere(&self, fragment: &str) -> Option<Self> {
        let pointer = fragment_pointer(fragment);
        let value = self.document.value.pointer(&pointer)?;
        Some(Self { document: self.document, at: At { document: self.at.document, pointer }, value })
    }

    /// A member of the whole document.
    pub(super) fn root_section(&self, key: &str) -> Option<Self> {
        self.anywhere("")?.get(key)
    }

    /// This place, or where its references lead as long as they are all that counts.
    ///
    /// # Errors
    /// For references that lead out of the document, nowhere or in a circle.
    pub(super) fn followed(self, means_something: impl Fn(&str) -> bool + Copy) -> Result<Self, SpecError> {
        let (start, mut here) = (self.clone(), self);
        let mut steps = 0;
        while here.is_reference(means_something) {
            here = here.target()?;
            steps += 1;
            if steps > CHAIN {
                return Err(
                    start.error("a chain of references without an end", "let one of them hold the content")
                );
            }
        }
        Ok(here)
    }

    /// This place, or where its references lead; what is beside a `$ref` is ignored.
    ///
    /// # Errors
    /// As [`Self::followed`].
    pub(super) fn resolved(self) -> Result<Self, SpecError> {
        self.followed(|_| false)
    }
}

/// How many references may lead to each other: more are a circle.
const CHAIN: usize = 1_000;

/// The JSON pointer in the fragment of a `$ref`, which may be percent-encoded (RFC 6901, section 6).
fn fragment_pointer(fragment: &str) -> String {
    percent_encoding::percent_decode_str(fragment).decode_utf8_lossy().into_owned()
}
