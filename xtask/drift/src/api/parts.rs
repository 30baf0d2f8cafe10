//! What differs between parts that requests and responses have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    cursor::{At, Cursor},
    difference::{Difference, Step},
    kinds::{self, Direction, Kind},
    pairs::{Form, Pairs},
    schema::{canonical, without_prose},
    state::{self, Media, Parameter, Placed},
};

/// Whether it is deprecated.
pub(super) fn is_deprecated(here: &Cursor<'_>) -> bool {
    here.raw("deprecated") == Some(&json!(true))
}

/// Notes what only one of two sets holds.
pub(super) fn members<T: Ord + ToString>(
    found: &mut Vec<Difference>,
    kinds: (&'static Kind, &'static Kind),
    old: &Placed<BTreeSet<T>>,
    new: &Placed<BTreeSet<T>>,
) {
    for gone in old.value.difference(&new.value) {
        found.push(Difference::gone(kinds.1, &old.at, json!(gone.to_string())));
    }
    for come in new.value.difference(&old.value) {
        found.push(Difference::come(kinds.0, &new.at, json!(come.to_string())));
    }
}

/// Notes a key whose value differs.
pub(super) fn key(
    found: &mut Vec<Difference>,
    kind: &'static Kind,
    name: &str,
    at: (&At, &At),
    (before, after): (Option<Value>, Option<Value>),
) {
    if before != after {
        let place = |at: &At, value: &Option<Value>| value.is_some().then(|| at.join(name));
        let (old, new) = (place(at.0, &before), place(at.1, &after));
        found.push(Difference { kind, old, new, before, after });
    }
}

/// Notes extensions that differ, except one.
pub(super) fn extensions(
    found: &mut Vec<Difference>,
    kind: &'static Kind,
    old_here: &Cursor<'_>,
    new_here: &Cursor<'_>,
    except: &str,
) {
    let (old, new) = (state::extensions(old_here), state::extensions(new_here));
    let names: BTreeSet<&str> =
        old.keys().chain(new.keys()).copied().filter(|name| *name != except).collect();
    for name in names {
        let values = (old.get(name).cloned(), new.get(name).cloned());
        key(found, kind, name, (old_here.at(), new_here.at()), values);
    }
}

