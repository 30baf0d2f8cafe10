//! One document of many pages, each of which describes a part of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

use xtask_openapi::foreign::{is_hidden, one_line};

use crate::prose;

/// A document as one source gives it: a page, or a whole document.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where it was read: an address or a path.
    pub source: String,
    /// The OpenAPI document, which passed [`check`].
    pub document: Value,
}

impl Part {
    /// The title of the document, by which parts belong together.
    pub fn title(&self) -> &str {
        self.document.pointer("/info/title").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A place at which the parts of one document disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// What they disagree on, such as `info.version` or `components.schemas.Thing`.
    pub place: String,
    /// The sources that agree with each other, those that win first.
    pub sides: Vec<Side>,
}

/// The sources that say the same about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The newest version of the document among them.
    pub version: String,
    /// Their addresses, in order.
    pub sources: Vec<String>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", one_line(&self.place))?;
        for (index, side) in self.sides.iter().enumerate() {
            let first = side.sources.first().map_or("", String::as_str);
            let others = side.sources.len().saturating_sub(1);
            let between = if index == 0 { "" } else { " against " };
            write!(f, "{between}{}", one_line(first))?;
            if others > 0 {
                write!(f, " and {others} more")?;
            }
            write!(f, " (version {})", one_line(&side.version))?;
        }
        Ok(())
    }
}

/// Whether a value has the parts of an OpenAPI document that uniting relies on.
///
/// # Errors
/// Says what is missing or of another type.
pub fn check(document: &Value) -> Result<(), String> {
    let text = |pointer: &str| document.pointer(pointer).is_some_and(Value::is_string);
    for key in ["/openapi", "/info/title", "/info/version"] {
        if !text(key) {
            return Err(format!("`{}` is missing or not a text", key[1..].replace('/', ".")));
        }
    }
    if let Some(text) = control(document) {
        return Err(format!("the name {text:?} holds a control character, or one that is not seen"));
    }
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Err("`paths` is missing or not an object".to_owned());
    };
    if let Some((path, _)) = paths.iter().find(|(_, item)| !item.is_object()) {
        return Err(format!("the path `{path}` is not an object"));
    }
    let Some(components) = document.get("components") else { return Ok(()) };
    let Some(sections) = components.as_object() else {
        return Err("`components` is not an object".to_owned());
    };
    match sections.iter().find(|(_, section)| !section.is_object()) {
        Some((name, _)) => Err(format!("`components.{name}` is not an object")),
        None => Ok(()),
    }
}

/// The first of a document's names that holds a control character or one that is not seen: its title, its version, or
/// a key. Messages and logs show names, and a line of its own in the log of a workflow can be a command.
fn control(document: &Value) -> Option<&str> {
    fn in_keys(value: &Value) -> Option<&str> {
        match value {
            Value::Object(map) => {
                map.iter().find_map(
                    |(key, value)| {
                        if key.contains(is_hidden) { Some(key.as_str()) } else { in_keys(value) }
                    },
                )
            }
            Value::Array(list) => list.iter().find_map(in_keys),
            _ => None,
        }
    }
    let texts = ["/info/title", "/info/version"].map(|pointer| document.pointer(pointer));
    let texts = texts.into_iter().flatten().filter_map(Value::as_str);
    texts.into_iter().find(|text| text.contains(is_hidden)).or_else(|| in_keys(document))
}

/// Unites the parts of one document: what any of them says is in it.
///
/// Where they disagree, what most of them say is taken; of equally many, what the newest version
/// says. A difference in wording alone is settled in the same way and is not a disagreement.
pub fn unite<'p>(parts: impl IntoIterator<Item = &'p Part>) -> (Value, Vec<Disagreement>) {
    let mut said: BTreeMap<Vec<&str>, Vec<(&Part, &Value)>> = BTreeMap::new();
    for part in parts {
        for (place, value) in statements(&part.document) {
            said.entry(place).or_default().push((part, value));
        }
    }
    let mut united = Value::Object(Map::new());
    let mut disagreements = Vec::new();
    // An empty section sorts before what others say is in it.
    for (place, values) in said {
        let (value, sides) = settle(&place, &values);
        if sides.len() > 1 {
            disagreements.push(Disagreement { place: place.join("."), sides });
        }
        put(&mut united, &place, value);
    }
    (united, disagreements)
}

