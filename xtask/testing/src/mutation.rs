//! Random structural changes of documents, whatever they do to their meaning.

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use xtask_openapi::{Document, pointer};

/// One change of a document. The indexes choose among what the document holds.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// Removes a key of an object.
    RemoveKey(Index, Index),
    /// Puts a value of another type.
    ChangeType(Index, Index),
    /// Puts another value of the documents.
    Replace(Index, Index),
    /// Doubles an element of a list.
    DuplicateElement(Index, Index),
    /// Gives a key another name.
    RenameKey(Index, Index),
    /// Adds a key.
    InsertKey(Index, Index),
    /// Puts a reference.
    Refer(Index, Index),
}

/// Any change.
pub fn mutation() -> impl Strategy<Value = Mutation> {
    let (place, choice) = (any::<Index>, any::<Index>);
    prop_oneof![
        (place(), choice()).prop_map(|(place, choice)| Mutation::RemoveKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::ChangeType(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::Replace(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::DuplicateElement(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::RenameKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::InsertKey(place, choice)),
        (place(), choice()).prop_map(|(place, choice)| Mutation::Refer(place, choice)),
    ]
}

/// The pointers of all values for which `wanted` holds, the root aside.
fn places(value: &Value, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    fn collect(at: &str, value: &Value, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<String>) {
        if !at.is_empty() && wanted(value) {
            found.push(at.to_owned());
        }
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, child)| collect(&pointer::push(at, key), child, wanted, found));
            }
            Value::Array(list) => {
                list.iter()
                    .enumerate()
                    .for_each(|(index, child)| collect(&format!("{at}/{index}"), child, wanted, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect("", value, wanted, &mut found);
    found
}

/// What other tools write: keys that mean something elsewhere, and some that mean nothing.
const KEYS: [&str; 16] = [
    "surprise",
    "x-new",
    "$ref",
    "nullable",
    "type",
    "properties",
    "items",
    "enum",
    "allOf",
    "oneOf",
    "description",
    "format",
    "get",
    "self",
    "required",
    "200",
];

fn other_type(value: &Value, choice: Index) -> Value {
    let kinds = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1.5),
        json!("text"),
        json!(""),
        json!([]),
        json!({}),
        json!([{}]),
        json!({ "a": 1 }),
    ];
    let others: Vec<&Value> =
        kinds.iter().filter(|kind| std::mem::discriminant(*kind) != std::mem::discriminant(value)).collect();
    choice.get(&others).to_owned().clone()
}

impl Mutation {
    /// Changes the document; says where and how, or nothing if there is no such place.
    pub fn apply(&self, document: &mut Value, all: &[Document]) -> Option<String> {
        let (Self::RemoveKey(place, choice)
        | Self::ChangeType(place, choice)
        | Self::Replace(place, choice)
        | Self::DuplicateElement(place, choice)
        | Self::RenameKey(place, choice)
        | Self::InsertKey(place, choice)
        | Self::Refer(place, choice)) = self;
        let wanted: &dyn Fn(&Value) -> bool = match self {
            Self::ChangeType(..) | Self::Replace(..) | Self::Refer(..) => &|_| true,
            Self::RemoveKey(..) | Self::RenameKey(..) => {
                &|value| value.as_object().is_some_and(|map| !map.is_empty())
            }
            Self::InsertKey(..) => &Value::is_object,
            Self::DuplicateElement(..) => &|value| value.as_array().is_some_and(|list| !list.is_empty()),
        };
        let found = places(document, wanted);
        let at = found.get(place.index(found.len().max(1)))?;
        let target = document.pointer_mut(at)?;
        let done = match self {
            Self::RemoveKey(..) | Self::RenameKey(..) | Self::InsertKey(..) => {
                let map = target.as_object_mut()?;
                if matches!(self, Self::InsertKey(..)) {
                    let key = *choice.get(&KEYS);
                    map.insert(key.to_owned(), json!({ "a": [1] }));
                    format!("inserted `{key}`")
                } else {
                    let keys: Vec<String> = map.keys().cloned().collect();
                    let key = choice.get(&keys);
                    let value = map.remove(key)?;
                    if matches!(self, Self::RenameKey(..)) {
                        let renamed = *choice.get(&KEYS);
                        map.insert(renamed.to_owned(), value);
                        format!("renamed `{key}` to `{renamed}`")
                    } else {
                        format!("removed `{key}`")
                    }
                }
            }
            Self::DuplicateElement(..) => {
                let list = target.as_array_mut()?;
                let element = choice.get(list).clone();
                list.push(element);
                "duplicated an element".to_owned()
            }
            Self::ChangeType(..) => {
                *target = other_type(target, *choice);
                format!("became {target}")
            }
            Self::Replace(..) => {
                let from = &choice.get(all).value;
                let candidates = places(from, &|_| true);
                let source = choice.get(&candidates);
                *target = from.pointer(source)?.clone();
                format!("became what is at {source}")
            }
            Self::Refer(..) => {
                let names: Vec<String> = all
                    .iter()
                    .filter_map(|document| document.value.pointer("/components/schemas")?.as_object())
                    .flat_map(|schemas| schemas.keys().cloned())
                    .collect();
                *target = json!({ "$ref": format!("#/components/schemas/{}", choice.get(&names)) });
                format!("became {target}")
            }
        };
        Some(format!("{at} {done}"))
    }
}
