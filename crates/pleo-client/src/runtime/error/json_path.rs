//! Where in a JSON text something is.

use super::super::identifier;

/// An object or array that has begun, with the member or entry that is being read.
enum Level<'a> {
    Member(Option<&'a str>),
    Entry(usize),
}

/// The path of the value that ends, or begins, at `end` bytes of a JSON text: `data[3].amount.currency`. It is
/// empty for the whole text. A name that is not an [`identifier`] is shown as `…`.
///
/// It is found by scanning, not by decoding again with a library that keeps the path: that would compile each
/// generated type a second time.
pub(super) fn json_path(json: &[u8], end: usize) -> String {
    let json = &json[..end.min(json.len())];
    let (mut levels, mut position): (Vec<Level<'_>>, _) = (Vec::new(), 0);
    while let Some(byte) = json.get(position) {
        let is_last = position + 1 == json.len();
        match byte {
            // What cannot be read as an object or array is named itself, not what it contains.
            b'{' if !is_last => levels.push(Level::Member(None)),
            b'[' if !is_last => levels.push(Level::Entry(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => match levels.last_mut() {
                Some(Level::Entry(index)) => *index += 1,
                Some(Level::Member(name)) => *name = None,
                None => {}
            },
            b'"' => {
                let text = string(&json[position + 1..]);
                position += text.len() + 1;
                if let Some(Level::Member(name @ None)) = levels.last_mut() {
                    *name = Some(std::str::from_utf8(text).ok().and_then(identifier).unwrap_or("…"));
                }
            }
            _ => {}
        }
        position += 1;
    }
    shown(&levels)
}

/// The inside of the string that begins here.
fn string(json: &[u8]) -> &[u8] {
    let mut escaped = false;
    let end = json.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    &json[..end.unwrap_or(json.len())]
}

fn shown(levels: &[Level<'_>]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Entry(index) => path.push_str(&format!("[{index}]")),
            Level::Member(Some(name)) if path.is_empty() => path.push_str(name),
            Level::Member(Some(name)) => path.extend([".", name]),
            Level::Member(None) => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::{Value, json};

    use super::*;
    use crate::runtime::Decimal;

    #[derive(Debug)]
    struct Amount;

    crate::runtime::object!(Pair { required number = "number", optional text = "text", });

    #[derive(Debug)]
    struct Pair {
        number: u8,
        text: Option<String>,
    }

    impl<'de> Deserialize<'de> for Amount {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Decimal::deserialize(deserializer).map(|_| Self)
        }
    }

    fn path<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        let error = serde_json::from_str::<T>(json).unwrap_err();
        let before: usize = json.split_inclusive('\n').take(error.line() - 1).map(str::len).sum();
        json_path(json.as_bytes(), before + error.column())
    }

    #[test]
    fn the_value_that_cannot_be_decoded_is_named() {
        type Map<T> = BTreeMap<String, T>;
        for (found, expected) in [
            (path::<u8>("[1]"), ""),
            (path::<Vec<u8>>("[1, 2, -3]"), "[2]"),
            (path::<Vec<u8>>("[1, [2]]"), "[1]"),
            (path::<Vec<Map<u8>>>(r#"[{}, {"a": 1, "b": {"c": 2}}]"#), "[1].b"),
            (path::<Map<Vec<u8>>>(r#"{"a": [], "b": ["x, y"]}"#), "b[0]"),
            (path::<Map<Vec<u8>>>(r#"{"a": {"b": 1}}"#), "a"),
            (path::<Map<Map<u8>>>("{\"a\": {},\n \"b\": {\"c\":\n null}}"), "b.c"),
            (path::<Map<u8>>(r#"{"q\" {[": 1, "not an id": "x"}"#), "…"),
            (path::<Map<Map<Amount>>>(r#"{"a": {"b": "one", "c": 2}}"#), "a.b"),
            // serde_json knows of a raw value only that its object holds it.
            (path::<Map<Map<Amount>>>(r#"{"a": {"b": 1, "c": "one"}}"#), "a"),
            (path::<Map<Vec<Pair>>>(r#"{"data": [{"number": 1}, {"text": "a"}, {"number": 2}]}"#), "data[1]"),
            (path::<Map<Vec<Pair>>>(r#"{"data": [{"number": 1, "text": 5, "x": 1}]}"#), "data[0].text"),
            (path::<Vec<u8>>("[1, 2"), "[1]"),
        ] {
            assert_eq!(found, expected);
        }
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_is_found_without_a_panic(text in "[\\[\\]{},:\"\\\\a1 ]{0,40}", end in 0usize..50) {
            json_path(text.as_bytes(), end);
        }

        #[test]
        fn whatever_lies_around_it_a_value_is_found(before in any_json(), after in any_json(), index in 0usize..3) {
            let mut list = vec![before; index];
            list.extend([json!({ "a": { "b": "not a number" } }), after]);
            let text = serde_json::to_string(&json!({ "data": list })).unwrap();
            let end = text.find("not a number\"").unwrap() + "not a number\"".len();
            prop_assert_eq!(json_path(text.as_bytes(), end), format!("data[{index}].a.b"));
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((".{0,4}", inner), 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
