//! What differs between two sides.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use serde_json::{Map, Value, json};

use super::{
    kinds::{self, Direction, Kind},
    pairs::Pairs,
    report::{self, Report},
    schema::{At, Id, canonical, without_prose},
    state::{self, Api, Body, Key, Media, Operation, Parameter, Placed, Response, Side},
};
use xtask_openapi::{Document, SpecError};

/// Whether changes of words are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prose {
    /// Only what means something to a program.
    LeftOut,
    /// Descriptions, summaries, titles and examples too.
    Compared,
}

/// A change at one place, whichever operations it touches.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) kind: &'static Kind,
    /// Where it stood; `None` for what is new.
    pub(super) old: Option<At>,
    /// Where it stands; `None` for what is gone.
    pub(super) new: Option<At>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// What differs at one place, and the pairs of schemas that are to be compared because of it.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) found: Vec<Change>,
    pub(super) next: Vec<(Id, Id, Direction)>,
}

/// A change with what it touches.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) change: Change,
    pub(super) api: String,
    pub(super) operations: BTreeSet<String>,
}

/// Compares two states of the published documents.
///
/// Documents are known by `info.title`, operations by method and path, whatever the parameters in
/// the path are called. What no operation uses is not compared.
///
/// # Errors
/// The first place of either side that cannot be read: no OpenAPI 3 document, a `$ref` that leads
/// nowhere, a keyword whose value has the wrong type.
pub fn compare(old: &[Document], new: &[Document], prose: Prose) -> Result<Report, SpecError> {
    let (old, new) = (Side::read(old)?, Side::read(new)?);
    let mut comparison = Comparison {
        old: &old,
        new: &new,
        pairs: Pairs::new(&old, &new),
        steps: HashMap::new(),
        found: BTreeMap::new(),
    };
    comparison.run();
    let found = comparison.found.into_values();
    let found = found.filter(|found| prose == Prose::Compared || !found.change.kind.prose);
    Ok(report::report(&old, &new, found))
}

