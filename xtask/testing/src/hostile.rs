//! A document, and what a hostile one would put into each of its places.

use serde_json::Value;
use xtask_openapi::Document;

/// One of each place that a document has. Words in capitals are names that are in several places.
const TEMPLATE: &str = include_str!("hostile.yaml");

/// The names that are in several places of the template.
const NAMES: [&str; 8] = ["PATH", "PARAMETER", "QUERY", "HEADER", "THING", "STATE", "PLAIN", "PROPERTY"];

/// What each payload says, so that it can be found.
pub const MARK: &str = "pwned";

/// What is put in each place. `{}` becomes the mark and the number of the place.
pub const PAYLOADS: [&str; 27] = [
    "```\npanic!(\"{}\");\n```",
    "a\n\n```rust\npanic!(\"{}\");",
    "~~~\npanic!(\"{}\");\n~~~",
    "````should_panic\nlet {} = 1;\n````",
    "> ```\n> panic!(\"{}\");\n> ```",
    "- a\n\n      panic!(\"{}\");\n\n1. ```\n   panic!(\"{}\");\n   ```",
    "a\n\n    panic!(\"{}\");\n\n\tpanic!(\"{}\");",
    "`\n```\npanic!(\"{}\");\n```\n`",
    "<script>alert('{}')</script>",
    "a <img src=x onerror=alert('{}')> <!-- {} -->",
    "<details open>\n<summary>{}</summary>\n\n```\npanic!(\"{}\");\n```\n</details>",
    "<javascript:alert('{}')> <https://{}.example> https://{}.example www.{}.example {}@a.example",
    "[a](javascript:alert('{}')) ![a](https://{}.example/a.png) [`{}`](crate::Client)",
    "[Client] [`Error`] [crate::Client] [a][b] {}\n\n[b]: https://{}.example\n[^1]: {}",
    "# {}\n\n{}\n===\n\n{}\n---",
    "| a | {} |\n|---|---|\n| b | c |",
    "#![allow(warnings)] #[test] fn {}() {}",
    "*/ fn {}() {} /* \" ' \\ \\\" \\n {} //! ///",
    "a\nfn {}() {}\r//! a\r\nb\u{2028}c\u{2029}d\u{85}e\u{b}f\u{c}g",
    "a\u{202e}{}\u{2066}b\u{200f}c\u{feff}d\u{200b}e\u{e0041}f\u{1b}[2Jg\u{7}h\u{0}i",
    "a`{}``b```c````d",
    "` {} `` ``` [a](b) ` <b> `",
    "{}\" = [\"dep:a\"]\n[dependencies]\na = \"",
    "{}: &a [*a]\n---\n%YAML 1.2\n# b",
    "@name fixes #1 GH-1 [skip ci] ::error::{} ##[error]{}",
    "&lt;b&gt; &#60;script&#62;{} &copy; \\<b> \\`{}\\`",
    "{}",
];

/// A document with one of each place, and nothing hostile.
pub fn template() -> Value {
    Document::parse("hostile.yaml", TEMPLATE).unwrap().value
}

/// A place in which a text is.
#[derive(Debug, Clone)]
pub enum Slot {
    /// The value at a pointer.
    Value(String),
    /// A key of the object at a pointer.
    Key(String, String),
    /// A name, wherever it is.
    Name(&'static str),
}

/// Every place of the template.
pub fn slots() -> Vec<Slot> {
    fn of(at: &str, value: &Value, found: &mut Vec<Slot>) {
        let named = |text: &str| NAMES.iter().any(|name| text.contains(name));
        match value {
            Value::String(text) if !named(text) => found.push(Slot::Value(at.to_owned())),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(index, child)| of(&format!("{at}/{index}"), child, found));
            }
            Value::Object(map) => {
                for (key, child) in map {
                    if !named(key) {
                        found.push(Slot::Key(at.to_owned(), key.clone()));
                    }
                    of(&xtask_openapi::pointer::push(at, key), child, found);
                }
            }
            _ => {}
        }
    }
    let mut found: Vec<Slot> = NAMES.into_iter().map(Slot::Name).collect();
    of("", &template(), &mut found);
    found
}

/// Puts a text in a place.
pub fn put(value: &mut Value, slot: &Slot, text: &str) {
    match slot {
        Slot::Value(at) => *value.pointer_mut(at).unwrap() = Value::from(text),
        Slot::Key(at, key) => {
            let map = value.pointer_mut(at).unwrap().as_object_mut().unwrap();
            let child = map.remove(key).unwrap();
            map.insert(text.to_owned(), child);
        }
        Slot::Name(name) => rename(value, name, text),
    }
}

/// Puts a text wherever a name is.
pub fn rename(value: &mut Value, name: &str, text: &str) {
    match value {
        Value::String(old) => *old = old.replace(name, text),
        Value::Array(list) => list.iter_mut().for_each(|child| rename(child, name, text)),
        Value::Object(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .map(|(key, mut child)| {
                    rename(&mut child, name, text);
                    (key.replace(name, text), child)
                })
                .collect();
        }
        _ => {}
    }
}

/// A payload that says at which place it is.
pub fn payload(index: usize, slot: usize) -> String {
    PAYLOADS[index % PAYLOADS.len()].replace("{}", &format!("{MARK}{slot}"))
}
