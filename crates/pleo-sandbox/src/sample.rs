//! Values that fit a schema of `spec/openapi.json`.

use fastrand::Rng;
use pleo_client::Operation;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value, json};
use uuid::Uuid;

use crate::document;

/// Deeper than this, only what a schema requires is made, so that schemas may contain themselves.
const DEEP: usize = 8;

/// Deeper than this, nothing is made: a schema that requires itself has no value.
const BOTTOM: usize = 64;

/// Makes values that fit a schema of `spec/openapi.json`: the same value for the same schema and seed.
///
/// ```
/// use pleo_sandbox::{Optional, Sampler};
///
/// let sampler = Sampler::new(7).optional(Optional::All);
/// let vendor = sampler.component("VendorCreateRequest");
/// assert!(vendor["name"].is_string());
/// assert_eq!(vendor, sampler.component("VendorCreateRequest"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    seed: u64,
    optional: Optional,
    any_text: bool,
    empty_text: bool,
    edges: bool,
}

/// Which of the members that a schema does not require a [`Sampler`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Optional {
    /// All of them, and no `null`.
    All,
    /// None of them, and no `null`.
    None,
    /// Some of them, as the seed says; and `null` now and then where it is allowed.
    Some,
}

impl Sampler {
    /// A sampler that makes [some](Optional::Some) of the optional members.
    pub fn new(seed: u64) -> Self {
        Self { seed, optional: Optional::Some, any_text: false, empty_text: false, edges: false }
    }

    /// The same with these optional members.
    #[must_use]
    pub fn optional(self, optional: Optional) -> Self {
        Self { optional, ..self }
    }

    /// The same, but free text has any characters: blanks, line ends and other control characters except NUL, those
    /// with a meaning in URLs, and those beyond ASCII; and now and then what looks like a character that is already
    /// encoded. Without this it reads like something that a person has typed.
    #[must_use]
    pub fn any_text(self) -> Self {
        Self { any_text: true, ..self }
    }

    /// The same, but free text is empty now and then, where the schema has no least length.
    #[must_use]
    pub fn empty_text(self) -> Self {
        Self { empty_text: true, ..self }
    }

    /// The same, but now and then an integer is 0, the least or the greatest that its schema allows, and a list is as
    /// short as it may be, often empty.
    #[must_use]
    pub fn edges(self) -> Self {
        Self { edges: true, ..self }
    }

    /// Whether the schema of this parameter allows every text, the empty one among them.
    pub fn takes_every_text(operation: &Operation, name: &str) -> bool {
        const BOUNDS: [&str; 7] = ["enum", "format", "pattern", "minLength", "oneOf", "anyOf", "allOf"];
        let parameters = document::operation(operation)["parameters"].as_array();
        let parameter = parameters.and_then(|all| all.iter().find(|parameter| parameter["name"] == name));
        parameter.is_some_and(|parameter| {
            let schema = document::followed(&parameter["schema"]);
            schema["type"] == "string" && BOUNDS.iter().all(|bound| schema[bound].is_null())
        })
    }

    /// A value that fits this schema, whose `$ref`s lead into `spec/openapi.json`.
    pub fn value(&self, schema: &Value) -> Value {
        self.named("", schema)
    }

    /// A value that fits the component schema of this name; `null` when there is none.
    pub fn component(&self, name: &str) -> Value {
        self.named("", &document::root()["components"]["schemas"][name])
    }

    /// A request body for an operation, if it takes one.
    pub fn body(&self, operation: &Operation) -> Option<Value> {
        let content = document::operation(operation)["requestBody"]["content"].as_object()?;
        content.values().next().map(|media| self.value(&media["schema"]))
    }

    /// A value for the parameter of this name, if the operation takes one. A list is an array.
    pub fn parameter(&self, operation: &Operation, name: &str) -> Option<Value> {
        let parameters = document::operation(operation)["parameters"].as_array()?;
        let parameter = parameters.iter().find(|parameter| parameter["name"] == name)?;
        Some(self.named(name, &parameter["schema"]))
    }

    fn named(&self, name: &str, schema: &Value) -> Value {
        Sampling { rng: Rng::with_seed(self.seed), sampler: *self }.value(name, schema, 0)
    }
}

