//! Whether a request is the one that was asked for.

use std::collections::BTreeMap;

use chrono::DateTime;
use http::header;
use percent_encoding::percent_decode_str;
use pleo_client::{ParameterLocation, Safety};
use proptest::{prelude::*, sample::select, strategy::Union};
use serde_json::Value;

use super::{
    BASE_URLS, BASE_URLS_METHODS, Check, ERRORS, Rule,
    company::names_company,
    each_request, each_request_of,
    trouble::{Trouble, send_into, send_to},
};
use crate::{
    protocol::Parameter,
    trial::{
        ClientTrial,
        case::{Case, takes_empty_query, takes_number, takes_query},
        client::Seen,
        evidence::{Judgement, target},
        servers::ReceivedRequest,
    },
    verdict::{Level, Verdict},
    words::counted,
};

const REFERENCE: &str = "API Reference: the operation's page";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "URL-001",
        title: "The URL is base URL and path",
        statement: "A client MUST request the base URL, followed by the path of the operation, and nothing \
                    between them.",
        level: Level::Must,
        level_reason: "The base URL page says that the URL is the base URL followed by the endpoint's path.",
        sources: &["Z2", "Z5"],
        headings: &[BASE_URLS],
        failure: "A segment is missing, doubled or added.",
        method: "Any operation: the segments of the path that is received are compared with the operation's.",
        check: Check::Client { needs: &[], check: path_is_the_operations },
    },
    Rule {
        id: "URL-002",
        title: "The method is the operation's",
        statement: "A client MUST use the method of the operation.",
        level: Level::Must,
        level_reason: "The OpenAPI documents give the method. Another method is another operation, or none.",
        sources: &["OpenAPI documents"],
        headings: &[REFERENCE],
        failure: "The server receives PUT instead of POST.",
        method: "Any operation: the received method.",
        check: Check::Client { needs: &[], check: method_is_the_operations },
    },
    Rule {
        id: "URL-003",
        title: "A path parameter is one segment",
        statement: "A client MUST put a path parameter into its segment of the path, unchanged.",
        level: Level::Must,
        level_reason: "The OpenAPI documents give the place of each parameter. Otherwise the request \
                       reaches another resource.",
        sources: &["Z2"],
        headings: &[BASE_URLS, REFERENCE],
        failure: "The received parameter differs from the given one.",
        method: "Any operation with path parameters: the decoded segment is compared. All of today's path \
                 parameters are UUIDs.",
        check: Check::Client { needs: &[], check: path_parameters_arrive },
    },
    Rule {
        id: "URL-004",
        title: "Query parameters are sent as given",
        statement: "A client MUST send each given query parameter, with its name and value, and one with \
                    several values once per value, and nothing for a parameter that was not given.",
        level: Level::Must,
        level_reason: "The OpenAPI documents give the parameters. A value that changes on the way asks for \
                       something else.",
        sources: &["P5", "OpenAPI documents"],
        headings: &[REFERENCE],
        failure: "Several values are joined by commas, a value is encoded twice, or a parameter that was not \
                  given is sent as `null`.",
        method: "Any operation with any of its query parameters, texts that are empty and numbers such as 0 among them: the decoded \
                 values are compared by name. The operation's other parameters may have values, but not empty \
                 ones or words for nothing.",
        check: Check::Client { needs: &[], check: query_arrives },
    },
    Rule {
        id: "URL-005",
        title: "The body is sent as given, as JSON",
        statement: "A client MUST send the body as JSON, and say so in Content-Type, and MUST NOT send one with a \
                    request that has none.",
        level: Level::Must,
        level_reason: "The OpenAPI documents describe every request body as JSON, and say which operations take \
                       one. A member that is sent as null may clear what nobody wanted to change.",
        sources: &["X23"],
        headings: &[REFERENCE],
        failure: "The body is form-encoded, has no media type, or a request without body has `{}`.",
        method: "Any operation with a body, with empty texts, line ends and control characters in it: the one \
                 media type and the value are compared. More members are allowed, but not null, empty texts \
                 or words for nothing. Operations that take no body: there may be none.",
        check: Check::Client { needs: &[], check: body_arrives },
    },
    Rule {
        id: "URL-006",
        title: "A valid request is sent exactly once",
        statement: "A client MUST send a valid request, and MUST NOT repeat one that succeeded.",
        level: Level::Must,
        level_reason: "The documents say that the base URLs accept all three methods of authentication. A \
                       repeated request can create something twice.",
        sources: &["Z34", "A1"],
        headings: &[BASE_URLS_METHODS],
        failure: "The server receives nothing, or the same request twice.",
        method: "Any operation, arguments, environment and credential: requests that succeed are counted. Some \
                 responses to requests that are not safe to repeat have no usable body. Fewer requests than were asked \
                 for, or more that succeed, fail.",
        check: Check::Client { needs: &[], check: lawful_request_is_sent_once },
    },
    Rule {
        id: "URL-007",
        title: "A slash at the end of the base URL makes no difference",
        statement: "A client SHOULD send the same request whether the base URL ends with a slash or not.",
        level: Level::Should,
        level_reason: "No document writes a base URL with a slash at its end, but people do.",
        sources: &["Z2"],
        headings: &[BASE_URLS],
        failure: "There are two slashes where base URL and path meet.",
        method: "Any operation, with a slash at the end of the base URL: the path that is received is compared \
                 with the one without. A client that refuses such a base URL passes.",
        check: Check::Client { needs: &[], check: slash_makes_no_difference },
    },
    Rule {
        id: "URL-008",
        title: "A request that may have taken effect is not repeated",
        statement: "A client SHOULD NOT repeat a request that is neither safe nor idempotent once it may have taken \
                    effect: after a 504, or a connection that ended before the response was complete.",
        level: Level::Should,
        level_reason: "RFC 9110, section 9.2.2, says SHOULD NOT for methods such as POST. Pleo's pages recommend \
                       trying again after a 500, 502 or 503, and do not mention a 504 or a lost response.",
        sources: &["E5", "E6", "E7", "E8"],
        headings: &[ERRORS],
        failure: "A vendor is created twice because the response to the first request was lost.",
        method: "Operations that are neither safe nor idempotent. The connection is closed, reset, or cut off within \
                 the response, or the response is a 504. The requests received are counted.",
        check: Check::Client { needs: &[], check: effects_are_not_repeated },
    },
];

