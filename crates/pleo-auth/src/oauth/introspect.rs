//! Token introspection at the authorisation server (RFC 7662).

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;

use super::{OAuthApp, OAuthError, Tokens, tokens::seconds};
use crate::{Environment, ScopeSet, Subject};

/// Which of the two tokens is asked about (A59).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// What the authorisation server knows about a token now (A60).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Whether it works. Where not, nothing else is known.
    pub active: bool,
    /// The company or organisation it belongs to.
    pub subject: Option<Subject>,
    /// The `sub` of RFC 7662.
    pub sub: Option<String>,
    /// When it expires.
    pub expires_at: Option<SystemTime>,
    /// When it was issued.
    pub issued_at: Option<SystemTime>,
    /// The client it was issued to.
    pub client_id: Option<String>,
    /// Where it may be used.
    pub audience: Vec<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// Its own id.
    pub token_id: Option<String>,
    /// Its scopes, where the server names them.
    pub scopes: Option<ScopeSet>,
}

impl<E: Environment> OAuthApp<E> {
    /// Asks the authorisation server about a token of this client (A58, A61).
    ///
    /// It reports the current state; do not use it to track expiry (A61). To ask what any credential
    /// may do, use `introspect_authentication` of the API.
    ///
    /// # Errors
    /// When the tokens are of another environment or lack the one that is asked about, and when the
    /// server does not answer with what RFC 7662 describes.
    pub async fn introspect(&self, tokens: &Tokens<E>, kind: TokenKind) -> Result<TokenInfo, OAuthError> {
        self.check_environment(tokens).map_err(OAuthError::OtherEnvironment)?;
        let (token, hint) = match kind {
            TokenKind::Access => (tokens.access_token(), "access_token"),
            TokenKind::Refresh => {
                (tokens.refresh_token().ok_or(OAuthError::NoRefreshToken)?, "refresh_token")
            }
        };
        let form = [("token", token.expose()), ("token_type_hint", hint)];
        let body = self.post_in_time("/oauth/token/introspect", &form).await?;
        TokenInfo::from_answer(&body)
    }
}

impl TokenInfo {
    fn from_answer(body: &[u8]) -> Result<Self, OAuthError> {
        #[derive(Deserialize)]
        struct Answer {
            active: bool,
            sub: Option<String>,
            exp: Option<Value>,
            iat: Option<Value>,
            client_id: Option<String>,
            aud: Option<Value>,
            iss: Option<String>,
            jti: Option<String>,
            scope: Option<String>,
            #[serde(rename = "urn:pleo:params:oauth:subject_urn")]
            subject: Option<String>,
        }

        let time = |value: Option<Value>| {
            let since: Duration = seconds(value.as_ref()?)?;
            SystemTime::UNIX_EPOCH.checked_add(since)
        };
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| OAuthError::Unreadable { problem: "it is not a JSON object with active" })?;
        let audience = match answer.aud {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            active: answer.active,
            subject: answer.subject.and_then(|urn| urn.parse().ok()),
            sub: answer.sub,
            expires_at: time(answer.exp),
            issued_at: time(answer.iat),
            client_id: answer.client_id,
            audience,
            issuer: answer.iss,
            token_id: answer.jti,
            scopes: answer.scope.and_then(|scopes| scopes.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documented_fields_are_read() {
        let info = TokenInfo::from_answer(
            br#"{"active":true,"sub":"s","exp":1700003600,"iat":1700000000,"client_id":"c",
                 "aud":["https://external.staging.pleo.io"],"iss":"pleo.staging","jti":"j","scope":"users:read",
                 "urn:pleo:params:oauth:subject_urn":"urn:pleo:company:11111111-2222-4333-8444-555555555555"}"#,
        )
        .unwrap();
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(
            info,
            TokenInfo {
                active: true,
                subject: "urn:pleo:company:11111111-2222-4333-8444-555555555555".parse().ok(),
                sub: Some("s".to_owned()),
                expires_at: at(1_700_003_600),
                issued_at: at(1_700_000_000),
                client_id: Some("c".to_owned()),
                audience: vec!["https://external.staging.pleo.io".to_owned()],
                issuer: Some("pleo.staging".to_owned()),
                token_id: Some("j".to_owned()),
                scopes: "users:read".parse().ok(),
            }
        );
    }

    #[test]
    fn an_inactive_token_has_nothing_else_and_an_audience_may_be_one_text() {
        let info = TokenInfo::from_answer(br#"{"active":false}"#).unwrap();
        assert!(!info.active && info.audience.is_empty() && info.expires_at.is_none());
        let info = TokenInfo::from_answer(br#"{"active":true,"aud":"a"}"#).unwrap();
        assert_eq!(info.audience, ["a"]);
        assert!(TokenInfo::from_answer(b"{}").is_err());
    }
}
