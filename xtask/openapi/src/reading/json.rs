//! Reading JSON (RFC 8259) without losing a key or a digit.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    fault::{DEPTH, Fault, shortened, too_deep},
    number,
};

/// Reads a text that holds one JSON value.
///
/// # Errors
/// The first place that is not JSON, a key that is there twice, and a number that would lose digits.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| {
            let message = error.to_string();
            let problem = message.rsplit_once(" at line ").map_or(message.as_str(), |(problem, _)| problem);
            Fault {
                line: error.line(),
                column: error.column(),
                problem: problem.to_owned(),
                remedy: "correct the line; a file named `.json` is expected to be JSON",
            }
        })?;
    match unkept(text) {
        None => Ok(value),
        Some(fault) => Err(fault),
    }
}

/// The first number of a JSON text that cannot be kept exactly.
fn unkept(text: &str) -> Option<Fault> {
    let (mut quoted, mut escaped) = (false, false);
    let mut start = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        if quoted {
            (quoted, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match (start, byte) {
            (None, b'-' | b'0'..=b'9') => start = Some(at),
            (Some(from), byte) if !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') => {
                if let Err(problem) = number::decimal(&text[from..at]) {
                    let before = &text[..from];
                    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                    return Some(Fault {
                        line: before.matches('\n').count() + 1,
                        column: before[line_start..].chars().count() + 1,
                        problem,
                        remedy: "write it as a string if it is meant as text, or with fewer digits",
                    });
                }
                start = None;
            }
            _ => {}
        }
        quoted = byte == b'"';
    }
    None
}

/// A value at some depth, which is read by hand so that a key that is there twice is seen.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH {
            return Err(E::custom(too_deep()));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{}` twice in one object", shortened(&key))));
            }
            let value = members.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reading::fault::assert_refused;

    #[test]
    fn json_is_read_by_the_rules_of_json() {
        let text =
            r#"{"a": [1, -2.5, 1e2, true, null, "\u00e9\ud83d\ude00\/", "-1e999 \" 1e999 \\"], "b": {}}"#;
        assert_eq!(
            read(text).unwrap(),
            json!({"a": [1, -2.5, 100.0, true, null, "é😀/", "-1e999 \" 1e999 \\"], "b": {}})
        );
        assert_eq!(read(&format!("\"{}\"", "k".repeat(5000))).unwrap().as_str().unwrap().len(), 5000);
    }

    #[test]
    fn what_is_not_json_or_would_lose_something_is_refused_with_its_line() {
        for (text, line, problem) in [
            ("{\n  \"a\": 1,\n}", 3, "trailing comma"),
            ("{\n  \"a\": 1,\n  \"a\": 2\n}", 3, "`a` twice"),
            ("{\n  a: 1\n}", 2, "key must be a string"),
            ("{\n  \"a\": 18446744073709551617\n}", 2, "18446744073709551617"),
            ("[\n1, 0.1234567890123456789]", 2, "0.1234567890123456789"),
            ("[\n1e999]", 2, "out of range"),
            ("[\n.5]", 2, "expected value"),
            ("[\n0x1F]", 2, "expected"),
            ("[\n# no\n]", 2, "expected value"),
            ("[1]\n[2]", 2, "trailing characters"),
            ("[\n'a']", 2, "expected value"),
        ] {
            assert_refused(read(text), text, line, problem);
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(DEPTH)).is_ok());
        assert!(read(&nested(DEPTH + 1)).unwrap_err().problem.contains("deeper than 100"));
        assert!(read(&nested(1_000_000)).unwrap_err().problem.contains("deeper than 100"));
    }
}
