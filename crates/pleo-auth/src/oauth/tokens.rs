//! Tokens as the authorisation server hands them out.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::OAuthError;
use crate::{AuthenticationMethod, Environment, InvalidCredential, ScopeSet, Secret, credential};

/// An access token with the refresh token that renews it, both of one environment.
///
/// Both are opaque (A49): nothing is read out of them.
#[derive(Clone)]
pub struct Tokens<E> {
    environment: E,
    access: Secret,
    refresh: Option<Secret>,
    expires_at: Option<SystemTime>,
    scopes: Option<ScopeSet>,
}

impl<E: Environment> Tokens<E> {
    /// Tokens that were kept somewhere. `expires_at` is when the access token expires.
    pub fn new(
        environment: E,
        access: impl Into<Secret>,
        refresh: Option<Secret>,
        expires_at: Option<SystemTime>,
    ) -> Self {
        Self { environment, access: access.into(), refresh, expires_at, scopes: None }
    }

    /// The same with the scopes that were granted.
    #[must_use]
    pub fn with_scopes(self, scopes: ScopeSet) -> Self {
        Self { scopes: Some(scopes), ..self }
    }

    /// The environment in which they were issued.
    pub fn environment(&self) -> &E {
        &self.environment
    }

    /// The access token.
    pub fn access_token(&self) -> &Secret {
        &self.access
    }

    /// The refresh token. It lives at least 60 days, may end sooner, and is good for one use (A46, A47).
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// When the access token expires, by the system's clock.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The scopes that were granted, where the server named them.
    pub fn scopes(&self) -> Option<&ScopeSet> {
        self.scopes.as_ref()
    }

    pub(super) fn header(&self) -> Result<HeaderValue, InvalidCredential> {
        let method = AuthenticationMethod::AccessToken;
        credential::bearer_header(self.access.expose())
            .map_err(|mistake| InvalidCredential { method, mistake })
    }

    /// The same access token with another refresh token, where a renewal brought none of its own
    /// (RFC 6749, section 6).
    pub(super) fn or_refresh_token(self, refresh: &Secret) -> Self {
        Self { refresh: self.refresh.or_else(|| Some(refresh.clone())), ..self }
    }

    /// Reads the response of the token endpoint (RFC 6749, section 5.1).
    ///
    /// Only the access token has to be there, since a response that is refused may be a pair that is
    /// lost: renewing makes the old one useless (A47).
    pub(super) fn from_answer(environment: E, body: &[u8]) -> Result<(Self, Option<Duration>), OAuthError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            refresh_token: Option<String>,
            token_type: Option<String>,
            expires_in: Option<Value>,
            scope: Option<Value>,
        }

        let unreadable = |problem| OAuthError::Unreadable { problem };
        // The error's own text may quote the body.
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| unreadable("it is not a JSON object with an access_token"))?;
        if answer.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(unreadable("its token_type is not Bearer"));
        }
        let lifetime = answer.expires_in.as_ref().and_then(seconds);
        let tokens = Self {
            environment,
            access: answer.access_token.into(),
            refresh: answer.refresh_token.filter(|token| !token.is_empty()).map(Into::into),
            expires_at: lifetime.and_then(|lifetime| SystemTime::now().checked_add(lifetime)),
            scopes: answer.scope.as_ref().and_then(Value::as_str).and_then(|scope| scope.parse().ok()),
        };
        tokens.header().map_err(|_| unreadable("its access_token cannot be sent in a header"))?;
        Ok((tokens, lifetime))
    }
}

/// Seconds, as a number or, as some servers write it, as text; with a fraction, which is dropped.
///
/// Anything under one second, and more than 136 years, is not a time: `None`, as if the member was not there.
pub(super) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let is_time = (1.0..=f64::from(u32::MAX)).contains(&seconds);
    is_time.then(|| Duration::from_secs_f64(seconds.trunc()))
}

