//! What differs between two schemas.

use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
};

use serde_json::{Value, json};

use super::{
    cursor::At,
    difference::{Difference, Step},
    kinds::{self, Both, Direction},
    pattern,
    schema::{ANY, Fact, Id, Member, Schema, Union, includes, is_multiple, tightness},
    state::State,
};

/// How many choices within choices are looked through to tell which is which.
const DEPTH: usize = 8;
/// How many values of one list may come or go before they are told together.
const MANY: usize = 100;

/// Compares schemas of two states.
#[derive(Debug)]
pub(super) struct Pairs<'s, 'a> {
    old: &'s State<'a>,
    new: &'s State<'a>,
    /// Pairs that were found to be the same, or are being looked at.
    same: RefCell<HashMap<(Id, Id), bool>>,
}

/// Who looks at a schema.
#[derive(Debug, Clone, Copy)]
struct Sight {
    direction: Direction,
    /// Whether what this direction does not hold is left out: what is read-only is not sent, and
    /// what is write-only does not come back.
    partial: bool,
    depth: usize,
}

impl<'s, 'a> Pairs<'s, 'a> {
    pub(super) fn new(old: &'s State<'a>, new: &'s State<'a>) -> Self {
        Self { old, new, same: RefCell::default() }
    }

    /// What differs between these two schemas themselves, and the pairs of schemas that they hold.
    pub(super) fn step(&self, old: Id, new: Id, direction: Direction) -> Step {
        self.step_at(old, new, Sight { direction, partial: true, depth: 0 })
    }

    /// Whether nothing differs between these two, however deep.
    pub(super) fn are_same(&self, old: Id, new: Id) -> bool {
        self.same(old, new, 0)
    }

    fn step_at(&self, old: Id, new: Id, sight: Sight) -> Step {
        let mut step = Step::default();
        if (old, new) == (ANY, ANY) {
            return step;
        }
        let (a, b) = (self.old.schemas.get(old), self.new.schemas.get(new));
        let mut note =
            Noter { step: &mut step, direction: sight.direction, old: a.at.as_ref(), new: b.at.as_ref() };
        match (a.unions.len(), b.unions.len()) {
            (0, 1) if b.is_only_a_choice() => {
                self.choice(&mut note, Lone { id: old, schema: a, is_old: true }, b, sight);
                return step;
            }
            (1, 0) if a.is_only_a_choice() => {
                self.choice(&mut note, Lone { id: new, schema: b, is_old: false }, a, sight);
                return step;
            }
            (before, after) if before < after => {
                note.changed(&kinds::BECAME_UNION, types(a), types(b));
                return step;
            }
            (before, after) if before > after => {
                note.changed(&kinds::NO_LONGER_UNION, types(a), types(b));
                return step;
            }
            _ => {}
        }
        nullable(&mut note, a.nullable, b.nullable);
        if a.types != b.types {
            // What else is said belongs to the types, and comes and goes with them.
            note.types(a.types.as_ref(), b.types.as_ref(), (types(a), types(b)));
            return step;
        }
        values(&mut note, a, b);
        facts(&mut note, a, b);
        self.properties(&mut note, a, b, sight);
        match (a.additional, b.additional) {
            (Some(a), Some(b)) => note.step.next.push((a, b, sight.direction)),
            (Some(_), None) => note.changed(&kinds::ADDITIONAL_FORBIDDEN, json!(true), json!(false)),
            (None, Some(_)) => note.changed(&kinds::ADDITIONAL_ALLOWED, json!(false), json!(true)),
            (None, None) => {}
        }
        note.step.next.push((a.items.unwrap_or(ANY), b.items.unwrap_or(ANY), sight.direction));
        let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
        for (a, b) in a.unions.iter().zip(&b.unions) {
            let (left, fresh) = self.variants(&mut note, a, b, sight);
            gone.extend(left);
            come.extend(fresh);
        }
        discriminator(&mut note, a, b, (&gone, &come));
        step
    }

