//! What differs between two operations, except for what is inside of their schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    cursor::Cursor,
    difference::{Difference, Step, of_need},
    kinds::{self, Direction, Kind},
    pairs::Pairs,
    parts::{content, described, explode_kinds, extensions, is_deprecated, key, members},
    responses::responses,
    schema::without_prose,
    state::{self, Body, Needs, Operation, Parameter, Placed},
};

/// The names of the old state for security schemes that have another name now.
pub(super) type Renamed = BTreeMap<String, String>;

/// What differs between two operations.
pub(super) fn operation(
    pairs: &Pairs<'_, '_>,
    old: &Operation<'_>,
    new: &Operation<'_>,
    renamed: &Renamed,
) -> Step {
    let mut step = Step::default();
    let found = &mut step.found;
    let at = (old.here.at(), new.here.at());
    for (name, kind) in [
        ("operationId", &kinds::OPERATION_ID_CHANGED),
        ("summary", &kinds::OPERATION_SUMMARY_CHANGED),
        ("description", &kinds::OPERATION_DESCRIPTION_CHANGED),
    ] {
        key(found, kind, name, at, (old.here.raw(name).cloned(), new.here.raw(name).cloned()));
    }
    let mut switch = |was: bool, is: bool, on: &'static Kind, off: &'static Kind| {
        if was != is {
            found.push(Difference::changed(if is { on } else { off }, at, (None, None)));
        }
    };
    let (on, off) = (&kinds::OPERATION_DEPRECATED, &kinds::OPERATION_UNDEPRECATED);
    switch(is_deprecated(&old.here), is_deprecated(&new.here), on, off);
    let (on, off) = (&kinds::OPERATION_HIDDEN, &kinds::OPERATION_SHOWN);
    switch(is_hidden(&old.here), is_hidden(&new.here), on, off);
    let kind = &kinds::OPERATION_EXTENSION_CHANGED;
    extensions(found, kind, &old.here, &new.here, "x-exclude");
    extensions(found, kind, &old.item, &new.item, "");
    let tags = (state::tags(&old.here), state::tags(&new.here));
    members(found, (&kinds::OPERATION_TAG_ADDED, &kinds::OPERATION_TAG_REMOVED), &tags.0, &tags.1);
    let callbacks = |operation: &Operation<'_>| operation.here.raw("callbacks").map(without_prose);
    key(found, &kinds::OPERATION_CALLBACKS_CHANGED, "callbacks", at, (callbacks(old), callbacks(new)));
    members(found, (&kinds::SERVER_ADDED, &kinds::SERVER_REMOVED), &old.servers, &new.servers);
    security(found, &old.security, &new.security, renamed);
    parameters(&mut step, pairs, old, new);
    body(&mut step, old, new);
    responses(&mut step, pairs, &old.responses, &new.responses);
    step
}

/// Whether `x-exclude` keeps an operation from the reference pages. Pleo writes it as a text.
fn is_hidden(operation: &Cursor<'_>) -> bool {
    operation.raw("x-exclude").is_some_and(|value| value == "true" || value == &json!(true))
}

/// Compares which credentials are taken: one that holds what an alternative needs is.
fn security(
    found: &mut Vec<Difference>,
    old: &Placed<BTreeSet<Needs>>,
    new: &Placed<BTreeSet<Needs>>,
    renamed: &Renamed,
) {
    // Schemes are compared under their old names, and shown under their own.
    let known = |needs: &Needs| -> Needs {
        let known = |name: &String| renamed.get(name).unwrap_or(name).clone();
        needs.iter().map(|(scheme, scope)| (known(scheme), scope.clone())).collect()
    };
    let was: Vec<(Needs, &Needs)> = old.value.iter().map(|needs| (needs.clone(), needs)).collect();
    let is: Vec<(Needs, &Needs)> = new.value.iter().map(|needs| (known(needs), needs)).collect();
    let only_in = |list: &[(Needs, &Needs)], other: &[(Needs, &Needs)]| -> Vec<(Needs, Needs)> {
        let is_new = |(needs, _): &&(Needs, &Needs)| !other.iter().any(|(known, _)| known == needs);
        list.iter().filter(is_new).map(|(needs, shown)| (needs.clone(), (*shown).clone())).collect()
    };
    let (mut gone, mut come) = (only_in(&was, &is), only_in(&is, &was));
    // A credential that an alternative takes is taken by one that needs less, too.
    let is_taken = |needs: &Needs, by: &[(Needs, &Needs)]| by.iter().any(|(other, _)| other.is_subset(needs));
    let mut scopes = (BTreeSet::new(), BTreeSet::new());
    gone.retain(|(before, _)| {
        let schemes = schemes_of(before);
        let same =
            |list: &[(Needs, Needs)]| list.iter().filter(|(needs, _)| schemes_of(needs) == schemes).count();
        let index = come.iter().position(|(after, _)| schemes_of(after) == schemes);
        let Some(index) = index.filter(|_| same(&come) == 1) else { return true };
        if only_in(&was, &is).iter().filter(|(needs, _)| schemes_of(needs) == schemes).count() != 1 {
            return true;
        }
        let (after, _) = come.remove(index);
        if !is_taken(before, &is) {
            scopes.0.extend(after.difference(before).map(named_scope));
        }
        if !is_taken(&after, &was) {
            scopes.1.extend(before.difference(&after).map(named_scope));
        }
        false
    });
    for scope in scopes.0 {
        found.push(Difference::come(&kinds::SECURITY_SCOPE_ADDED, &new.at, json!(scope)));
    }
    for scope in scopes.1 {
        found.push(Difference::gone(&kinds::SECURITY_SCOPE_REMOVED, &old.at, json!(scope)));
    }
    for (needs, shown) in gone {
        if !is_taken(&needs, &is) {
            found.push(Difference::gone(&kinds::SECURITY_REMOVED, &old.at, json!(credential(&shown))));
        }
    }
    for (needs, shown) in come {
        if !is_taken(&needs, &was) {
            found.push(Difference::come(&kinds::SECURITY_ADDED, &new.at, json!(credential(&shown))));
        }
    }
}

