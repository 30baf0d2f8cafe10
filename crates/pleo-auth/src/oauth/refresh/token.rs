//! The credential whose access token renews itself.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use http::HeaderValue;
use tokio::time::Instant;

use super::{
    RefreshPolicy, SessionEnd, TokenError,
    age::Now,
    doubt::Doubt,
    lock,
    pair::TimedTokens,
    renewal::{Outcome, Renewal},
    state::{Live, Phase, State, TokenVersion},
    store::Store,
};
use crate::{
    Environment,
    oauth::{OAuthApp, TokenStore, Tokens},
};

/// OAuth tokens that renew themselves: the credential of a long-lived integration.
///
/// - The access token is renewed early. While it is valid, a failed renewal fails no call.
/// - A renewed pair goes to the [`TokenStore`] before any request uses it. If the store fails, calls fail
///   with [`TokenError::NotStored`], the pair stays here and the next call tries to store it again.
/// - A refresh token is presented once successfully, and never again after the server refused it: that
///   would end the whole authorisation (A48). The session ends then, see [`SessionEnd`]. After a time-out or a broken
///   connection, the server is first asked whether it is still active.
/// - In a [`Client`](crate::Client), a 401 ends the access token that was sent, and no other. The call is
///   repeated once with a new one if it is safe or idempotent; otherwise the next call renews.
///
/// A call that is dropped leaves the renewal that it waited for to the next one. Where there is none for
/// long, [`prepare`](Self::prepare) brings it to its end.
///
/// It is cheap to clone; clones share everything. Making one needs no runtime; renewing needs tokio's,
/// with its timer. A token's age is counted from before the request that brought it, by the monotonic and
/// by the wall clock: time that the machine sleeps counts, and a clock that is set back makes no token
/// younger.
///
/// Whatever a store does, no call waits longer than [`RefreshPolicy::timeout`] for one of its methods. For its lock it may
/// take [`RefreshPolicy::longest_renewal`] in addition; see [`TokenStore`].
pub struct RefreshingToken<E: Environment> {
    inner: Arc<Inner<E>>,
}

struct Inner<E: Environment> {
    renewal: Arc<Renewal<E>>,
    state: Mutex<State<E>>,
}

impl<E: Environment> RefreshingToken<E> {
    /// Tokens from [`OAuthApp::exchange`]. They go to the store before the first request uses them.
    ///
    /// # Errors
    /// When they belong to an environment other than the app's, or are not tokens.
    pub fn new(
        app: OAuthApp<E>,
        tokens: Tokens<E>,
        store: impl TokenStore<E>,
        policy: RefreshPolicy,
    ) -> Result<Self, TokenError> {
        app.check_environment(&tokens).map_err(TokenError::OtherEnvironment)?;
        let timed = TimedTokens::from_stored(tokens)?;
        Ok(Self::with_pair(Some(timed), app, Arc::new(store), policy))
    }

    /// The tokens that the store holds. They are read when the first request needs them.
    pub fn resume(app: OAuthApp<E>, store: impl TokenStore<E>, policy: RefreshPolicy) -> Self {
        Self::with_pair(None, app, Arc::new(store), policy)
    }

    fn with_pair(
        unsaved: Option<TimedTokens<E>>,
        app: OAuthApp<E>,
        store: Arc<dyn TokenStore<E>>,
        policy: RefreshPolicy,
    ) -> Self {
        let store = Store::new(store, policy.timeout);
        let renewal = Renewal {
            app,
            store,
            policy,
            unsaved: Mutex::new(unsaved),
            spent: Mutex::default(),
            doubt: Doubt::default(),
        };
        let state = State {
            phase: Phase::Unloaded,
            begun: 0,
            in_flight: None,
            failures: 0,
            refusals: 0,
            not_before: None,
        };
        Self { inner: Arc::new(Inner { renewal: Arc::new(renewal), state: Mutex::new(state) }) }
    }

    /// Loads, stores or renews what has to be, as a request would. After [`OAuthApp::exchange`] it puts
    /// the pair into the store at once, rather than with the first request.
    ///
    /// # Errors
    /// When there is no token to send.
    pub async fn prepare(&self) -> Result<(), TokenError> {
        self.renewed().await.map(drop)
    }

    /// The environment.
    pub fn environment(&self) -> &E {
        self.inner.renewal.app.environment()
    }