    /// Compares a schema with a choice of several in the other state.
    fn choice(&self, note: &mut Noter<'_>, lone: Lone<'_>, choice: &Schema, sight: Sight) {
        let Some(union) = choice.unions.first() else { return };
        let state = if lone.is_old { self.new } else { self.old };
        let member_is_null = |member: &Member| state.schemas.get(member.id).nullable;
        let is_null = choice.nullable || union.members.iter().any(member_is_null);
        let pair = |member: Id| if lone.is_old { (lone.id, member) } else { (member, lone.id) };
        let same = union.members.iter().position(|member| {
            let (a, b) = pair(member.id);
            self.same_but_for_null(a, b, sight.depth + 1)
        });
        let nulls =
            if lone.is_old { (lone.schema.nullable, is_null) } else { (is_null, lone.schema.nullable) };
        if let Some(same) = same {
            nullable(note, nulls.0, nulls.1);
            for (_, member) in union.members.iter().enumerate().filter(|(index, _)| *index != same) {
                self.variant(note, member, lone.is_old);
            }
            return;
        }
        let members: Vec<&Schema> = union.members.iter().map(|member| state.schemas.get(member.id)).collect();
        let all: Option<BTreeSet<String>> =
            members.iter().try_fold(BTreeSet::new(), |mut all: BTreeSet<String>, member| {
                all.extend(member.types.as_ref()?.iter().cloned());
                Some(all)
            });
        let shown = (types(lone.schema), types(choice));
        let (sides, shown) = match lone.is_old {
            true => ((lone.schema.types.as_ref(), all.as_ref()), shown),
            false => ((all.as_ref(), lone.schema.types.as_ref()), (shown.1, shown.0)),
        };
        let is_equal = includes(sides.0, sides.1) && includes(sides.1, sides.0);
        if !is_equal && all.is_some() && lone.schema.types.is_some() {
            nullable(note, nulls.0, nulls.1);
            note.types(sides.0, sides.1, shown);
        } else if lone.schema.is_plain() && members.iter().all(|member| member.is_plain()) {
            nullable(note, nulls.0, nulls.1);
        } else {
            let kind = if lone.is_old { &kinds::BECAME_UNION } else { &kinds::NO_LONGER_UNION };
            note.changed(kind, shown.0, shown.1);
        }
    }

    fn variant(&self, note: &mut Noter<'_>, member: &Member, is_new: bool) {
        let at = Some(member.at.clone());
        match is_new {
            true => note.added(&kinds::VARIANT_ADDED, at, self.new.shown(Some(&member.at))),
            false => note.removed(&kinds::VARIANT_REMOVED, at, self.old.shown(Some(&member.at))),
        }
    }

    fn properties(&self, note: &mut Noter<'_>, a: &Schema, b: &Schema, sight: Sight) {
        let names: BTreeSet<&String> =
            [a, b].iter().flat_map(|side| side.properties.keys().chain(&side.required)).collect();
        for name in names {
            let (before, after) = (property(self.old, a, name), property(self.new, b, name));
            let hides = |property: &Property<'_>| sight.partial && property.is_hidden(sight.direction);
            match (before, after) {
                (Some(before), Some(after)) => {
                    markers(note, &before, &after);
                    if hides(&before) || hides(&after) {
                        continue;
                    }
                    if before.required != after.required {
                        let kind = if after.required {
                            &kinds::PROPERTY_BECAME_REQUIRED
                        } else {
                            &kinds::PROPERTY_BECAME_OPTIONAL
                        };
                        note.step.found.push(Difference {
                            kind: kind.of(note.direction),
                            old: before.at.cloned(),
                            new: after.at.cloned(),
                            before: Some(json!(before.required)),
                            after: Some(json!(after.required)),
                        });
                    }
                    note.step.next.push((before.id, after.id, note.direction));
                }
                (None, Some(after)) if !hides(&after) => {
                    let kind = if after.required {
                        &kinds::PROPERTY_REQUIRED_ADDED
                    } else {
                        &kinds::PROPERTY_OPTIONAL_ADDED
                    };
                    note.added(kind, after.at.cloned(), self.new.shown(after.at));
                }
                (Some(before), None) if !hides(&before) => {
                    let kind = if before.required {
                        &kinds::PROPERTY_REQUIRED_REMOVED
                    } else {
                        &kinds::PROPERTY_OPTIONAL_REMOVED
                    };
                    note.removed(kind, before.at.cloned(), self.old.shown(before.at));
                }
                _ => {}
            }
        }
    }