impl<E: Environment> fmt::Debug for Tokens<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("environment", &self.environment)
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Staging;

    fn read(body: &str) -> Result<(Tokens<Staging>, Option<Duration>), &'static str> {
        Tokens::from_answer(Staging, body.as_bytes()).map_err(|error| match error {
            OAuthError::Unreadable { problem } => problem,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn everything_but_the_access_token_may_be_missing() {
        let (tokens, lifetime) = read(r#"{"access_token":"FAKE-A"}"#).unwrap();
        assert_eq!(tokens.access_token().expose(), "FAKE-A");
        assert!(
            tokens.refresh_token().is_none() && tokens.scopes().is_none() && tokens.expires_at().is_none()
        );
        assert_eq!(lifetime, None);
        let before = SystemTime::now();
        let (tokens, lifetime) = read(
            r#"{"access_token":"FAKE-A","refresh_token":"FAKE-R","token_type":"bearer","expires_in":60,
                "scope":"users:read","new":{}}"#,
        )
        .unwrap();
        assert_eq!(tokens.refresh_token().unwrap().expose(), "FAKE-R");
        assert_eq!(tokens.scopes().unwrap().to_string(), "users:read");
        assert_eq!(lifetime, Some(Duration::from_secs(60)));
        assert!(tokens.expires_at().unwrap() >= before + Duration::from_secs(60));
        assert_eq!(tokens.environment(), &Staging);
    }

    #[test]
    fn odd_but_harmless_members_lose_no_pair() {
        for (member, lifetime) in [
            (r#""expires_in":"3600""#, Some(3600)),
            (r#""expires_in":" 3600 ""#, Some(3600)),
            (r#""expires_in":3600.0"#, Some(3600)),
            (r#""expires_in":3600.5"#, Some(3600)),
            (r#""expires_in":"3600.9""#, Some(3600)),
            (r#""expires_in":1e3"#, Some(1000)),
            (r#""expires_in":1"#, Some(1)),
            (r#""expires_in":4294967295"#, Some(4_294_967_295)),
            // Not a lifetime, so the usual one is taken: no renewal per call.
            (r#""expires_in":0"#, None),
            (r#""expires_in":-0.0"#, None),
            (r#""expires_in":0.5"#, None),
            (r#""expires_in":"0""#, None),
            (r#""expires_in":-1"#, None),
            (r#""expires_in":"-3600""#, None),
            (r#""expires_in":"soon""#, None),
            (r#""expires_in":"NaN""#, None),
            (r#""expires_in":"inf""#, None),
            (r#""expires_in":true"#, None),
            (r#""expires_in":[3600]"#, None),
            (r#""expires_in":null,"refresh_token":null"#, None),
            (r#""expires_in":4294967296"#, None),
            (r#""expires_in":18446744073709551615"#, None),
            (r#""expires_in":1e300"#, None),
            (r#""scope":["a"]"#, None),
            (r#""scope":"\"","refresh_token":"""#, None),
        ] {
            let (tokens, found) = read(&format!(r#"{{"access_token":"FAKE-A",{member}}}"#)).unwrap();
            assert_eq!(found, lifetime.map(Duration::from_secs), "{member}");
            assert!(tokens.scopes().is_none() && tokens.refresh_token().is_none(), "{member}");
        }
    }

    #[test]
    fn an_answer_without_a_usable_token_is_refused() {
        let shape = "it is not a JSON object with an access_token";
        for (body, problem) in [
            ("", shape),
            ("[]", shape),
            (r#"{"error":"x"}"#, shape),
            (r#"{"access_token":1}"#, shape),
            (r#"{"access_token":"FAKE","access_token":"FAKE"}"#, shape),
            (r#"{"access_token":"FAKE","refresh_token":"A","refresh_token":"B"}"#, shape),
            (r#"{"access_token":"FAKE","#, shape),
            (r#"{"access_token":"FAKE","token_type":"mac"}"#, "its token_type is not Bearer"),
            (r#"{"access_token":""}"#, "its access_token cannot be sent in a header"),
            (r#"{"access_token":"FAKE\n"}"#, "its access_token cannot be sent in a header"),
        ] {
            assert_eq!(read(body).err(), Some(problem), "{body}");
        }
    }

    #[test]
    fn a_renewal_without_a_refresh_token_keeps_the_old_one() {
        let old = Secret::from("FAKE-OLD");
        let (tokens, _) = read(r#"{"access_token":"FAKE-A"}"#).unwrap();
        assert_eq!(tokens.or_refresh_token(&old).refresh_token().unwrap().expose(), "FAKE-OLD");
        let (tokens, _) = read(r#"{"access_token":"FAKE-A","refresh_token":"FAKE-NEW"}"#).unwrap();
        assert_eq!(tokens.or_refresh_token(&old).refresh_token().unwrap().expose(), "FAKE-NEW");
    }

    #[test]
    fn kept_tokens_may_name_their_scopes() {
        let tokens = Tokens::new(Staging, "FAKE-A", None, None);
        assert_eq!(tokens.scopes(), None);
        let scopes: ScopeSet = "users:read".parse().unwrap();
        assert_eq!(tokens.with_scopes(scopes.clone()).scopes(), Some(&scopes));
    }

    #[test]
    fn debug_shows_no_token() {
        let tokens = Tokens::new(Staging, "FAKE-A", Some("FAKE-R".into()), None);
        assert!(!format!("{tokens:?}").contains("FAKE"));
    }
}