/// Notes that a value is written in another style or exploded differently; the last kind is for an
/// `explode` that makes no difference to how values of that form are written.
pub(super) fn explode_kinds(
    step: &mut Step,
    pairs: &Pairs<'_, '_>,
    a: &Parameter<'_>,
    b: &Parameter<'_>,
    [style, written, said]: [&'static Kind; 3],
) {
    let at = (a.here.at(), b.here.at());
    if a.style != b.style {
        step.found.push(Difference::changed(style, at, (a.style.clone(), b.style.clone())));
    } else if a.explode != b.explode {
        let form = pairs.form(a.schema, b.schema);
        let is_simple = a.style.get("style").is_some_and(|style| style == "simple");
        let kind = match form {
            Form::Single => said,
            Form::List if is_simple => said,
            Form::List | Form::Any => written,
        };
        step.found.push(Difference::changed(kind, at, (json!(a.explode), json!(b.explode))));
    }
}

/// What parameters, headers, bodies and responses all have.
pub(super) fn described(step: &mut Step, direction: Direction, old: &Cursor<'_>, new: &Cursor<'_>) {
    let at = (old.at(), new.at());
    let (was, is) = (is_deprecated(old), is_deprecated(new));
    if was != is {
        let kind = if is { &kinds::DEPRECATED } else { &kinds::NO_LONGER_DEPRECATED };
        step.found.push(Difference::changed(kind.of(direction), at, (json!(was), json!(is))));
    }
    extensions(&mut step.found, kinds::EXTENSION_CHANGED.of(direction), old, new, "");
    for (name, kind) in [
        ("description", &kinds::DESCRIPTION_CHANGED),
        ("example", &kinds::EXAMPLE_CHANGED),
        ("examples", &kinds::EXAMPLE_CHANGED),
    ] {
        let values = (old.raw(name).cloned(), new.raw(name).cloned());
        key(&mut step.found, kind.of(direction), name, at, values);
    }
}

type Content<'a> = BTreeMap<String, Media<'a>>;

/// Compares bodies by their media types: those of one name, those that differ in parameters only,
/// and those of which one names a range such as `application/*` that holds the other.
pub(super) fn content(step: &mut Step, direction: Direction, old: &Content<'_>, new: &Content<'_>) {
    let mut left: Vec<(&String, &Media<'_>)> = Vec::new();
    let mut fresh: Vec<(&String, &Media<'_>)> =
        new.iter().filter(|(name, _)| !old.contains_key(*name)).collect();
    for (name, a) in old {
        match new.get(name) {
            Some(b) => media(step, direction, a, b),
            None => left.push((name, a)),
        }
    }
    let essence = |name: &str| name.split(';').next().unwrap_or_default().to_owned();
    let is_respelled = |old: &str, new: &str| essence(old) == essence(new);
    let is_wider = |old: &str, new: &str| is_in_range(&essence(old), &essence(new));
    let is_narrower = |old: &str, new: &str| is_in_range(&essence(new), &essence(old));
    type Rule<'r> = (&'static kinds::Both, &'r dyn Fn(&str, &str) -> bool);
    let rules: [Rule<'_>; 3] = [
        (&kinds::MEDIA_TYPE_PARAMETERS_CHANGED, &is_respelled),
        (&kinds::MEDIA_TYPE_WIDENED, &is_wider),
        (&kinds::MEDIA_TYPE_NARROWED, &is_narrower),
    ];
    for (kind, is_pair) in rules {
        left.retain(|(name, a)| {
            let Some(index) = fresh.iter().position(|(other, _)| is_pair(name, other)) else { return true };
            let (other, b) = fresh.remove(index);
            let at = (a.here.at(), b.here.at());
            step.found.push(Difference::changed(kind.of(direction), at, (json!(name), json!(other))));
            media(step, direction, a, b);
            false
        });
    }
    for (name, a) in left {
        let kind = kinds::MEDIA_TYPE_REMOVED.of(direction);
        step.found.push(Difference::gone(kind, a.here.at(), json!(name)));
    }
    for (name, b) in fresh {
        let kind = kinds::MEDIA_TYPE_ADDED.of(direction);
        step.found.push(Difference::come(kind, b.here.at(), json!(name)));
    }
}

/// Whether a media type is in a range such as `application/*` or `*/*`.
fn is_in_range(name: &str, range: &str) -> bool {
    range == "*/*"
        || range.strip_suffix('*').is_some_and(|start| start.ends_with('/') && name.starts_with(start))
}

fn media(step: &mut Step, direction: Direction, a: &Media<'_>, b: &Media<'_>) {
    let at = (a.here.at(), b.here.at());
    described(step, direction, &a.here, &b.here);
    if direction == Direction::Request {
        let values = (encoding(a), encoding(b));
        key(&mut step.found, &kinds::ENCODING_CHANGED, "encoding", at, values);
    }
    step.next.push((a.schema, b.schema, direction));
}

/// How the parts of a form are written, without what holds anyway.
fn encoding(media: &Media<'_>) -> Option<Value> {
    let mut value = media.here.raw("encoding").map(|encoding| canonical(&without_prose(encoding)))?;
    let parts = value.as_object_mut()?;
    for part in parts.values_mut().filter_map(Value::as_object_mut) {
        let is_form = part.get("style").is_none_or(|style| style == "form");
        part.retain(|key, value| match key.as_str() {
            "style" => value != "form",
            "explode" => *value != json!(is_form),
            "allowReserved" => *value != json!(false),
            _ => true,
        });
    }
    parts.retain(|_, part| part.as_object().is_none_or(|part| !part.is_empty()));
    (!parts.is_empty()).then_some(value)
}