    /// Pairs choices that are the same, then those of one name, then the last of each state.
    /// Returns those that are gone and those that are new.
    fn variants(&self, note: &mut Noter<'_>, a: &Union, b: &Union, sight: Sight) -> (Vec<Id>, Vec<Id>) {
        if a.rule != b.rule {
            let kind = kinds::UNION_RULE_CHANGED.of(note.direction);
            note.step.found.push(Difference::changed(kind, (&a.at, &b.at), (json!(a.rule), json!(b.rule))));
        }
        let mut before: Vec<Option<&Member>> = a.members.iter().map(Some).collect();
        let mut after: Vec<Option<&Member>> = b.members.iter().map(Some).collect();
        let same = |old: &Member, new: &Member| self.same(old.id, new.id, sight.depth + 1);
        let of = |state: &State<'_>, member: &Member| state.schemas.get(member.id).signature();
        take_pairs(note, &mut before, &mut after, (|old| of(self.old, old), |new| of(self.new, new)), same);
        take_last(note, &mut before, &mut after);
        let name = |member: &Member| member.name.clone().unwrap_or_default();
        let is_named = |old: &Member, new: &Member| old.name.is_some() && old.name == new.name;
        take_pairs(note, &mut before, &mut after, (name, name), is_named);
        take_last(note, &mut before, &mut after);
        let (gone, come): (Vec<&Member>, Vec<&Member>) =
            (before.into_iter().flatten().collect(), after.into_iter().flatten().collect());
        gone.iter().for_each(|member| self.variant(note, member, false));
        come.iter().for_each(|member| self.variant(note, member, true));
        let ids = |members: Vec<&Member>| members.into_iter().map(|member| member.id).collect();
        (ids(gone), ids(come))
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
        let is_same = self.leads_to_the_same(vec![(old, new)], (old, new), depth);
        self.same.borrow_mut().insert((old, new), is_same);
        is_same
    }

    fn leads_to_the_same(&self, mut left: Vec<(Id, Id)>, start: (Id, Id), depth: usize) -> bool {
        let mut seen = HashSet::new();
        while let Some(pair) = left.pop() {
            if !seen.insert(pair) {
                continue;
            }
            let known = self.same.borrow().get(&pair).copied().filter(|_| pair != start);
            match known {
                Some(true) => continue,
                Some(false) => return false,
                None => {}
            }
            let step = self.whole(pair, depth);
            if step.found.iter().any(|difference| !difference.kind.prose) {
                return false;
            }
            left.extend(step.next.iter().map(|(a, b, _)| (*a, *b)));
        }
        self.same.borrow_mut().extend(seen.into_iter().map(|pair| (pair, true)));
        true
    }

    /// What differs, whether it is sent or received.
    fn whole(&self, (old, new): (Id, Id), depth: usize) -> Step {
        self.step_at(old, new, Sight { direction: Direction::Request, partial: false, depth })
    }

    /// Whether only null is allowed by one of the two and not by the other, if anything differs.
    fn same_but_for_null(&self, old: Id, new: Id, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let step = self.whole((old, new), depth);
        let is_null = |difference: &Difference| {
            let id = difference.kind.id;
            id == kinds::BECAME_NULLABLE.request.id || id == kinds::NO_LONGER_NULLABLE.request.id
        };
        step.found.iter().all(|difference| difference.kind.prose || is_null(difference))
            && step.next.iter().all(|(a, b, _)| self.same(*a, *b, depth))
    }
}

/// A schema whose counterpart is a choice of several.
struct Lone<'l> {
    id: Id,
    schema: &'l Schema,
    is_old: bool,
}

