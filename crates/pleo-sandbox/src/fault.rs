//! What can go wrong on demand.

use std::{str::FromStr, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::Value;

use crate::{Extent, Reply, answer, clock, document, route};

/// Something that goes wrong on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with a short text as body. The request is not looked at.
    Status(u16),
    /// 429 with a `Retry-After` of so many seconds. The request is not looked at.
    TooManyRequests(u32),
    /// 429 with a `Retry-After` of the date that is so much later by the sandbox's clock, which the `Date` of the
    /// response shows. The request is not looked at.
    TooManyRequestsUntil(Duration),
    /// The right response, after this time.
    Delay(Duration),
    /// The right response's head and half of its body.
    CutBody,
    /// A body that is not JSON, with the right status.
    InvalidJson,
    /// The right response with values that no document lists wherever the document lists them.
    UnknownEnumValue,
    /// The right response with a field that no document lists, in every object.
    UnknownField,
    /// No response: the connection ends. The request is not looked at.
    DropConnection,
    /// No response: the connection is reset. The request is not looked at.
    ResetConnection,
    /// A redirect with this status to this address. The request is not looked at.
    Redirect(u16, String),
    /// This response. The request is not looked at.
    Response {
        /// Its status.
        status: u16,
        /// Its media type; none if it is empty.
        media_type: String,
        /// Its body.
        body: String,
    },
    /// The clock jumps forward before the request is looked at.
    ClockJump(Duration),
}

impl Fault {
    /// The value that [`UnknownEnumValue`](Self::UnknownEnumValue) puts in.
    pub const ENUM_VALUE: &str = "SANDBOX_UNKNOWN_VALUE";
    /// The field that [`UnknownField`](Self::UnknownField) puts in.
    pub const FIELD: &str = "sandboxUnknownField";

    /// The texts that name faults, as [`FromStr`] and the program's `--fault` take them.
    pub const FORMS: &str = "a status such as 503, or 429:SECONDS, 429-date:SECONDS, delay:MILLISECONDS, cut-body, \
        invalid-json, unknown-enum-value, unknown-field, drop-connection, reset-connection, redirect:STATUS:URL, \
        respond:STATUS:MEDIA-TYPE:BODY or clock-jump:SECONDS";

    /// The response that comes in place of looking at the request.
    pub(crate) fn instead(&self, now: DateTime<Utc>) -> Option<Reply> {
        match self {
            Self::Status(status) => Some(text(*status).into()),
            Self::TooManyRequests(seconds) => {
                let mut response = text(429);
                response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
                Some(response.into())
            }
            Self::TooManyRequestsUntil(later) => {
                let mut response = text(429);
                let later = clock::later(now, TimeDelta::from_std(*later).unwrap_or(TimeDelta::MAX));
                for (name, time) in [(header::DATE, now), (header::RETRY_AFTER, later)] {
                    // RFC 9110, section 5.6.7.
                    let date = time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                    response.headers_mut().insert(name, HeaderValue::from_str(&date).ok()?);
                }
                Some(response.into())
            }
            Self::Redirect(status, address) => {
                let mut response = text(*status);
                match HeaderValue::from_str(address) {
                    Ok(address) => drop(response.headers_mut().insert(header::LOCATION, address)),
                    Err(_) => response = text(500),
                }
                Some(response.into())
            }
            Self::Response { status, media_type, body } => {
                let mut response = text(*status);
                *response.body_mut() = body.clone().into();
                response.headers_mut().remove(header::CONTENT_TYPE);
                match HeaderValue::from_str(media_type) {
                    Ok(media_type) if !media_type.is_empty() => {
                        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
                    }
                    Ok(_) => {}
                    Err(_) => response = text(500),
                }
                Some(response.into())
            }
            Self::DropConnection | Self::ResetConnection => {
                let response = answer::empty(StatusCode::INTERNAL_SERVER_ERROR);
                let extent = match self {
                    Self::ResetConnection => Extent::Reset,
                    _ => Extent::Dropped,
                };
                Some(Reply { extent, ..response.into() })
            }
            _ => None,
        }
    }