/// What a document says, each with its place: the members of its info, of its components' sections
/// and of its paths, and whatever else is at the top.
fn statements(document: &Value) -> Vec<(Vec<&str>, &Value)> {
    let mut found = Vec::new();
    for (key, value) in object(document) {
        match key.as_str() {
            "info" => found.extend(object(value).map(|(name, value)| (vec!["info", name.as_str()], value))),
            "components" | "paths" => {
                for (section, members) in object(value) {
                    // A section without members is still one.
                    if object(members).next().is_none() {
                        found.push((vec![key.as_str(), section], members));
                    }
                    found.extend(
                        object(members).map(|(name, value)| (vec![key.as_str(), section, name], value)),
                    );
                }
            }
            _ => found.push((vec![key.as_str()], value)),
        }
    }
    if object(&document["paths"]).next().is_none() {
        found.push((vec!["paths"], &document["paths"]));
    }
    found
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The value that wins, and the sides.
fn settle(place: &[&str], values: &[(&Part, &Value)]) -> (Value, Vec<Side>) {
    let mut sides: BTreeMap<String, Vec<(&Part, &Value)>> = BTreeMap::new();
    for (part, value) in values {
        sides.entry(without_prose(place, value)).or_default().push((*part, *value));
    }
    let mut sides: Vec<_> = sides.into_values().collect();
    sides.sort_by_key(|side| Reverse((side.len(), newest(side))));
    let mut wordings: BTreeMap<String, Vec<(&Part, &Value)>> = BTreeMap::new();
    for (part, value) in &sides[0] {
        wordings.entry(value.to_string()).or_default().push((*part, *value));
    }
    let winner = wordings.into_values().max_by_key(|side| (side.len(), newest(side)));
    let value = winner.map_or(Value::Null, |side| side[0].1.clone());
    let sides = sides.iter().map(|side| Side {
        version: newest(side).1.to_owned(),
        sources: side
            .iter()
            .map(|(part, _)| part.source.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    });
    (value, sides.collect())
}

/// What is said at a place except for wording, which the place tells.
fn without_prose(place: &[&str], value: &Value) -> String {
    let mut document = Value::Object(Map::new());
    put(&mut document, place, value.clone());
    prose::leave_out(&mut document);
    document.to_string()
}

/// The newest version among parts: its numbers, which can be compared, and its text.
fn newest<'a>(side: &[(&'a Part, &Value)]) -> (Vec<u64>, &'a str) {
    let version = |part: &'a Part| {
        let text = part.document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default();
        let numbers = text.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
        (numbers.collect(), text)
    };
    side.iter().map(|(part, _)| version(part)).max().unwrap_or_default()
}