/// One value in the making.
struct Sampling {
    rng: Rng,
    sampler: Sampler,
}

impl Sampling {
    /// A value for a member or parameter of this name.
    fn value(&mut self, name: &str, schema: &Value, depth: usize) -> Value {
        if depth > BOTTOM {
            return Value::Null;
        }
        if let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            return match document::root().pointer(pointer) {
                Some(target) => self.value(name, target, depth + 1),
                None => Value::Null,
            };
        }
        if schema["nullable"] == true && self.sampler.optional == Optional::Some && self.rng.u8(..4) == 0 {
            return Value::Null;
        }
        if let Some(members) = schema["enum"].as_array() {
            let members: Vec<_> = members.iter().filter(|member| !member.is_null()).collect();
            return self.rng.choice(members).cloned().unwrap_or_default();
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(members) = schema[choice].as_array() {
                let Some(member) = self.rng.choice(members) else { return Value::Null };
                return self.value(name, member, depth + 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.merged(name, parts, depth);
        }
        match schema["type"].as_str() {
            Some("array") => self.array(name, schema, depth),
            Some("boolean") => Value::Bool(self.rng.bool()),
            Some("integer") => self.integer(name, schema),
            Some("number") => self.number(name, schema),
            Some("string") => Value::String(self.string(name, schema)),
            Some("object") => self.object(name, schema, depth),
            _ if schema["properties"].is_object() => self.object(name, schema, depth),
            // A schema without a type allows everything.
            _ => Value::String(self.words(name)),
        }
    }

    fn merged(&mut self, name: &str, parts: &[Value], depth: usize) -> Value {
        let mut merged = Value::Null;
        for part in parts {
            let value = self.value(name, part, depth + 1);
            match (&mut merged, value) {
                (Value::Object(all), Value::Object(members)) => all.extend(members),
                (all, value) => *all = value,
            }
        }
        merged
    }

    fn object(&mut self, name: &str, schema: &Value, depth: usize) -> Value {
        let required = |member: &str| {
            schema["required"].as_array().is_some_and(|required| required.iter().any(|other| other == member))
        };
        let mut object = Map::new();
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            if required(member) || self.includes_optional(depth) {
                object.insert(member.clone(), self.value(member, property, depth + 1));
            }
        }
        let additional = &schema["additionalProperties"];
        if (additional.is_object() || additional == true) && self.includes_optional(depth) {
            for _ in 0..self.rng.usize(1..3) {
                let key =
                    if name.ends_with("Id") { self.uuid() } else { self.pick(WORDS).to_ascii_lowercase() };
                object.insert(key, self.value("", additional, depth + 1));
            }
        }
        Value::Object(object)
    }

    fn includes_optional(&mut self, depth: usize) -> bool {
        match self.sampler.optional {
            Optional::All => depth < DEEP,
            Optional::None => false,
            Optional::Some => depth < DEEP && self.rng.bool(),
        }
    }

    fn array(&mut self, name: &str, schema: &Value, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let most = schema["maxItems"].as_u64().unwrap_or(least + 3).max(least);
        let short = depth >= DEEP || self.is_edge();
        let usual = if short { least } else { least.max(1) + self.rng.u64(..3) };
        let wanted = usize::try_from(usual.min(most)).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        // An item schema with few values may not have as many different ones as are wanted.
        for _ in 0..wanted.saturating_mul(20) {
            if items.len() == wanted {
                break;
            }
            let item = self.value(singular(name), &schema["items"], depth + 1);
            if schema["uniqueItems"] != true || !items.contains(&item) {
                items.push(item);
            }
        }
        Value::Array(items)
    }

    /// Whether a value is to be as small or as large as it may be.
    fn is_edge(&mut self) -> bool {
        self.sampler.edges && self.rng.u8(..4) == 0
    }