/// What makes two changes the same, so that one of a shared component is reported once.
type Identity = (&'static str, Option<At>, Option<At>, String, String);

struct Comparison<'s, 'a> {
    old: &'s Side<'a>,
    new: &'s Side<'a>,
    pairs: Pairs<'s, 'a>,
    steps: HashMap<(Id, Id, Direction), Rc<Step>>,
    found: BTreeMap<Identity, Gathered>,
}

impl<'s, 'a> Comparison<'s, 'a> {
    fn run(&mut self) {
        let (old, new) = (self.old, self.new);
        let mut left: Vec<&Api<'a>> = old.apis.iter().collect();
        let mut fresh: Vec<&Api<'a>> = new.apis.iter().collect();
        let mut gone: Vec<(&Api<'a>, &Key)> = Vec::new();
        let mut come: Vec<(&Api<'a>, &Key)> = Vec::new();
        for (a, b) in pair_apis(&mut left, &mut fresh) {
            self.note(&b.title, None, api(old, new, a, b));
            for (key, operation) in &a.operations {
                match b.operations.get(key) {
                    Some(other) => self.operation(&b.title, operation, other),
                    None => gone.push((a, key)),
                }
            }
            come.extend(
                b.operations.keys().filter(|key| !a.operations.contains_key(*key)).map(|key| (b, key)),
            );
        }
        for api in left {
            let (at, version) = (api.root.clone(), api_version(api));
            let change =
                Change { kind: &kinds::API_REMOVED, old: Some(at), new: None, before: version, after: None };
            self.note(&api.title, None, vec![change]);
            gone.extend(api.operations.keys().map(|key| (api, key)));
        }
        for api in fresh {
            let (at, version) = (api.root.clone(), api_version(api));
            let change =
                Change { kind: &kinds::API_ADDED, old: None, new: Some(at), before: None, after: version };
            self.note(&api.title, None, vec![change]);
            come.extend(api.operations.keys().map(|key| (api, key)));
        }
        for (api, key) in gone {
            let Some(operation) = api.operations.get(key) else { continue };
            let moved = come.iter().position(|(_, other)| *other == key).map(|index| come.remove(index));
            match moved.and_then(|(to, key)| Some((to, to.operations.get(key)?))) {
                Some((to, other)) => {
                    let change = changed(
                        &kinds::OPERATION_MOVED,
                        (&operation.at, &other.at),
                        (Some(json!(api.title)), Some(json!(to.title))),
                    );
                    self.note(&to.title, Some(&other.name), vec![change]);
                    self.operation(&to.title, operation, other);
                }
                None => {
                    let old = Some(operation.at.clone());
                    let change =
                        Change { kind: &kinds::OPERATION_REMOVED, old, new: None, before: None, after: None };
                    self.note(&api.title, Some(&operation.name), vec![change]);
                }
            }
        }
        for (api, key) in come {
            let Some(operation) = api.operations.get(key) else { continue };
            let new = Some(operation.at.clone());
            let change = Change { kind: &kinds::OPERATION_ADDED, old: None, new, before: None, after: None };
            self.note(&api.title, Some(&operation.name), vec![change]);
        }
    }

    fn note(&mut self, api: &str, operation: Option<&str>, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let text = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
            let identity = (
                change.kind.id,
                change.old.clone(),
                change.new.clone(),
                text(&change.before),
                text(&change.after),
            );
            let gathered = self.found.entry(identity).or_insert_with(|| Gathered {
                change,
                api: api.to_owned(),
                operations: BTreeSet::new(),
            });
            gathered.operations.extend(operation.map(str::to_owned));
        }
    }

    /// Compares one operation with all that it leads to.
    fn operation(&mut self, api: &str, old: &Operation<'a>, new: &Operation<'a>) {
        let step = operation(old, new);
        self.note(api, Some(&new.name), step.found);
        let (mut left, mut seen) = (step.next, HashSet::new());
        while let Some(pair) = left.pop() {
            if !seen.insert(pair) {
                continue;
            }
            let step = Rc::clone(
                self.steps.entry(pair).or_insert_with(|| Rc::new(self.pairs.step(pair.0, pair.1, pair.2))),
            );
            self.note(api, Some(&new.name), step.found.iter().cloned());
            left.extend(&step.next);
        }
    }
}

/// Takes out the APIs that are on both sides: those of one title, then those that share most of
/// their operations.
fn pair_apis<'x, 'a>(
    old: &mut Vec<&'x Api<'a>>,
    new: &mut Vec<&'x Api<'a>>,
) -> Vec<(&'x Api<'a>, &'x Api<'a>)> {
    let mut candidates = Vec::new();
    for a in old.iter() {
        for b in new.iter() {
            let shared = a.operations.keys().filter(|key| b.operations.contains_key(*key)).count();
            let most = a.operations.len().max(b.operations.len());
            let same = a.title == b.title;
            if same || (shared > 0 && shared * 2 >= most) {
                let titles = (a.title.as_str().min(&b.title), a.title.as_str().max(&b.title));
                candidates.push(((Reverse(same), Reverse(shared), titles), *a, *b));
            }
        }
    }
    candidates.sort_by_key(|(rank, _, _)| *rank);
    let mut pairs = Vec::new();
    for (_, a, b) in candidates {
        let (x, y) = (
            old.iter().position(|api| std::ptr::eq(*api, a)),
            new.iter().position(|api| std::ptr::eq(*api, b)),
        );
        if let (Some(x), Some(y)) = (x, y) {
            old.remove(x);
            new.remove(y);
            pairs.push((a, b));
        }
    }
    pairs
}

fn changed(kind: &'static Kind, at: (&At, &At), values: (Option<Value>, Option<Value>)) -> Change {
    Change { kind, old: Some(at.0.clone()), new: Some(at.1.clone()), before: values.0, after: values.1 }
}

/// Notes what only one of two sets holds.
fn members<T: Ord + ToString>(
    found: &mut Vec<Change>,
    kinds: (&'static Kind, &'static Kind),
    old: &Placed<BTreeSet<T>>,
    new: &Placed<BTreeSet<T>>,
) {
    for gone in old.value.difference(&new.value) {
        let (old, before) = (Some(old.at.clone()), Some(json!(gone.to_string())));
        found.push(Change { kind: kinds.1, old, new: None, before, after: None });
    }
    for come in new.value.difference(&old.value) {
        let (new, after) = (Some(new.at.clone()), Some(json!(come.to_string())));
        found.push(Change { kind: kinds.0, old: None, new, before: None, after });
    }
}

/// Notes a key whose value differs.
fn key(
    found: &mut Vec<Change>,
    kind: &'static Kind,
    name: &str,
    at: (&At, &At),
    values: (Option<Value>, Option<Value>),
) {
    if values.0 != values.1 {
        let place = |at: &At, value: &Option<Value>| value.is_some().then(|| at.join(name));
        let (old, new) = (place(at.0, &values.0), place(at.1, &values.1));
        found.push(Change { kind, old, new, before: values.0, after: values.1 });
    }
}

type Object = Map<String, Value>;

fn extensions(
    found: &mut Vec<Change>,
    kind: &'static Kind,
    at: (&At, &At),
    objects: (&Object, &Object),
    but: &str,
) {
    let (old, new) = (state::extensions(objects.0), state::extensions(objects.1));
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().filter(|name| *name != but).collect();
    for name in names {
        key(found, kind, name, at, (old.get(name).cloned(), new.get(name).cloned()));
    }
}

fn api_version(api: &Api<'_>) -> Option<Value> {
    api.value.get("info")?.get("version").cloned()
}

fn api(old_side: &Side<'_>, new_side: &Side<'_>, old: &Api<'_>, new: &Api<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    let at = (&old.root, &new.root);
    let info = (&old.root.join("info"), &new.root.join("info"));
    if old.title != new.title {
        key(&mut found, &kinds::API_RENAMED, "title", info, (Some(json!(old.title)), Some(json!(new.title))));
    }
    key(&mut found, &kinds::API_VERSION_CHANGED, "version", info, (api_version(old), api_version(new)));
    members(&mut found, (&kinds::SERVER_ADDED, &kinds::SERVER_REMOVED), &old.servers, &new.servers);
    let tags = |api: &Api<'_>| Placed { at: api.root.join("tags"), value: state::tags(api.value) };
    members(&mut found, (&kinds::API_TAG_ADDED, &kinds::API_TAG_REMOVED), &tags(old), &tags(new));
    extensions(&mut found, &kinds::API_EXTENSION_CHANGED, at, (old.value, new.value), "");
    let empty = Object::new();
    let object = |api: &Api<'_>, name: &str| api.value.get(name).and_then(Value::as_object).cloned();
    let (old_info, new_info) = (object(old, "info"), object(new, "info"));
    let infos = (old_info.as_ref().unwrap_or(&empty), new_info.as_ref().unwrap_or(&empty));
    extensions(&mut found, &kinds::API_EXTENSION_CHANGED, info, infos, "");
    let webhooks = |api: &Api<'_>| api.value.get("webhooks").map(without_prose);
    key(&mut found, &kinds::API_WEBHOOKS_CHANGED, "webhooks", at, (webhooks(old), webhooks(new)));
    let text = |info: &Object| -> Option<Value> {
        let says = |key: &str| !matches!(key, "title" | "version") && !key.starts_with("x-");
        Some(
            info.iter()
                .filter(|(key, _)| says(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    };
    key(&mut found, &kinds::API_DESCRIPTION_CHANGED, "info", at, (text(infos.0), text(infos.1)));
    for part in ["externalDocs", "tags"] {
        let words = |api: &Api<'_>| match api.value.get(part) {
            // Which tags there are is a finding of its own.
            Some(Value::Array(tags)) => {
                let described = tags.iter().filter(|tag| tag.get("description").is_some());
                Some(described.cloned().collect::<Vec<_>>()).filter(|tags| !tags.is_empty()).map(Value::from)
            }
            other => other.cloned(),
        };
        key(&mut found, &kinds::API_DESCRIPTION_CHANGED, part, at, (words(old), words(new)));
    }
    schemes(&mut found, (old_side, new_side), (old, new));
    found
}

fn schemes(found: &mut Vec<Change>, sides: (&Side<'_>, &Side<'_>), apis: (&Api<'_>, &Api<'_>)) {
    let declared = |side: &Side<'_>, api: &Api<'_>| -> BTreeMap<String, (At, Value)> {
        let at = api.root.join("components").join("securitySchemes");
        let schemes = side.schemas.object(&at).into_iter().flatten();
        let read = |(name, _): (&String, &Value)| {
            let place = at.join(name);
            let value = side.shown(side.schemas.resolve(place.clone()).ok().as_ref());
            (name.clone(), (place, canonical(&value)))
        };
        schemes.map(read).collect()
    };
    let (old, new) = (declared(sides.0, apis.0), declared(sides.1, apis.1));
    for (name, (at, before)) in &old {
        let change = match new.get(name) {
            None => Change {
                kind: &kinds::SECURITY_SCHEME_REMOVED,
                old: Some(at.clone()),
                new: None,
                before: Some(before.clone()),
                after: None,
            },
            Some((to, after)) if after != before => changed(
                &kinds::SECURITY_SCHEME_CHANGED,
                (at, to),
                (Some(before.clone()), Some(after.clone())),
            ),
            Some(_) => continue,
        };
        found.push(change);
    }
    for (_, (at, after)) in new.into_iter().filter(|(name, _)| !old.contains_key(name)) {
        let kind = &kinds::SECURITY_SCHEME_ADDED;
        found.push(Change { kind, old: None, new: Some(at), before: None, after: Some(after) });
    }
}

/// Whether `x-exclude` keeps an operation from the reference pages. Pleo writes it as a text.
fn hidden(operation: &Object) -> bool {
    operation.get("x-exclude").is_some_and(|value| value == "true" || value == &json!(true))
}

fn deprecated(value: &Object) -> bool {
    value.get("deprecated") == Some(&json!(true))
}

fn operation(old: &Operation<'_>, new: &Operation<'_>) -> Step {
    let mut step = Step::default();
    let found = &mut step.found;
    let at = (&old.at, &new.at);
    let text = |value: &Object, name: &str| value.get(name).cloned();
    for (name, kind) in [
        ("operationId", &kinds::OPERATION_ID_CHANGED),
        ("summary", &kinds::OPERATION_SUMMARY_CHANGED),
        ("description", &kinds::OPERATION_DESCRIPTION_CHANGED),
    ] {
        key(found, kind, name, at, (text(old.value, name), text(new.value, name)));
    }
    match (deprecated(old.value), deprecated(new.value)) {
        (false, true) => found.push(changed(&kinds::OPERATION_DEPRECATED, at, (None, None))),
        (true, false) => found.push(changed(&kinds::OPERATION_UNDEPRECATED, at, (None, None))),
        _ => {}
    }
    match (hidden(old.value), hidden(new.value)) {
        (false, true) => found.push(changed(&kinds::OPERATION_HIDDEN, at, (None, None))),
        (true, false) => found.push(changed(&kinds::OPERATION_SHOWN, at, (None, None))),
        _ => {}
    }
    let kind = &kinds::OPERATION_EXTENSION_CHANGED;
    extensions(found, kind, at, (old.value, new.value), "x-exclude");
    extensions(found, kind, (&old.item.at, &new.item.at), (old.item.value, new.item.value), "");
    let tags = |operation: &Operation<'_>| Placed {
        at: operation.at.join("tags"),
        value: state::tags(operation.value),
    };
    members(found, (&kinds::OPERATION_TAG_ADDED, &kinds::OPERATION_TAG_REMOVED), &tags(old), &tags(new));
    let callbacks = |operation: &Operation<'_>| operation.value.get("callbacks").map(without_prose);
    key(found, &kinds::OPERATION_CALLBACKS_CHANGED, "callbacks", at, (callbacks(old), callbacks(new)));
    members(found, (&kinds::SERVER_ADDED, &kinds::SERVER_REMOVED), &old.servers, &new.servers);
    security(found, old, new);
    parameters(&mut step, old, new);
    body(&mut step, old, new);
    responses(&mut step, old, new);
    step
}

fn security(found: &mut Vec<Change>, old: &Operation<'_>, new: &Operation<'_>) {
    let list = |names: &BTreeSet<String>| match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().map(String::as_str).collect::<Vec<_>>().join(" and "),
    };
    let names = |operation: &Operation<'_>| Placed {
        at: operation.security.at.clone(),
        value: operation.security.value.keys().map(list).collect::<BTreeSet<_>>(),
    };
    members(found, (&kinds::SECURITY_ADDED, &kinds::SECURITY_REMOVED), &names(old), &names(new));
    let placed = |operation: &Operation<'_>, value: BTreeSet<String>| Placed {
        at: operation.security.at.clone(),
        value,
    };
    for (schemes, before) in &old.security.value {
        let Some(after) = new.security.value.get(schemes) else { continue };
        let gone: Vec<_> = before.difference(after).cloned().collect();
        let come: Vec<_> = after.difference(before).cloned().collect();
        if let ([before], [after]) = (gone.as_slice(), come.as_slice()) {
            let (before, after) = (placed(old, before.clone()), placed(new, after.clone()));
            members(found, (&kinds::SECURITY_SCOPE_ADDED, &kinds::SECURITY_SCOPE_REMOVED), &before, &after);
        } else {
            let named = |sets: Vec<BTreeSet<String>>| {
                sets.iter().map(|scopes| format!("{} ({})", list(schemes), list(scopes))).collect()
            };
            let (before, after) = (placed(old, named(gone)), placed(new, named(come)));
            members(found, (&kinds::SECURITY_ADDED, &kinds::SECURITY_REMOVED), &before, &after);
        }
    }
}

