//! JSON as it came, laid out for people: no number, no text and no order of members is changed.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// How many levels are laid out. What lies deeper stays as it came, so that no value exhausts the stack.
const DEEPEST: usize = 128;

/// One level of a JSON value.
pub(crate) enum Level<'a> {
    /// The members of an object, in their order.
    Object(Vec<(String, &'a RawValue)>),
    /// The elements of an array.
    Array(Vec<&'a RawValue>),
    /// Anything else, as it is written.
    Scalar(&'a str),
}

impl<'a> Level<'a> {
    /// The first level of a value.
    pub(crate) fn of(value: &'a RawValue) -> Self {
        let text = value.get();
        // A value that was read once is JSON, so what does not read as one form is another.
        match text.as_bytes().first() {
            Some(b'{') => match serde_json::from_str::<Members<'a>>(text) {
                Ok(Members(members)) => Self::Object(members),
                Err(_) => Self::Scalar(text),
            },
            Some(b'[') => serde_json::from_str(text).map_or(Self::Scalar(text), Self::Array),
            _ => Self::Scalar(text),
        }
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The text that a scalar stands for: that of a string, nothing for null, and otherwise what is written.
pub(crate) fn text(scalar: &str) -> String {
    match scalar {
        "null" => String::new(),
        _ => serde_json::from_str::<String>(scalar).unwrap_or_else(|_| scalar.to_owned()),
    }
}

/// The value with a member or element a line, indented by two blanks.
pub(crate) fn pretty(value: &RawValue) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &RawValue, depth: usize, text: &mut String) {
    if depth == DEEPEST {
        return text.push_str(value.get());
    }
    match Level::of(value) {
        Level::Scalar(scalar) => text.push_str(scalar),
        Level::Object(members) if members.is_empty() => text.push_str("{}"),
        Level::Array(elements) if elements.is_empty() => text.push_str("[]"),
        Level::Object(members) => {
            let last = members.len() - 1;
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                new_line(depth + 1, text);
                text.push_str(&serde_json::Value::from(name).to_string());
                text.push_str(": ");
                write(value, depth + 1, text);
                text.push_str(if at < last { "," } else { "" });
            }
            new_line(depth, text);
            text.push('}');
        }
        Level::Array(elements) => {
            let last = elements.len() - 1;
            text.push('[');
            for (at, value) in elements.into_iter().enumerate() {
                new_line(depth + 1, text);
                write(value, depth + 1, text);
                text.push_str(if at < last { "," } else { "" });
            }
            new_line(depth, text);
            text.push(']');
        }
    }
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// The value without white space between its parts, in one line.
pub(crate) fn compact(value: &RawValue) -> String {
    compact_at(value, 0)
}

fn compact_at(value: &RawValue, depth: usize) -> String {
    if depth == DEEPEST {
        return value.get().split(['\n', '\r']).collect();
    }
    let compact = |value| compact_at(value, depth + 1);
    match Level::of(value) {
        Level::Scalar(scalar) => scalar.to_owned(),
        Level::Object(members) => {
            let members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name), compact(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Level::Array(elements) => {
            let elements: Vec<_> = elements.into_iter().map(compact).collect();
            format!("[{}]", elements.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn numbers_texts_and_order_stay_as_they_came() {
        let value = raw(r#"{ "b":1.10, "a":[12345678901234567890.000, -0, "\u00e9é"] ,"c":{},"d":[ ]}"#);
        assert_eq!(
            compact(&value),
            r#"{"b":1.10,"a":[12345678901234567890.000,-0,"\u00e9é"],"c":{},"d":[]}"#
        );
        let lines = "{\n  \"b\": 1.10,\n  \"a\": [\n    12345678901234567890.000,\n    -0,\n    \"\\u00e9é\"\n  ],\n  \
                     \"c\": {},\n  \"d\": []\n}";
        assert_eq!(pretty(&value), lines);
    }

    #[test]
    fn a_value_of_any_depth_is_printed() {
        let depth = 10_000;
        let value = raw(&("[".repeat(depth) + &"]".repeat(depth)));
        assert_eq!(compact(&value), value.get());
        let squeezed: String = pretty(&value).split_whitespace().collect();
        assert_eq!(squeezed, value.get());
    }

    #[test]
    fn a_scalar_stands_for_its_text() {
        for (scalar, expected) in [("null", ""), ("true", "true"), ("1.10", "1.10"), (r#""a\nb""#, "a\nb")] {
            assert_eq!(text(scalar), expected);
        }
    }
}