    /// Why the authorisation is over, if it is. While the last access token is valid it goes on being
    /// used.
    pub fn ended(&self) -> Option<SessionEnd> {
        match &self.state().phase {
            Phase::Ended(end) => Some(end.clone()),
            Phase::Live(live) => live.last.clone(),
            Phase::Unloaded => None,
        }
    }

    /// The pair that the store has not taken yet, if any: losing it loses the authorisation.
    pub fn unsaved(&self) -> Option<Tokens<E>> {
        lock(&self.inner.renewal.unsaved).as_ref().map(|timed| timed.tokens.clone())
    }

    fn state(&self) -> MutexGuard<'_, State<E>> {
        lock(&self.inner.state)
    }

    /// The token to send, if it can be used without waiting.
    pub(crate) fn ready(&self) -> Option<(HeaderValue, TokenVersion)> {
        self.state().ready(Now::read(), &self.inner.renewal)
    }

    /// The token to send, renewed if need be. Everybody who waits gets what the one renewal brings.
    pub(crate) async fn renewed(&self) -> Result<(HeaderValue, TokenVersion), TokenError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(TokenError::NoRuntime);
        }
        loop {
            let in_flight = {
                let mut state = self.state();
                if let Some(ready) = state.ready(Now::read(), &self.inner.renewal) {
                    return Ok(ready);
                }
                if self.inner.renewal.is_running_here() {
                    return Err(TokenError::CalledBack);
                }
                state.join_or_begin(&self.inner.renewal)?
            };
            let outcome = in_flight.future.await;
            let mut state = self.state();
            if state.in_flight.as_ref().is_some_and(|current| current.number == in_flight.number) {
                state.in_flight = None;
                state.apply(&outcome, &self.inner.renewal);
            }
            let now = Now::read();
            let error = match &*outcome {
                Outcome::Stored { .. } => None,
                Outcome::Failed(error) => Some(error.clone()),
                Outcome::Ended(end) => Some(TokenError::Ended(end.clone())),
            };
            let unsaved = lock(&self.inner.renewal.unsaved).is_some();
            match (&state.phase, error) {
                (Phase::Live(live), None) if live.is_valid(now) || live.is_new() => return Ok(live.sent()),
                (Phase::Live(live), Some(_)) if live.is_valid(now) && !unsaved => return Ok(live.sent()),
                // The old token has expired, or was refused, while it was being renewed in good time.
                (Phase::Live(live), Some(TokenError::NotRenewed { .. }))
                    if !in_flight.urgent && !live.is_valid(now) => {}
                (_, Some(error)) => return Err(error),
                // It was refused in the meantime, or is expired: stored too late, or long ago.
                (_, None) => {}
            }
        }
    }

    /// The service took a token.
    pub(crate) fn accepted(&self, sent: Option<TokenVersion>) {
        let mut state = self.state();
        if let Phase::Live(live) = &mut state.phase
            && Some(live.version) == sent
        {
            live.accepted = true;
            state.refusals = 0;
        }
    }

    /// The service answered a token with 401. If it is still the present one, it is not sent again.
    pub(crate) fn rejected(&self, sent: Option<TokenVersion>) {
        let mut state = self.state();
        let policy = &self.inner.renewal.policy;
        if let Phase::Live(live) = &mut state.phase
            && Some(live.version) == sent
            && !live.rejected
        {
            live.rejected = true;
            // A new token that is refused at once will not be mended by the next one: take it slowly.
            if live.renewed_here && !live.accepted {
                state.refusals += 1;
                state.not_before = Some(Instant::now() + policy.pause(state.refusals));
            }
            drop(state);
            tracing::info!("an access token was answered with 401 and is not used again");
        }
    }
}

impl<E: Environment> Clone for RefreshingToken<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Environment> fmt::Debug for RefreshingToken<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match &self.state().phase {
            _ if self.unsaved().is_some() => "not stored",
            Phase::Unloaded => "not loaded",
            Phase::Live(Live { rejected: true, .. }) => "rejected",
            Phase::Live(_) => "live",
            Phase::Ended(_) => "ended",
        };
        f.debug_struct("RefreshingToken")
            .field("environment", self.environment())
            .field("state", &phase)
            .finish_non_exhaustive()
    }
}
