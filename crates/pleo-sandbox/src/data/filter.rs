//! Choosing the things that a request asks for.

use chrono::DateTime;
use serde_json::Value;

/// One filter: a member of the request, what it means, and the member of the thing that it looks at.
///
/// A dot leads into an object, or into all objects of an array.
pub(super) struct Filter(pub(super) &'static str, pub(super) Test, pub(super) &'static str);

/// What a filter means. One that the request does not set, or sets to an empty list, lets everything pass.
#[derive(Clone, Copy)]
pub(super) enum Test {
    /// The thing's member is this.
    Is,
    /// One of the thing's members is one of these.
    OneOf,
    /// None of the thing's members is one of these.
    NoneOf,
    /// The thing has (true) or has not (false) the member.
    Present,
    /// The time is this or later.
    From,
    /// The time is this or earlier.
    Until,
    /// The text holds this one, in whatever case.
    Holds,
    /// Things that have the member, and it is not false, are left out unless this is true.
    Unless,
}

/// Whether a thing passes all filters of a request.
pub(super) fn passes(request: &Value, value: &Value, filters: &[Filter]) -> bool {
    filters.iter().all(|Filter(asked, test, member)| {
        let wanted = &request[*asked];
        let mut found = Vec::new();
        collect(value, member, &mut found);
        match test {
            Test::Unless => wanted == true || found.iter().all(|found| **found == false),
            _ if wanted.is_null() || *wanted == Value::Array(Vec::new()) => true,
            Test::Is => found.contains(&wanted),
            Test::OneOf => list(wanted).iter().any(|wanted| found.contains(&wanted)),
            Test::NoneOf => !list(wanted).iter().any(|wanted| found.contains(&wanted)),
            Test::Present => found.is_empty() != (wanted == true),
            Test::From => found.iter().any(|found| time(found) >= time(wanted)),
            Test::Until => found.iter().any(|found| time(found) <= time(wanted)),
            Test::Holds => found.iter().any(|found| text(found).contains(&text(wanted))),
        }
    })
}

/// The members under this name, without `null`s.
fn collect<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::Null => {}
        value if path.is_empty() => found.push(value),
        value => {
            let (member, rest) = path.split_once('.').unwrap_or((path, ""));
            collect(&value[member], rest, found);
        }
    }
}

fn list(wanted: &Value) -> &[Value] {
    wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice)
}

fn time(value: &Value) -> Option<DateTime<chrono::FixedOffset>> {
    value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}