    fn integer(&mut self, name: &str, schema: &Value) -> Value {
        let (least, most) = match (schema["minimum"].as_i64(), schema["maximum"].as_i64(), name) {
            (None, None, "minors") => (-5_000, 250_000),
            // No page is to be empty.
            (least, most, "limit") => (least.unwrap_or(1).max(1), most.unwrap_or(100)),
            (least, most, _) => {
                let least = least.unwrap_or_else(|| most.map_or(0, |most| most.min(0)));
                (least, most.unwrap_or_else(|| least.saturating_add(1_000)))
            }
        };
        let step = schema["multipleOf"].as_i64().unwrap_or(1).max(1);
        let most = most.max(least);
        let value = match self.is_edge() {
            true => self.pick(&[least, most, 0.clamp(least, most)]),
            false => self.rng.i64(least..=most),
        };
        let multiple = value - value.rem_euclid(step);
        json!(if multiple < least { multiple + step } else { multiple })
    }

    fn number(&mut self, name: &str, schema: &Value) -> Value {
        if name == "rate" {
            return json!(self.pick(&[0.0, 0.07, 0.0775, 0.19, 0.25]));
        }
        let least = schema["minimum"].as_f64();
        let most = schema["maximum"].as_f64();
        let least = least.unwrap_or_else(|| most.map_or(0.0, |most| most.min(0.0)));
        let most = most.unwrap_or(least + 1_000.0);
        let value = least + (most - least) * (0.01 + 0.98 * self.rng.f64());
        let cents = (value * 100.0).round() / 100.0;
        let inside = if (least..=most).contains(&cents) { cents } else { value };
        Number::from_f64(inside).map_or(Value::Null, Value::Number)
    }

    fn string(&mut self, name: &str, schema: &Value) -> String {
        let least = length(&schema["minLength"]).unwrap_or(0);
        if let Some(pattern) = schema["pattern"].as_str()
            && let Ok(pattern) = regex_syntax::parse(pattern)
        {
            let mut text = String::new();
            self.matching(&pattern, least, &mut text);
            return text;
        }
        let text = match schema["format"].as_str() {
            Some("uuid") => self.uuid(),
            Some("date-time") => self.date_time(),
            Some("date") => self.date(),
            Some("date-or-date-time") if self.rng.bool() => self.date_time(),
            Some("date-or-date-time") => self.date(),
            Some("url" | "uri") => self.url(),
            Some("email") => self.email(),
            _ => self.words(name),
        };
        let text: String = text.chars().take(length(&schema["maxLength"]).unwrap_or(usize::MAX)).collect();
        let missing = least.saturating_sub(text.chars().count());
        text + &"x".repeat(missing)
    }

