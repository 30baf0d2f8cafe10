//! What differs between two schemas.

use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use serde_json::{Value, json};

use super::{
    compare::{Change, Step},
    kinds::{self, Both, Direction},
    schema::{ANY, At, Fact, Id, Schema, Union, includes, tightness},
    state::Side,
};

/// How many choices within choices are looked through to tell which is which.
const DEPTH: usize = 8;

/// Compares schemas of two sides.
#[derive(Debug)]
pub(super) struct Pairs<'s, 'a> {
    old: &'s Side<'a>,
    new: &'s Side<'a>,
    /// Pairs that were found to be the same, or are being looked at.
    same: RefCell<HashMap<(Id, Id), bool>>,
}

impl<'s, 'a> Pairs<'s, 'a> {
    pub(super) fn new(old: &'s Side<'a>, new: &'s Side<'a>) -> Self {
        Self { old, new, same: RefCell::default() }
    }

    /// What differs at these two places, and the pairs of schemas that they hold.
    pub(super) fn step(&self, old: Id, new: Id, direction: Direction) -> Step {
        self.step_at(old, new, direction, 0)
    }

    fn step_at(&self, old: Id, new: Id, direction: Direction, depth: usize) -> Step {
        let mut step = Step::default();
        if (old, new) == (ANY, ANY) {
            return step;
        }
        let (a, b) = (self.old.schemas.get(old), self.new.schemas.get(new));
        let mut note = Noter { step: &mut step, direction, old: a.at.as_ref(), new: b.at.as_ref() };
        match a.unions.len().cmp(&b.unions.len()) {
            Ordering::Less => {
                note.changed(&kinds::BECAME_UNION, types(a), types(b));
                return step;
            }
            Ordering::Greater => {
                note.changed(&kinds::NO_LONGER_UNION, types(a), types(b));
                return step;
            }
            Ordering::Equal => {}
        }
        if a.nullable != b.nullable {
            let kind = if b.nullable { &kinds::BECAME_NULLABLE } else { &kinds::NO_LONGER_NULLABLE };
            note.changed(kind, json!(a.nullable), json!(b.nullable));
        }
        if a.types != b.types {
            let kind = match (
                includes(b.types.as_ref(), a.types.as_ref()),
                includes(a.types.as_ref(), b.types.as_ref()),
            ) {
                (true, false) => &kinds::TYPE_WIDENED,
                (false, true) => &kinds::TYPE_NARROWED,
                _ => &kinds::TYPE_CHANGED,
            };
            // What else is said belongs to the types, and comes and goes with them.
            note.changed(kind, types(a), types(b));
            return step;
        }
        self.values(&mut note, a, b);
        facts(&mut note, a, b);
        self.properties(&mut note, a, b);
        match (a.additional, b.additional) {
            (Some(a), Some(b)) => note.step.next.push((a, b, direction)),
            (Some(_), None) => {
                note.changed(&kinds::ADDITIONAL_FORBIDDEN, json!(true), json!(false));
            }
            (None, Some(_)) => {
                note.changed(&kinds::ADDITIONAL_ALLOWED, json!(false), json!(true));
            }
            (None, None) => {}
        }
        note.step.next.push((a.items.unwrap_or(ANY), b.items.unwrap_or(ANY), direction));
        for (a, b) in a.unions.iter().zip(&b.unions) {
            self.variants(&mut note, a, b, depth);
        }
        step
    }

    fn values(&self, note: &mut Noter<'_>, a: &Schema, b: &Schema) {
        match (&a.values, &b.values) {
            (None, None) => {}
            (None, Some(values)) => {
                note.added(&kinds::ENUM_ADDED, note.new.cloned(), json!(values));
            }
            (Some(values), None) => {
                note.removed(&kinds::ENUM_REMOVED, note.old.cloned(), json!(values));
            }
            (Some(before), Some(after)) => {
                for value in before.iter().filter(|value| !after.contains(value)) {
                    note.removed(&kinds::ENUM_VALUE_REMOVED, note.old.cloned(), value.clone());
                }
                for value in after.iter().filter(|value| !before.contains(value)) {
                    note.added(&kinds::ENUM_VALUE_ADDED, note.new.cloned(), value.clone());
                }
            }
        }
    }

