//! From the text of a file to a JSON value: YAML by its core schema, JSON by its own rules.

mod fault;
mod json;
mod number;
mod yaml;

use serde_json::Value;

pub use fault::Fault;

/// Reads a text: JSON if that is what `name`, a file name or an address, ends in, and YAML otherwise.
///
/// # Errors
/// The first place that cannot be read, or not without losing something.
pub fn value(name: &str, text: &str) -> Result<Value, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_json(name) { json::read(text) } else { yaml::read(text) }
}

fn is_json(name: &str) -> bool {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    path.to_ascii_lowercase().ends_with(".json")
}

/// The text of a file, which has to be UTF-8.
///
/// # Errors
/// Says which encoding it is in instead, as far as that shows, and where.
pub fn utf8(bytes: Vec<u8>) -> Result<String, Fault> {
    let fault = |line, column, problem: &str| Fault {
        line,
        column,
        problem: problem.to_owned(),
        remedy: "save the file as UTF-8",
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
            return Err(fault(1, 1, "a text in UTF-16 or UTF-32"));
        }
        _ => {}
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let last = good.rsplit('\n').next().unwrap_or_default();
        fault(good.matches('\n').count() + 1, last.chars().count() + 1, "a byte that is not UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_name_says_whether_a_text_is_json() {
        let text = "{\"a\": 1, \"b\": .5}";
        for name in ["a.yaml", "a.yml", "block", "https://example.org/openapi?format=.json"] {
            assert_eq!(value(name, text), Ok(json!({"a": 1, "b": 0.5})), "{name}");
        }
        for name in ["a.json", "A.JSON", "https://example.org/openapi.json?version=3"] {
            assert!(value(name, text).is_err(), "{name}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(value("a.yaml", "\u{feff}a: 1"), Ok(json!({"a": 1})));
        assert_eq!(value("a.json", "\u{feff}{\"a\": 1}"), Ok(json!({"a": 1})));
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        let little: Vec<u8> = "a: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "a: 1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xff, 0xfe], little.as_slice()].concat();
        for bytes in [little, big, marked] {
            assert!(utf8(bytes).unwrap_err().problem.contains("UTF-16"));
        }
        let fault = utf8(b"a: 1\nb: \xe9t\xe9".to_vec()).unwrap_err();
        assert_eq!((fault.line, fault.column), (2, 4));
        assert_eq!(utf8("a: é".into()).as_deref(), Ok("a: é"));
        assert_eq!(utf8(Vec::new()).as_deref(), Ok(""));
    }
}