    /// What becomes of the right response.
    pub(crate) fn spoil(&self, request: &Request<Bytes>, mut response: Response<Bytes>) -> Reply {
        match self {
            Self::Delay(delay) => return Reply { delay: *delay, ..response.into() },
            Self::CutBody => return Reply { extent: Extent::CutBody, ..response.into() },
            Self::InvalidJson => *response.body_mut() = Bytes::from_static(b"{\"data\":["),
            Self::UnknownField => change(&mut response, add_field),
            Self::UnknownEnumValue => change_by_schema(request, &mut response, replace_enum),
            _ => {}
        }
        response.into()
    }
}

fn text(status: u16) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Bytes::from_static(b"a fault on demand"));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// Changes a body, if it is JSON.
fn change(response: &mut Response<Bytes>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(response.body()) {
        change(&mut value);
        *response.body_mut() = value.to_string().into();
    }
}

fn add_field(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(add_field);
            members.insert(Fault::FIELD.to_owned(), "a field that no document lists".into());
        }
        Value::Array(items) => items.iter_mut().for_each(add_field),
        _ => {}
    }
}

/// Shows what no document lists wherever a document has room for it: a field in each object that may have others, and
/// a value for each enum. Errors stay as they are.
pub(crate) fn show_unknown(request: &Request<Bytes>, response: &mut Response<Bytes>) {
    change_by_schema(request, response, |schema, value| {
        add_allowed_field(schema, value);
        replace_enum(schema, value);
    });
}

/// Adds a field to an object that may have others. A map may not: its fields are all of one kind.
fn add_allowed_field(schema: &Value, value: &mut Value) {
    let additional = schema.get("additionalProperties");
    if let (Value::Object(members), true) = (value, schema["properties"].is_object())
        && additional.is_none_or(|additional| *additional == true)
    {
        members.insert(Fault::FIELD.to_owned(), "a field that no document lists".into());
    }
}

fn replace_enum(schema: &Value, value: &mut Value) {
    if schema["enum"].is_array() && value.is_string() {
        *value = Fault::ENUM_VALUE.into();
    }
}

/// Changes each value within a body that the document describes, by its schema.
fn change_by_schema(
    request: &Request<Bytes>,
    response: &mut Response<Bytes>,
    mut each: impl FnMut(&Value, &mut Value),
) {
    let route = route::find(request.method(), request.uri().path()).ok();
    let pointer =
        route.and_then(|route| document::answer_pointer(route.operation, response.status().as_u16()));
    if let Some(schema) = pointer.and_then(|pointer| document::root().pointer(&pointer)) {
        change(response, |value| visit(schema, value, &mut each));
    }
}

fn visit(schema: &'static Value, value: &mut Value, each: &mut impl FnMut(&Value, &mut Value)) {
    let schema = document::followed(schema);
    each(schema, value);
    for part in ["allOf", "anyOf", "oneOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        visit(part, value, each);
    }
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| visit(&schema["items"], item, each));
    } else if let Value::Object(members) = value {
        for (name, member) in members {
            let property = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
            visit(property, member, each);
        }
    }
}

/// A text that does not name a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fault; use {}", Fault::FORMS)]
pub struct InvalidFault;