fn parameters(step: &mut Step, old: &Operation<'_>, new: &Operation<'_>) {
    let gone = |from: &BTreeMap<(String, String), Parameter<'_>>,
                other: &BTreeMap<(String, String), Parameter<'_>>| {
        from.keys().filter(|key| !other.contains_key(*key)).cloned().collect::<Vec<_>>()
    };
    let (left, mut fresh) = (gone(&old.parameters, &new.parameters), gone(&new.parameters, &old.parameters));
    for (key, a) in &old.parameters {
        if let Some(b) = new.parameters.get(key) {
            if a.name != b.name && key.0 == "path" {
                let names = (Some(json!(a.name)), Some(json!(b.name)));
                step.found.push(changed(&kinds::PATH_PARAMETER_RENAMED, (&a.at, &b.at), names));
            }
            parameter(step, &key.0, a, b);
        }
    }
    let of_name =
        |name: &str, keys: &[(String, String)], from: &BTreeMap<(String, String), Parameter<'_>>| {
            let is_it = |key: &&(String, String)| from.get(*key).is_some_and(|it| it.name == name);
            let mut found = keys.iter().filter(is_it).cloned();
            found.next().filter(|_| found.next().is_none())
        };
    for key in &left {
        let Some(a) = old.parameters.get(key) else { continue };
        let to =
            of_name(&a.name, &left, &old.parameters).and_then(|_| of_name(&a.name, &fresh, &new.parameters));
        match to.and_then(|to| Some((new.parameters.get(&to)?, to))) {
            Some((b, to)) => {
                fresh.retain(|other| *other != to);
                let places = (Some(json!(key.0)), Some(json!(to.0)));
                step.found.push(changed(&kinds::PARAMETER_LOCATION_CHANGED, (&a.at, &b.at), places));
                step.next.push((a.schema, b.schema, Direction::Request));
            }
            None => {
                let kind = of_need(
                    a.required,
                    [&kinds::PARAMETER_REQUIRED_REMOVED, &kinds::PARAMETER_OPTIONAL_REMOVED],
                );
                step.found.push(gone_as(kind, &a.at, json!(a.name)));
            }
        }
    }
    for b in fresh.iter().filter_map(|key| new.parameters.get(key)) {
        let kind = of_need(b.required, [&kinds::PARAMETER_REQUIRED_ADDED, &kinds::PARAMETER_OPTIONAL_ADDED]);
        step.found.push(come_as(kind, &b.at, json!(b.name)));
    }
}

