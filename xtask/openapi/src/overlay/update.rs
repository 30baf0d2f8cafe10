//! The update of an overlay: objects are merged, lists appended to, anything else replaced.
//!
//! An update is written for a document that was there at the time. When Pleo takes out a property
//! that it describes, merging would bring the property back, with a description and without a type.
//! So something new comes to be only as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Step, node_mut, pointer_of};
use crate::{
    pointer,
    shape::{ROOT, Shape},
};

/// One update and what it met in all nodes that it was applied to.
#[derive(Default)]
pub(super) struct Update {
    /// By where it is in the update: what is described there.
    met: BTreeMap<String, Met>,
}

/// What an update met at one of its objects.
enum Met {
    /// Something that is there in at least one node.
    There,
    /// Something that has been nowhere so far, and what to say about it.
    Missing(String),
}

/// Where an update is at work.
struct At<'a> {
    document: &'a str,
    /// The node, as a pointer that begins with `#`.
    node: String,
    /// From the node and from the root of the update to here.
    trail: String,
}

impl At<'_> {
    fn inner(&self, step: &str) -> Self {
        Self { document: self.document, node: self.node.clone(), trail: pointer::push(&self.trail, step) }
    }

    fn place(&self) -> String {
        format!("{}{}{}", self.document, self.node, self.trail)
    }
}

impl Update {
    /// Applies the update `with` to one node of a document, and says whether that is possible.
    pub(super) fn apply(&mut self, document: &str, root: &mut Value, node: &[Step], with: &Value) -> bool {
        let shape = node.iter().try_fold(&ROOT, |shape: &Shape, step| match step {
            Step::Item(_) => shape.item(),
            Step::Member(key) => shape.member(key),
        });
        let at = At { document, node: pointer_of(node), trail: String::new() };
        match node_mut(root, node) {
            Some(target @ Value::Array(_)) => self.merge(&at, target, with, shape),
            Some(target @ Value::Object(_)) if with.is_object() => self.merge(&at, target, with, shape),
            Some(_) => return false,
            // An update of what is around it has replaced it.
            None => {}
        }
        true
    }

    /// What the update describes and no node has: where in the update, and what is wrong.
    pub(super) fn missing(self) -> impl Iterator<Item = (String, String)> {
        self.met.into_iter().filter_map(|(trail, met)| match met {
            Met::Missing(problem) => Some((trail, problem)),
            Met::There => None,
        })
    }

    fn miss(&mut self, at: &At<'_>, problem: String) {
        self.met.entry(at.trail.clone()).or_insert(Met::Missing(problem));
    }

    fn merge(&mut self, at: &At<'_>, target: &mut Value, with: &Value, shape: Option<&Shape>) {
        match (target, with) {
            (Value::Object(target), Value::Object(with)) => {
                let fields = shape.and_then(Shape::fields);
                if fields.is_some_and(|fields| fields.components.is_some() && !fields.is_schema())
                    && target.contains_key("$ref")
                {
                    let problem =
                        format!("describes what is beside the `$ref` of {}, where it is ignored", at.place());
                    return self.miss(at, problem);
                }
                self.met.insert(at.trail.clone(), Met::There);
                self.members(at, target, with, shape);
                if fields.is_some_and(|fields| fields.is_schema()) {
                    self.required(at, target, with);
                }
            }
            (Value::Array(list), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    list.extend(self.create(
                        &at.inner(&index.to_string()),
                        item,
                        shape.and_then(Shape::item),
                    ));
                }
            }
            (Value::Array(list), item) => list.extend(self.create(at, item, shape.and_then(Shape::item))),
            (target, with) => {
                if let Some(new) = self.create(at, with, shape) {
                    *target = new;
                }
            }
        }
    }

    fn members(
        &mut self,
        at: &At<'_>,
        target: &mut Map<String, Value>,
        with: &Map<String, Value>,
        shape: Option<&Shape>,
    ) {
        for (key, value) in with {
            let (at, inner) = (at.inner(key), shape.and_then(|shape| shape.member(key)));
            match target.get_mut(key) {
                Some(existing) => self.merge(&at, existing, value, inner),
                None => {
                    if let Some(new) = self.create(&at, value, inner) {
                        target.insert(key.clone(), new);
                    }
                }
            }
        }
    }

    /// What comes to be where nothing was; nothing for a mere description.
    fn create(&mut self, at: &At<'_>, value: &Value, shape: Option<&Shape>) -> Option<Value> {
        let Some(shape) = shape.filter(|shape| !shape.is_whole(value, false)) else {
            return Some(value.clone());
        };
        if !shape.is_container() {
            let what = shape.fields().map_or("a value", |fields| fields.what());
            let problem = format!("describes {what} that is not there: {}", at.place());
            self.miss(at, problem);
            return None;
        }
        // A list of names that is not there may come to be with those in it that are whole.
        let new = match value {
            Value::Object(with) => {
                let mut new = Map::new();
                self.members(at, &mut new, with, Some(shape));
                Value::Object(new)
            }
            Value::Array(items) => {
                let mut new = Value::Array(Vec::new());
                self.merge(at, &mut new, &Value::Array(items.clone()), Some(shape));
                new
            }
            other => other.clone(),
        };
        let empty = new.as_object().is_some_and(Map::is_empty) || new.as_array().is_some_and(Vec::is_empty);
        (!empty).then_some(new)
    }

    /// Takes back a requirement of a property that the schema does not have.
    fn required(&mut self, at: &At<'_>, schema: &mut Map<String, Value>, with: &Map<String, Value>) {
        let elsewhere = ["$ref", "allOf", "anyOf", "oneOf"].iter().any(|key| schema.contains_key(*key));
        let Some(names) = with.get("required").and_then(Value::as_array).filter(|_| !elsewhere) else {
            return;
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let unknown = |name: &Value| {
            name.as_str()
                .is_some_and(|name| properties.is_none_or(|properties| !properties.contains_key(name)))
        };
        let gone: Vec<Value> = names.iter().filter(|name| unknown(name)).cloned().collect();
        for (index, name) in names.iter().enumerate() {
            let at = at.inner("required").inner(&index.to_string());
            if gone.contains(name) {
                let problem = format!("requires a property that is not there: {name} of {}", at.place());
                self.miss(&at, problem);
            } else {
                self.met.insert(at.trail.clone(), Met::There);
            }
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| !gone.contains(name));
            if required.is_empty() {
                schema.remove("required");
            }
        }
    }
}
