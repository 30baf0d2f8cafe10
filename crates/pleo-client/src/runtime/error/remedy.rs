//! What a person can do about a response other than success, in half a sentence.

use http::StatusCode;

use crate::runtime::Operation;

/// What to do about a response of this status to this operation, to be put behind a semicolon.
pub(super) fn remedy(operation: &Operation, status: StatusCode) -> Option<&'static str> {
    Some(match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            "check the arguments against the operation's documentation"
        }
        StatusCode::UNAUTHORIZED => {
            "check that the credential is complete, has not expired, and was made in this environment"
        }
        StatusCode::FORBIDDEN => {
            "the credential may lack a scope or access to this company, or Pleo may not have enabled this API"
        }
        StatusCode::NOT_FOUND if !operation.names_something() => {
            "the credential may be a token of Pleo's legacy API, or may have no installation or no access to this API"
        }
        StatusCode::NOT_FOUND => "check the id, the company and the environment",
        StatusCode::CONFLICT => "read what is there now, and decide again",
        StatusCode::TOO_MANY_REQUESTS => "send fewer requests; Pleo allows 600 a minute",
        status if status.is_redirection() => "a proxy or a wrong base URL may be the cause",
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => "try again later",
        _ => return None,
    })
}