fn put(target: &mut Value, place: &[&str], value: Value) {
    let mut target = target;
    for token in place {
        let Some(map) = target.as_object_mut() else { return };
        target = map.entry(*token).or_insert_with(|| Value::Object(Map::new()));
    }
    *target = value;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(source: &str, version: &str, schema: Value) -> Part {
        let path = format!("/{source}");
        let document = json!({
            "openapi": "3.0.1", "info": { "title": "A API", "version": version },
            "paths": { path: { "get": { "responses": {} } } },
            "components": { "schemas": { "Thing": schema, source: {} } },
        });
        Part { source: source.to_owned(), document }
    }

    #[test]
    fn what_any_page_says_is_in_the_document() {
        let (united, disagreements) = unite(&[
            part("a", "1.0.0", json!({ "type": "string" })),
            part("b", "1.0.0", json!({ "type": "string" })),
        ]);
        assert_eq!(disagreements, []);
        assert_eq!(
            united,
            json!({
                "openapi": "3.0.1", "info": { "title": "A API", "version": "1.0.0" },
                "paths": { "/a": { "get": { "responses": {} } }, "/b": { "get": { "responses": {} } } },
                "components": { "schemas": { "Thing": { "type": "string" }, "a": {}, "b": {} } },
            })
        );
    }

    #[test]
    fn most_pages_win_and_of_equally_many_the_newer_version() {
        let (text, number) = (json!({ "type": "string" }), json!({ "type": "number" }));
        let thing = |parts: &[Part]| unite(parts).0["components"]["schemas"]["Thing"].clone();
        let (a, b, c) = (
            part("a", "9.1.0", text.clone()),
            part("b", "10.0.0", number.clone()),
            part("c", "9.1.0", text.clone()),
        );
        assert_eq!(thing(&[a.clone(), b.clone(), c.clone()]), text);
        assert_eq!(thing(&[a.clone(), b.clone()]), number);
        assert_eq!(thing(&[b.clone(), a.clone()]), number);
        let (united, disagreements) = unite(&[a, b, c]);
        assert_eq!(united["info"]["version"], "9.1.0");
        let places: Vec<_> = disagreements.iter().map(|at| at.place.as_str()).collect();
        assert_eq!(places, ["components.schemas.Thing", "info.version"]);
        assert_eq!(
            disagreements[0].sides,
            [
                Side { version: "9.1.0".to_owned(), sources: vec!["a".to_owned(), "c".to_owned()] },
                Side { version: "10.0.0".to_owned(), sources: vec!["b".to_owned()] },
            ]
        );
    }

    #[test]
    fn wording_is_no_disagreement() {
        let described = |words: &str| json!({ "type": "string", "description": words });
        let (united, disagreements) = unite(&[
            part("a", "1.0.0", described("old words")),
            part("b", "1.0.0", described("words")),
            part("c", "1.0.0", described("words")),
        ]);
        assert_eq!(disagreements, []);
        assert_eq!(united["components"]["schemas"]["Thing"], described("words"));

        let worded = |source: &str, words: &str| {
            let mut part = part(source, "1.0.0", json!({}));
            part.document["info"]["description"] = json!(words);
            part.document["paths"]["/a"] = json!({ "description": words });
            part.document["components"]["responses"] = json!({ "Gone": { "description": words } });
            part
        };
        assert_eq!(unite(&[worded("a", "old words"), worded("b", "words")]).1, []);
    }

    #[test]
    fn empty_paths_and_sections_stay_and_do_not_hide_others() {
        let empty = json!({
            "openapi": "3.0.1", "info": { "title": "A API", "version": "1.0.0" },
            "paths": { "/empty": {}, "/a": {} }, "components": { "schemas": {}, "headers": {} },
        });
        let parts = [part("a", "1.0.0", json!({})), Part { source: "e".to_owned(), document: empty.clone() }];
        let (united, disagreements) = unite(&parts);
        assert_eq!(disagreements, []);
        assert_eq!(united["paths"], json!({ "/empty": {}, "/a": { "get": { "responses": {} } } }));
        assert_eq!(united["components"], json!({ "headers": {}, "schemas": { "Thing": {}, "a": {} } }));
        assert_eq!(unite(&parts[1..]).0, empty);
    }

    #[test]
    fn what_is_no_openapi_document_is_refused_by_what_it_lacks() {
        let whole = part("a", "1", json!({})).document;
        assert_eq!(check(&whole), Ok(()));
        for (pointer, value, names) in [
            ("/openapi", json!(3.0), "`openapi`"),
            ("/info/title", json!(null), "`info.title`"),
            ("/info/version", json!(1), "`info.version`"),
            ("/paths", json!([]), "`paths`"),
            ("/paths/~1a", json!("get"), "`/a`"),
            ("/components", json!([]), "`components`"),
            ("/components/schemas", json!([]), "`components.schemas`"),
            ("/info/title", json!("A\n::error::b"), "control character"),
            ("/info/version", json!("1\u{1b}[2J"), "control character"),
            ("/info/title", json!("A\u{202e}IPA"), "not seen"),
            ("/paths/~1a", json!({ "get": { "x\u{200b}": 1 } }), "not seen"),
            ("/components/schemas/Thing", json!({ "enum": [{ "a\r::error::b": 1 }] }), "control character"),
        ] {
            let mut broken = whole.clone();
            *broken.pointer_mut(pointer).unwrap() = value;
            let problem = check(&broken).unwrap_err();
            assert!(problem.contains(names), "{problem}");
        }
    }
}
