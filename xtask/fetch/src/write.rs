//! Writing a document as YAML: the same document always gives the same text.
//!
//! serde-saphyr's writer puts versions such as `3.0.1` into quotes, or else leaves `NO` without
//! them, which older readers take for a boolean. So the few rules that are needed are here.

use serde_json::Value;

use xtask_openapi::{Document, SpecError, foreign::is_hidden};

/// The order of a document's own keys; others follow by name. Inside, keys are sorted.
const ORDER: [&str; 7] = ["openapi", "info", "servers", "security", "tags", "paths", "components"];

/// Words that some YAML readers take for a boolean or for nothing.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// The text of a document: keys sorted, no aliases, two spaces for each level.
///
/// # Errors
/// For a document that would not be read again as it is.
pub fn to_yaml(name: &str, document: &Value) -> Result<String, SpecError> {
    let mut text = String::new();
    match document.as_object() {
        Some(map) if !map.is_empty() => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| {
                (ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len()), *key)
            });
            mapping(&mut text, members, 0);
        }
        _ => block(&mut text, document, 0),
    }
    if Document::parse(name, &text)?.value == *document {
        Ok(text)
    } else {
        Err(SpecError::new(
            name,
            "",
            "would be read differently from what was written",
            "report it: the writer of documents cannot write this one",
        ))
    }
}

/// Writes a value; the line is already at `indent`.
fn block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => mapping(out, map, indent),
        Value::Array(list) if !list.is_empty() => {
            for (index, member) in list.iter().enumerate() {
                if index > 0 {
                    pad(out, indent);
                }
                out.push_str("- ");
                block(out, member, indent + 2);
            }
        }
        Value::String(text) => line(out, &scalar(text)),
        // Empty lists and objects, numbers, booleans and null are written as in JSON.
        _ => line(out, &value.to_string()),
    }
}

fn mapping<'a>(out: &mut String, members: impl IntoIterator<Item = (&'a String, &'a Value)>, indent: usize) {
    for (index, (key, value)) in members.into_iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str(&scalar(key));
        out.push(':');
        if value.as_object().is_some_and(|map| !map.is_empty())
            || value.as_array().is_some_and(|list| !list.is_empty())
        {
            out.push('\n');
            pad(out, indent + 2);
        } else {
            out.push(' ');
        }
        block(out, value, indent + 2);
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A text: plain where no reader can take it for anything else.
fn scalar(text: &str) -> String {
    if !text.chars().all(is_printable) {
        let escaped: String = text
            .chars()
            .map(|c| match c {
                '"' | '\\' => format!("\\{c}"),
                '\n' => "\\n".to_owned(),
                c if is_printable(c) => c.to_string(),
                c => format!("\\U{:08X}", u32::from(c)),
            })
            .collect();
        format!("\"{escaped}\"")
    } else if is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Whether YAML allows a character to stand for itself, and a reader of the file sees it.
fn is_printable(c: char) -> bool {
    !is_hidden(c) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(|c| "-?:,[]{}#&*!|>'\"%@`=~<.+".contains(c))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && !is_like_a_number(text)
}

/// Whether a text that starts with a digit may be a number, a date or a time to some reader.
/// Versions have too many points for that.
fn is_like_a_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.matches('.').count() < 2
        && text.chars().all(|c| c.is_ascii_hexdigit() || "_.:+- xotz".contains(c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{prelude::*, test_runner::Config};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_published_documents_are_written_byte_for_byte() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(xtask_openapi::PUBLISHED);
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
