//! Writing a document as YAML: the same document always gives the same text.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use crate::spec::{Document, SpecError};

/// The order of a document's own keys; others follow by name. Inside, keys are sorted.
const ORDER: [&str; 7] = ["openapi", "info", "servers", "security", "tags", "paths", "components"];

/// The text of a document: keys sorted, no aliases, two spaces for each level.
///
/// # Errors
/// For a document that would not be read again as it is.
pub fn to_yaml(name: &str, document: &Value) -> Result<String, SpecError> {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    let lost = |problem: String| {
        SpecError::new(name, "", problem, "report it: the writer of documents cannot write this one")
    };
    let text = serde_saphyr::to_string_with_options(&Top(document), options)
        .map_err(|error| lost(format!("cannot be written as YAML: {error}")))?;
    let read = Document::parse(name, &text)?;
    if read.value != *document {
        return Err(lost("would be read differently from what was written".to_owned()));
    }
    Ok(text)
}

struct Top<'a>(&'a Value);

impl Serialize for Top<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(document) = self.0.as_object() else { return self.0.serialize(serializer) };
        let mut keys: Vec<_> = document.keys().map(String::as_str).collect();
        keys.sort_by_key(|key| (ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len()), *key));
        let mut map = serializer.serialize_map(Some(keys.len()))?;
        for key in keys {
            map.serialize_entry(key, &document[key])?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{prelude::*, test_runner::Config};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_published_documents_are_written_byte_for_byte() {
        let folder = crate::root().join(crate::PUBLISHED);
        for document in Document::read_folder(&folder).unwrap() {
            let text = fs::read_to_string(folder.join(&document.name)).unwrap();
            let written = to_yaml(&document.name, &document.value).unwrap();
            let line = text.lines().zip(written.lines()).find(|(here, there)| here != there);
            assert!(text == written, "{}: {line:?}", document.name);
        }
    }

    #[test]
    fn what_yaml_would_read_as_something_else_is_quoted() {
        let texts = [
            "",
            " ",
            "~",
            "null",
            "Null",
            "true",
            "False",
            "yes",
            "NO",
            "on",
            "y",
            "200",
            "0x1F",
            "0o17",
            "1_000",
            "1e3",
            ".5",
            "-",
            "- a",
            "?",
            ": a",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a'",
            "\"a\"",
            "{a}",
            "[a]",
            "a\nb",
            "a\r\n",
            "\ta",
            "a\t",
            "---",
            "...",
            "2025-11-21",
            ".inf",
            ".nan",
            "=",
            "<<",
            "\u{0}",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "12:30:45",
            "1.10",
            "日本",
        ];
        to_yaml("a.yaml", &json!({ "a": texts.to_vec() })).unwrap();
        let keys: serde_json::Map<_, _> =
            texts.iter().map(|text| ((*text).to_owned(), json!([{}, []]))).collect();
        to_yaml("a.yaml", &Value::Object(keys)).unwrap();
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            prop::num::f64::NORMAL.prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[ -~\\n]{0,12}".prop_map(Value::from),
            "[-+.0-9eExo_:~#'\"&*!|>{}\\[\\], ]{1,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[ -~\\n]{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn any_document_is_read_again_as_it_was(value in values()) {
            let document = json!({ "openapi": "3.0.1", "x-any": value });
            prop_assert_eq!(to_yaml("a.yaml", &document).map_err(|error| error.to_string()).map(|_| ()), Ok(()));
        }
    }
}
