//! Making responses.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// A JSON response.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    response
}

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// An error as Pleo's Export API writes it (E12, E17).
pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Response<Bytes> {
    json(status, &json!({ "type": kind, "message": message }))
}

/// Why a request gets no further.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), header: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "required_parameter_missing", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        // RFC 9110, section 15.5.2, wants the challenge.
        let challenge = HeaderValue::from_static("Basic realm=\"Pleo\", Bearer realm=\"Pleo\"");
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The credential lacks a permission, such as `READ`, on a resource, such as `export-jobs` (field notes).
    pub(crate) fn access_denied(permission: &str, resource: &str) -> Self {
        let message = format!("missing permission {permission} on resource {resource}");
        Self::new(StatusCode::FORBIDDEN, "ACCESS_DENIED", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn conflict(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, message)
    }

    pub(crate) fn unprocessable(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, message)
    }

    pub(crate) fn method_not_allowed(allowed: HeaderValue) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the path has no such method")
            .with_header(header::ALLOW, allowed)
    }

    pub(crate) fn unsupported_media_type(wanted: &str) -> Self {
        let message = format!("the body's media type has to be {wanted}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub(crate) fn too_many_requests(seconds: u32) -> Self {
        let message = format!("too many requests; wait {seconds} seconds");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
            .with_header(header::RETRY_AFTER, seconds.into())
    }

    pub(crate) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }
}

impl From<Refusal> for Response<Bytes> {
    fn from(refusal: Refusal) -> Self {
        let mut response = error(refusal.status, refusal.kind, &refusal.message);
        if let Some(header) = refusal.header {
            response.headers_mut().insert(header.0, header.1);
        }
        response
    }
}
