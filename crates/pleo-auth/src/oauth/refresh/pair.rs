//! A pair of tokens with what is known of its validity here.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

use super::{
    RefreshPolicy, TokenError,
    age::{Age, Now},
};
use crate::{Environment, oauth::Tokens};

/// Tokens, how long they live, and how old they are.
#[derive(Clone)]
pub(super) struct TimedTokens<E: Environment> {
    pub(super) tokens: Tokens<E>,
    pub(super) header: HeaderValue,
    pub(super) lifetime: Duration,
    pub(super) age: Age,
}

impl<E: Environment> TimedTokens<E> {
    /// Tokens that were just received: their life is counted from before the request.
    pub(super) fn received(
        tokens: Tokens<E>,
        asked: Now,
        lifetime: Option<Duration>,
    ) -> Result<Self, TokenError> {
        let header = tokens.header().map_err(TokenError::Invalid)?;
        let lifetime = lifetime.unwrap_or(RefreshPolicy::DEFAULT_LIFETIME);
        Ok(Self { tokens, header, lifetime, age: Age::from(asked) })
    }

    /// Tokens of which only the wall clock's time of expiry is known.
    pub(super) fn from_stored(tokens: Tokens<E>) -> Result<Self, TokenError> {
        let lifetime = tokens.expires_at().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        Self::received(tokens, Now::read(), lifetime)
    }

    /// Whether their life is not over.
    pub(super) fn is_alive(&self, now: Now) -> bool {
        self.age.at(now) < self.lifetime
    }
}