/// Pairs what is left of both lists: candidates have one key, and `is_pair` decides.
fn take_pairs<'m>(
    note: &mut Noter<'_>,
    before: &mut [Option<&'m Member>],
    after: &mut [Option<&'m Member>],
    keys: (impl Fn(&Member) -> String, impl Fn(&Member) -> String),
    is_pair: impl Fn(&Member, &Member) -> bool,
) {
    let mut candidates: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, member) in after.iter().enumerate() {
        if let Some(member) = member {
            candidates.entry((keys.1)(member)).or_default().push(index);
        }
    }
    for slot in before {
        let Some(old) = *slot else { continue };
        let Some(found) = candidates.get_mut(&(keys.0)(old)) else { continue };
        let pair = found.iter().position(|index| after[*index].is_some_and(|new| is_pair(old, new)));
        if let Some(position) = pair {
            let index = found.remove(position);
            if let Some(new) = after[index].take() {
                note.step.next.push((old.id, new.id, note.direction));
            }
            *slot = None;
        }
    }
}

/// Pairs what is left of both lists if it is one each.
fn take_last<'m>(note: &mut Noter<'_>, before: &mut [Option<&'m Member>], after: &mut [Option<&'m Member>]) {
    fn only<'m>(list: &[Option<&'m Member>]) -> Option<(usize, &'m Member)> {
        let mut left = list.iter().enumerate().filter_map(|(index, member)| Some((index, (*member)?)));
        left.next().filter(|_| left.next().is_none())
    }
    if let (Some((a, old)), Some((b, new))) = (only(before), only(after)) {
        note.step.next.push((old.id, new.id, note.direction));
        before[a] = None;
        after[b] = None;
    }
}

/// A property of one state, declared or only required.
struct Property<'p> {
    at: Option<&'p At>,
    id: Id,
    required: bool,
    read_only: Option<&'p At>,
    write_only: Option<&'p At>,
}

impl Property<'_> {
    /// Whether bodies of this direction do not hold it.
    fn is_hidden(&self, direction: Direction) -> bool {
        match direction {
            Direction::Request => self.read_only.is_some(),
            Direction::Response => self.write_only.is_some(),
        }
    }
}

fn property<'p>(state: &'p State<'_>, schema: &'p Schema, name: &str) -> Option<Property<'p>> {
    let required = schema.required.contains(name);
    let Some((at, id)) = schema.properties.get(name) else {
        // A property that is required and not declared is there, and can be anything.
        let undeclared =
            Property { at: schema.at.as_ref(), id: ANY, required, read_only: None, write_only: None };
        return required.then_some(undeclared);
    };
    let marker = |key: &str| state.schemas.get(*id).facts.get(key).map(|fact| &fact.at);
    Some(Property {
        at: Some(at),
        id: *id,
        required,
        read_only: marker("readOnly"),
        write_only: marker("writeOnly"),
    })
}

/// Notes that a property became, or is no longer, read-only or write-only.
fn markers(note: &mut Noter<'_>, before: &Property<'_>, after: &Property<'_>) {
    for (was, is, became, required_became, no_longer, required_no_longer) in [
        (
            before.read_only,
            after.read_only,
            &kinds::BECAME_READ_ONLY,
            &kinds::REQUIRED_BECAME_READ_ONLY,
            &kinds::NO_LONGER_READ_ONLY,
            &kinds::REQUIRED_NO_LONGER_READ_ONLY,
        ),
        (
            before.write_only,
            after.write_only,
            &kinds::BECAME_WRITE_ONLY,
            &kinds::REQUIRED_BECAME_WRITE_ONLY,
            &kinds::NO_LONGER_WRITE_ONLY,
            &kinds::REQUIRED_NO_LONGER_WRITE_ONLY,
        ),
    ] {
        match (was, is) {
            (None, Some(at)) => {
                let kind = if before.required { required_became } else { became };
                note.added(kind, Some(at.clone()), json!(true));
            }
            (Some(at), None) => {
                let kind = if after.required { required_no_longer } else { no_longer };
                note.removed(kind, Some(at.clone()), json!(true));
            }
            _ => {}
        }
    }
}

