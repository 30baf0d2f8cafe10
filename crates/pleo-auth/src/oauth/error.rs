//! What can go wrong with the authorisation server.

use std::{fmt, sync::Arc};

use http::StatusCode;
use pleo_client::{Sensitive, TransportError, TransportErrorKind, identifier};
use serde_json::Value;

use crate::EnvironmentMismatch;

/// Why the authorisation server returned no result.
///
/// `Display` and `Debug` show nothing that the server wrote, except an error code that has the form of an
/// identifier: everything else may quote a token.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// The operating system's random number generator failed, so nothing unguessable can be made.
    #[error("the operating system's random number generator failed, without which no authorisation is safe")]
    Random,
    /// No complete response arrived.
    #[error("the authorisation server did not answer")]
    Transport(#[source] TransportError),
    /// No response in time.
    #[error("the authorisation server did not answer in time")]
    TimedOut,
    /// The server refused: its response has no tokens and an `error` (RFC 6749, section 5.2), with whatever
    /// status.
    #[error("the authorisation server refused: {code}")]
    Refused {
        /// Its reason.
        code: OAuthErrorCode,
        /// The response's status.
        status: StatusCode,
        /// What it says about it. It may quote what it was sent.
        description: Option<Sensitive>,
    },
    /// The server answered with an error of another form.
    #[error("the authorisation server answered {status} without an OAuth error")]
    Status {
        /// The response's status.
        status: StatusCode,
    },
    /// The token belongs to an environment other than the app's. Nothing was sent.
    #[error("the token belongs to an environment other than the app's: {0}")]
    OtherEnvironment(EnvironmentMismatch),
    /// The code was granted to another app, or to this one in another environment. Nothing was sent.
    #[error("the code was granted to another app or environment; exchange it with the app that asked for it")]
    OtherApp,
    /// The code's verifier was used already (RFC 6749, section 4.1.2). Nothing was sent.
    #[error("this authorisation was exchanged already; begin a new one")]
    Reused,
    /// There is no refresh token to ask about. Nothing was sent.
    #[error("there is no refresh token to ask about")]
    NoRefreshToken,
    /// The server answered with success, but not with what was asked for.
    #[error("the authorisation server's response is not what RFC 6749 describes: {problem}")]
    Unreadable {
        /// What is wrong with it.
        problem: &'static str,
    },
}

pleo_client::debug_by_chain!(OAuthError);

