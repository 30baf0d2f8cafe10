//! What can go wrong with the authorisation server.

use std::fmt;

use http::StatusCode;
use pleo_client::{Sensitive, TransportError, TransportErrorKind};
use serde::Deserialize;

use crate::EnvironmentMismatch;

/// Why the authorisation server brought no result.
///
/// `Display` and `Debug` show nothing that the server wrote: it may quote a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// The system has no random numbers, so nothing unguessable can be made.
    #[error("the system brings no random numbers, without which no authorisation is safe")]
    Random,
    /// No complete answer arrived.
    #[error("the authorisation server did not answer")]
    Transport(#[source] TransportError),
    /// No answer in time.
    #[error("the authorisation server did not answer in time")]
    TimedOut,
    /// The server refused, in the form of RFC 6749, section 5.2.
    #[error("the authorisation server refused: {code}")]
    Refused {
        /// Its reason.
        code: OAuthErrorCode,
        /// What it says about it. It may quote what it was sent.
        description: Option<Sensitive>,
    },
    /// The server answered with an error of another form.
    #[error("the authorisation server answered {status} without an OAuth error")]
    Status {
        /// The answer's status.
        status: StatusCode,
    },
    /// The token belongs to another environment than the app. Nothing was sent.
    #[error("the token belongs to another environment than the app: {0}")]
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
    #[error("the authorisation server's answer is not what RFC 6749 describes: {problem}")]
    Unreadable {
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl OAuthError {
    /// Whether the same request may succeed later: nothing was refused, something failed (A53).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => error.kind() != TransportErrorKind::Request,
            Self::TimedOut | Self::Status { .. } | Self::Unreadable { .. } => true,
            Self::Refused { code, .. } => code.is_transient(),
            Self::Random
            | Self::OtherEnvironment(_)
            | Self::OtherApp
            | Self::Reused
            | Self::NoRefreshToken => false,
        }
    }

    /// The error that an answer other than success stands for.
    pub(crate) fn from_answer(status: StatusCode, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Answer {
            error: String,
            error_description: Option<String>,
        }

        // RFC 6749, section 5.2, has these two statuses. What a gateway says beside another one ends no
        // authorisation.
        if !matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            return Self::Status { status };
        }
        // Pleo's own word for a dead refresh token; where it stands in the answer is not documented.
        const DEAD: &[u8] = b"invalid_refresh_token";
        let answer: Option<Answer> = serde_json::from_slice(body).ok();
        let named = answer.as_ref().and_then(|answer| OAuthErrorCode::named(&answer.error));
        let description = answer.and_then(|answer| answer.error_description).map(Sensitive::from);
        let dead = body.windows(DEAD.len()).any(|part| part == DEAD);
        match if dead { Some(OAuthErrorCode::InvalidGrant) } else { named } {
            Some(code) => Self::Refused { code, description },
            None => Self::Status { status },
        }
    }
}

impl OAuthErrorCode {
    pub(crate) fn is_transient(self) -> bool {
        matches!(self, Self::ServerError | Self::TemporarilyUnavailable)
    }
}

macro_rules! codes {
    ($($(#[$docs:meta])* $variant:ident = $name:literal: $says:literal,)*) => {
        /// The reason for a refusal (RFC 6749, sections 4.1.2.1 and 5.2). Pleo publishes no list of its
        /// own (A42).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OAuthErrorCode {
            $($(#[$docs])* $variant,)*
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

    fn code(status: u16, body: &str) -> Option<OAuthErrorCode> {
        match OAuthError::from_answer(StatusCode::from_u16(status).unwrap(), body.as_bytes()) {
            OAuthError::Refused { code, .. } => Some(code),
            OAuthError::Status { status: found } if found == status => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_reason_is_found_wherever_the_server_puts_it() {
        for (status, body, expected) in [
            (400, r#"{"error":"invalid_grant"}"#, Some(OAuthErrorCode::InvalidGrant)),
            (400, r#"{"error":"invalid_scope","error_description":"x"}"#, Some(OAuthErrorCode::InvalidScope)),
            (
                400,
                r#"{"error":"x","error_description":"invalid_refresh_token"}"#,
                Some(OAuthErrorCode::InvalidGrant),
            ),
            (
                400,
                r#"{"error":"invalid_request","error_description":"invalid_refresh_token: t"}"#,
                Some(OAuthErrorCode::InvalidGrant),
            ),
            (401, "invalid_refresh_token", Some(OAuthErrorCode::InvalidGrant)),
            (401, r#"{"error":"invalid_client"}"#, Some(OAuthErrorCode::InvalidClient)),
            // Anybody on the way may answer so; it ends no authorisation.
            (401, "", None),
            (401, r#"{"error":"other"}"#, None),
            (400, r#"{"error":"temporarily_unavailable"}"#, Some(OAuthErrorCode::TemporarilyUnavailable)),
            (503, r#"{"error":"invalid_grant"}"#, None),
            (404, "invalid_refresh_token", None),
            (429, r#"{"error":"access_denied"}"#, None),
            (502, "invalid_refresh_token", None),
            (400, "", None),
            (400, "<html>", None),
            (403, r#"{"error":"other"}"#, None),
            (400, r#"{"error":["invalid_grant"]}"#, None),
            (429, "", None),
            (302, "", None),
        ] {
            assert_eq!(code(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn refusals_end_and_failures_may_pass() {
        let refused = |code| OAuthError::Refused { code, description: None };
        for code in [
            OAuthErrorCode::InvalidGrant,
            OAuthErrorCode::InvalidClient,
            OAuthErrorCode::UnauthorizedClient,
            OAuthErrorCode::InvalidRequest,
            OAuthErrorCode::InvalidScope,
            OAuthErrorCode::UnsupportedGrantType,
            OAuthErrorCode::UnsupportedResponseType,
            OAuthErrorCode::AccessDenied,
        ] {
            assert!(!refused(code).is_transient(), "{code}");
        }
        let transport = |kind| OAuthError::Transport(TransportError::new(kind, "broken"));
        for error in [
            refused(OAuthErrorCode::ServerError),
            refused(OAuthErrorCode::TemporarilyUnavailable),
            transport(TransportErrorKind::Connect),
            transport(TransportErrorKind::Timeout),
            OAuthError::TimedOut,
            OAuthError::Status { status: StatusCode::BAD_GATEWAY },
            OAuthError::Unreadable { problem: "" },
        ] {
            assert!(error.is_transient(), "{error}");
        }
        assert!(!transport(TransportErrorKind::Request).is_transient());
        for error in
            [OAuthError::Random, OAuthError::OtherApp, OAuthError::Reused, OAuthError::NoRefreshToken]
        {
            assert!(!error.is_transient(), "{error}");
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
        let body = br#"{"error":"invalid_grant","error_description":"token FAKE is used"}"#;
        let error = OAuthError::from_answer(StatusCode::BAD_REQUEST, body);
        assert!(!format!("{error} {error:?}").contains("FAKE"));
        let OAuthError::Refused { description, .. } = error else { panic!("{error:?}") };
        assert_eq!(description.unwrap().expose(), "token FAKE is used");
    }
}
