//! The pass that makes one object of the several that an `allOf` lists.
//!
//! Members are written out where they are merged, with all that is in them. Before anything is
//! written out, its size is computed, so that recursion and repeated doubling are refused at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    Log,
    operations::{ALWAYS, TIMES},
};
use crate::{Refusals, SpecError, pointer, walk};

const SCHEMAS: &str = "/components/schemas";

/// How many references deep an `allOf` is followed.
const DEEPEST: usize = 64;

/// What to do about an `allOf` that cannot be merged.
const HELP: &str = "describe the merged object in an overlay";

pub(super) fn all_of(log: &mut Log, document: &mut Value) -> Result<(), Refusals> {
    walk::schemas_mut(document, &mut |at, schema| {
        let beside = notes_beside(schema);
        if unwrap_single(schema) || beside {
            log.changed(pointer::push(at, "allOf"));
        }
        if schema.get("allOf").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            return Err(log.refuse(
                pointer::push(at, "allOf"),
                "an empty `allOf`",
                "remove it with an overlay",
            ));
        }
        Ok(())
    })?;
    Sizes::check(log, document)?;
    let root = document.clone();
    walk::schemas_mut(document, &mut |at, schema| {
        if !is_merged(schema) {
            return Ok(());
        }
        let members = schema.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut merging = Merging { log, root: &root, object: Map::new(), required: BTreeSet::new() };
        for (index, member) in members.iter().enumerate() {
            merging.add(&format!("{at}/allOf/{index}"), member)?;
        }
        if !members.iter().all(|member| allows_null(&root, member)) {
            merging.object.remove("nullable");
        }
        let mut outer = schema.clone();
        outer.as_object_mut().map(|outer| outer.remove("allOf"));
        merging.add(at, &outer)?;
        let mut merged = merging.object;
        merged.insert("type".to_owned(), json!("object"));
        *schema = Value::Object(merged);
        log.changed(pointer::push(at, "allOf"));
        Ok(())
    })
}

/// Whether the members of a schema's `allOf` become one object. A reference alone stays one, as long
/// as nothing beside it adds members.
fn is_merged(schema: &Value) -> bool {
    let adds = ["properties", "required", "additionalProperties"];
    match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => false,
        Some([member]) => {
            member.get("$ref").is_none() || adds.into_iter().any(|key| schema.get(key).is_some())
        }
        Some(_) => true,
    }
}

/// Whether a member of an `allOf` lets null through, by itself or by what it refers to.
fn allows_null(root: &Value, member: &Value) -> bool {
    let mut member = member;
    for _ in 0..DEEPEST {
        match member.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                member = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
            }
            None => return member.get("nullable") == Some(&Value::Bool(true)),
        }
    }
    false
}

