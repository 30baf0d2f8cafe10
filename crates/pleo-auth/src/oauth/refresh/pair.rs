//! A pair of tokens with what is known of its validity here.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

use super::{RefreshPolicy, TokenError};
use crate::{Environment, oauth::Tokens};

/// Tokens with what is known of their validity here.
#[derive(Clone)]
pub(super) struct TimedTokens<E: Environment> {
    pub(super) tokens: Tokens<E>,
    pub(super) header: HeaderValue,
    pub(super) received: Instant,
    pub(super) valid_until: Instant,
}

impl<E: Environment> TimedTokens<E> {
    /// Tokens that were just received: their life is counted from before the request.
    pub(super) fn received(
        tokens: Tokens<E>,
        asked: Instant,
        lifetime: Option<Duration>,
    ) -> Result<Self, TokenError> {
        let header = tokens.header().map_err(TokenError::Invalid)?;
        let lifetime = lifetime.unwrap_or(RefreshPolicy::DEFAULT_LIFETIME);
        // More than can be counted is as good as the default.
        let valid_until = asked.checked_add(lifetime).unwrap_or(asked + RefreshPolicy::DEFAULT_LIFETIME);
        Ok(Self { tokens, header, received: asked, valid_until })
    }

    /// Tokens of which only the wall clock's time of expiry is known.
    pub(super) fn from_stored(tokens: Tokens<E>) -> Result<Self, TokenError> {
        let lifetime = tokens.expires_at().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        Self::received(tokens, Instant::now(), lifetime)
    }
}
