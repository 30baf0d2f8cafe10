//! Values that fit a published schema, from a seed.

use fastrand::Rng;
use serde_json::{Map, Number, Value, json};

use crate::published::Published;

/// Makes values for the schemas of one document.
#[derive(Debug)]
pub struct Values<'a> {
    document: &'a Published,
    rng: Rng,
    style: Style,
}

/// Which of the values that a schema allows are made, or by what they overstep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What the schema says; optional fields come and go.
    Valid,
    /// As valid, with every optional field there.
    Full,
    /// As valid, with unknown fields in every object, maps included.
    UnknownFields,
    /// As full, with a value in every enum that it does not list.
    UnknownEnumValues,
    /// As full, with null in every nullable place.
    Nulls,
    /// As full, with every nullable field left out, required ones too.
    Absent,
    /// As full, with all spellings of a time that RFC 3339 allows, and dates where the pattern says so.
    Times,
    /// As full, with strings that break patterns and bounds, and lists with too many or equal items.
    BrokenBounds,
}

/// The value that no enum of Pleo's lists.
pub const UNKNOWN: &str = "BRAND_NEW value/ü";

impl<'a> Values<'a> {
    /// Values for a document's schemas. The same seed gives the same values.
    pub fn new(document: &'a Published, style: Style, seed: u64) -> Self {
        Self { document, rng: Rng::with_seed(seed), style }
    }

    /// A value for a schema.
    pub fn value(&mut self, schema: &'a Value) -> Value {
        self.at_depth(schema, 0)
    }

