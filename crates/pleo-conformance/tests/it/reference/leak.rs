//! Where a request gives its credential away, if a flaw makes it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pleo_conformance::protocol::CredentialKind;

use super::{
    Flaw,
    delivery::{Request, Source, Try},
    spelling::{escapes, half, hex},
    wire,
};

impl Request {
    /// A query parameter that gives the secret away.
    pub(super) fn query_leak(&self, attempt: Try<'_>) -> Option<(&'static str, String)> {
        let secret = attempt.secret;
        let again = attempt.refused.is_some();
        match (self.deviation.flaw?, &self.source) {
            (Flaw::KeyInQuery, Source::Key(_)) => Some(("api_key", secret.to_owned())),
            (Flaw::KeyInQueryAfter401, Source::Key(_)) if again => Some(("api_key", secret.to_owned())),
            (Flaw::KeyInQueryAfter503, Source::Key(_)) if again => Some(("api_key", secret.to_owned())),
            (Flaw::LaterKeyInQuery, Source::Key(_)) if self.index > 0 => Some(("api_key", secret.to_owned())),
            (Flaw::KeyUpperCaseInQuery, Source::Key(_)) => Some(("key_id", secret.to_uppercase())),
            (Flaw::KeyBase64UrlInQuery, Source::Key(_)) => Some(("key_id", URL_SAFE_NO_PAD.encode(secret))),
            (Flaw::TokenInQuery, Source::Token(_)) => Some(("access_token", secret.to_owned())),
            (Flaw::TokenInQueryAfter401, Source::Token(_)) if again => {
                Some(("access_token", secret.to_owned()))
            }
            (Flaw::TokenHalfInQuery, Source::Token(_)) => Some(("token_id", half(secret))),
            (Flaw::GrantedTokenInQuery, Source::Kept(_)) if self.kind == CredentialKind::OauthSession => {
                Some(("access_token", secret.to_owned()))
            }
            (Flaw::KeptTokenInQuery, Source::Kept(_)) if self.kind == CredentialKind::OauthTokens => {
                Some(("access_token", secret.to_owned()))
            }
            (Flaw::RenewedTokenInQuery, Source::Kept(_)) if again => {
                Some(("access_token", secret.to_owned()))
            }
            (Flaw::NewAccessTokenInQuery, Source::Kept(_)) if self.was_renewed() => {
                Some(("access_token", secret.to_owned()))
            }
            _ => None,
        }
    }

    /// What the `User-Agent` says of the secret.
    pub(super) fn user_agent_leak(&self, attempt: Try<'_>) -> Option<String> {
        match (self.deviation.flaw?, &self.source) {
            (Flaw::KeyInUserAgent, Source::Key(_)) => Some(attempt.secret.to_owned()),
            (Flaw::KeyLowerCaseInUserAgent, Source::Key(_)) => Some(attempt.secret.to_lowercase()),
            _ => None,
        }
    }

    /// A header that gives the secret away.
    pub(super) fn header_leak(&self, attempt: Try<'_>) -> Option<(&'static str, String)> {
        let secret = attempt.secret;
        match (self.deviation.flaw?, &self.source) {
            (Flaw::KeyInCookie, Source::Key(_)) => Some(("Cookie", format!("key={secret}"))),
            (Flaw::KeyInOwnHeader, Source::Key(_)) => Some(("X-Api-Key", secret.to_owned())),
            (Flaw::KeyInOwnHeaderAfter401, Source::Key(_)) if attempt.refused.is_some() => {
                Some(("X-Api-Key", secret.to_owned()))
            }
            (Flaw::KeyHexInHeader, Source::Key(_)) => Some(("X-Key-Id", hex(secret))),
            (Flaw::KeyHalfInHeader, Source::Key(_)) => Some(("X-Key-Prefix", half(secret))),
            (Flaw::TokenBase64UrlInCookie, Source::Token(_)) => {
                Some(("Cookie", format!("token={}", URL_SAFE_NO_PAD.encode(secret))))
            }
            (Flaw::NewRefreshTokenInHeader, _) => {
                self.renewed_refresh_token().map(|token| ("X-Refresh-Token", token))
            }
            _ => None,
        }
    }

    /// Adds a member to the body that gives the secret away.
    pub(super) fn leak_into_body(&self, message: &mut wire::Message, attempt: Try<'_>) {
        let leak = match (self.deviation.flaw, &self.source) {
            (Some(Flaw::KeyEscapedInBody), Source::Key(_)) => Some(attempt.secret.to_owned()),
            (Some(Flaw::NewRefreshTokenInBody), _) => self.renewed_refresh_token(),
            _ => None,
        };
        if let (Some(body), Some(leak)) = (&mut message.body, leak)
            && body.starts_with(b"{")
        {
            let comma = if body.starts_with(b"{}") { "" } else { "," };
            let member = format!("\"credential\":\"{}\"{comma}", escapes(&leak));
            body.splice(1..1, member.into_bytes());
        }
    }
}