/// One segment of a path template: text around at most one parameter.
struct Segment<'a> {
    before: &'a str,
    parameter: Option<&'a str>,
    after: &'a str,
}

fn segments(template: &str) -> impl Iterator<Item = Segment<'_>> {
    template.trim_start_matches('/').split('/').map(|segment| {
        let parts = segment.split_once('{').and_then(|(before, rest)| {
            let (parameter, after) = rest.split_once('}')?;
            Some(Segment { before, parameter: Some(parameter), after })
        });
        parts.unwrap_or(Segment { before: segment, parameter: None, after: "" })
    })
}

/// The decoded segments of the path that arrived.
fn received_segments(received: &ReceivedRequest) -> Vec<String> {
    let path = received.exchange.request.uri().path();
    path.strip_prefix('/')
        .unwrap_or(path)
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// The parameter's value in a segment, if the rest of the segment is as it should be.
fn parameter_in<'a>(segment: &Segment<'_>, arrived: &'a str) -> Option<&'a str> {
    arrived.strip_prefix(segment.before)?.strip_suffix(segment.after)
}

/// Whether the path that was received is that of the operation.
fn is_the_operations(case: &Case, received: &ReceivedRequest) -> bool {
    let arrived = received_segments(received);
    let expected: Vec<Segment<'_>> = segments(case.operation.path).collect();
    arrived.len() == expected.len()
        && expected.iter().zip(&arrived).all(|(segment, arrived)| match segment.parameter {
            Some(_) => parameter_in(segment, arrived).is_some(),
            None => segment.before == arrived,
        })
}

fn path_is_the_operations(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks();
    each_request(trial, cases, |case, received, _| {
        Judgement::pass_if(is_the_operations(case, received), || {
            let path = received.exchange.request.uri().path();
            Judgement::fail_by(received, "the path is not the operation's", case.operation.path, path)
        })
    })
}

fn method_is_the_operations(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks();
    each_request(trial, cases, |case, received, _| {
        let (expected, method) = (&case.operation.method, received.exchange.request.method());
        Judgement::pass_if(expected == method, || {
            let message = "the method is not the operation's";
            Judgement::fail_by(received, message, expected.as_str(), method.as_str())
        })
    })
}

fn path_parameters_arrive(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().with_setbacks().of(|operation| operation.path.contains('{'));
    each_request(trial, cases, |case, received, _| {
        let arrived: Vec<String> =
            received_segments(received).into_iter().filter(|segment| !segment.is_empty()).collect();
        if arrived.len() != segments(case.operation.path).count() {
            return Judgement::inconclusive("the path is not the operation's");
        }
        for (segment, arrived) in segments(case.operation.path).zip(&arrived) {
            let Some(name) = segment.parameter else { continue };
            let Some(value) = parameter_in(&segment, arrived) else {
                return Judgement::inconclusive("the path is not the operation's");
            };
            if case.path.get(name).map(String::as_str) != Some(value) {
                return Judgement::fail_by(
                    received,
                    "a path parameter is not received as it was given",
                    format!("{name}: {}", case.path.get(name).cloned().unwrap_or_default()),
                    format!("{name}: {value}, in {}", received.exchange.request.uri().path()),
                );
            }
        }
        Judgement::Pass
    })
}

fn query_arrives(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = || trial.cases().with_setbacks();
    let some = cases().of(takes_query).strategy();
    let some = some.prop_filter("it has query parameters", |case| !case.query.is_empty());
    let none = cases().of(takes_query).strategy().prop_map(|case| Case { query: required(&case), ..case });
    let empty = (cases().of(takes_empty_query).strategy(), any::<usize>());
    let empty = empty.prop_map(|(case, which)| case.with_empty_parameter(which));
    // The first is not nothing, and the second does not fit into 32 bits.
    let number = (cases().of(takes_number).strategy(), select(vec!["0", "2147483648"]));
    let number = number.prop_map(|(case, number)| case.with_number(number));
    let cases = [(8, some.boxed()), (1, none.boxed()), (2, empty.boxed()), (1, number.boxed())];
    let cases = Union::new_weighted(cases.into());
    each_request_of(trial, cases, |case, received, _| judge_query(case, received))
}

/// The query parameters of a case without those that need not be there.
fn required(case: &Case) -> Vec<Parameter> {
    let needed = |name: &str| {
        case.operation.parameters.iter().any(|parameter| parameter.name == name && parameter.required)
    };
    case.query.iter().filter(|parameter| needed(&parameter.name)).cloned().collect()
}

/// What programs write for a value that is not there.
const NOTHING: [&str; 9] = ["", "null", "none", "nil", "<nil>", "undefined", "nan", "[]", "{}"];

fn is_nothing(text: &str) -> bool {
    NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// Whether a name is that of a query parameter of the operation, however it is spelled. The company is the business of
/// other rules.
fn is_parameter(case: &Case, name: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let of_query =
        case.operation.parameters.iter().filter(|known| known.location == ParameterLocation::Query);
    !names_company(name) && of_query.map(|known| letters(known.name)).any(|known| known == letters(name))
}

/// Whether two hexadecimal digits follow each percent sign (RFC 3986, section 2.1).
fn is_percent_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

fn judge_query(case: &Case, received: &ReceivedRequest) -> Judgement {
    let query = received.exchange.request.uri().query().unwrap_or_default();
    if !is_percent_encoded(query) {
        return Judgement::fail_by(
            received,
            "the query is not percent-encoded",
            "two hexadecimal digits after each percent sign",
            target(&received.exchange.request),
        );
    }
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        arrived.entry(name).or_default().push(value);
    }
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for parameter in &case.query {
        given.entry(parameter.name.clone()).or_default().push(parameter.value.clone());
    }
    for (name, values) in given {
        let values_received = arrived.remove(&name).unwrap_or_default();
        if values_received != values {
            return Judgement::fail_by(
                received,
                "a query parameter is not received as it was given",
                format!("{name}: {values:?}"),
                format!("{name}: {values_received:?}, in {}", target(&received.exchange.request)),
            );
        }
    }
    let nothing = arrived
        .into_iter()
        .find(|(name, values)| is_parameter(case, name) && values.iter().any(|value| is_nothing(value)));
    match nothing {
        None => Judgement::Pass,
        Some((name, values)) => Judgement::fail_by(
            received,
            "a query parameter is sent that nobody has given a value",
            format!("no {name}"),
            format!("{name}: {values:?}, in {}", target(&received.exchange.request)),
        ),
    }
}

fn body_arrives(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = || trial.cases().with_setbacks();
    let some = cases().of(|operation| operation.request_body.is_some());
    let empty = some.clone().with_empty_texts();
    let none = cases().of(|operation| operation.request_body.is_none());
    let weighted = [(6, some), (2, empty), (1, none)];
    let cases = weighted.map(|(weight, cases)| (weight, cases.strategy().boxed()));
    each_request_of(trial, Union::new_weighted(cases.into()), |case, received, _| match &case.body {
        Some(given) => judge_body(given, received),
        None => judge_no_body(received),
    })
}

/// Whether a request without body has none. The company, where it should not be, is the business of other rules.
fn judge_no_body(received: &ReceivedRequest) -> Judgement {
    let body = received.exchange.request.body();
    let names_only_company = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => !members.is_empty() && members.keys().all(|name| names_company(name)),
        _ => false,
    };
    Judgement::pass_if(body.is_empty() || names_only_company, || {
        let message = "a body is sent with a request that has none";
        Judgement::fail_by(received, message, "no body", String::from_utf8_lossy(body))
    })
}

