//! Access tokens that renew themselves.
//!
//! One renewal is in flight at a time, and everybody waits for it (A51). It is a future that the token
//! owns and whichever call is waiting drives: there is no background task, and a call that is dropped
//! in the middle takes nothing with it.

use std::{
    collections::HashSet,
    error::Error as StdError,
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt as _, future::Shared};
use http::HeaderValue;
use pleo_client::BoxFuture;
use tokio::time::Instant;

use super::{OAuthApp, OAuthError, OAuthErrorCode, StoreError, TokenStore, Tokens, digest};
use crate::{Environment, EnvironmentMismatch, InvalidCredential, Secret};

/// When and how often tokens are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before its expiry an access token is renewed, at most. At least half of that is kept and
    /// the rest is chosen at random, so that many processes do not renew at once. Of a token that lives
    /// short, the last half of its life counts at most. Default: 5 minutes.
    pub early: Duration,
    /// How often the authorisation server is asked before a call fails for want of a token. While the old
    /// token is valid, it is asked once. Default: 4.
    pub attempts: u32,
    /// The pause after the first failure; each further one doubles it, up to 30 seconds, and a random half
    /// is taken off. Default: 0.5 seconds.
    pub backoff: Duration,
    /// How long the authorisation server has for one answer, and the store for locking and loading.
    /// Default: 30 seconds.
    pub timeout: Duration,
}

impl RefreshPolicy {
    /// The same with another [`early`](Self::early).
    #[must_use]
    pub const fn with_early(self, early: Duration) -> Self {
        Self { early, ..self }
    }

    /// The same with another number of [`attempts`](Self::attempts).
    #[must_use]
    pub const fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same with another [`backoff`](Self::backoff).
    #[must_use]
    pub const fn with_backoff(self, backoff: Duration) -> Self {
        Self { backoff, ..self }
    }

    /// The same with another [`timeout`](Self::timeout).
    #[must_use]
    pub const fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The longest pause between two attempts.
    pub const MAX_BACKOFF: Duration = Duration::from_secs(30);
    /// How long a token is taken to be valid whose answer does not say it.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

    /// The pause after so many failures.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.backoff.saturating_mul(doubled).min(Self::MAX_BACKOFF);
        longest.mul_f64(between_half_and_one())
    }

    /// How long before its end a token of this lifetime is renewed.
    fn lead(&self, lifetime: Duration) -> Duration {
        self.early.min(lifetime / 2).mul_f64(between_half_and_one())
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            early: Duration::from_secs(300),
            attempts: 4,
            backoff: Duration::from_millis(500),
            timeout: Duration::from_secs(30),
        }
    }
}

/// Without random numbers a half does: nothing secret hangs on it.
fn between_half_and_one() -> f64 {
    let random = getrandom::u32().unwrap_or_default();
    0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0
}

/// OAuth tokens that renew themselves: the credential of a long-lived integration.
///
/// - The access token is renewed early. While it is valid, a failed renewal fails no call.
/// - A renewed pair goes to the [`TokenStore`] before any request uses it. If the store fails, calls fail
///   with [`TokenError::NotStored`], the pair stays here and the next call tries to store it again.
/// - A refresh token is presented once successfully, and never again after the server refused it: that
///   would end the whole authorisation (A48). The session ends then, see [`SessionEnd`].
/// - In a [`Client`](crate::Client), a 401 ends the access token that was sent, and no other. The call is
///   repeated once with a new one if it is safe or idempotent; otherwise the next call renews.
///
/// A call that is dropped leaves the renewal that it waited for to the next one. Where there is none for
/// long, [`prepare`](Self::prepare) brings it to its end.
///
/// It is cheap to clone; clones share everything. Making one needs no runtime; renewing needs tokio's,
/// with its timer. Expiry is measured by the monotonic clock from before the request that brought the
/// token, so the system's clock may be wrong or be set.
pub struct RefreshingToken<E: Environment> {
    inner: Arc<Inner<E>>,
}

struct Inner<E: Environment> {
    renewal: Arc<Renewal<E>>,
    state: Mutex<State<E>>,
}

/// What a renewal needs. It knows nothing of the state, so that a renewal that nobody drives any more
/// keeps nothing else alive.
struct Renewal<E: Environment> {
    app: OAuthApp<E>,
    store: Box<dyn TokenStore<E>>,
    policy: RefreshPolicy,
    /// The pair that was received and is not in the store yet. It outlives whatever becomes of the
    /// renewal that brought it.
    unsaved: Mutex<Option<Fresh<E>>>,
    /// Digests of the refresh tokens that must not be presented again.
    spent: Mutex<HashSet<[u8; 32]>>,
}