    /// A short text that a person could have given a member of this name.
    fn words(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let ends = |ending: &str| lower.ends_with(ending);
        match () {
            () if ends("email") => self.email(),
            () if ends("currency") => self.pick(&["DKK", "EUR", "GBP", "SEK"]).to_owned(),
            () if ends("country") => self.pick(&["DK", "DE", "GB", "SE"]).to_owned(),
            () if ends("url") => self.url(),
            () if ends("_at") => self.date_time(),
            () if ends("four_digits") => format!("{:04}", self.rng.u16(..10_000)),
            () if ends("code") || ends("number") => format!("{}", self.rng.u16(1_000..10_000)),
            () if ends("id") => format!("ext-{}", self.rng.u32(1_000..1_000_000)),
            () if ends("firstname") => self.pick(FIRST_NAMES).to_owned(),
            () if ends("lastname") => self.pick(LAST_NAMES).to_owned(),
            () if ends("urn") || ends("deletedby") => format!("urn:pleo:company:{}", self.uuid()),
            () if ends("type") => self.pick(&["vendor", "employee"]).to_owned(),
            () if ends("delimiter") => ";".to_owned(),
            () if self.sampler.empty_text && self.rng.u8(..3) == 0 => String::new(),
            () if self.sampler.any_text => {
                // Now and then longer than what fits into a column.
                let most = if self.rng.u8(..8) == 0 { 300 } else { 12 };
                let mut text: String =
                    (0..self.rng.usize(most / 4..most)).map(|_| self.pick(CHARACTERS)).collect();
                if self.rng.u8(..4) == 0 {
                    text += self.pick(ENCODED);
                }
                text
            }
            () => format!("{} {}", self.pick(WORDS), self.rng.u16(1..1_000)),
        }
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.usize(..choices.len())]
    }

    fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    fn date(&mut self) -> String {
        format!("2025-{:02}-{:02}", self.rng.u8(1..=12), self.rng.u8(1..=28))
    }

    fn date_time(&mut self) -> String {
        let (date, hour, minute) = (self.date(), self.rng.u8(..24), self.rng.u8(..60));
        format!("{date}T{hour:02}:{minute:02}:{:02}Z", self.rng.u8(..60))
    }

    fn url(&mut self) -> String {
        format!("https://example.com/{}", Uuid::parse_str(&self.uuid()).unwrap_or_default().simple())
    }

    fn email(&mut self) -> String {
        let (first, last) = (self.pick(FIRST_NAMES), self.pick(LAST_NAMES));
        format!("{first}.{last}{}@example.com", self.rng.u8(..)).to_ascii_lowercase()
    }

    /// Writes a text that matches; what repeats without a bound does so at least `least` times.
    fn matching(&mut self, pattern: &Hir, least: usize, text: &mut String) {
        match pattern.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(Class::Unicode(class)) => {
                // Readable, and in JSON Schema's dialect `\d` is no more than ASCII.
                let ascii = class.ranges().iter().filter(|range| range.start() <= '~' && range.end() >= ' ');
                if let Some(range) = self.rng.choice(ascii.collect::<Vec<_>>()) {
                    text.push(self.rng.char(range.start().max(' ')..=range.end().min('~')));
                } else if let Some(range) = self.rng.choice(class.ranges()) {
                    text.push(self.rng.char(range.start()..=range.end()));
                }
            }
            HirKind::Class(Class::Bytes(class)) => {
                if let Some(range) = self.rng.choice(class.ranges()) {
                    text.push(char::from(self.rng.u8(range.start()..=range.end())));
                }
            }
            HirKind::Repetition(repetition) => {
                let fewest = usize::try_from(repetition.min).unwrap_or(usize::MAX);
                let times = match repetition.max {
                    Some(most) => self.rng.u32(repetition.min..=most.min(repetition.min + 8)) as usize,
                    None => fewest.max(least) + self.rng.usize(..8),
                };
                for _ in 0..times {
                    self.matching(&repetition.sub, 0, text);
                }
            }
            HirKind::Capture(capture) => self.matching(&capture.sub, least, text),
            HirKind::Concat(parts) => {
                for part in parts {
                    self.matching(part, least, text);
                }
            }
            HirKind::Alternation(choices) => {
                if let Some(choice) = self.rng.choice(choices) {
                    self.matching(choice, least, text);
                }
            }
        }
    }
}

fn length(bound: &Value) -> Option<usize> {
    bound.as_u64().and_then(|bound| usize::try_from(bound).ok())
}

/// `tagId` for `tagIds`.
fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

const WORDS: &[&str] =
    &["Travel", "Meals", "Software", "Office", "Hardware", "Marketing", "Training", "Fuel"];
/// What decoders decode that are given it once too often, and a line's end that others shorten.
const ENCODED: &[&str] = &["%41", "%2F", "%25", "&amp;", "\\n", "\\u0041", "=C3=A9", "\r\n"];
/// Those that encoders get wrong.
const CHARACTERS: &[char] = &[
    'a',
    'B',
    '7',
    ' ',
    ' ',
    // What is trimmed, taken for the end of a line, or lost because nobody sees it.
    '\n',
    '\r',
    '\t',
    '\u{1}',
    '\u{7f}',
    '\u{a0}',
    '\u{2028}',
    '\u{200b}',
    '+',
    '&',
    '=',
    '#',
    '%',
    '?',
    '/',
    ';',
    ',',
    '"',
    '\'',
    '\\',
    '<',
    '>',
    'é',
    // An accent of its own, and a ligature: what normalisation changes.
    '\u{301}',
    'ﬁ',
    'Å',
    'ß',
    '€',
    '漢',
    '\u{1d11e}',
    '\u{1f600}',
];
const FIRST_NAMES: &[&str] = &["Ada", "Bo", "Clara", "Dina", "Emil", "Freja", "Gustav", "Hanna"];
const LAST_NAMES: &[&str] = &["Lund", "Berg", "Holm", "Krog", "Dahl", "Moss", "Vang", "Falk"];