/// Reads one of the [`FORMS`](Fault::FORMS).
impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let number = || value.parse().map_err(|_| InvalidFault);
        let seconds = || number().map(Duration::from_secs);
        let status = |text: &str| match text.parse() {
            Ok(status @ 100..=999) => Ok(status),
            _ => Err(InvalidFault),
        };
        match (name, value) {
            ("429", value) if !value.is_empty() => {
                value.parse().map(Self::TooManyRequests).map_err(|_| InvalidFault)
            }
            ("429-date", _) => seconds().map(Self::TooManyRequestsUntil),
            ("delay", _) => number().map(Duration::from_millis).map(Self::Delay),
            ("clock-jump", _) => seconds().map(Self::ClockJump),
            ("redirect", value) => {
                let (code, address) = value.split_once(':').ok_or(InvalidFault)?;
                Ok(Self::Redirect(status(code)?, address.to_owned()))
            }
            ("respond", value) => {
                let mut parts = value.splitn(3, ':');
                let mut part = || parts.next().ok_or(InvalidFault);
                let (status, media_type, body) = (status(part()?)?, part()?.to_owned(), part()?.to_owned());
                Ok(Self::Response { status, media_type, body })
            }
            ("cut-body", "") => Ok(Self::CutBody),
            ("invalid-json", "") => Ok(Self::InvalidJson),
            ("unknown-enum-value", "") => Ok(Self::UnknownEnumValue),
            ("unknown-field", "") => Ok(Self::UnknownField),
            ("drop-connection", "") => Ok(Self::DropConnection),
            ("reset-connection", "") => Ok(Self::ResetConnection),
            (code, "") => status(code).map(Self::Status),
            _ => Err(InvalidFault),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Optional, Sampler};

    #[test]
    fn unknown_fields_are_shown_where_the_document_allows_them() {
        let mut shown = 0;
        for operation in pleo_client::operations::all() {
            let Some(pointer) = document::answer_pointer(operation, 200) else { continue };
            let Some(schema) = document::root().pointer(&pointer) else { continue };
            let mut body = Sampler::new(1).optional(Optional::All).value(schema);
            visit(schema, &mut body, &mut |schema, value| add_allowed_field(schema, value));
            assert_eq!(document::check(&pointer, &body), Ok(()), "{}", operation.id);
            shown += usize::from(body.to_string().contains(Fault::FIELD));
        }
        assert!(shown > 50, "{shown}");
    }

    #[test]
    fn an_object_whose_further_fields_are_described_or_forbidden_gets_none() {
        let properties = json!({ "known": { "type": "integer" } });
        for (schema, added) in [
            (json!({ "properties": properties }), true),
            (json!({ "properties": properties, "additionalProperties": true }), true),
            (json!({ "properties": properties, "additionalProperties": false }), false),
            (json!({ "properties": properties, "additionalProperties": { "type": "integer" } }), false),
            (json!({ "additionalProperties": { "type": "integer" } }), false),
        ] {
            let mut value = json!({ "known": 1 });
            add_allowed_field(&schema, &mut value);
            assert_eq!(value[Fault::FIELD].is_string(), added, "{schema}");
        }
    }

    #[test]
    fn every_fault_has_a_text() {
        let seconds = Duration::from_secs;
        for (text, fault) in [
            ("503", Fault::Status(503)),
            ("429", Fault::Status(429)),
            ("429:30", Fault::TooManyRequests(30)),
            ("429-date:30", Fault::TooManyRequestsUntil(seconds(30))),
            ("delay:250", Fault::Delay(Duration::from_millis(250))),
            ("cut-body", Fault::CutBody),
            ("invalid-json", Fault::InvalidJson),
            ("unknown-enum-value", Fault::UnknownEnumValue),
            ("unknown-field", Fault::UnknownField),
            ("drop-connection", Fault::DropConnection),
            ("reset-connection", Fault::ResetConnection),
            (
                "redirect:307:https://elsewhere.test/",
                Fault::Redirect(307, "https://elsewhere.test/".to_owned()),
            ),
            (
                "respond:200:application/json:{\"a\":1}",
                Fault::Response {
                    status: 200,
                    media_type: "application/json".to_owned(),
                    body: "{\"a\":1}".to_owned(),
                },
            ),
            (
                "respond:204::",
                Fault::Response { status: 204, media_type: String::new(), body: String::new() },
            ),
            ("clock-jump:3600", Fault::ClockJump(seconds(3600))),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
        for text in [
            "",
            "7",
            "1000",
            "429:soon",
            "delay",
            "delay:-1",
            "cut-body:1",
            "redirect:307",
            "respond:200:text/html",
            "respond:7::",
            "other",
        ] {
            assert_eq!(text.parse::<Fault>(), Err(InvalidFault), "{text}");
        }
    }
}