/// Which access token was sent, counted from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

struct State<E: Environment> {
    phase: Phase<E>,
    flights: u64,
    flight: Option<Flight<E>>,
    /// Renewals in a row that failed while the old token was valid.
    failures: u32,
    /// New tokens in a row that the service did not take.
    refusals: u32,
    /// When the next renewal may be tried, after one of those.
    not_before: Option<Instant>,
}

enum Phase<E: Environment> {
    /// Nothing has been read from the store yet.
    Unloaded,
    Live(Live<E>),
    Ended(SessionEnd),
}

/// Tokens with what is known of their validity here.
#[derive(Clone)]
struct Fresh<E: Environment> {
    tokens: Tokens<E>,
    header: HeaderValue,
    received: Instant,
    valid_until: Instant,
}

struct Live<E: Environment> {
    fresh: Fresh<E>,
    generation: Generation,
    renew_at: Instant,
    /// The service answered it with 401.
    rejected: bool,
    /// The service has answered it with something else.
    accepted: bool,
    /// It came from a renewal here, not from the store.
    renewed_here: bool,
    /// Why it will be the last one.
    last: Option<SessionEnd>,
}

impl<E: Environment> Live<E> {
    fn is_valid(&self, now: Instant) -> bool {
        !self.rejected && now < self.fresh.valid_until
    }

    /// Whether it was just renewed: then it is used even if it says that its life is over already, so
    /// that nobody renews in circles.
    fn is_new(&self) -> bool {
        !self.rejected && self.renewed_here
    }
}

#[derive(Clone)]
struct Flight<E: Environment> {
    number: u64,
    /// Whether the authorisation server is asked as often as the policy allows.
    urgent: bool,
    future: Shared<BoxFuture<'static, Arc<Outcome<E>>>>,
}

enum Job<E: Environment> {
    Load,
    Save(Fresh<E>),
    Renew { tokens: Tokens<E>, urgent: bool, not_before: Option<Instant> },
}

enum Outcome<E: Environment> {
    /// In the store and here.
    Stored { fresh: Fresh<E>, renewed_here: bool },
    /// Nothing has changed, or a new pair is here and not in the store.
    Failed(TokenError),
    /// There will be no other tokens.
    Ended(SessionEnd),
}

/// Why tokens can no longer be renewed (A53 to A56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The authorisation server refused the refresh token: it expired, was used or was revoked.
    #[error("the refresh token is expired, used or revoked; ask the user to authorise again")]
    RefreshTokenRefused,
    /// There is no refresh token.
    #[error("there is no refresh token to renew the access token with; ask the user to authorise again")]
    NoRefreshToken,
    /// The authorisation server refused the client, or the request, for good.
    #[error("the authorisation server refused to renew the tokens, {0}")]
    Refused(OAuthErrorCode),
}

