//! One renewal: reading the store, asking the authorisation server, storing what it issued.

use std::{
    collections::HashSet,
    error::Error as StdError,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt as _;
use pleo_client::BoxFuture;
use tokio::time::Instant;

use super::{RefreshPolicy, SessionEnd, TokenError, lock, pair::TimedTokens};
use crate::{
    Environment, Secret,
    oauth::{OAuthApp, OAuthError, OAuthErrorCode, StoreError, TokenStore, Tokens, digest},
};

/// What a renewal needs. It knows nothing of the state, so that a renewal that nobody drives any more
/// keeps nothing else alive.
pub(super) struct Renewal<E: Environment> {
    pub(super) app: OAuthApp<E>,
    pub(super) store: Box<dyn TokenStore<E>>,
    pub(super) policy: RefreshPolicy,
    /// The pair that was received and is not in the store yet. It outlives whatever becomes of the
    /// renewal that brought it.
    pub(super) unsaved: Mutex<Option<TimedTokens<E>>>,
    /// Digests of the refresh tokens that must not be presented again.
    pub(super) spent: Mutex<HashSet<[u8; 32]>>,
}

pub(super) enum Task<E: Environment> {
    Load,
    Save(TimedTokens<E>),
    Renew { tokens: Tokens<E>, urgent: bool, not_before: Option<Instant> },
}

pub(super) enum Outcome<E: Environment> {
    /// In the store and here.
    Stored { timed: TimedTokens<E>, renewed_here: bool },
    /// Nothing has changed, or a new pair is here and not in the store.
    Failed(TokenError),
    /// There will be no other tokens.
    Ended(SessionEnd),
}

impl<E: Environment> Renewal<E> {
    /// Does its work and logs what came of it (A57). A panic of the store or the transport ends here.
    pub(super) async fn run(self: Arc<Self>, task: Task<E>) -> Outcome<E> {
        let outcome = AssertUnwindSafe(self.perform(task)).catch_unwind().await;
        let outcome = outcome.unwrap_or(Err(TokenError::BrokeOff)).unwrap_or_else(Outcome::Failed);
        match &outcome {
            Outcome::Stored { renewed_here: true, .. } => tracing::info!("access token renewed and stored"),
            Outcome::Stored { renewed_here: false, .. } => tracing::debug!("access token taken over"),
            Outcome::Failed(error) => {
                let source = error.source().map(ToString::to_string);
                tracing::warn!(%error, source, "no new access token");
            }
            Outcome::Ended(end) => tracing::warn!(%end, "OAuth session ended"),
        }
        outcome
    }

    /// Does its work under the store's lock.
    pub(super) async fn perform(&self, task: Task<E>) -> Result<Outcome<E>, TokenError> {
        if let Task::Renew { not_before: Some(not_before), .. } = &task {
            tokio::time::sleep_until(*not_before).await;
        }
        let _guard = self.in_time(self.store.lock()).await?;
        match task {
            Task::Save(timed) => self.save(timed, false).await,
            Task::Load => self.load().await,
            Task::Renew { tokens, urgent, .. } => self.renew_unless_newer(tokens, urgent).await,
        }
    }

    /// Waits so long for the store. Only for what may be given up: nothing was sent yet.
    pub(super) async fn in_time<T>(
        &self,
        answer: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, TokenError> {
        let answer = tokio::time::timeout(self.policy.timeout, answer).await;
        let answer = answer.unwrap_or_else(|_| Err("the store did not answer in time".into()));
        answer.map_err(|error| TokenError::StoreFailed { source: error.into() })
    }

    /// What the store holds; if it has expired, whoever waits renews it next.
    pub(super) async fn load(&self) -> Result<Outcome<E>, TokenError> {
        let tokens = self.stored().await?.ok_or(TokenError::NothingStored)?;
        Ok(Outcome::Stored { timed: TimedTokens::from_stored(tokens)?, renewed_here: false })
    }

    /// Takes over what another process has stored in the meantime, or else renews.
    pub(super) async fn renew_unless_newer(
        &self,
        tokens: Tokens<E>,
        urgent: bool,
    ) -> Result<Outcome<E>, TokenError> {
        // A store that is down now could not take the new pair either.
        if let Some(stored) = self.stored().await?
            && self.is_newer(&stored, &tokens)
        {
            return Ok(Outcome::Stored { timed: TimedTokens::from_stored(stored)?, renewed_here: false });
        }
        let attempts = if urgent { self.policy.attempts } else { 1 };
        self.renew(tokens, attempts).await
    }

    pub(super) async fn stored(&self) -> Result<Option<Tokens<E>>, TokenError> {
        let stored = self.in_time(self.store.load()).await?;
        if let Some(tokens) = &stored {
            self.app.check_environment(tokens).map_err(TokenError::OtherEnvironment)?;
        }
        Ok(stored)
    }

    /// Whether a stored pair is another one than ours, and none that has had its time.
    pub(super) fn is_newer(&self, stored: &Tokens<E>, ours: &Tokens<E>) -> bool {
        stored.refresh_token().is_some_and(|stored| {
            let differs = ours.refresh_token().is_none_or(|ours| digest(ours) != digest(stored));
            differs && !self.is_spent(stored)
        })
    }

    pub(super) async fn renew(&self, tokens: Tokens<E>, attempts: u32) -> Result<Outcome<E>, TokenError> {
        let Some(refresh) = tokens.refresh_token() else {
            return Ok(Outcome::Ended(SessionEnd::NoRefreshToken));
        };
        if self.is_spent(refresh) {
            return Ok(Outcome::Ended(SessionEnd::RefreshTokenRefused));
        }
        let mut attempt = 1;
        loop {
            let asked = Instant::now();
            match within(self.policy.timeout, self.app.refresh(refresh)).await {
                Ok((tokens, lifetime)) => {
                    // Without a new refresh token the old one stays good (RFC 6749, section 6).
                    if tokens.refresh_token().is_some_and(|new| digest(new) != digest(refresh)) {
                        self.spend(refresh);
                    }
                    let timed = TimedTokens::received(tokens, asked, lifetime)?;
                    *lock(&self.unsaved) = Some(timed.clone());
                    return self.save(timed, true).await;
                }
                Err(OAuthError::Refused { code, .. }) if !code.is_transient() => {
                    return Ok(Outcome::Ended(match code {
                        OAuthErrorCode::InvalidGrant => {
                            self.spend(refresh);
                            self.forget(refresh).await;
                            SessionEnd::RefreshTokenRefused
                        }
                        code => SessionEnd::Refused(code),
                    }));
                }
                Err(error) => {
                    let source = error.source().map(ToString::to_string);
                    tracing::warn!(attempt, %error, source, "renewing an access token failed");
                    if attempt >= attempts || !error.is_transient() {
                        return Err(TokenError::NotRenewed { attempts: attempt, error: error.into() });
                    }
                    tokio::time::sleep(self.policy.pause(attempt)).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Hands a pair to the store. Until that has succeeded it stays in [`Renewal::unsaved`].
    pub(super) async fn save(
        &self,
        timed: TimedTokens<E>,
        renewed_here: bool,
    ) -> Result<Outcome<E>, TokenError> {
        let saved = self.store.save(&timed.tokens).await;
        saved.map_err(|error| TokenError::NotStored { source: error.into() })?;
        *lock(&self.unsaved) = None;
        Ok(Outcome::Stored { timed, renewed_here })
    }

    /// Has the store forget a dead refresh token, unless it holds another one by now.
    pub(super) async fn forget(&self, refresh: &Secret) {
        let cleared = match self.store.load().await {
            Ok(Some(stored))
                if stored.refresh_token().is_some_and(|stored| digest(stored) == digest(refresh)) =>
            {
                self.store.clear().await
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = cleared {
            tracing::warn!(%error, "the token store still holds a dead refresh token");
        }
    }

    pub(super) fn spend(&self, refresh: &Secret) {
        lock(&self.spent).insert(digest(refresh));
    }

    pub(super) fn is_spent(&self, refresh: &Secret) -> bool {
        lock(&self.spent).contains(&digest(refresh))
    }
}

/// Gives an answer so much time, as long as somebody waits for it. Nobody may have, after the calls that
/// did were dropped: then the answer may have arrived since, and a pair with it, so time starts anew.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, OAuthError>>,
) -> Result<T, OAuthError> {
    const UNATTENDED: Duration = Duration::from_secs(1);
    let mut answer = std::pin::pin!(answer);
    loop {
        let begin = Instant::now();
        if let Ok(answer) = tokio::time::timeout(limit, answer.as_mut()).await {
            return answer;
        }
        if begin.elapsed() < limit.saturating_add(UNATTENDED) {
            return Err(OAuthError::TimedOut);
        }
    }
}