/// The kind for what is required, or the one for what is optional.
fn of_need(required: bool, [for_required, for_optional]: [&'static Kind; 2]) -> &'static Kind {
    if required { for_required } else { for_optional }
}

fn gone_as(kind: &'static Kind, at: &At, before: Value) -> Change {
    Change { kind, old: Some(at.clone()), new: None, before: Some(before), after: None }
}

fn come_as(kind: &'static Kind, at: &At, after: Value) -> Change {
    Change { kind, old: None, new: Some(at.clone()), before: None, after: Some(after) }
}

fn parameter(step: &mut Step, location: &str, a: &Parameter<'_>, b: &Parameter<'_>) {
    let at = (&a.at, &b.at);
    let mut flag = |before: bool, after: bool, on: &'static Kind, off: &'static Kind| {
        if before != after {
            let kind = if after { on } else { off };
            step.found.push(changed(kind, at, (Some(json!(before)), Some(json!(after)))));
        }
    };
    flag(a.required, b.required, &kinds::PARAMETER_BECAME_REQUIRED, &kinds::PARAMETER_BECAME_OPTIONAL);
    flag(a.empty, b.empty, &kinds::PARAMETER_EMPTY_ALLOWED, &kinds::PARAMETER_EMPTY_FORBIDDEN);
    if a.style != b.style {
        let styles = (Some(a.style.clone()), Some(b.style.clone()));
        step.found.push(changed(&kinds::PARAMETER_STYLE_CHANGED, at, styles));
    } else if a.explode != b.explode && location != "header" {
        let values = (Some(json!(a.explode)), Some(json!(b.explode)));
        step.found.push(changed(&kinds::PARAMETER_EXPLODE_CHANGED, at, values));
    }
    described(step, Direction::Request, at, (a.value, b.value));
    step.next.push((a.schema, b.schema, Direction::Request));
}

/// What parameters, headers, bodies and answers all have.
fn described(step: &mut Step, direction: Direction, at: (&At, &At), objects: (&Object, &Object)) {
    if deprecated(objects.0) != deprecated(objects.1) {
        let kind = if deprecated(objects.1) { &kinds::DEPRECATED } else { &kinds::NO_LONGER_DEPRECATED };
        let values = (Some(json!(deprecated(objects.0))), Some(json!(deprecated(objects.1))));
        step.found.push(changed(kind.of(direction), at, values));
    }
    extensions(&mut step.found, kinds::EXTENSION_CHANGED.of(direction), at, objects, "");
    for (name, kind) in [
        ("description", &kinds::DESCRIPTION_CHANGED),
        ("example", &kinds::EXAMPLE_CHANGED),
        ("examples", &kinds::EXAMPLE_CHANGED),
    ] {
        let values = (objects.0.get(name).cloned(), objects.1.get(name).cloned());
        key(&mut step.found, kind.of(direction), name, at, values);
    }
}

fn body(step: &mut Step, old: &Operation<'_>, new: &Operation<'_>) {
    let types = |body: &Body<'_>| json!(body.content.keys().collect::<Vec<_>>());
    match (&old.body, &new.body) {
        (None, None) => {}
        (None, Some(body)) => {
            let kind = of_need(body.required, [&kinds::BODY_REQUIRED_ADDED, &kinds::BODY_OPTIONAL_ADDED]);
            step.found.push(come_as(kind, &body.at, types(body)));
        }
        (Some(body), None) => {
            let kind = of_need(body.required, [&kinds::BODY_REQUIRED_REMOVED, &kinds::BODY_OPTIONAL_REMOVED]);
            step.found.push(gone_as(kind, &body.at, types(body)));
        }
        (Some(a), Some(b)) => {
            if a.required != b.required {
                let kind = of_need(b.required, [&kinds::BODY_BECAME_REQUIRED, &kinds::BODY_BECAME_OPTIONAL]);
                let values = (Some(json!(a.required)), Some(json!(b.required)));
                step.found.push(changed(kind, (&a.at, &b.at), values));
            }
            described(step, Direction::Request, (&a.at, &b.at), (a.value, b.value));
            content(step, Direction::Request, &a.content, &b.content);
        }
    }
}

type Content<'a> = BTreeMap<String, Media<'a>>;

fn content(step: &mut Step, direction: Direction, old: &Content<'_>, new: &Content<'_>) {
    let essence = |name: &str| name.split(';').next().unwrap_or_default().to_owned();
    let mut fresh: Vec<(&String, &Media<'_>)> =
        new.iter().filter(|(name, _)| !old.contains_key(*name)).collect();
    for (name, a) in old {
        if let Some(b) = new.get(name) {
            media(step, direction, a, b);
            continue;
        }
        match fresh.iter().position(|(other, _)| essence(other) == essence(name)) {
            Some(index) => {
                let (other, b) = fresh.remove(index);
                let kind = kinds::MEDIA_TYPE_PARAMETERS_CHANGED.of(direction);
                step.found.push(changed(kind, (&a.at, &b.at), (Some(json!(name)), Some(json!(other)))));
                media(step, direction, a, b);
            }
            None => step.found.push(gone_as(kinds::MEDIA_TYPE_REMOVED.of(direction), &a.at, json!(name))),
        }
    }
    for (name, b) in fresh {
        step.found.push(come_as(kinds::MEDIA_TYPE_ADDED.of(direction), &b.at, json!(name)));
    }
}

fn media(step: &mut Step, direction: Direction, a: &Media<'_>, b: &Media<'_>) {
    let at = (&a.at, &b.at);
    described(step, direction, at, (a.value, b.value));
    if direction == Direction::Request {
        let encoding = |media: &Media<'_>| media.value.get("encoding").map(without_prose);
        key(&mut step.found, &kinds::ENCODING_CHANGED, "encoding", at, (encoding(a), encoding(b)));
    }
    step.next.push((a.schema, b.schema, direction));
}

fn responses(step: &mut Step, old: &Operation<'_>, new: &Operation<'_>) {
    for (status, a) in &old.responses {
        match new.responses.get(status) {
            Some(b) => response(step, a, b),
            None => {
                let (_, kind) = status_kinds(status);
                step.found.push(gone_as(kind, &a.at, json!(status)));
            }
        }
    }
    for (status, b) in new.responses.iter().filter(|(status, _)| !old.responses.contains_key(*status)) {
        let (kind, _) = status_kinds(status);
        step.found.push(come_as(kind, &b.at, json!(status)));
    }
}

fn status_kinds(status: &str) -> (&'static Kind, &'static Kind) {
    match status.chars().next() {
        Some('2' | '3') => (&kinds::SUCCESS_ADDED, &kinds::SUCCESS_REMOVED),
        Some('D') => (&kinds::DEFAULT_RESPONSE_ADDED, &kinds::DEFAULT_RESPONSE_REMOVED),
        _ => (&kinds::ERROR_ADDED, &kinds::ERROR_REMOVED),
    }
}

fn response(step: &mut Step, a: &Response<'_>, b: &Response<'_>) {
    let at = (&a.at, &b.at);
    described(step, Direction::Response, at, (a.value, b.value));
    let types = |response: &Response<'_>| json!(response.content.keys().collect::<Vec<_>>());
    match (a.content.is_empty(), b.content.is_empty()) {
        (true, false) => step.found.push(changed(&kinds::RESPONSE_BODY_ADDED, at, (None, Some(types(b))))),
        (false, true) => step.found.push(changed(&kinds::RESPONSE_BODY_REMOVED, at, (Some(types(a)), None))),
        _ => content(step, Direction::Response, &a.content, &b.content),
    }
    let links = |response: &Response<'_>| response.value.get("links").map(without_prose);
    key(&mut step.found, &kinds::LINKS_CHANGED, "links", at, (links(a), links(b)));
    for (name, a) in &a.headers {
        match b.headers.get(name) {
            Some(b) => {
                if a.required != b.required {
                    let kind =
                        of_need(b.required, [&kinds::HEADER_BECAME_REQUIRED, &kinds::HEADER_BECAME_OPTIONAL]);
                    let values = (Some(json!(a.required)), Some(json!(b.required)));
                    step.found.push(changed(kind, (&a.at, &b.at), values));
                }
                described(step, Direction::Response, (&a.at, &b.at), (a.value, b.value));
                step.next.push((a.schema, b.schema, Direction::Response));
            }
            None => {
                let kind =
                    of_need(a.required, [&kinds::HEADER_REQUIRED_REMOVED, &kinds::HEADER_OPTIONAL_REMOVED]);
                step.found.push(gone_as(kind, &a.at, json!(a.name)));
            }
        }
    }
    for (_, b) in b.headers.iter().filter(|(name, _)| !a.headers.contains_key(*name)) {
        let kind = of_need(b.required, [&kinds::HEADER_REQUIRED_ADDED, &kinds::HEADER_OPTIONAL_ADDED]);
        step.found.push(come_as(kind, &b.at, json!(b.name)));
    }
}