/// Notes differences of one pair of schemas.
struct Noter<'n> {
    step: &'n mut Step,
    direction: Direction,
    old: Option<&'n At>,
    new: Option<&'n At>,
}

impl Noter<'_> {
    fn changed(&mut self, kind: &'static Both, before: Value, after: Value) {
        self.step.found.push(Difference {
            kind: kind.of(self.direction),
            old: self.old.cloned(),
            new: self.new.cloned(),
            before: Some(before),
            after: Some(after),
        });
    }

    fn added(&mut self, kind: &'static Both, at: Option<At>, after: Value) {
        let kind = kind.of(self.direction);
        self.step.found.push(Difference { kind, old: None, new: at, before: None, after: Some(after) });
    }

    fn removed(&mut self, kind: &'static Both, at: Option<At>, before: Value) {
        let kind = kind.of(self.direction);
        self.step.found.push(Difference { kind, old: at, new: None, before: Some(before), after: None });
    }

    /// Notes that other types are allowed.
    fn types(
        &mut self,
        before: Option<&BTreeSet<String>>,
        after: Option<&BTreeSet<String>>,
        (was, is): (Value, Value),
    ) {
        let kind = match (includes(after, before), includes(before, after)) {
            (true, false) => &kinds::TYPE_WIDENED,
            (false, true) => &kinds::TYPE_NARROWED,
            _ => &kinds::TYPE_CHANGED,
        };
        self.changed(kind, was, is);
    }
}

