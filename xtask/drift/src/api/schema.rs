//! Schemas in one form, whatever form they were written in: plain data.
//!
//! A [`Schema`] is what holds at one place of a document: `$ref`, `allOf` and choices of one member
//! are looked through, so that an alias and the same written inline are equal; `nullable` and the
//! null type of OpenAPI 3.1 are one thing, and so on. Schemas refer to each other by [`Id`], so a
//! recursive document is a graph and not an endless tree.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Number, Value, json};

use super::cursor::At;

/// Where a schema is in the list of all schemas of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub(super) usize);

/// The schema that allows everything: what a missing `schema`, `items` or declaration means.
pub(super) const ANY: Id = Id(0);

/// A keyword's value, and where it is said.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) value: Value,
    pub(super) at: At,
}

/// A choice of several schemas.
#[derive(Debug)]
pub(super) struct Union {
    /// `oneOf` or `anyOf`.
    pub(super) rule: &'static str,
    pub(super) members: Vec<Member>,
    pub(super) at: At,
}

/// One schema of a choice.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) at: At,
    pub(super) id: Id,
    /// The component that it is, by its name.
    pub(super) name: Option<String>,
}

/// What tells the schemas of a choice apart.
#[derive(Debug, Clone)]
pub(super) struct Discriminator {
    pub(super) at: At,
    /// The name of the property that holds the word.
    pub(super) property: String,
    /// The schema of each word; `None` where it is not in the document.
    pub(super) mapping: BTreeMap<String, Option<Id>>,
    /// The same as it is shown.
    pub(super) shown: Value,
}

/// What holds at one place.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// Where it is; `None` for [`ANY`].
    pub(super) at: Option<At>,
    /// The allowed types except null; `None` for any.
    pub(super) types: Option<BTreeSet<String>>,
    /// Whether null is allowed beside `types`.
    pub(super) nullable: bool,
    /// The allowed values except null, each once.
    pub(super) values: Option<Vec<Value>>,
    /// The keywords that are one value each.
    pub(super) facts: BTreeMap<String, Fact>,
    /// The properties by name: where declared, and what they are.
    pub(super) properties: BTreeMap<String, (At, Id)>,
    /// The names of properties that have to be there.
    pub(super) required: BTreeSet<String>,
    /// What undeclared properties are; `None` where there may be none.
    pub(super) additional: Option<Id>,
    /// What the items of a list are.
    pub(super) items: Option<Id>,
    /// The choices that have to be met beside all this.
    pub(super) unions: Vec<Union>,
    pub(super) discriminator: Option<Discriminator>,
}

impl Schema {
    /// Whether it says nothing but its types.
    pub(super) fn is_plain(&self) -> bool {
        self.values.is_none()
            && self.facts.keys().all(|key| is_prose(key))
            && self.properties.is_empty()
            && self.required.is_empty()
            && self.additional == Some(ANY)
            && self.items.is_none_or(|items| items == ANY)
            && self.discriminator.is_none()
            && self.unions.is_empty()
    }

    /// Whether it only says that one of several schemas holds.
    pub(super) fn is_only_a_choice(&self) -> bool {
        self.types.is_none()
            && self.values.is_none()
            && self.facts.keys().all(|key| is_prose(key))
            && self.properties.is_empty()
            && self.required.is_empty()
            && self.additional == Some(ANY)
            && self.items.is_none()
            && self.unions.len() == 1
    }

    /// What two schemas that allow the same values have in common, without what is inside of them.
    pub(super) fn signature(&self) -> String {
        let mut values: Option<Vec<String>> =
            self.values.as_ref().map(|values| values.iter().map(Value::to_string).collect());
        if let Some(values) = &mut values {
            values.sort_unstable();
        }
        let facts: Vec<(&String, &Value)> = self
            .facts
            .iter()
            .filter(|(key, _)| !is_prose(key))
            .map(|(key, fact)| (key, &fact.value))
            .collect();
        json!([
            self.types,
            self.nullable,
            values,
            facts,
            self.properties.keys().collect::<Vec<_>>(),
            self.required,
            self.additional.is_some(),
            self.unions.len(),
        ])
        .to_string()
    }
}

/// Keywords that are words, or that help to find schemas without saying anything about values.
const PROSE: [&str; 10] = [
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "$comment",
    "$defs",
    "definitions",
    "$schema",
];

/// Whether a keyword is words only.
pub(super) fn is_prose(key: &str) -> bool {
    PROSE.contains(&key)
}

/// Whether all values of `inner` are allowed by `outer`. An integer is a number.
pub(super) fn includes(outer: Option<&BTreeSet<String>>, inner: Option<&BTreeSet<String>>) -> bool {
    let Some(outer) = outer else { return true };
    let Some(inner) = inner else { return false };
    inner.iter().all(|name| outer.contains(name) || (name == "integer" && outer.contains("number")))
}

/// The types that both allow.
pub(super) fn both_allow(a: &BTreeSet<String>, b: &BTreeSet<String>) -> BTreeSet<String> {
    let allowed =
        |set: &BTreeSet<String>, name: &String| includes(Some(set), Some(&BTreeSet::from([name.clone()])));
    a.union(b).filter(|name| allowed(a, name) && allowed(b, name)).cloned().collect()
}

/// How tight the first of two bounds is, compared with the second.
pub(super) fn tightness(key: &str, a: &Value, b: &Value) -> Ordering {
    let parts = |value: &Value| {
        let exclusive = value.get("exclusive");
        (exclusive.unwrap_or(value).as_number().cloned(), exclusive.is_some())
    };
    let ((a, a_exclusive), (b, b_exclusive)) = (parts(a), parts(b));
    let order = match (a, b) {
        (Some(a), Some(b)) => compare(&a, &b),
        _ => Ordering::Equal,
    };
    let lower = key.to_ascii_lowercase().starts_with("min");
    let order = if lower { order } else { order.reverse() };
    order.then(a_exclusive.cmp(&b_exclusive))
}

fn compare(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether every multiple of `step` is one of `of`, too.
pub(super) fn is_multiple(step: &Value, of: &Value) -> bool {
    match (step.as_i64(), of.as_i64()) {
        (Some(step), Some(of)) if of != 0 => step % of == 0,
        _ => match (step.as_f64(), of.as_f64()) {
            (Some(step), Some(of)) if of != 0.0 => {
                let times = step / of;
                (times - times.round()).abs() < 1e-9
            }
            _ => false,
        },
    }
}

/// A value in which 1.0 and 1 are the same.
pub(super) fn canonical(value: &Value) -> Value {
    // Below 2^53 every whole float is exactly one integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                json!(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(list) => list.iter().map(canonical).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), canonical(value))).collect(),
        _ => value.clone(),
    }
}

/// A value without the keys that are words only. What a key is called inside `properties` is the
/// name of a property and stays.
pub(super) fn without_prose(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !is_prose(key))
            .map(|(key, value)| match value {
                Value::Object(names) if key == "properties" || key == "mapping" || key == "scopes" => {
                    let names = names.iter().map(|(name, value)| (name.clone(), without_prose(value)));
                    (key.clone(), names.collect())
                }
                _ => (key.clone(), without_prose(value)),
            })
            .collect(),
        Value::Array(list) => list.iter().map(without_prose).collect(),
        _ => value.clone(),
    }
}