#[cfg(test)]
mod tests {
    use super::*;

    fn samplers() -> impl Iterator<Item = Sampler> {
        [Optional::All, Optional::None, Optional::Some]
            .into_iter()
            .flat_map(|optional| (0..12).map(move |seed| Sampler::new(seed).optional(optional)))
            .flat_map(|sampler| {
                [sampler, sampler.any_text(), sampler.any_text().empty_text(), sampler.edges()]
            })
    }

    #[track_caller]
    fn assert_all_fit(validator: &jsonschema::Validator, schema: &Value) {
        for sampler in samplers() {
            let value = sampler.value(schema);
            let complaints: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(complaints, [""; 0], "{sampler:?} {schema} {value}");
        }
    }

    #[test]
    fn samples_of_every_component_fit_it() {
        let schemas = document::root()["components"]["schemas"].as_object().unwrap();
        assert!(schemas.len() > 200);
        for (name, schema) in schemas {
            let validator = document::validator(&format!("/components/schemas/{name}")).unwrap();
            assert_all_fit(&validator, schema);
        }
    }

    #[test]
    fn every_operation_gets_fitting_parameters_and_bodies() {
        for operation in pleo_client::operations::all() {
            for sampler in samplers() {
                for (index, parameter) in operation.parameters.iter().enumerate() {
                    let value = sampler.parameter(operation, parameter.name).unwrap();
                    let checked = document::check(&document::parameter_pointer(operation, index), &value);
                    assert_eq!(checked, Ok(()), "{} {} {value}", operation.id, parameter.name);
                }
                let body = sampler.body(operation);
                assert_eq!(body.is_some(), operation.request_body.is_some(), "{}", operation.id);
                if let Some(body) = body {
                    let checked = document::check(&document::body_pointer(operation), &body);
                    assert_eq!(checked, Ok(()), "{} {body}", operation.id);
                }
            }
        }
    }

