//! One renewal: reading the store, asking the authorisation server, storing what it issued.

use std::{
    collections::HashSet,
    error::Error as StdError,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::{
    RefreshPolicy, SessionEnd, TokenError,
    age::Now,
    callback,
    doubt::Doubt,
    limit::within,
    lock,
    pair::TimedTokens,
    store::{Locked, Store},
};
use crate::{
    Environment, Secret,
    oauth::{OAuthApp, OAuthError, OAuthErrorCode, TokenKind, Tokens, digest},
};

/// What a renewal needs. It knows nothing of the state, so that a renewal that nobody drives any more
/// keeps nothing else alive.
pub(super) struct Renewal<E: Environment> {
    pub(super) app: OAuthApp<E>,
    pub(super) store: Store<E>,
    pub(super) policy: RefreshPolicy,
    /// The pair that was received and is not in the store yet. It outlives whatever becomes of the
    /// renewal that brought it.
    pub(super) unsaved: Mutex<Option<TimedTokens<E>>>,
    /// Digests of the refresh tokens that must not be presented again.
    pub(super) spent: Mutex<HashSet<[u8; 32]>>,
    /// Whether a refresh token may be used up, so that the server is asked before it is presented again.
    pub(super) doubt: Doubt,
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

/// What one attempt to renew came to.
enum Attempt<E: Environment> {
    Over(Outcome<E>),
    Failed(OAuthError),
}

impl<E: Environment> Renewal<E> {
    /// Does its work and logs what came of it (A57). A panic of the transport ends here.
    pub(super) async fn run(self: Arc<Self>, task: Task<E>) -> Outcome<E> {
        let outcome = AssertUnwindSafe(self.perform(task)).catch_unwind();
        let outcome = callback::within(self.id(), outcome).await;
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

    /// What tells this renewal from those of other tokens, for as long as it lives.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether the code that asks was called by this renewal, so that waiting for it would never end.
    pub(super) fn is_running_here(&self) -> bool {
        callback::is_within(self.id())
    }

    /// Does its work under the store's lock.
    async fn perform(&self, task: Task<E>) -> Result<Outcome<E>, TokenError> {
        if let Task::Renew { not_before: Some(not_before), .. } = &task {
            tokio::time::sleep_until(*not_before).await;
        }
        let mut locked = self.store.lock(self.policy.longest_renewal()).await?;
        let outcome = AssertUnwindSafe(self.perform_locked(&mut locked, task)).catch_unwind().await;
        locked.release().await;
        outcome.unwrap_or(Err(TokenError::BrokeOff))
    }

    async fn perform_locked(&self, locked: &mut Locked<E>, task: Task<E>) -> Result<Outcome<E>, TokenError> {
        match task {
            Task::Save(timed) => self.save(locked, timed, false).await,
            Task::Load => self.load(locked).await,
            Task::Renew { tokens, urgent, .. } => self.renew_unless_newer(locked, tokens, urgent).await,
        }
    }

    /// The stored pair. The calls that wait renew it next if it has expired.
    async fn load(&self, locked: &mut Locked<E>) -> Result<Outcome<E>, TokenError> {
        let tokens = self.stored(locked).await?.ok_or(TokenError::NothingStored)?;
        Ok(Outcome::Stored { timed: TimedTokens::from_stored(tokens)?, renewed_here: false })
    }

    /// Takes over what another process has stored in the meantime, or else renews.
    async fn renew_unless_newer(
        &self,
        locked: &mut Locked<E>,
        tokens: Tokens<E>,
        urgent: bool,
    ) -> Result<Outcome<E>, TokenError> {
        // A store that is down now could not take the new pair either.
        let Some(stored) = self.stored(locked).await? else {
            return Ok(Outcome::Ended(SessionEnd::Forgotten));
        };
        if self.is_newer(&stored, &tokens) {
            return Ok(Outcome::Stored { timed: TimedTokens::from_stored(stored)?, renewed_here: false });
        }
        let attempts = if urgent { self.policy.attempts } else { 1 };
        self.renew(locked, &tokens, attempts).await
    }

    async fn stored(&self, locked: &mut Locked<E>) -> Result<Option<Tokens<E>>, TokenError> {
        let stored = locked.load().await?;
        if let Some(tokens) = &stored {
            self.app.check_environment(tokens).map_err(TokenError::OtherEnvironment)?;
        }
        Ok(stored)
    }

    /// Whether a stored pair differs from ours and has not had its time.
    fn is_newer(&self, stored: &Tokens<E>, ours: &Tokens<E>) -> bool {
        stored.refresh_token().is_some_and(|stored| {
            let differs = ours.refresh_token().is_none_or(|ours| digest(ours) != digest(stored));
            differs && !self.is_spent(stored)
        })
    }

    async fn renew(
        &self,
        locked: &mut Locked<E>,
        tokens: &Tokens<E>,
        attempts: u32,
    ) -> Result<Outcome<E>, TokenError> {
        let Some(refresh) = tokens.refresh_token() else {
            return Ok(Outcome::Ended(SessionEnd::NoRefreshToken));
        };
        if self.is_spent(refresh) {
            return Ok(Outcome::Ended(SessionEnd::RefreshTokenRefused));
        }
        if let Some(presented) = locked.presented_for().await? {
            self.doubt.begin(refresh, presented);
        }
        let mut attempt = 1;
        loop {
            let error = match self.attempt(locked, tokens, refresh).await? {
                Attempt::Over(outcome) => return Ok(outcome),
                Attempt::Failed(error) => error,
            };
            let source = error.source().map(ToString::to_string);
            tracing::warn!(attempt, %error, source, "renewing an access token failed");
            if attempt >= attempts || !error.is_transient() {
                if self.doubt.age(refresh).is_none() {
                    take_back(locked).await;
                }
                return Err(TokenError::NotRenewed { attempts: attempt, error: error.into() });
            }
            tokio::time::sleep(self.policy.pause(attempt)).await;
            attempt += 1;
        }
    }

    /// Presents the refresh token once, unless it is used up.
    async fn attempt(
        &self,
        locked: &mut Locked<E>,
        tokens: &Tokens<E>,
        refresh: &Secret,
    ) -> Result<Attempt<E>, TokenError> {
        if let Some(attempt) = self.settle(locked, tokens, refresh).await {
            return Ok(attempt);
        }
        // Before each attempt, so that the note is never older than the request that it is about.
        locked.set_presented(true).await?;
        let asked = Now::read();
        self.doubt.begin(refresh, Duration::ZERO);
        let asking = within(self.policy.timeout, self.app.refresh(refresh)).await;
        let response = asking.unwrap_or(Err(OAuthError::TimedOut));
        if !response.as_ref().is_err_and(OAuthError::leaves_in_doubt) {
            self.doubt.end();
        }
        match response {
            Ok((tokens, lifetime)) => {
                // Without a new refresh token the old one stays good (RFC 6749, section 6).
                if tokens.refresh_token().is_some_and(|new| digest(new) != digest(refresh)) {
                    self.spend(refresh);
                }
                let timed = TimedTokens::received(tokens, asked, lifetime)?;
                *lock(&self.unsaved) = Some(timed.clone());
                self.save(locked, timed, true).await.map(Attempt::Over)
            }
            // Nothing tells whether the refresh token is used up, so it is not presented again.
            Err(OAuthError::Unreadable { problem }) => {
                self.spend(refresh);
                Ok(Attempt::Over(Outcome::Ended(SessionEnd::Unreadable { problem })))
            }
            Err(error) if error.is_transient() => Ok(Attempt::Failed(error)),
            Err(OAuthError::Refused { code, .. }) => Ok(Attempt::Over(self.end(locked, refresh, code).await)),
            Err(error) => Ok(Attempt::Failed(error)),
        }
    }

    /// Ends the session after a refusal. The refresh token is not presented again, except where the client
    /// was refused and not the token.
    async fn end(&self, locked: &mut Locked<E>, refresh: &Secret, code: OAuthErrorCode) -> Outcome<E> {
        Outcome::Ended(match code {
            OAuthErrorCode::InvalidGrant => {
                self.spend(refresh);
                self.forget(locked, refresh).await;
                SessionEnd::RefreshTokenRefused
            }
            code => {
                if matches!(code, OAuthErrorCode::Unlisted(_)) {
                    self.spend(refresh);
                } else {
                    take_back(locked).await;
                }
                SessionEnd::Refused(code)
            }
        })
    }

    /// Finds out what became of a refresh token that was presented without a response that says so, here or by a
    /// process that was killed; `None` if it is still good.
    async fn settle(
        &self,
        locked: &mut Locked<E>,
        tokens: &Tokens<E>,
        refresh: &Secret,
    ) -> Option<Attempt<E>> {
        self.doubt.age(refresh)?;
        // Before that, the request may still be on its way, and use the token up after the server was asked.
        tokio::time::sleep(self.settles_in(tokens)).await;
        let asking = within(self.policy.timeout, self.app.introspect(tokens, TokenKind::Refresh)).await;
        match asking.unwrap_or(Err(OAuthError::TimedOut)) {
            Ok(info) if info.active => {
                self.doubt.end();
                None
            }
            Ok(_) => Some(Attempt::Over(self.end(locked, refresh, OAuthErrorCode::InvalidGrant).await)),
            Err(error) if error.is_transient() => Some(Attempt::Failed(error)),
            Err(error) => {
                tracing::warn!(%error, "the authorisation server does not tell of an interrupted renewal");
                Some(Attempt::Over(Outcome::Ended(SessionEnd::Interrupted)))
            }
        }
    }

    /// How long it takes until no request can be on its way any more that presented the refresh token and got no
    /// response.
    pub(super) fn settles_in(&self, tokens: &Tokens<E>) -> Duration {
        let age = tokens.refresh_token().and_then(|refresh| self.doubt.age(refresh));
        age.map_or(Duration::ZERO, |age| self.policy.settle_after.saturating_sub(age))
    }

    /// Hands a pair to the store. Until that has succeeded it stays in [`Renewal::unsaved`].
    async fn save(
        &self,
        locked: &mut Locked<E>,
        timed: TimedTokens<E>,
        renewed_here: bool,
    ) -> Result<Outcome<E>, TokenError> {
        locked.save(timed.tokens.clone()).await?;
        *lock(&self.unsaved) = None;
        Ok(Outcome::Stored { timed, renewed_here })
    }

    /// Has the store forget a dead refresh token, unless it holds another one by now.
    async fn forget(&self, locked: &mut Locked<E>, refresh: &Secret) {
        let cleared = match locked.load().await {
            Ok(Some(stored))
                if stored.refresh_token().is_some_and(|stored| digest(stored) == digest(refresh)) =>
            {
                locked.clear().await
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = cleared {
            let source = error.source().map(ToString::to_string);
            tracing::warn!(%error, source, "the token store still holds a dead refresh token");
        }
    }

    fn spend(&self, refresh: &Secret) {
        lock(&self.spent).insert(digest(refresh));
    }

    fn is_spent(&self, refresh: &Secret) -> bool {
        lock(&self.spent).contains(&digest(refresh))
    }
}

/// The refresh token was not used, so far as anybody can tell. If the store does not learn of it, the server
/// is asked before the next renewal.
async fn take_back<E: Environment>(locked: &mut Locked<E>) {
    if let Err(error) = locked.set_presented(false).await {
        let source = error.source().map(ToString::to_string);
        tracing::warn!(%error, source, "the token store did not note that a renewal has ended");
    }
}