/// Puts members that only note something, such as `readOnly`, beside the `allOf`.
fn notes_beside(schema: &mut Value) -> bool {
    let Some(outer) = schema.as_object_mut() else { return false };
    let Some(Value::Array(members)) = outer.get_mut("allOf") else { return false };
    let (notes, others): (Vec<Value>, Vec<Value>) = std::mem::take(members)
        .into_iter()
        .partition(|member| member.as_object().is_some_and(|member| member.keys().all(|key| is_note(key))));
    if others.is_empty() || notes.is_empty() {
        members.extend(notes);
        members.extend(others);
        return false;
    }
    *members = others;
    for note in notes {
        for (key, value) in note.as_object().into_iter().flatten() {
            outer.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    true
}

/// Whether a key says something about a place instead of the values that may be there.
pub(super) fn is_note(key: &str) -> bool {
    matches!(
        key,
        "default"
            | "deprecated"
            | "description"
            | "example"
            | "externalDocs"
            | "nullable"
            | "readOnly"
            | "title"
            | "writeOnly"
            | "xml"
    ) || key.starts_with("x-")
}

/// Puts the only member of an `allOf` in its place, as long as nothing beside it says otherwise;
/// a reference with something beside it stays.
fn unwrap_single(schema: &mut Value) -> bool {
    let mut unwrapped = false;
    while let Some([member]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && let Some(outer) = schema.as_object()
        && let Some(inner) = member.as_object()
        && (outer.len() == 1 || !inner.contains_key("$ref"))
        && inner.iter().all(|(key, value)| {
            key == "allOf" || outer.get(key).is_none_or(|other| other == value || is_prose(key))
        })
    {
        let mut whole = inner.clone();
        whole.extend(
            outer.iter().filter(|(key, _)| *key != "allOf").map(|(key, value)| (key.clone(), value.clone())),
        );
        *schema = Value::Object(whole);
        unwrapped = true;
    }
    unwrapped
}

/// Whether the outer of two texts may stand for both.
fn is_prose(key: &str) -> bool {
    matches!(key, "description" | "title" | "example")
}

/// One object, being made of several.
struct Merging<'a> {
    log: &'a Log,
    root: &'a Value,
    object: Map<String, Value>,
    /// The names in the object's `required`.
    required: BTreeSet<String>,
}

impl Merging<'_> {
    /// Adds what a member says. How far its references lead is bounded already, see [`Sizes`].
    fn add(&mut self, at: &str, member: &Value) -> Result<(), SpecError> {
        let log = self.log;
        let refuse = |problem: String| Err(log.refuse(at, problem, HELP));
        if let Some(reference) = member.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
            if target.get("discriminator").is_some() {
                return refuse("an `allOf` over a base with a discriminator".to_owned());
            }
            return self.add(at, target);
        }
        for (key, value) in member.as_object().into_iter().flatten() {
            match key.as_str() {
                "type" if value == "object" => {}
                "properties" => {
                    let properties = self.object.entry("properties").or_insert_with(|| json!({}));
                    let Some(properties) = properties.as_object_mut() else { continue };
                    for (name, property) in value.as_object().into_iter().flatten() {
                        match properties.get(name) {
                            None => drop(properties.insert(name.clone(), property.clone())),
                            Some(other) if other == property => {}
                            Some(_) => {
                                return refuse(format!(
                                    "members of `allOf` that differ on property `{name}`"
                                ));
                            }
                        }
                    }
                }
                "required" => {
                    let required = self.object.entry("required").or_insert_with(|| json!([]));
                    let Some(required) = required.as_array_mut() else { continue };
                    for name in value.as_array().into_iter().flatten() {
                        if name.as_str().is_some_and(|name| self.required.insert(name.to_owned())) {
                            required.push(name.clone());
                        }
                    }
                }
                "allOf" => {
                    for member in value.as_array().into_iter().flatten() {
                        self.add(at, member)?;
                    }
                }
                "default" => return refuse("`default` in an `allOf` of several members".to_owned()),
                key if is_note(key) => {
                    self.object.insert(key.to_owned(), value.clone());
                }
                key => return refuse(format!("`{key}` in an `allOf` of several members")),
            }
        }
        Ok(())
    }
}

/// An `allOf` that is merged, and the components that are written out there.
struct Merge {
    at: String,
    written_out: Vec<String>,
}

/// How many values components hold once every `allOf` in them is written out.
struct Sizes<'a> {
    log: &'a Log,
    /// The values that each component holds as it is.
    own: BTreeMap<String, usize>,
    merges: BTreeMap<String, Vec<Merge>>,
    /// The values that each component holds in the end, and how many references deep they come from.
    known: BTreeMap<String, (usize, usize)>,
    /// The components that are being computed, the outermost first.
    open: Vec<String>,
}