    fn properties(&self, note: &mut Noter<'_>, a: &Schema, b: &Schema) {
        let names: BTreeSet<&String> =
            [a, b].iter().flat_map(|side| side.properties.keys().chain(&side.required)).collect();
        for name in names {
            // A property that is required and not declared is there, and can be anything.
            let of = |side: &Schema| {
                let declared = side.properties.get(name).map(|(at, id)| (Some(at.clone()), *id));
                declared.or_else(|| side.required.contains(name).then(|| (side.at.clone(), ANY)))
            };
            let (required_before, required_after) = (a.required.contains(name), b.required.contains(name));
            match (of(a), of(b)) {
                (Some((old, a)), Some((new, b))) => {
                    if required_before != required_after {
                        let kind = if required_after {
                            &kinds::PROPERTY_BECAME_REQUIRED
                        } else {
                            &kinds::PROPERTY_BECAME_OPTIONAL
                        };
                        let kind = kind.of(note.direction);
                        let (before, after) = (Some(json!(required_before)), Some(json!(required_after)));
                        note.step.found.push(Change { kind, old, new, before, after });
                    }
                    note.step.next.push((a, b, note.direction));
                }
                (None, Some((at, _))) => {
                    let kind = if required_after {
                        &kinds::PROPERTY_REQUIRED_ADDED
                    } else {
                        &kinds::PROPERTY_OPTIONAL_ADDED
                    };
                    let value = self.new.shown(at.as_ref());
                    note.added(kind, at, value);
                }
                (Some((at, _)), None) => {
                    let kind = if required_before {
                        &kinds::PROPERTY_REQUIRED_REMOVED
                    } else {
                        &kinds::PROPERTY_OPTIONAL_REMOVED
                    };
                    let value = self.old.shown(at.as_ref());
                    note.removed(kind, at, value);
                }
                (None, None) => {}
            }
        }
    }

    /// Pairs choices that are the same, then those of one name, then the last of each side.
    fn variants(&self, note: &mut Noter<'_>, a: &Union, b: &Union, depth: usize) {
        if a.rule != b.rule {
            let (kind, old, new) =
                (kinds::UNION_RULE_CHANGED.of(note.direction), Some(a.at.clone()), Some(b.at.clone()));
            let (before, after) = (Some(json!(a.rule)), Some(json!(b.rule)));
            note.step.found.push(Change { kind, old, new, before, after });
        }
        let (mut before, mut after): (Vec<_>, Vec<_>) =
            (a.members.iter().collect(), b.members.iter().collect());
        let mut pair = |is_pair: &dyn Fn(Id, Id) -> bool, note: &mut Noter<'_>| {
            before.retain(|(_, old)| {
                let found = after.iter().position(|(_, new)| is_pair(*old, *new));
                if let Some(index) = found {
                    let (_, new) = after.remove(index);
                    note.step.next.push((*old, *new, note.direction));
                }
                found.is_none()
            });
            if let ([(_, old)], [(_, new)]) = (before.as_slice(), after.as_slice()) {
                note.step.next.push((*old, *new, note.direction));
                before.clear();
                after.clear();
            }
        };
        pair(&|old, new| self.same(old, new, depth + 1), note);
        let name = |side: &Side<'_>, id: Id| {
            let pointer = side.schemas.get(id).at.as_ref()?.pointer.strip_prefix("/components/schemas/")?;
            (!pointer.contains('/')).then(|| pointer.to_owned())
        };
        pair(&|old, new| name(self.old, old).is_some_and(|old| name(self.new, new) == Some(old)), note);
        for (at, _) in before {
            note.removed(&kinds::VARIANT_REMOVED, Some(at.clone()), self.old.shown(Some(at)));
        }
        for (at, _) in after {
            note.added(&kinds::VARIANT_ADDED, Some(at.clone()), self.new.shown(Some(at)));
        }
    }

    /// Whether nothing differs, however deep. What is being looked at already counts as the same:
    /// if it is not, that is found where it is being looked at.
    fn same(&self, old: Id, new: Id, depth: usize) -> bool {
        if let Some(known) = self.same.borrow().get(&(old, new)) {
            return *known;
        }
        if depth > DEPTH {
            return true;
        }
        self.same.borrow_mut().insert((old, new), true);
        let (mut left, mut seen) = (vec![(old, new)], BTreeSet::new());
        while let Some(pair) = left.pop() {
            if !seen.insert(pair) {
                continue;
            }
            let known = self.same.borrow().get(&pair).copied().filter(|_| pair != (old, new));
            if known == Some(true) {
                continue;
            }
            let step = self.step_at(pair.0, pair.1, Direction::Request, depth);
            if known == Some(false) || step.found.iter().any(|change| !change.kind.prose) {
                self.same.borrow_mut().insert((old, new), false);
                return false;
            }
            left.extend(step.next.iter().map(|(a, b, _)| (*a, *b)));
        }
        self.same.borrow_mut().extend(seen.into_iter().map(|pair| (pair, true)));
        true
    }
}

/// Notes changes of one pair of schemas.
struct Noter<'n> {
    step: &'n mut Step,
    direction: Direction,
    old: Option<&'n At>,
    new: Option<&'n At>,
}