impl OAuthError {
    /// Whether the same request may be repeated: it failed on its way, or the server says that it may pass
    /// (A53).
    ///
    /// A refusal does not pass, nor does a success that cannot be read, since it may have used the refresh
    /// token up; nor a 400 or 401 without a reason.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => {
                !matches!(error.kind(), TransportErrorKind::Settings | TransportErrorKind::Request)
            }
            Self::TimedOut => true,
            Self::Status { status } => !matches!(*status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED),
            Self::Refused { code, status, .. } => {
                code.is_transient() || matches!(code, OAuthErrorCode::Unlisted(_)) && is_failure(*status)
            }
            Self::Unreadable { .. }
            | Self::Random
            | Self::OtherEnvironment(_)
            | Self::OtherApp
            | Self::Reused
            | Self::NoRefreshToken => false,
        }
    }

    /// Whether the server may have done what it was asked, without a response that tells: the time ran out or the
    /// connection broke, here or at a gateway.
    pub(super) fn leaves_in_doubt(&self) -> bool {
        match self {
            Self::Transport(error) => !matches!(
                error.kind(),
                TransportErrorKind::Request | TransportErrorKind::NotSent | TransportErrorKind::Connect
            ),
            Self::TimedOut => true,
            Self::Status { status } | Self::Refused { code: OAuthErrorCode::Unlisted(_), status, .. } => {
                *status == StatusCode::GATEWAY_TIMEOUT
            }
            _ => false,
        }
    }

    /// The body of a success, or the error that the response means. `sent` are the values of the
    /// request's form: none of them is ever taken for an error code.
    pub(crate) fn read<'a>(status: StatusCode, body: &'a [u8], sent: &[&str]) -> Result<&'a [u8], Self> {
        // Some servers put a byte order mark in front, which is not JSON.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let object = serde_json::from_slice::<serde_json::Map<String, Value>>(body).unwrap_or_default();
        let member = |name: &str| object.get(name).filter(|value| !value.is_null());
        let text = |name: &str| member(name).and_then(Value::as_str);
        let description = || text("error_description").map(Sensitive::from);
        let has_token = member("access_token").is_some();
        // Pleo's own word for a dead refresh token; where it is in the response is not documented.
        const DEAD: &str = "invalid_refresh_token";
        let dead = || body.windows(DEAD.len()).any(|part| part == DEAD.as_bytes());
        let refusal = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED);
        if !has_token && ((refusal && dead()) || text("error") == Some(DEAD)) {
            return Err(Self::Refused {
                code: OAuthErrorCode::InvalidGrant,
                status,
                description: description(),
            });
        }
        if let Some(error) = member("error").filter(|_| !has_token) {
            let name = error.as_str().unwrap_or_default();
            let code = OAuthErrorCode::named(name).unwrap_or_else(|| {
                let quotes = sent.iter().any(|sent| sent.contains(name));
                OAuthErrorCode::Unlisted(identifier(name).filter(|_| !quotes).map(Arc::from))
            });
            return Err(Self::Refused { code, status, description: description() });
        }
        match (status.is_success(), has_token) {
            (true, _) => Ok(body),
            (false, true) => {
                Err(Self::Unreadable { problem: "it has tokens, but its status is not a success" })
            }
            (false, false) => Err(Self::Status { status }),
        }
    }
}

/// Whether a status says that the server, or something in front of it, could not do its work now.
fn is_failure(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

impl OAuthErrorCode {
    /// The reason of this name, unless it is one that cannot be shown.
    pub(crate) fn shown(name: &str) -> Option<Self> {
        let unlisted = || identifier(name).map(|name| Self::Unlisted(Some(name.into())));
        Self::named(name).or_else(unlisted)
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::ServerError | Self::TemporarilyUnavailable)
    }
}

macro_rules! codes {
    ($($(#[$docs:meta])* $variant:ident = $name:literal: $says:literal,)*) => {
        /// The reason for a refusal (RFC 6749, sections 4.1.2.1 and 5.2). Pleo publishes no list of its
        /// own (A42).
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OAuthErrorCode {
            $($(#[$docs])* $variant,)*
            /// A reason that RFC 6749 does not list; its name, if it has the form of an
            /// [identifier](pleo_client::identifier).
            Unlisted(Option<Arc<str>>),
        }

        impl OAuthErrorCode {
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for OAuthErrorCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => concat!($name, ": ", $says),)*
                    Self::Unlisted(name) => {
                        let name = name.as_deref().unwrap_or("an unnamed reason");
                        return write!(f, "{name}: RFC 6749 does not list this reason; ask Pleo what it means");
                    }
                })
            }
        }
    };
}

