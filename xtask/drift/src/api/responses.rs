//! Which responses of an operation belong together, and what differs between them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    difference::{Difference, Step, of_need},
    kinds::{self, Direction, Kind},
    pairs::Pairs,
    parts::{content, described, explode_kinds, key},
    schema::without_prose,
    state::{Parameter, Response},
};

const DEFAULT: &str = "DEFAULT";

/// What a response is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Success,
    Error,
}

/// The responses of one operation in one state, by status or range of statuses.
type Responses<'a> = BTreeMap<String, Response<'a>>;

/// Compares the responses of an operation.
///
/// A status is paired with itself, with a range that holds it, or with the response for all
/// statuses that nothing else describes. That one is the success where no other success is
/// described, and an error elsewhere.
pub(super) fn responses(step: &mut Step, pairs: &Pairs<'_, '_>, old: &Responses<'_>, new: &Responses<'_>) {
    let paired = pair(pairs, old, new);
    for (a, b) in &paired {
        if let (Some(a), Some(b)) = (old.get(a), new.get(b)) {
            response(step, pairs, a, b);
        }
    }
    let (was, is): (BTreeSet<&String>, BTreeSet<&String>) =
        (paired.iter().map(|(a, _)| a).collect(), paired.iter().map(|(_, b)| b).collect());
    for (status, response) in old.iter().filter(|(status, _)| !was.contains(status)) {
        let kind = if is_covered_range(status, old, new) {
            range_kinds(status).1
        } else {
            status_kinds(use_of(status, old), status).1
        };
        step.found.push(Difference::gone(kind, response.here.at(), json!(status_name(status))));
    }
    for (status, response) in new.iter().filter(|(status, _)| !is.contains(status)) {
        let kind = if is_covered_range(status, new, old) {
            range_kinds(status).0
        } else {
            status_kinds(use_of(status, new), status).0
        };
        step.found.push(Difference::come(kind, response.here.at(), json!(status_name(status))));
    }
    // One response may be described by several, and the other way around: each is told once.
    let mut told = BTreeSet::new();
    for (a, b) in paired.iter().filter(|(a, b)| a != b) {
        let kind = match (range_of(a), range_of(b)) {
            _ if a == DEFAULT || b == DEFAULT => match (use_of(a, old), use_of(b, new)) {
                (Use::Error, _) | (_, Use::Error) if b == DEFAULT => &kinds::DEFAULT_RESPONSE_ADDED,
                (Use::Error, _) | (_, Use::Error) => &kinds::DEFAULT_RESPONSE_REMOVED,
                _ if a == DEFAULT => &kinds::SUCCESS_NAMED,
                _ => &kinds::SUCCESS_UNNAMED,
            },
            (_, Some(_)) if !old.contains_key(b) => range_kinds(b).0,
            (Some(_), _) if !new.contains_key(a) => range_kinds(a).1,
            _ => continue,
        };
        let several = if range_of(b).is_some() || b == DEFAULT { b } else { a };
        if let (Some(a_here), Some(b_here)) = (old.get(a), new.get(b))
            && told.insert((several, kind.id))
        {
            let at = (a_here.here.at(), b_here.here.at());
            let names = (json!(status_name(a)), json!(status_name(b)));
            step.found.push(Difference::changed(kind, at, names));
        }
    }
}

/// The pairs of statuses that are compared.
fn pair(pairs: &Pairs<'_, '_>, old: &Responses<'_>, new: &Responses<'_>) -> Vec<(String, String)> {
    let mut paired: Vec<(String, String)> = Vec::new();
    let default_stays = match (old.get(DEFAULT), new.get(DEFAULT)) {
        (Some(a), Some(b)) => use_of(DEFAULT, old) == use_of(DEFAULT, new) || have_same_bodies(pairs, a, b),
        _ => false,
    };
    for status in old.keys().filter(|status| new.contains_key(*status)) {
        if status != DEFAULT || default_stays {
            paired.push((status.clone(), status.clone()));
        }
    }
    for status in old.keys().filter(|status| !new.contains_key(*status)) {
        if let Some(range) = range_with(status, new) {
            paired.push((status.clone(), range));
        }
    }
    for status in new.keys().filter(|status| !old.contains_key(*status)) {
        if let Some(range) = range_with(status, old) {
            paired.push((range, status.clone()));
        }
    }
    let left = |responses: &Responses<'_>, paired: &BTreeSet<String>, of: Use| -> Vec<String> {
        let is_left = |status: &&String| {
            *status != DEFAULT && !paired.contains(*status) && use_of(status, responses) == of
        };
        responses.keys().filter(is_left).cloned().collect()
    };
    let was: BTreeSet<String> = paired.iter().map(|(a, _)| a.clone()).collect();
    let is: BTreeSet<String> = paired.iter().map(|(_, b)| b.clone()).collect();
    let free = |responses: &Responses<'_>| responses.contains_key(DEFAULT) && !default_stays;
    if free(old) {
        match use_of(DEFAULT, old) {
            Use::Success => paired.extend(
                with_body_first(left(new, &is, Use::Success), new).map(|status| (DEFAULT.to_owned(), status)),
            ),
            Use::Error if !new.contains_key(DEFAULT) => paired
                .extend(left(new, &is, Use::Error).into_iter().map(|status| (DEFAULT.to_owned(), status))),
            Use::Error => {}
        }
    }
    if free(new) {
        match use_of(DEFAULT, new) {
            Use::Success => paired.extend(
                with_body_first(left(old, &was, Use::Success), old)
                    .map(|status| (status, DEFAULT.to_owned())),
            ),
            Use::Error if !old.contains_key(DEFAULT) => paired
                .extend(left(old, &was, Use::Error).into_iter().map(|status| (status, DEFAULT.to_owned()))),
            Use::Error => {}
        }
    }
    paired
}