fn nullable(note: &mut Noter<'_>, before: bool, after: bool) {
    if before != after {
        let kind = if after { &kinds::BECAME_NULLABLE } else { &kinds::NO_LONGER_NULLABLE };
        note.changed(kind, json!(before), json!(after));
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

fn values(note: &mut Noter<'_>, a: &Schema, b: &Schema) {
    match (&a.values, &b.values) {
        (None, None) => {}
        (None, Some(values)) => note.added(&kinds::ENUM_ADDED, note.new.cloned(), json!(values)),
        (Some(values), None) => note.removed(&kinds::ENUM_REMOVED, note.old.cloned(), json!(values)),
        (Some(before), Some(after)) if before == after => {}
        (Some(before), Some(after)) => {
            let missing_in = |list: &[Value], other: &[Value]| {
                let known: HashSet<String> = other.iter().map(Value::to_string).collect();
                let fresh = list.iter().filter(|value| !known.contains(&value.to_string()));
                fresh.cloned().collect::<Vec<_>>()
            };
            let (gone, come) = (missing_in(before, after), missing_in(after, before));
            if gone.is_empty() && come.is_empty() && twins(before) != twins(after) {
                note.changed(&kinds::ENUM_REORDERED, json!(before), json!(after));
            }
            for value in told(gone) {
                note.removed(&kinds::ENUM_VALUE_REMOVED, note.old.cloned(), value);
            }
            for value in told(come) {
                note.added(&kinds::ENUM_VALUE_ADDED, note.new.cloned(), value);
            }
        }
    }
}

/// Values one by one, or all at once if they are many.
fn told(values: Vec<Value>) -> Vec<Value> {
    if values.len() > MANY { vec![Value::Array(values)] } else { values }
}

/// The values that differ in case and punctuation only, in their order: names that are made of them
/// depend on it.
fn twins(values: &[Value]) -> HashMap<String, Vec<&Value>> {
    let mut alike: HashMap<String, Vec<&Value>> = HashMap::new();
    for value in values {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let bare =
            text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        alike.entry(bare).or_default().push(value);
    }
    alike.retain(|_, values| values.len() > 1);
    alike
}

/// Compares what tells choices apart; those that are gone or new are told already.
fn discriminator(note: &mut Noter<'_>, a: &Schema, b: &Schema, (gone, come): (&BTreeSet<Id>, &BTreeSet<Id>)) {
    let kind = kinds::DISCRIMINATOR_CHANGED.of(note.direction);
    let (before, after) = match (&a.discriminator, &b.discriminator) {
        (None, None) => return,
        (Some(before), Some(after)) => (before, after),
        (Some(before), None) => {
            return note.step.found.push(Difference::gone(kind, &before.at, before.shown.clone()));
        }
        (None, Some(after)) => {
            return note.step.found.push(Difference::come(kind, &after.at, after.shown.clone()));
        }
    };
    let mut differs = before.property != after.property;
    for (word, old) in &before.mapping {
        match (old, after.mapping.get(word)) {
            (Some(old), Some(Some(new))) => note.step.next.push((*old, *new, note.direction)),
            (None, Some(None)) => {}
            (Some(old), None) if gone.contains(old) => {}
            _ => differs = true,
        }
    }
    for (word, new) in &after.mapping {
        if !before.mapping.contains_key(word) && !new.is_some_and(|new| come.contains(&new)) {
            differs = true;
        }
    }
    if differs {
        let shown = (before.shown.clone(), after.shown.clone());
        note.step.found.push(Difference::changed(kind, (&before.at, &after.at), shown));
    }
}

/// Compares the keywords that are one value each.
fn facts(note: &mut Noter<'_>, a: &Schema, b: &Schema) {
    let keys: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    // What is only read or only written is told of properties.
    for key in keys.into_iter().filter(|key| !matches!(key.as_str(), "readOnly" | "writeOnly")) {
        let (before, after) = (a.facts.get(key), b.facts.get(key));
        let value = |fact: Option<&Fact>| fact.map(|fact| fact.value.clone());
        let place = |fact: Option<&Fact>| fact.map(|fact| fact.at.clone());
        let (was, is) = (value(before), value(after));
        if was == is || key == "pattern" && are_same_pattern(&was, &is) {
            continue;
        }
        note.step.found.push(Difference {
            kind: fact(key, before, after).of(note.direction),
            old: place(before),
            new: place(after),
            before: was,
            after: is,
        });
    }
}

fn are_same_pattern(a: &Option<Value>, b: &Option<Value>) -> bool {
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    matches!((text(a), text(b)), (Some(a), Some(b)) if pattern::are_same(&a, &b))
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
        "deprecated" => switch(&kinds::DEPRECATED, &kinds::NO_LONGER_DEPRECATED),
        "multipleOf" => match (before, after) {
            (Some(before), Some(after)) if is_multiple(&after.value, &before.value) => {
                &kinds::MULTIPLE_OF_TIGHTENED
            }
            (Some(before), Some(after)) if is_multiple(&before.value, &after.value) => {
                &kinds::MULTIPLE_OF_LOOSENED
            }
            (Some(_), Some(_)) => &kinds::MULTIPLE_OF_CHANGED,
            _ => switch(&kinds::MULTIPLE_OF_TIGHTENED, &kinds::MULTIPLE_OF_LOOSENED),
        },
        "discriminator" => &kinds::DISCRIMINATOR_CHANGED,
        "description" => &kinds::DESCRIPTION_CHANGED,
        "title" => &kinds::TITLE_CHANGED,
        "example" | "examples" => &kinds::EXAMPLE_CHANGED,
        _ if key.starts_with("x-") => &kinds::EXTENSION_CHANGED,
        _ => &kinds::KEYWORD_CHANGED,
    }
}

/// The form of a value that is written in a parameter or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A text, a number or a flag.
    Single,
    /// A list.
    List,
    /// An object, or what is not known.
    Any,
}

impl Pairs<'_, '_> {
    /// The form of a value in both states.
    pub(super) fn form(&self, old: Id, new: Id) -> Form {
        let of = |schema: &Schema| match &schema.types {
            Some(types) if types.iter().all(|name| name == "array") => Form::List,
            Some(types) if types.iter().all(|name| !matches!(name.as_str(), "array" | "object")) => {
                Form::Single
            }
            _ => Form::Any,
        };
        let (old, new) = (of(self.old.schemas.get(old)), of(self.new.schemas.get(new)));
        if old == new { old } else { Form::Any }
    }
}