codes! {
    /// The code or refresh token is wrong, used, expired or revoked.
    InvalidGrant = "invalid_grant": "the code or refresh token is wrong, used, expired or revoked; authorise again",
    /// The client id or secret is wrong, or is of another environment.
    InvalidClient = "invalid_client": "the client id or secret is wrong; staging and production have their own",
    /// The client may not do this.
    UnauthorizedClient = "unauthorized_client": "the client may not use this grant; ask Pleo about its registration",
    /// The request is malformed.
    InvalidRequest = "invalid_request": "the request is malformed; compare the redirect URI with the registered one",
    /// A scope is unknown or not allowed.
    InvalidScope = "invalid_scope": "a scope is unknown or not registered for the client",
    /// The grant type is not supported.
    UnsupportedGrantType = "unsupported_grant_type": "the server does not know this grant type",
    /// The response type is not supported.
    UnsupportedResponseType = "unsupported_response_type": "the server does not know this response type",
    /// The user, or Pleo, said no.
    AccessDenied = "access_denied": "the user or Pleo denied access",
    /// The server failed.
    ServerError = "server_error": "the server failed; try again later",
    /// The server is overloaded or under maintenance.
    TemporarilyUnavailable = "temporarily_unavailable": "the server is not available just now; try again later",
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<(), OAuthError> {
        let status = StatusCode::from_u16(status).unwrap();
        OAuthError::read(status, body.as_bytes(), &["refresh_token", "FAKE-R0"]).map(drop)
    }

    #[test]
    fn a_response_without_a_token_and_with_an_error_is_a_refusal_whatever_its_status() {
        for status in [200, 201, 202, 302, 400, 401, 403, 404, 429, 500, 503] {
            for (body, expected) in [
                (r#"{"error":"invalid_grant"}"#, "invalid_grant"),
                ("\u{feff}{\"error\":\"invalid_grant\"}", "invalid_grant"),
                (r#"{"error":"invalid_grant","access_token":null}"#, "invalid_grant"),
                (r#"{"error":"invalid_refresh_token"}"#, "invalid_grant"),
                (r#"{"error":"invalid_client","error_description":"x"}"#, "invalid_client"),
                (r#"{"error":"consent_required"}"#, "consent_required"),
                (r#"{"error":"Bad Request"}"#, "an unnamed reason"),
                (r#"{"error":["invalid_grant"]}"#, "an unnamed reason"),
                (r#"{"error":{"code":"x"}}"#, "an unnamed reason"),
                (r#"{"error":"FAKE-R0"}"#, "an unnamed reason"),
                (r#"{"error":""}"#, "an unnamed reason"),
            ] {
                let error = read(status, body).unwrap_err();
                let OAuthError::Refused { code, status: found, .. } = &error else {
                    panic!("{status} {body}: {error:?}")
                };
                assert_eq!(*found, status);
                assert_eq!(code.to_string().split(':').next(), Some(expected), "{status} {body}");
                assert!(!format!("{error} {error:?}").contains("FAKE"));
            }
        }
    }

    #[test]
    fn the_word_for_a_dead_refresh_token_is_found_wherever_a_refusal_has_it() {
        for (status, body, dead) in [
            (400, "invalid_refresh_token", true),
            (401, r#"{"message":"invalid_refresh_token: x"}"#, true),
            (400, r#"{"error":"invalid_request","error_description":"invalid_refresh_token"}"#, true),
            // Anybody on the way may say so.
            (404, "invalid_refresh_token", false),
            (502, r#"{"message":"invalid_refresh_token"}"#, false),
        ] {
            let error = read(status, body).unwrap_err();
            let found = matches!(error, OAuthError::Refused { code: OAuthErrorCode::InvalidGrant, .. });
            assert_eq!(found, dead, "{status} {body}");
        }
    }

    #[test]
    fn what_is_neither_a_refusal_nor_a_success_has_its_status_or_is_unreadable() {
        for status in [302, 400, 401, 403, 404, 429, 500] {
            for body in ["", "<html>", "[]", "{}", r#"{"error":null}"#, r#"{"message":"no"}"#] {
                let error = read(status, body).unwrap_err();
                assert!(matches!(error, OAuthError::Status { status: found } if found == status), "{body}");
            }
            for body in [r#"{"access_token":"FAKE"}"#, r#"{"access_token":1,"error":"x"}"#] {
                assert!(matches!(read(status, body), Err(OAuthError::Unreadable { .. })), "{status} {body}");
            }
        }
        for body in ["", "<html>", "{}", r#"{"access_token":"FAKE","error":"x"}"#, r#"{"active":false}"#] {
            assert!(read(200, body).is_ok(), "{body}");
        }
    }

    #[test]
    fn refusals_end_and_failures_may_pass() {
        let refused = |code, status| OAuthError::Refused { code, status, description: None };
        let bad = StatusCode::BAD_REQUEST;
        for code in [
            OAuthErrorCode::InvalidGrant,
            OAuthErrorCode::InvalidClient,
            OAuthErrorCode::UnauthorizedClient,
            OAuthErrorCode::InvalidRequest,
            OAuthErrorCode::InvalidScope,
            OAuthErrorCode::UnsupportedGrantType,
            OAuthErrorCode::UnsupportedResponseType,
            OAuthErrorCode::AccessDenied,
            OAuthErrorCode::Unlisted(None),
        ] {
            assert!(!refused(code.clone(), bad).is_transient(), "{code}");
            let unlisted = matches!(code, OAuthErrorCode::Unlisted(_));
            assert_eq!(refused(code, StatusCode::BAD_GATEWAY).is_transient(), unlisted);
        }
        let transport = |kind| OAuthError::Transport(TransportError::new(kind, "broken"));
        for error in [
            refused(OAuthErrorCode::ServerError, bad),
            refused(OAuthErrorCode::TemporarilyUnavailable, bad),
            transport(TransportErrorKind::Connect),
            transport(TransportErrorKind::Timeout),
            OAuthError::TimedOut,
            OAuthError::Status { status: StatusCode::BAD_GATEWAY },
            OAuthError::Status { status: StatusCode::NOT_FOUND },
        ] {
            assert!(error.is_transient(), "{error}");
        }
        for error in [
            transport(TransportErrorKind::Request),
            transport(TransportErrorKind::Settings),
            OAuthError::Status { status: bad },
            OAuthError::Status { status: StatusCode::UNAUTHORIZED },
            OAuthError::Unreadable { problem: "" },
            OAuthError::Random,
            OAuthError::OtherApp,
            OAuthError::Reused,
            OAuthError::NoRefreshToken,
        ] {
            assert!(!error.is_transient(), "{error}");
        }
    }

    #[test]
    fn a_request_that_may_have_arrived_leaves_in_doubt_unless_a_response_tells() {
        let transport = |kind| OAuthError::Transport(TransportError::new(kind, "broken"));
        let status = |status| OAuthError::Status { status };
        let refused = |code, status| OAuthError::Refused { code, status, description: None };
        for (error, expected) in [
            (transport(TransportErrorKind::Request), false),
            (transport(TransportErrorKind::NotSent), false),
            (transport(TransportErrorKind::Connect), false),
            (transport(TransportErrorKind::Timeout), true),
            (transport(TransportErrorKind::Connection), true),
            (transport(TransportErrorKind::Body), true),
            (OAuthError::TimedOut, true),
            (status(StatusCode::GATEWAY_TIMEOUT), true),
            (status(StatusCode::BAD_GATEWAY), false),
            (status(StatusCode::SERVICE_UNAVAILABLE), false),
            (refused(OAuthErrorCode::Unlisted(None), StatusCode::GATEWAY_TIMEOUT), true),
            (refused(OAuthErrorCode::Unlisted(None), StatusCode::SERVICE_UNAVAILABLE), false),
            (refused(OAuthErrorCode::ServerError, StatusCode::GATEWAY_TIMEOUT), false),
        ] {
            assert_eq!(error.leaves_in_doubt(), expected, "{error}");
        }
    }

    #[test]
    fn codes_are_read_by_the_name_they_show() {
        let code = OAuthErrorCode::named("access_denied").unwrap();
        assert_eq!(code.to_string(), "access_denied: the user or Pleo denied access");
        assert_eq!(OAuthErrorCode::named("something_else"), None);
    }

    #[test]
    fn what_the_server_wrote_is_there_but_not_shown() {
        let error = read(400, r#"{"error":"invalid_grant","error_description":"token FAKE is used"}"#);
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("FAKE"));
        let OAuthError::Refused { description, .. } = error else { panic!("{error:?}") };
        assert_eq!(description.unwrap().expose(), "token FAKE is used");
    }
}