/// Why there is no access token to send (A53 to A55).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The authorisation is over (A54, A55).
    #[error("the OAuth session has ended: {0}")]
    Ended(SessionEnd),
    /// The tokens could not be renewed this time. The next call tries again (A53).
    #[error(
        "the access token is expired or refused and could not be renewed: {error}; asked {attempts} times, try again later"
    )]
    NotRenewed {
        /// How often the authorisation server was asked.
        attempts: u32,
        /// The last failure.
        #[source]
        error: Arc<OAuthError>,
    },
    /// The store did not take the new pair (A47, A52). The pair is safe here, and the next call stores it again;
    /// [`RefreshingToken::unsaved`] has it for a rescue.
    #[error(
        "the renewed tokens could not be stored, so they are not used yet; mend the store and call again"
    )]
    NotStored {
        /// What the store says.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store failed before anything was renewed.
    #[error("the token store failed; nothing was renewed; mend the store and call again")]
    StoreFailed {
        /// What the store says.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store has no tokens.
    #[error("the token store is empty; ask the user to authorise")]
    NothingStored,
    /// The store's tokens are of another environment.
    #[error("the token store holds tokens of another environment: {0}")]
    OtherEnvironment(EnvironmentMismatch),
    /// The stored access token is none.
    #[error("the token store holds something else: {0}")]
    Invalid(InvalidCredential),
    /// The store, or the transport to the authorisation server, panicked, or the tokio runtime in which
    /// the renewal began is gone or has no timer. A pair that had arrived is safe, see
    /// [`RefreshingToken::unsaved`].
    #[error("renewing the tokens broke off with a panic; mend what panicked and call again")]
    BrokeOff,
    /// There is no tokio runtime to renew in.
    #[error("renewing tokens needs a tokio runtime; call from within one")]
    NoRuntime,
}

impl<E: Environment> RefreshingToken<E> {
    /// Tokens from [`OAuthApp::exchange`]. They go to the store before the first request uses them.
    ///
    /// # Errors
    /// When they are of another environment than the app, or no tokens.
    pub fn new(
        app: OAuthApp<E>,
        tokens: Tokens<E>,
        store: impl TokenStore<E>,
        policy: RefreshPolicy,
    ) -> Result<Self, TokenError> {
        app.check_environment(&tokens).map_err(TokenError::OtherEnvironment)?;
        let fresh = Fresh::from_stored(tokens)?;
        Ok(Self::with_pair(Some(fresh), app, Box::new(store), policy))
    }

    /// The tokens that the store holds. They are read when the first request needs them.
    pub fn resume(app: OAuthApp<E>, store: impl TokenStore<E>, policy: RefreshPolicy) -> Self {
        Self::with_pair(None, app, Box::new(store), policy)
    }

    fn with_pair(
        unsaved: Option<Fresh<E>>,
        app: OAuthApp<E>,
        store: Box<dyn TokenStore<E>>,
        policy: RefreshPolicy,
    ) -> Self {
        let renewal = Renewal { app, store, policy, unsaved: Mutex::new(unsaved), spent: Mutex::default() };
        let state = State {
            phase: Phase::Unloaded,
            flights: 0,
            flight: None,
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
            Phase::Ended(end) => Some(*end),
            Phase::Live(live) => live.last,
            Phase::Unloaded => None,
        }
    }

    /// The pair that the store has not taken yet, if any: losing it loses the authorisation.
    pub fn unsaved(&self) -> Option<Tokens<E>> {
        lock(&self.inner.renewal.unsaved).as_ref().map(|fresh| fresh.tokens.clone())
    }

    fn state(&self) -> MutexGuard<'_, State<E>> {
        lock(&self.inner.state)
    }

    /// The token to send, if it can be used without waiting.
    pub(crate) fn ready(&self) -> Option<(HeaderValue, Generation)> {
        self.state().ready(Instant::now(), &self.inner.renewal)
    }

    /// The token to send, renewed if need be. Everybody who waits gets what the one renewal brings.
    pub(crate) async fn renewed(&self) -> Result<(HeaderValue, Generation), TokenError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(TokenError::NoRuntime);
        }
        loop {
            let flight = {
                let mut state = self.state();
                if let Some(ready) = state.ready(Instant::now(), &self.inner.renewal) {
                    return Ok(ready);
                }
                state.board(&self.inner.renewal)?
            };
            let outcome = flight.future.await;
            let mut state = self.state();
            if state.flight.as_ref().is_some_and(|current| current.number == flight.number) {
                state.flight = None;
                state.land(&outcome, &self.inner.renewal.policy);
            }
            let now = Instant::now();
            let error = match &*outcome {
                Outcome::Stored { .. } => None,
                Outcome::Failed(error) => Some(error.clone()),
                Outcome::Ended(end) => Some(TokenError::Ended(*end)),
            };
            let unsaved = lock(&self.inner.renewal.unsaved).is_some();
            match (&state.phase, error) {
                (Phase::Live(live), None) if live.is_valid(now) || live.is_new() => return Ok(live.sent()),
                (Phase::Live(live), Some(_)) if live.is_valid(now) && !unsaved => return Ok(live.sent()),
                // The old token has expired, or was refused, while it was being renewed in good time.
                (Phase::Live(live), Some(TokenError::NotRenewed { .. }))
                    if !flight.urgent && !live.is_valid(now) => {}
                (_, Some(error)) => return Err(error),
                // It was refused in the meantime, or is expired: stored too late, or long ago.
                (_, None) => {}
            }
        }
    }

    /// The service took a token.
    pub(crate) fn accepted(&self, sent: Option<Generation>) {
        let mut state = self.state();
        if let Phase::Live(live) = &mut state.phase
            && Some(live.generation) == sent
        {
            live.accepted = true;
            state.refusals = 0;
        }
    }

    /// The service answered a token with 401. If it is still the present one, it is not sent again.
    pub(crate) fn rejected(&self, sent: Option<Generation>) {
        let mut state = self.state();
        let policy = &self.inner.renewal.policy;
        if let Phase::Live(live) = &mut state.phase
            && Some(live.generation) == sent
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<E: Environment> Fresh<E> {
    /// Tokens that were just received: their life is counted from before the request.
    fn received(tokens: Tokens<E>, asked: Instant, lifetime: Option<Duration>) -> Result<Self, TokenError> {
        let header = tokens.header().map_err(TokenError::Invalid)?;
        let lifetime = lifetime.unwrap_or(RefreshPolicy::DEFAULT_LIFETIME);
        // More than can be counted is as good as the default.
        let valid_until = asked.checked_add(lifetime).unwrap_or(asked + RefreshPolicy::DEFAULT_LIFETIME);
        Ok(Self { tokens, header, received: asked, valid_until })
    }

    /// Tokens of which only the wall clock's time of expiry is known.
    fn from_stored(tokens: Tokens<E>) -> Result<Self, TokenError> {
        let lifetime = tokens.expires_at().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        Self::received(tokens, Instant::now(), lifetime)
    }
}

impl<E: Environment> Live<E> {
    fn sent(&self) -> (HeaderValue, Generation) {
        (self.fresh.header.clone(), self.generation)
    }
}

impl<E: Environment> State<E> {
    /// The present token, unless it has to be renewed or is being renewed (A51).
    fn ready(&self, now: Instant, renewal: &Renewal<E>) -> Option<(HeaderValue, Generation)> {
        let Phase::Live(live) = &self.phase else { return None };
        let waiting = live.last.is_some() || self.not_before.is_some_and(|not_before| now < not_before);
        let due = now >= live.renew_at && !waiting;
        let idle = self.flight.is_none() && lock(&renewal.unsaved).is_none();
        (idle && live.is_valid(now) && !due).then(|| live.sent())
    }

    /// The renewal under way, or a new one.
    fn board(&mut self, renewal: &Arc<Renewal<E>>) -> Result<Flight<E>, TokenError> {
        if let Some(flight) = &self.flight {
            return Ok(flight.clone());
        }
        if let Phase::Live(Live { last: Some(end), .. }) = &self.phase {
            self.phase = Phase::Ended(*end);
        }
        let unsaved = lock(&renewal.unsaved).clone();
        let job = match (unsaved, &self.phase) {
            (Some(fresh), _) => Job::Save(fresh),
            (None, Phase::Unloaded) => Job::Load,
            (None, Phase::Live(live)) => Job::Renew {
                tokens: live.fresh.tokens.clone(),
                urgent: !live.is_valid(Instant::now()),
                not_before: self.not_before.filter(|_| live.rejected),
            },
            (None, Phase::Ended(end)) => return Err(TokenError::Ended(*end)),
        };
        let urgent = !matches!(job, Job::Renew { urgent: false, .. });
        self.flights += 1;
        let future: BoxFuture<'static, _> = Box::pin(Arc::clone(renewal).run(job).map(Arc::new));
        let flight = Flight { number: self.flights, urgent, future: future.shared() };
        self.flight = Some(flight.clone());
        Ok(flight)
    }

    /// Takes over what a renewal brought.
    fn land(&mut self, outcome: &Outcome<E>, policy: &RefreshPolicy) {
        let now = Instant::now();
        match outcome {
            Outcome::Stored { fresh, renewed_here } => {
                let lifetime = fresh.valid_until - fresh.received;
                self.failures = 0;
                self.not_before = None;
                self.phase = Phase::Live(Live {
                    fresh: fresh.clone(),
                    generation: Generation(self.flights),
                    renew_at: fresh.valid_until - policy.lead(lifetime),
                    rejected: false,
                    accepted: false,
                    renewed_here: *renewed_here,
                    last: None,
                });
            }
            Outcome::Failed(_) => {
                if let Phase::Live(live) = &self.phase
                    && live.is_valid(now)
                {
                    self.failures += 1;
                    self.not_before = Some(now + policy.pause(self.failures));
                }
            }
            Outcome::Ended(end) => match &mut self.phase {
                // Good until it expires; then the phase ends too.
                Phase::Live(live) => live.last = Some(*end),
                phase => *phase = Phase::Ended(*end),
            },
        }
    }
}

impl<E: Environment> Renewal<E> {
    /// Does a job and logs what came of it (A57). A panic of the store or the transport ends here.
    async fn run(self: Arc<Self>, job: Job<E>) -> Outcome<E> {
        let outcome = AssertUnwindSafe(self.attend(job)).catch_unwind().await;
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

    /// Does a job under the store's lock.
    async fn attend(&self, job: Job<E>) -> Result<Outcome<E>, TokenError> {
        if let Job::Renew { not_before: Some(not_before), .. } = &job {
            tokio::time::sleep_until(*not_before).await;
        }
        let _guard = self.in_time(self.store.lock()).await?;
        match job {
            Job::Save(fresh) => self.save(fresh, false).await,
            Job::Load => self.load().await,
            Job::Renew { tokens, urgent, .. } => self.renew_unless_newer(tokens, urgent).await,
        }
    }

    /// Waits so long for the store. Only for what may be given up: nothing was sent yet.
    async fn in_time<T>(&self, answer: BoxFuture<'_, Result<T, StoreError>>) -> Result<T, TokenError> {
        let answer = tokio::time::timeout(self.policy.timeout, answer).await;
        let answer = answer.unwrap_or_else(|_| Err("the store did not answer in time".into()));
        answer.map_err(|error| TokenError::StoreFailed { source: error.into() })
    }

    /// What the store holds; if it has expired, whoever waits renews it next.
    async fn load(&self) -> Result<Outcome<E>, TokenError> {
        let tokens = self.stored().await?.ok_or(TokenError::NothingStored)?;
        Ok(Outcome::Stored { fresh: Fresh::from_stored(tokens)?, renewed_here: false })
    }

    /// Takes over what another process has stored in the meantime, or else renews.
    async fn renew_unless_newer(&self, tokens: Tokens<E>, urgent: bool) -> Result<Outcome<E>, TokenError> {
        // A store that is down now could not take the new pair either.
        if let Some(stored) = self.stored().await?
            && self.is_newer(&stored, &tokens)
        {
            return Ok(Outcome::Stored { fresh: Fresh::from_stored(stored)?, renewed_here: false });
        }
        let attempts = if urgent { self.policy.attempts } else { 1 };
        self.renew(tokens, attempts).await
    }

    async fn stored(&self) -> Result<Option<Tokens<E>>, TokenError> {
        let stored = self.in_time(self.store.load()).await?;
        if let Some(tokens) = &stored {
            self.app.check_environment(tokens).map_err(TokenError::OtherEnvironment)?;
        }
        Ok(stored)
    }

    /// Whether a stored pair is another one than ours, and none that has had its time.
    fn is_newer(&self, stored: &Tokens<E>, ours: &Tokens<E>) -> bool {
        stored.refresh_token().is_some_and(|stored| {
            let differs = ours.refresh_token().is_none_or(|ours| digest(ours) != digest(stored));
            differs && !self.is_spent(stored)
        })
    }

    async fn renew(&self, tokens: Tokens<E>, attempts: u32) -> Result<Outcome<E>, TokenError> {
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
                    let fresh = Fresh::received(tokens, asked, lifetime)?;
                    *lock(&self.unsaved) = Some(fresh.clone());
                    return self.save(fresh, true).await;
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
    async fn save(&self, fresh: Fresh<E>, renewed_here: bool) -> Result<Outcome<E>, TokenError> {
        let saved = self.store.save(&fresh.tokens).await;
        saved.map_err(|error| TokenError::NotStored { source: error.into() })?;
        *lock(&self.unsaved) = None;
        Ok(Outcome::Stored { fresh, renewed_here })
    }

    /// Has the store forget a dead refresh token, unless it holds another one by now.
    async fn forget(&self, refresh: &Secret) {
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

    fn spend(&self, refresh: &Secret) {
        lock(&self.spent).insert(digest(refresh));
    }

    fn is_spent(&self, refresh: &Secret) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_share_is_between_half_and_all() {
        let shares: Vec<f64> = (0..1000).map(|_| between_half_and_one()).collect();
        assert!(shares.iter().all(|share| (0.5..=1.0).contains(share)));
        assert!(shares.iter().any(|share| *share < 0.6) && shares.iter().any(|share| *share > 0.9));
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let policy = RefreshPolicy::default();
        for (failures, longest) in
            [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (u32::MAX, 30.0)]
        {
            for _ in 0..100 {
                let pause = policy.pause(failures).as_secs_f64();
                assert!((longest / 2.0..=longest).contains(&pause), "{failures}: {pause}");
            }
        }
    }
}