fn schemes_of(needs: &Needs) -> BTreeSet<&str> {
    needs.iter().map(|(scheme, _)| scheme.as_str()).collect()
}

fn named_scope((scheme, scope): &(String, String)) -> String {
    format!("{scheme}: {scope}")
}

/// A credential in words.
fn credential(needs: &Needs) -> String {
    let schemes = schemes_of(needs).into_iter().collect::<Vec<_>>().join(" and ");
    let scopes: Vec<String> = needs.iter().filter(|(_, scope)| !scope.is_empty()).map(named_scope).collect();
    match (schemes.is_empty(), scopes.is_empty()) {
        (true, _) => "none".to_owned(),
        (_, true) => schemes,
        _ => format!("{schemes} ({})", scopes.join(" and ")),
    }
}

type Parameters<'a> = BTreeMap<(String, String), Parameter<'a>>;

fn parameters(step: &mut Step, pairs: &Pairs<'_, '_>, old: &Operation<'_>, new: &Operation<'_>) {
    let only_in = |from: &Parameters<'_>, other: &Parameters<'_>| {
        from.keys().filter(|key| !other.contains_key(*key)).cloned().collect::<Vec<_>>()
    };
    let (left, mut fresh) =
        (only_in(&old.parameters, &new.parameters), only_in(&new.parameters, &old.parameters));
    for (key, a) in &old.parameters {
        if let Some(b) = new.parameters.get(key) {
            if a.name != b.name && key.0 == "path" {
                let names = (json!(a.name), json!(b.name));
                let at = (a.here.at(), b.here.at());
                step.found.push(Difference::changed(&kinds::PATH_PARAMETER_RENAMED, at, names));
            }
            parameter(step, pairs, a, b);
        }
    }
    let of_name = |name: &str, keys: &[(String, String)], from: &Parameters<'_>| {
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
                let (at, locations) = ((a.here.at(), b.here.at()), (json!(key.0), json!(to.0)));
                step.found.push(Difference::changed(&kinds::PARAMETER_LOCATION_CHANGED, at, locations));
                step.next.push((a.schema, b.schema, Direction::Request));
            }
            None => {
                let kind = of_need(
                    a.required,
                    [&kinds::PARAMETER_REQUIRED_REMOVED, &kinds::PARAMETER_OPTIONAL_REMOVED],
                );
                step.found.push(Difference::gone(kind, a.here.at(), json!(a.name)));
            }
        }
    }
    for b in fresh.iter().filter_map(|key| new.parameters.get(key)) {
        let kind = of_need(b.required, [&kinds::PARAMETER_REQUIRED_ADDED, &kinds::PARAMETER_OPTIONAL_ADDED]);
        step.found.push(Difference::come(kind, b.here.at(), json!(b.name)));
    }
}

fn parameter(step: &mut Step, pairs: &Pairs<'_, '_>, a: &Parameter<'_>, b: &Parameter<'_>) {
    let at = (a.here.at(), b.here.at());
    let mut flag = |before: bool, after: bool, on: &'static Kind, off: &'static Kind| {
        if before != after {
            let kind = if after { on } else { off };
            step.found.push(Difference::changed(kind, at, (json!(before), json!(after))));
        }
    };
    flag(a.required, b.required, &kinds::PARAMETER_BECAME_REQUIRED, &kinds::PARAMETER_BECAME_OPTIONAL);
    flag(a.empty, b.empty, &kinds::PARAMETER_EMPTY_ALLOWED, &kinds::PARAMETER_EMPTY_FORBIDDEN);
    let [style, written, said] = [
        &kinds::PARAMETER_STYLE_CHANGED,
        &kinds::PARAMETER_EXPLODE_CHANGED,
        &kinds::PARAMETER_EXPLODE_RESTATED,
    ];
    explode_kinds(step, pairs, a, b, [style, written, said]);
    described(step, Direction::Request, &a.here, &b.here);
    step.next.push((a.schema, b.schema, Direction::Request));
}

fn body(step: &mut Step, old: &Operation<'_>, new: &Operation<'_>) {
    let types = |body: &Body<'_>| json!(body.content.keys().collect::<Vec<_>>());
    match (&old.body, &new.body) {
        (None, None) => {}
        (None, Some(body)) => {
            let kind = of_need(body.required, [&kinds::BODY_REQUIRED_ADDED, &kinds::BODY_OPTIONAL_ADDED]);
            step.found.push(Difference::come(kind, body.here.at(), types(body)));
        }
        (Some(body), None) => {
            let kind = of_need(body.required, [&kinds::BODY_REQUIRED_REMOVED, &kinds::BODY_OPTIONAL_REMOVED]);
            step.found.push(Difference::gone(kind, body.here.at(), types(body)));
        }
        (Some(a), Some(b)) => {
            let at = (a.here.at(), b.here.at());
            if a.required != b.required {
                let kind = of_need(b.required, [&kinds::BODY_BECAME_REQUIRED, &kinds::BODY_BECAME_OPTIONAL]);
                step.found.push(Difference::changed(kind, at, (json!(a.required), json!(b.required))));
            }
            described(step, Direction::Request, &a.here, &b.here);
            content(step, Direction::Request, &a.content, &b.content);
        }
    }
}