impl Noter<'_> {
    fn changed(&mut self, kind: &'static Both, before: Value, after: Value) {
        self.step.found.push(Change {
            kind: kind.of(self.direction),
            old: self.old.cloned(),
            new: self.new.cloned(),
            before: Some(before),
            after: Some(after),
        });
    }

    fn added(&mut self, kind: &'static Both, at: Option<At>, after: Value) {
        let kind = kind.of(self.direction);
        self.step.found.push(Change { kind, old: None, new: at, before: None, after: Some(after) });
    }

    fn removed(&mut self, kind: &'static Both, at: Option<At>, before: Value) {
        let kind = kind.of(self.direction);
        self.step.found.push(Change { kind, old: at, new: None, before: Some(before), after: None });
    }
}

/// The types of a schema as they are shown.
fn types(schema: &Schema) -> Value {
    match (&schema.types, schema.unions.first()) {
        (_, Some(union)) => json!(format!("{} of {}", union.rule, union.members.len())),
        (None, None) => json!("any"),
        (Some(types), None) => match types.iter().next() {
            Some(only) if types.len() == 1 => json!(only),
            _ => json!(types),
        },
    }
}

/// Compares the keywords that are one value each.
fn facts(note: &mut Noter<'_>, a: &Schema, b: &Schema) {
    let keys: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    for key in keys {
        let (before, after) = (a.facts.get(key), b.facts.get(key));
        let value = |fact: Option<&Fact>| fact.map(|fact| fact.value.clone());
        let place = |fact: Option<&Fact>| fact.map(|fact| fact.at.clone());
        if value(before) == value(after) {
            continue;
        }
        note.step.found.push(Change {
            kind: fact(key, before, after).of(note.direction),
            old: place(before),
            new: place(after),
            before: value(before),
            after: value(after),
        });
    }
}

/// The kind of change of a keyword.
fn fact(key: &str, before: Option<&Fact>, after: Option<&Fact>) -> &'static Both {
    let bound = |tightened: &'static Both, loosened: &'static Both| {
        let order = match (before, after) {
            (Some(before), Some(after)) => tightness(key, &after.value, &before.value),
            (before, after) => after.is_some().cmp(&before.is_some()),
        };
        if order == Ordering::Greater { tightened } else { loosened }
    };
    let presence =
        |added: &'static Both, removed: &'static Both, changed: &'static Both| match (before, after) {
            (None, _) => added,
            (_, None) => removed,
            _ => changed,
        };
    let switch = |on: &'static Both, off: &'static Both| if after.is_some() { on } else { off };
    match key {
        "minLength" | "maxLength" => bound(&kinds::LENGTH_TIGHTENED, &kinds::LENGTH_LOOSENED),
        "minItems" | "maxItems" => bound(&kinds::ITEM_COUNT_TIGHTENED, &kinds::ITEM_COUNT_LOOSENED),
        "minimum" | "maximum" => bound(&kinds::RANGE_TIGHTENED, &kinds::RANGE_LOOSENED),
        "minProperties" | "maxProperties" => {
            bound(&kinds::PROPERTY_COUNT_TIGHTENED, &kinds::PROPERTY_COUNT_LOOSENED)
        }
        "format" => presence(&kinds::FORMAT_ADDED, &kinds::FORMAT_REMOVED, &kinds::FORMAT_CHANGED),
        "pattern" => presence(&kinds::PATTERN_ADDED, &kinds::PATTERN_REMOVED, &kinds::PATTERN_CHANGED),
        "default" => presence(&kinds::DEFAULT_ADDED, &kinds::DEFAULT_REMOVED, &kinds::DEFAULT_CHANGED),
        "uniqueItems" => switch(&kinds::UNIQUE_ITEMS_ADDED, &kinds::UNIQUE_ITEMS_REMOVED),
        "readOnly" => switch(&kinds::BECAME_READ_ONLY, &kinds::NO_LONGER_READ_ONLY),
        "writeOnly" => switch(&kinds::BECAME_WRITE_ONLY, &kinds::NO_LONGER_WRITE_ONLY),
        "deprecated" => switch(&kinds::DEPRECATED, &kinds::NO_LONGER_DEPRECATED),
        "multipleOf" => &kinds::MULTIPLE_OF_CHANGED,
        "discriminator" => &kinds::DISCRIMINATOR_CHANGED,
        "description" => &kinds::DESCRIPTION_CHANGED,
        "title" => &kinds::TITLE_CHANGED,
        "example" | "examples" => &kinds::EXAMPLE_CHANGED,
        _ if key.starts_with("x-") => &kinds::EXTENSION_CHANGED,
        _ => &kinds::KEYWORD_CHANGED,
    }
}