    #[test]
    fn bounds_patterns_and_uniqueness_hold() {
        for schema in [
            json!({ "type": "integer", "minimum": 3, "maximum": 4 }),
            json!({ "type": "integer", "maximum": -7 }),
            json!({ "type": "integer", "minimum": 10, "maximum": 16, "multipleOf": 5 }),
            json!({ "type": "number", "minimum": 0.001, "maximum": 0.002 }),
            json!({ "type": "string", "minLength": 80 }),
            json!({ "type": "string", "maxLength": 2 }),
            json!({ "type": "string", "pattern": "^[A-Z2-7=~]+$", "minLength": 40 }),
            json!({ "type": "string", "pattern": "^(ab|c?)[^x]{2,5}z*\\d$" }),
            json!({ "type": "array", "items": { "type": "boolean" }, "uniqueItems": true, "minItems": 2 }),
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 7, "maxItems": 7 }),
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            json!({ "oneOf": [{ "type": "boolean" }, { "type": "integer" }] }),
            json!({ "allOf": [
                { "type": "object", "properties": { "a": { "type": "boolean" } }, "required": ["a"] },
                { "type": "object", "properties": { "b": { "type": "boolean" } }, "required": ["b"] },
            ] }),
        ] {
            let validator = jsonschema::validator_for(&document::json_schema(&schema)).unwrap();
            assert_all_fit(&validator, &schema);
        }
    }

    #[test]
    fn free_text_may_have_any_characters_and_other_text_keeps_its_form() {
        let any = |name: &str| {
            let schema = json!({ "type": "object", "properties": { name: { "type": "string" } } });
            let of = |seed| Sampler::new(seed).optional(Optional::All).any_text().value(&schema);
            (0..40).map(|seed| of(seed)[name].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for wanted in [' ', '+', '&', '%', '\r', '\n', '\u{1}', 'é', '\u{1f600}'] {
            assert!(any("note").iter().any(|text| text.contains(wanted)), "{wanted:?}");
        }
        assert!(any("note").iter().any(|text| text.ends_with("%41")));
        assert!(any("currency").iter().all(|text| text.len() == 3));
        let fixed = json!({ "type": "string", "format": "uuid" });
        assert_eq!(Sampler::new(3).any_text().value(&fixed), Sampler::new(3).value(&fixed));
    }

    #[test]
    fn numbers_and_lists_are_at_the_ends_of_their_range_now_and_then() {
        let values =
            |schema: Value| (0..40).map(|seed| Sampler::new(seed).edges().value(&schema)).collect::<Vec<_>>();
        let numbers = values(json!({ "type": "integer", "minimum": 0, "maximum": 100_000 }));
        assert!(numbers.contains(&json!(0)) && numbers.contains(&json!(100_000)), "{numbers:?}");
        assert!(numbers.iter().filter(|number| [json!(0), json!(100_000)].contains(number)).count() < 25);
        assert!(values(json!({ "type": "integer", "minimum": -9, "maximum": 9_999 })).contains(&json!(0)));
        let list = |least: u64| json!({ "type": "array", "minItems": least, "items": { "type": "boolean" } });
        let lengths = values(list(0)).iter().map(|list| list.as_array().unwrap().len()).collect::<Vec<_>>();
        assert!(lengths.contains(&0) && lengths.contains(&3), "{lengths:?}");
        assert!(values(list(2)).iter().any(|list| list.as_array().unwrap().len() == 2));
    }

    #[test]
    fn text_is_empty_now_and_then_where_it_may_be() {
        let note = |schema: Value, seed| {
            let schema = json!({ "type": "object", "properties": { "note": schema } });
            let sampler = Sampler::new(seed).optional(Optional::All).any_text().empty_text();
            sampler.value(&schema)["note"].as_str().unwrap().to_owned()
        };
        assert!((0..40).any(|seed| note(json!({ "type": "string" }), seed).is_empty()));
        let bounded = json!({ "type": "string", "minLength": 1 });
        assert!((0..40).all(|seed| !note(bounded.clone(), seed).is_empty()));
        let operation = |id| pleo_client::operations::find(id).unwrap();
        let employees = operation("list_employees");
        assert!(Sampler::takes_every_text(employees, "email"));
        for other in ["companyId", "limit", "sorting_keys", "nothing"] {
            assert!(!Sampler::takes_every_text(employees, other), "{other}");
        }
    }

    #[test]
    fn the_mode_decides_on_optional_members() {
        let schema = json!({
            "type": "object",
            "properties": { "a": { "type": "boolean" }, "b": { "type": "string", "nullable": true } },
            "required": ["a"],
        });
        for seed in 0..20 {
            let sampler = Sampler::new(seed);
            let all = sampler.optional(Optional::All).value(&schema);
            assert!(all["a"].is_boolean() && all["b"].is_string(), "{all}");
            let none = sampler.optional(Optional::None).value(&schema);
            assert_eq!(none.as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
        }
        let some: Vec<_> = (0..40).map(|seed| Sampler::new(seed).value(&schema)).collect();
        assert!(some.iter().any(|value| value.get("b").is_none()));
        assert!(some.iter().any(|value| value.get("b") == Some(&Value::Null)));
        assert!(some.iter().any(|value| value["b"].is_string()));
    }

    #[test]
    fn a_schema_that_contains_or_requires_itself_comes_to_an_end() {
        // No component does so today; an unresolvable reference stands in for a bad document.
        assert_eq!(Sampler::new(1).value(&json!({ "$ref": "#/no/such" })), Value::Null);
        let mut nested = json!({ "type": "boolean" });
        for _ in 0..200 {
            nested = json!({ "type": "object", "properties": { "inner": nested }, "required": ["inner"] });
        }
        let value = Sampler::new(1).value(&nested);
        let depth = std::iter::successors(Some(&value), |value| value.get("inner")).count();
        assert_eq!(depth, BOTTOM + 2);
    }

    #[test]
    fn seeds_matter_and_repeat() {
        let sample = |seed| Sampler::new(seed).component("VendorResponse");
        assert_eq!(sample(5), sample(5));
        assert_ne!(sample(5), sample(6));
    }
}
