//! What can go wrong on demand.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::Value;

use crate::{Delivery, Reply, answer, document, route};

/// Something that goes wrong on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with a short text as body. The request is not looked at.
    Status(u16),
    /// 429 with a `Retry-After` of so many seconds. The request is not looked at.
    TooManyRequests(u32),
    /// The right answer, after this time.
    Delay(Duration),
    /// The right answer's head and half of its body.
    CutBody,
    /// A body that is no JSON, with the right status.
    InvalidJson,
    /// The right answer with values that no document lists wherever the document lists them.
    UnknownEnumValue,
    /// The right answer with a field that no document lists, in every object.
    UnknownField,
    /// No answer: the connection ends. The request is not looked at.
    DropConnection,
    /// A redirect with this status to this address. The request is not looked at.
    Redirect(u16, String),
    /// The clock jumps forward before the request is looked at.
    ClockJump(Duration),
}

impl Fault {
    /// The value that [`UnknownEnumValue`](Self::UnknownEnumValue) puts in.
    pub const ENUM_VALUE: &str = "SANDBOX_UNKNOWN_VALUE";
    /// The field that [`UnknownField`](Self::UnknownField) puts in.
    pub const FIELD: &str = "sandboxUnknownField";

    /// The answer that comes in place of looking at the request.
    pub(crate) fn instead(&self) -> Option<Reply> {
        match self {
            Self::Status(status) => Some(text(*status).into()),
            Self::TooManyRequests(seconds) => {
                let mut response = text(429);
                response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
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
            Self::DropConnection => {
                let response = answer::empty(StatusCode::INTERNAL_SERVER_ERROR);
                Some(Reply { delivery: Delivery::Dropped, ..response.into() })
            }
            _ => None,
        }
    }

    /// What becomes of the right answer.
    pub(crate) fn spoil(&self, request: &Request<Bytes>, mut response: Response<Bytes>) -> Reply {
        match self {
            Self::Delay(delay) => return Reply { delay: *delay, ..response.into() },
            Self::CutBody => return Reply { delivery: Delivery::CutBody, ..response.into() },
            Self::InvalidJson => *response.body_mut() = Bytes::from_static(b"{\"data\":["),
            Self::UnknownField => change(&mut response, add_field),
            Self::UnknownEnumValue => {
                let route = route::find(request.method(), request.uri().path()).ok();
                let pointer = route
                    .and_then(|route| document::answer_pointer(route.operation, response.status().as_u16()));
                if let Some(schema) = pointer.and_then(|pointer| document::root().pointer(&pointer)) {
                    change(&mut response, |value| replace_enums(schema, value));
                }
            }
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

fn replace_enums(schema: &'static Value, value: &mut Value) {
    let schema = document::followed(schema);
    if schema["enum"].is_array() && value.is_string() {
        *value = Fault::ENUM_VALUE.into();
        return;
    }
    for part in ["allOf", "anyOf", "oneOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        replace_enums(part, value);
    }
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| replace_enums(&schema["items"], item));
    } else if let Value::Object(members) = value {
        for (name, member) in members {
            replace_enums(schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]), member);
        }
    }
}