    fn at_depth(&mut self, schema: &'a Value, depth: usize) -> Value {
        let (schema, nullable) = self.resolve(schema);
        if nullable {
            let null = match self.style {
                Style::Nulls => true,
                Style::Valid | Style::UnknownFields => self.rng.u8(..4) == 0,
                _ => false,
            };
            if null {
                return Value::Null;
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return match self.style {
                Style::UnknownEnumValues => json!(UNKNOWN),
                _ => self.rng.choice(values).unwrap().clone(),
            };
        }
        match schema["type"].as_str() {
            Some("string") => Value::String(self.string(schema)),
            Some("integer") => json!(self.integer(schema)),
            Some("number") => self.number(),
            Some("boolean") => json!(self.rng.bool()),
            Some("array") => self.array(schema, depth),
            Some("object") => self.object(schema, depth),
            other => panic!("a schema of type {other:?}: {schema}"),
        }
    }

    /// Follows references and one-member `allOf`s; says whether null is allowed on the way.
    fn resolve(&self, mut schema: &'a Value) -> (&'a Value, bool) {
        let mut nullable = false;
        loop {
            nullable |= schema["nullable"] == json!(true);
            schema = if let Some(reference) = schema["$ref"].as_str() {
                self.document.root.pointer(&reference[1..]).unwrap()
            } else if let Some([member]) = schema["allOf"].as_array().map(Vec::as_slice) {
                member
            } else {
                return (schema, nullable);
            };
        }
    }

    fn string(&mut self, schema: &Value) -> String {
        match schema["format"].as_str() {
            Some("uuid") => {
                let (a, b, c, d) = (self.rng.u32(..), self.rng.u16(..), self.rng.u16(..), self.rng.u16(..));
                format!(
                    "{a:08x}-{b:04x}-4{:03x}-8{:03x}-{:012x}",
                    c & 0xfff,
                    d & 0xfff,
                    self.rng.u64(..1 << 48)
                )
            }
            Some("date-time") => self.time(schema["pattern"] == json!("YYYY-MM-DD")),
            Some("url") => format!("https://files.test/{}?sig=%2B{}", self.word(1, 8), self.word(1, 8)),
            None => self.plain_string(schema),
            Some(other) => panic!("format {other}"),
        }
    }

    fn plain_string(&mut self, schema: &Value) -> String {
        if self.style == Style::BrokenBounds {
            return if self.rng.bool() { String::new() } else { "too long".repeat(40) };
        }
        let low = schema["minLength"].as_u64().unwrap_or(0) as usize;
        let high = schema["maxLength"].as_u64().unwrap_or(24).min(24) as usize;
        match schema["pattern"].as_str() {
            Some("^[A-Z2-7=~]+$") => (0..self.rng.usize(1..20))
                .map(|_| *self.rng.choice(b"ABCXYZ234567=~").unwrap() as char)
                .collect(),
            Some(other) => panic!("pattern {other}"),
            None => self.word(low, high.max(low)),
        }
    }

    /// Text of any script, with what JSON, queries and paths have to escape.
    fn word(&mut self, low: usize, high: usize) -> String {
        const ALPHABET: [char; 24] = [
            'a', 'b', 'Z', '0', '9', ' ', '"', '\\', '/', '&', '=', '+', '%', '#', '?', '<', '\n', '\t', 'é',
            'ß', '日', '🦀', '\u{0}', '\u{2028}',
        ];
        (0..self.rng.usize(low..=high)).map(|_| *self.rng.choice(&ALPHABET).unwrap()).collect()
    }

    fn time(&mut self, plain_date: bool) -> String {
        let date =
            format!("{:04}-{:02}-{:02}", self.rng.u16(1990..2100), self.rng.u8(1..=12), self.rng.u8(1..=28));
        if plain_date && self.style == Style::Times && self.rng.bool() {
            return date;
        }
        let (hour, minute, second) = (self.rng.u8(..24), self.rng.u8(..60), self.rng.u8(..60));
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        let fraction = match self.rng.u8(..4) {
            0 => String::new(),
            1 => format!(".{:03}", self.rng.u16(1..1000)),
            2 => format!(".{:09}", self.rng.u32(1..1_000_000_000) | 1),
            _ if self.style == Style::Times => format!(".{}", self.rng.u8(..10)),
            _ => format!(".{:06}", self.rng.u32(1..1000) * 1000 + 1),
        };
        let offset = match self.rng.u8(..4) {
            0 => "+02:00",
            1 => "-11:30",
            2 if self.style == Style::Times => "+00:00",
            _ => "Z",
        };
        let separator = if self.style == Style::Times && self.rng.u8(..8) == 0 { 't' } else { 'T' };
        format!("{date}{separator}{time}{fraction}{offset}")
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let value = match schema["format"].as_str() {
            Some("int32") => self.rng.i32(..).into(),
            _ => self.rng.i64(..),
        };
        if self.style == Style::BrokenBounds {
            return value;
        }
        let bound = |name: &str, unbounded: i64| schema[name].as_i64().unwrap_or(unbounded);
        value.clamp(bound("minimum", i64::MIN), bound("maximum", i64::MAX))
    }

    fn number(&mut self) -> Value {
        let text = format!("{}.{:02}", self.rng.i32(-1_000_000..1_000_000), self.rng.u8(..100));
        Value::Number(text.parse::<Number>().unwrap())
    }

    fn array(&mut self, schema: &'a Value, depth: usize) -> Value {
        let low = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let high = schema["maxItems"].as_u64().unwrap_or(3).min(3) as usize;
        let length = match self.style {
            Style::BrokenBounds => 2,
            Style::Full | Style::UnknownEnumValues | Style::Nulls | Style::Absent | Style::Times => {
                high.min(2).max(low)
            }
            _ if depth > 6 => low,
            _ => self.rng.usize(low..=high.max(low)),
        };
        let mut items: Vec<Value> = (0..length).map(|_| self.at_depth(&schema["items"], depth + 1)).collect();
        if self.style == Style::BrokenBounds {
            let first = items[0].clone();
            items.push(first);
        } else if schema["uniqueItems"] == json!(true) {
            let mut seen = Vec::new();
            items.retain(|item| {
                !seen.contains(item) && {
                    seen.push(item.clone());
                    true
                }
            });
        }
        Value::Array(items)
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object();
        for (name, property) in properties.into_iter().flatten() {
            let needed = required.contains(&name.as_str());
            let nullable = self.resolve(property).1;
            let present = match self.style {
                Style::Absent => !nullable,
                Style::Valid | Style::UnknownFields => needed || (depth < 8 && self.rng.bool()),
                _ => true,
            };
            if !present {
                continue;
            }
            let value = self.at_depth(property, depth + 1);
            // An optional field that is null is equal to an absent one, and encoded as that.
            let same_as_absent =
                value.is_null() && !needed && matches!(self.style, Style::Valid | Style::UnknownFields);
            if !same_as_absent {
                object.insert(name.clone(), value);
            }
        }
        match &schema["additionalProperties"] {
            Value::Object(_) => {
                for _ in 0..self.rng.usize(..3) {
                    let value = self.map_value(&schema["additionalProperties"], depth + 1);
                    object.insert(self.word(1, 8), value);
                }
                // A member whose kind is not that of the map's values is an unknown one.
                let values = self.resolve(&schema["additionalProperties"]).0;
                let unknown = match values["type"].as_str() {
                    Some("string") => Some(json!(["x"])),
                    Some("array") => Some(json!("x")),
                    Some("object") if values.get("properties").is_some() => Some(json!("x")),
                    _ => None,
                };
                if let Some(unknown) = unknown.filter(|_| self.style == Style::UnknownFields) {
                    object.insert("aaBrandNew".to_owned(), unknown);
                    object.insert("zz brand/new".to_owned(), json!(1e300));
                }
            }
            Value::Null => {}
            other => panic!("additionalProperties {other}"),
        }
        if self.style == Style::UnknownFields && properties.is_some() {
            object.insert("aaBrandNew".to_owned(), json!({"deep": [1, null, {"er": "x"}]}));
            object.insert("zz brand/new".to_owned(), json!(1e300));
        }
        Value::Object(object)
    }

    fn map_value(&mut self, schema: &'a Value, depth: usize) -> Value {
        let (resolved, nullable) = self.resolve(schema);
        let anything = resolved["type"] == json!("object") && resolved.get("properties").is_none();
        if anything && resolved.get("additionalProperties").is_none() {
            let any = [json!({}), json!({"a": [1, "b", null]}), json!({"x": {"y": true}}), Value::Null];
            let count = if nullable { 4 } else { 3 };
            return any[self.rng.usize(..count)].clone();
        }
        self.at_depth(schema, depth)
    }
}