fn judge_body(given: &Value, received: &ReceivedRequest) -> Judgement {
    let request = &received.exchange.request;
    let media_types: Vec<String> = request
        .headers()
        .get_all(header::CONTENT_TYPE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let media_type = media_types.first().map(String::as_str).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    // It has one value (RFC 9110, section 8.3); what a server makes of two is its own affair.
    if media_types.len() > 1 || !essence.eq_ignore_ascii_case("application/json") {
        return Judgement::fail_by(
            received,
            "the body does not come as JSON",
            "Content-Type: application/json",
            format!("Content-Type: {}", media_types.join(", and Content-Type: ")),
        );
    }
    let arrived: Option<Value> = serde_json::from_slice(request.body()).ok();
    let same = arrived.as_ref().is_some_and(|arrived| holds(arrived, given));
    Judgement::pass_if(same, || {
        let body = match String::from_utf8_lossy(request.body()) {
            body if body.is_empty() => "no body".to_owned(),
            body => body.into_owned(),
        };
        Judgement::fail_by(received, "the body is not the one that was given", given.to_string(), body)
    })
}

/// Whether a value is another one, or has more members at its top, which do not stand for nothing.
fn holds(arrived: &Value, given: &Value) -> bool {
    let stands_for_nothing = |(name, value): (&String, &Value)| {
        let nothing = value.is_null() || value.as_str().is_some_and(is_nothing);
        nothing && !names_company(name)
    };
    match (arrived, given) {
        (Value::Object(arrived), Value::Object(given)) => {
            let mut more = arrived.iter().filter(|(name, _)| !given.contains_key(*name));
            given.iter().all(|(name, value)| arrived.get(name).is_some_and(|arrived| same(arrived, value)))
                && !more.any(stands_for_nothing)
        }
        (arrived, given) => same(arrived, given),
    }
}

/// Whether two values are the same JSON: a number may be spelled in several ways (RFC 8259, section 6), and so may a
/// time (RFC 3339, section 5.6), which a typed client writes from its own type.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // Beyond 2^53 a floating-point number is not the integer that it stands for.
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::String(one), Value::String(other)) => {
            let time = |text: &str| DateTime::parse_from_rfc3339(text).ok();
            one == other || time(one).is_some_and(|one| time(other) == Some(one))
        }
        (one, other) => one == other,
    }
}