/// The first success that has a body, else the first.
fn with_body_first(statuses: Vec<String>, responses: &Responses<'_>) -> Option<String> {
    let has_body = |status: &&String| responses.get(*status).is_some_and(|it| !it.content.is_empty());
    statuses.iter().find(has_body).or(statuses.first()).cloned()
}

fn have_same_bodies(pairs: &Pairs<'_, '_>, a: &Response<'_>, b: &Response<'_>) -> bool {
    a.content.keys().eq(b.content.keys())
        && a.content.values().zip(b.content.values()).all(|(a, b)| pairs.are_same(a.schema, b.schema))
}

fn use_of(status: &str, responses: &Responses<'_>) -> Use {
    let is_success = |status: &str| status.starts_with(['2', '3']);
    let success = match status {
        DEFAULT => !responses.keys().any(|status| is_success(status)),
        _ => is_success(status),
    };
    if success { Use::Success } else { Use::Error }
}

/// The first digit of a range such as `2XX`.
fn range_of(status: &str) -> Option<char> {
    let (digit, rest) = status.split_at_checked(1)?;
    (rest == "XX").then(|| digit.chars().next()).flatten()
}

/// The range among these that holds a status.
fn range_with(status: &str, responses: &Responses<'_>) -> Option<String> {
    let range = format!("{}XX", status.chars().next()?);
    (range != status && status != DEFAULT && responses.contains_key(&range)).then_some(range)
}

/// Whether it is a range of which the other state describes single statuses, which are paired with
/// themselves.
fn is_covered_range(status: &str, here: &Responses<'_>, there: &Responses<'_>) -> bool {
    range_of(status)
        .is_some_and(|digit| there.keys().any(|other| other.starts_with(digit) && here.contains_key(other)))
}

/// A status as documents write it.
fn status_name(status: &str) -> String {
    if status == DEFAULT { "default".to_owned() } else { status.to_owned() }
}

fn status_kinds(of: Use, status: &str) -> (&'static Kind, &'static Kind) {
    match of {
        Use::Success => (&kinds::SUCCESS_ADDED, &kinds::SUCCESS_REMOVED),
        Use::Error if status == DEFAULT => (&kinds::DEFAULT_RESPONSE_ADDED, &kinds::DEFAULT_RESPONSE_REMOVED),
        Use::Error => (&kinds::ERROR_ADDED, &kinds::ERROR_REMOVED),
    }
}

/// The kinds for a range that replaces a status, and the other way around.
fn range_kinds(range: &str) -> (&'static Kind, &'static Kind) {
    if range.starts_with(['2', '3']) {
        (&kinds::SUCCESSES_WIDENED, &kinds::SUCCESSES_NARROWED)
    } else {
        (&kinds::ERRORS_WIDENED, &kinds::ERRORS_NARROWED)
    }
}

fn response(step: &mut Step, pairs: &Pairs<'_, '_>, a: &Response<'_>, b: &Response<'_>) {
    let at = (a.here.at(), b.here.at());
    described(step, Direction::Response, &a.here, &b.here);
    let types = |response: &Response<'_>| json!(response.content.keys().collect::<Vec<_>>());
    match (a.content.is_empty(), b.content.is_empty()) {
        (true, false) => {
            step.found.push(Difference::changed(&kinds::RESPONSE_BODY_ADDED, at, (None, types(b))));
        }
        (false, true) => {
            step.found.push(Difference::changed(&kinds::RESPONSE_BODY_REMOVED, at, (types(a), None)));
        }
        _ => content(step, Direction::Response, &a.content, &b.content),
    }
    let links = |response: &Response<'_>| response.here.raw("links").map(without_prose);
    key(&mut step.found, &kinds::LINKS_CHANGED, "links", at, (links(a), links(b)));
    for (name, a) in &a.headers {
        match b.headers.get(name) {
            Some(b) => header(step, pairs, a, b),
            None => {
                let kind =
                    of_need(a.required, [&kinds::HEADER_REQUIRED_REMOVED, &kinds::HEADER_OPTIONAL_REMOVED]);
                step.found.push(Difference::gone(kind, a.here.at(), json!(a.name)));
            }
        }
    }
    for (_, b) in b.headers.iter().filter(|(name, _)| !a.headers.contains_key(*name)) {
        let kind = of_need(b.required, [&kinds::HEADER_REQUIRED_ADDED, &kinds::HEADER_OPTIONAL_ADDED]);
        step.found.push(Difference::come(kind, b.here.at(), json!(b.name)));
    }
}

fn header(step: &mut Step, pairs: &Pairs<'_, '_>, a: &Parameter<'_>, b: &Parameter<'_>) {
    let at = (a.here.at(), b.here.at());
    if a.required != b.required {
        let kind = of_need(b.required, [&kinds::HEADER_BECAME_REQUIRED, &kinds::HEADER_BECAME_OPTIONAL]);
        step.found.push(Difference::changed(kind, at, (json!(a.required), json!(b.required))));
    }
    let [style, read, said] =
        [&kinds::HEADER_STYLE_CHANGED, &kinds::HEADER_EXPLODE_CHANGED, &kinds::HEADER_EXPLODE_RESTATED];
    explode_kinds(step, pairs, a, b, [style, read, said]);
    described(step, Direction::Response, &a.here, &b.here);
    step.next.push((a.schema, b.schema, Direction::Response));
}