impl<'a> Sizes<'a> {
    /// Refuses a document whose merged objects would contain themselves, or be out of all proportion to it.
    fn check(log: &'a Log, document: &mut Value) -> Result<(), Refusals> {
        let own: BTreeMap<String, usize> = document
            .pointer(SCHEMAS)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), walk::size(schema)))
            .collect();
        let mut merges: BTreeMap<String, Vec<Merge>> = BTreeMap::new();
        let mut of_operations = Vec::new();
        walk::schemas_mut(document, &mut |at, schema| {
            let component =
                at.strip_prefix("/components/schemas/").map(|rest| (rest, pointer::tokens(at).nth(2)));
            let mut written_out = Vec::new();
            // A component that is another one is written out as that.
            let alias = component.as_ref().is_some_and(|(rest, _)| !rest.contains('/'));
            if is_merged(schema) || alias {
                references_in(schema, &mut written_out);
            }
            if !written_out.is_empty() {
                let merge = Merge { at: pointer::push(at, "allOf"), written_out };
                match component.and_then(|(_, name)| name) {
                    Some(name) => merges.entry(name).or_default().push(merge),
                    None => of_operations.push(merge),
                }
            }
            Ok(())
        })?;
        let most = ALWAYS.saturating_add(walk::size(document).saturating_mul(TIMES));
        let names: Vec<String> = own.keys().cloned().collect();
        let mut sizes = Sizes { log, own, merges, known: BTreeMap::new(), open: Vec::new() };
        let mut total = 0_usize;
        for name in names {
            total = total.saturating_add(sizes.of(&name, &pointer::push(SCHEMAS, &name))?.0);
            if total > most {
                let at =
                    sizes.merges.get(&name).and_then(|merges| merges.first()).map(|merge| merge.at.clone());
                return Err(sizes
                    .too_large(&at.unwrap_or_else(|| pointer::push(SCHEMAS, &name)), most)
                    .into());
            }
        }
        for merge in of_operations {
            for name in &merge.written_out {
                total = total.saturating_add(sizes.of(name, &merge.at)?.0);
            }
            if total > most {
                return Err(sizes.too_large(&merge.at, most).into());
            }
        }
        Ok(())
    }

    /// The values that a component holds in the end, and how many references deep they come from;
    /// `at` is where it is written out.
    fn of(&mut self, name: &str, at: &str) -> Result<(usize, usize), SpecError> {
        if let Some(known) = self.known.get(name) {
            return Ok(*known);
        }
        if self.open.iter().any(|open| open == name) {
            return Err(self.log.refuse(
                at,
                format!("an `allOf` that contains itself: it merges `{name}`, in which it is"),
                "refer to the schema with a plain `$ref`, or describe the merged object in an overlay",
            ));
        }
        self.open.push(name.to_owned());
        let (mut size, mut depth) = (self.own.get(name).copied().unwrap_or_default(), 0);
        let merges = self.merges.remove(name).unwrap_or_default();
        for merge in &merges {
            for inner in &merge.written_out {
                if self.open.len() > DEEPEST || depth > DEEPEST {
                    return Err(self.log.refuse(
                        &merge.at,
                        format!("an `allOf` through more than {DEEPEST} others"),
                        HELP,
                    ));
                }
                let (more, below) = self.of(inner, &merge.at)?;
                size = size.saturating_add(more);
                depth = depth.max(below + 1);
            }
        }
        self.merges.insert(name.to_owned(), merges);
        self.open.pop();
        self.known.insert(name.to_owned(), (size, depth));
        Ok((size, depth))
    }

    fn too_large(&self, at: &str, most: usize) -> SpecError {
        self.log.refuse(
            at,
            format!("the `allOf`s up to here, written out, hold more than {most} values"),
            "refer to shared members with a plain `$ref` instead of `allOf`, or describe the merged object in an overlay",
        )
    }
}

/// The components that a schema refers to in its `allOf`, or instead of having content.
fn references_in(schema: &Value, found: &mut Vec<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        found.extend(pointer::schema_name(reference).map(str::to_owned));
        return;
    }
    for member in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        references_in(member, found);
    }
}