fn lawful_request_is_sent_once(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    // A success is one even if its body is of no use. What is safe to repeat may be repeated then.
    let useless = prop::option::weighted(0.2, select(vec![Trouble::Unreadable, Trouble::Empty]));
    trial.each((cases, useless), |talk, (case, useless)| {
        let seen = match useless.filter(|_| case.operation.safety == Safety::Neither) {
            Some(useless) => {
                talk.prepare(case)?;
                send_into(talk, case, useless, case.circumstances.times)?
            }
            None => talk.send(case)?,
        };
        let requests = seen.requests(case);
        let Some(received) = requests.first() else {
            let message = "a valid request is not sent";
            return Ok(Judgement::fail(message, "1 request", format!("none: {}", seen.told())));
        };
        if requests.len() < case.circumstances.times as usize {
            let (expected, found) = (case.circumstances.times, requests.len());
            let message = "a valid request is not sent";
            return Ok(Judgement::fail(message, format!("{expected} requests"), format!("{found} of them")));
        }
        let succeeded = |received: &&&ReceivedRequest| received.exchange.reply.response.status().is_success();
        let (count, wanted) = (requests.iter().filter(succeeded).count(), case.circumstances.times as usize);
        // What did not succeed may be repeated: that is the business of other rules.
        if count < wanted && requests.len() > wanted {
            return Ok(Judgement::inconclusive("the request did not succeed, and was repeated"));
        }
        Ok(Judgement::pass_if(count <= wanted, || {
            let message = "a request that succeeded is sent again";
            Judgement::fail_by(received, message, counted(wanted, "request"), counted(count, "request"))
        }))
    })
}

fn slash_makes_no_difference(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().strategy();
    trial.each(cases, |talk, case| {
        let paths = |seen: &Seen| -> Vec<String> {
            let of = |received: &ReceivedRequest| received.exchange.request.uri().path().to_owned();
            seen.requests(case).into_iter().map(of).collect()
        };
        let usual = talk.aside(|talk| talk.send(&case.plain()))?;
        usual.first(case)?;
        let base_url = talk.servers().url(case.site) + "/";
        let seen = send_to(talk, &case.plain(), base_url)?;
        if seen.refused() {
            return Ok(Judgement::Pass);
        }
        let received = seen.first(case)?;
        let (expected, found) = (paths(&usual), paths(&seen));
        Ok(Judgement::pass_if(found.iter().all(|path| expected.contains(path)), || {
            let message = "a slash at the end of the base URL changes the path";
            Judgement::fail_by(received, message, expected[0].clone(), found[0].clone())
        }))
    })
}

fn effects_are_not_repeated(trial: &mut ClientTrial<'_>) -> Verdict {
    let cases = trial.cases().of(|operation| operation.safety == Safety::Neither).strategy();
    let troubles =
        vec![Trouble::DroppedConnection, Trouble::ResetConnection, Trouble::Cut, Trouble::Status(504)];
    trial.each((cases, select(troubles)), |talk, (case, trouble)| {
        let case = &case.plain();
        let seen = send_into(talk, case, *trouble, 1)?;
        let received = seen.first(case)?;
        let at_its_site = |received: &&&ReceivedRequest| received.site == case.site;
        let count = seen.requests(case).iter().filter(at_its_site).count();
        Ok(Judgement::pass_if(count <= 1, || {
            let message = "a request that may have taken effect is repeated";
            Judgement::fail_by(received, message, "1 request", counted(count, "request"))
        }))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_may_have_more_at_its_top_and_spell_numbers_and_times_otherwise_and_nothing_else() {
        let time = "2026-06-26T07:34:23Z";
        for (other, is_same) in [
            ("2026-06-26T07:34:23+00:00", true),
            ("2026-06-26T09:34:23.000+02:00", true),
            ("2026-06-26T07:34:24Z", false),
            ("2026-06-26T07:34:23+02:00", false),
            ("2026-06-26", false),
        ] {
            assert_eq!(holds(&json!({ "at": other }), &json!({ "at": time })), is_same, "{other}");
        }
        let given = json!({ "rate": 0.0, "lines": [{ "of": 1 }], "note": "x" });
        for arrived in [
            json!({ "rate": 0, "lines": [{ "of": 1.0 }], "note": "x" }),
            json!({ "note": "x", "lines": [{ "of": 1 }], "rate": -0.0, "companyId": "y" }),
            json!({ "note": "x", "lines": [{ "of": 1 }], "rate": -0.0, "companyId": null, "more": 0 }),
        ] {
            assert!(holds(&arrived, &given), "{arrived}");
        }
        for arrived in [
            json!({ "rate": 0.0, "lines": [{ "of": 1 }] }),
            json!({ "rate": 0.5, "lines": [{ "of": 1 }], "note": "x" }),
            json!({ "rate": "0.0", "lines": [{ "of": 1 }], "note": "x" }),
            json!({ "rate": 0.0, "lines": [{ "of": 1, "more": 2 }], "note": "x" }),
            json!({ "rate": 0.0, "lines": [{ "of": 2 }], "note": "x" }),
            json!({ "rate": 0.0, "lines": [{ "on": 1 }], "note": "x" }),
            json!({ "rate": 0.0, "lines": [{ "of": 1 }, {}], "note": "x" }),
            json!({ "rate": 0.0, "lines": [{ "of": 1 }], "note": "x", "more": null }),
            json!({ "rate": 0.0, "lines": [{ "of": 1 }], "note": "x", "more": "None" }),
            json!([given.clone()]),
        ] {
            assert!(!holds(&arrived, &given), "{arrived}");
        }
    }

    #[test]
    fn integers_beyond_what_a_float_tells_apart_are_compared_as_integers() {
        let number = |text: &str| serde_json::from_str(text).unwrap();
        assert!(!same(&number("9007199254740993"), &number("9007199254740992")));
        assert!(same(&number("9007199254740993"), &number("9007199254740993")));
        assert!(same(&number("1e2"), &number("100")));
    }

    #[test]
    fn a_percent_sign_has_two_hexadecimal_digits_behind_it() {
        for (text, is_encoded) in
            [("a=%4a%20&b=c", true), ("", true), ("a=%zz", false), ("a=%4", false), ("a=50%", false)]
        {
            assert_eq!(is_percent_encoded(text), is_encoded, "{text}");
        }
    }
}
