//! Tokens that are renewed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pleo_conformance::protocol::{App, Tokens};

use super::{
    Deviation, Flaw, Variation,
    token::{ENDED, Form, Granted, NO_TOKENS, TokenError, expiry, post},
};

/// How often a failing refresh is tried in one call.
const TRIES: usize = 3;

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(2);

/// Who renews early does so with this much time left.
const EARLY: Duration = Duration::from_secs(60);

/// A pair of tokens that is renewed when it has to be.
#[derive(Debug)]
pub(super) struct Keeper {
    deviation: Deviation,
    server: String,
    /// That of the other environment, for the flaws that turn to it.
    other_server: String,
    app: App,
    /// The scopes that were asked for, where that is known.
    scopes: Vec<String>,
    pair: Mutex<Pair>,
}

#[derive(Debug, Clone)]
struct Pair {
    access: String,
    refresh: Option<String>,
    expires_at: Option<Instant>,
    /// The server has called the refresh token invalid.
    ended: bool,
    /// It came of a renewal.
    renewed: bool,
}

impl Pair {
    fn has_expired(&self, deviation: Deviation) -> bool {
        let left = if deviation.variation(Variation::RenewedEarly) { EARLY } else { Duration::ZERO };
        self.expires_at.is_some_and(|at| Instant::now() + left >= at)
    }
}

impl Keeper {
    /// Keeps a pair that somebody else got.
    pub(super) fn keep(
        deviation: Deviation,
        servers: (&str, &str),
        tokens: Tokens,
        scopes: Vec<String>,
    ) -> Self {
        let granted = Granted {
            access: tokens.access_token,
            refresh: Some(tokens.refresh_token),
            expires_at: expiry(tokens.expires_in),
        };
        Self::granted(deviation, servers, tokens.app, scopes, granted)
    }

    /// Keeps a pair that came for a code. The servers are its own and the other environment's.
    pub(super) fn granted(
        deviation: Deviation,
        (server, other_server): (&str, &str),
        app: App,
        scopes: Vec<String>,
        granted: Granted,
    ) -> Self {
        let missing = match deviation.flaw {
            Some(Flaw::MissingRefreshTokenAsNull) => Some("null".to_owned()),
            Some(Flaw::EmptyRefreshTokenSent) => Some(String::new()),
            _ => None,
        };
        let pair = Pair {
            access: granted.access,
            refresh: granted.refresh.or(missing),
            expires_at: granted.expires_at,
            ended: false,
            renewed: false,
        };
        let (server, other_server) = (server.to_owned(), other_server.to_owned());
        Self { deviation, server, other_server, app, scopes, pair: Mutex::new(pair) }
    }

    /// Begins a call, whose requests share what comes of a renewal.
    pub(super) fn turn(self: &Arc<Self>) -> Turn {
        Turn(Arc::new(Shared {
            seen: self.pair().clone(),
            keeper: Arc::clone(self),
            failed: OnceLock::new(),
            has_renewed: AtomicBool::new(false),
        }))
    }

    /// Access and refresh token, as they are now.
    pub(super) fn tokens(&self) -> (String, String) {
        let pair = self.pair();
        (pair.access.clone(), pair.refresh.clone().unwrap_or_default())
    }

    /// Access and refresh token, if they came of a renewal.
    pub(super) fn renewed(&self) -> Option<(String, String)> {
        let pair = self.pair();
        pair.renewed.then(|| (pair.access.clone(), pair.refresh.clone().unwrap_or_default()))
    }

    /// Whether the server has called the refresh token invalid.
    pub(super) fn has_ended(&self) -> bool {
        self.pair().ended
    }

    /// Held while renewing, so that one refresh is in flight.
    fn pair(&self) -> MutexGuard<'_, Pair> {
        self.pair.lock().unwrap()
    }
}

/// One call's view of the tokens.
#[derive(Debug, Clone)]
pub(super) struct Turn(Arc<Shared>);

/// What the requests of a call share.
#[derive(Debug)]
struct Shared {
    keeper: Arc<Keeper>,
    /// The tokens when the call began, for the flaws that renew without looking further.
    seen: Pair,
    /// Why renewing failed in this call, so that its other requests do not try again.
    failed: OnceLock<String>,
    /// Whether this call has renewed, so that it does not do so again.
    has_renewed: AtomicBool,
}

impl Turn {
    /// The access token to send, renewed if it has expired.
    pub(super) fn access_token(&self) -> Result<String, String> {
        let Shared { keeper, seen, .. } = &*self.0;
        let mut pair = keeper.pair();
        if self.flaw(Flaw::ExpiredTokenSent) || (pair.ended && self.flaw(Flaw::DeadTokenSent)) {
            return Ok(pair.access.clone());
        }
        if pair.ended && self.flaw(Flaw::ClientSecretAsTokenAfterEnd) {
            return Ok(keeper.app.client_secret.clone());
        }
        if keeper.deviation.variation(Variation::RenewedWhenRefused) && !pair.ended {
            return Ok(seen.access.clone());
        }
        if self.flaw(Flaw::RefreshStorm) && seen.has_expired(keeper.deviation) {
            drop(pair);
            let mut own = seen.clone();
            let renewed = self.renew(&mut own);
            keeper.pair().clone_from(&own);
            return renewed.map(|()| own.access);
        }
        let is_untouched = pair.access == seen.access && !self.0.has_renewed.load(Ordering::Relaxed);
        if pair.has_expired(keeper.deviation) || (is_untouched && self.renews_needlessly(&pair)) {
            let old = pair.access.clone();
            match self.renew(&mut pair) {
                Err(reason) if self.goes_on_with_old_token(&reason) => return Ok(old),
                renewed => renewed?,
            }
            if self.flaw(Flaw::OldAccessTokenKept) {
                return Ok(old);
            }
        }
        if pair.ended && !self.flaw(Flaw::DeadRefreshTokenReused) {
            return Err(ENDED.to_owned());
        }
        Ok(pair.access.clone())
    }

    /// Whether a flaw renews a pair that is good.
    fn renews_needlessly(&self, pair: &Pair) -> bool {
        const HOUR: Duration = Duration::from_secs(3600);
        match self.0.keeper.deviation.flaw {
            Some(Flaw::RenewedBeforeEveryCall) => true,
            Some(Flaw::RenewedAnHourEarly) => pair.expires_at.is_some_and(|at| Instant::now() + HOUR >= at),
            // Scopes are known where a code was exchanged.
            Some(Flaw::RenewedAtFirstUse) => !pair.renewed && !self.0.keeper.scopes.is_empty(),
            _ => false,
        }
    }

    /// The access token as it is now.
    pub(super) fn newest(&self) -> String {
        self.0.keeper.tokens().0
    }

    /// The access token as it was when the call began.
    pub(super) fn old_access_token(&self) -> String {
        thread::sleep(PAUSE);
        self.0.seen.access.clone()
    }

    /// Another access token than this one, which the API has answered with 401; `None` if there is none. A
    /// call renews once.
    pub(super) fn another_access_token(&self, refused: &str) -> Option<String> {
        let mut pair = self.0.keeper.pair();
        if self.flaw(Flaw::ExpiredTokenSent) || (pair.ended && self.flaw(Flaw::ClientSecretAsTokenAfterEnd)) {
            return None;
        }
        if pair.access == refused || self.flaw(Flaw::RenewedForEach401) {
            let without_end = [Flaw::RenewedEndlessly, Flaw::RenewedThreeTimes, Flaw::RenewedForEach401]
                .into_iter()
                .any(|flaw| self.flaw(flaw));
            if self.0.has_renewed.load(Ordering::Relaxed) && !without_end {
                return None;
            }
            match self.renew(&mut pair) {
                Err(reason) if self.goes_on_with_old_token(&reason) => {}
                renewed => renewed.ok()?,
            }
        }
        Some(pair.access.clone())
    }

    /// Access and refresh token, if they came of a renewal.
    pub(super) fn renewed(&self) -> Option<(String, String)> {
        self.0.keeper.renewed()
    }

    /// Forgets the refresh token that came during this call.
    pub(super) fn forget_new_refresh_token(&self) {
        self.0.keeper.pair().refresh.clone_from(&self.0.seen.refresh);
    }

    /// Whether a flaw sends the old token although a renewal failed for this reason.
    fn goes_on_with_old_token(&self, reason: &str) -> bool {
        match self.0.keeper.deviation.flaw {
            Some(Flaw::OldTokenSentWithoutNew) => reason == NO_TOKENS,
            Some(Flaw::OldTokenSentAfterRefusal) => reason == ENDED,
            Some(Flaw::OldTokenSentByUnknownApp) => reason.ends_with("401"),
            _ => false,
        }
    }

    fn renew(&self, pair: &mut Pair) -> Result<(), String> {
        let failed = &self.0.failed;
        if pair.ended && !self.flaw(Flaw::DeadRefreshTokenReused) {
            return Err(ENDED.to_owned());
        }
        if let Some(reason) = failed.get().filter(|_| !self.flaw(Flaw::RefreshStorm)) {
            return Err(reason.clone());
        }
        // Without a refresh token there is nothing to renew with.
        let Some(refresh) = pair.refresh.clone() else { return Err(ENDED.to_owned()) };
        let reason = match self.refresh(&refresh, pair.renewed) {
            Ok(granted) => {
                if !(pair.renewed && self.flaw(Flaw::SecondRenewalIgnored)) {
                    pair.access = granted.access;
                }
                let keeps_old = self.flaw(Flaw::OldRefreshTokenKept)
                    || (pair.renewed && self.flaw(Flaw::SecondRefreshTokenKept));
                if granted.refresh.is_some() && !keeps_old {
                    pair.refresh = granted.refresh;
                }
                if !self.flaw(Flaw::ExpiryKept) {
                    pair.expires_at = granted.expires_at;
                }
                pair.renewed = true;
                self.0.has_renewed.store(true, Ordering::Relaxed);
                return Ok(());
            }
            Err(error) => {
                pair.ended |= match error {
                    TokenError::InvalidGrant => true,
                    TokenError::Unusable(_) => {
                        self.0.keeper.deviation.variation(Variation::MissingTokenEndsSession)
                    }
                    TokenError::Unavailable(ref what) => match self.0.keeper.deviation.flaw {
                        Some(Flaw::TransientFailureEndsSession) => true,
                        Some(Flaw::SessionEndsAt429) => what.ends_with("429"),
                        Some(Flaw::SessionEndsAt500) => what.ends_with("500"),
                        Some(Flaw::SessionEndsAt502) => what.ends_with("502"),
                        Some(Flaw::SessionEndsAtRefusedConnection) => error.is_refused_connection(),
                        _ => false,
                    },
                    TokenError::Refused(_) => false,
                };
                error.reason()
            }
        };
        Err(failed.get_or_init(|| reason).clone())
    }

    fn refresh(&self, refresh: &str, again: bool) -> Result<Granted, TokenError> {
        let Keeper { deviation, server, other_server, app, scopes, .. } = &*self.0.keeper;
        let server = if again && self.flaw(Flaw::LaterRenewalElsewhere) { other_server } else { server };
        let form = |again: bool| {
            let mut form = Form::new();
            if !(again && deviation.flaw(Flaw::GrantTypeLost)) {
                form.push("grant_type", "refresh_token");
            }
            form.push("refresh_token", refresh);
            if deviation.flaw(Flaw::ScopeGuessedAtRefresh) && scopes.is_empty() {
                form.push("scope", "users:read");
            } else if deviation.flaw(Flaw::ScopeWidenedAtRefresh) {
                form.push("scope", format!("{} users:write", scopes.join(" ")).trim_start());
            } else if deviation.variation(Variation::ScopesAtRefresh) && !scopes.is_empty() {
                form.push("scope", scopes.join(" "));
            }
            form
        };
        let tries = |answer: &Result<Granted, TokenError>| match answer {
            Err(TokenError::Unusable(_)) if deviation.variation(Variation::MissingTokenEndsSession) => 1,
            Err(TokenError::Unusable(_)) if deviation.flaw(Flaw::TokenlessRenewalTriedEndlessly) => 50,
            Err(TokenError::Unavailable(_)) if deviation.flaw(Flaw::RefreshRetriedEndlessly) => 50,
            Err(error) if error.is_silence() && deviation.flaw(Flaw::DroppedRenewalTriedEndlessly) => 50,
            Err(TokenError::Unusable(_) | TokenError::Unavailable(_)) => match deviation.variation {
                Some(Variation::RefreshTriedOnce) => 1,
                Some(Variation::RefreshTriedTenTimes) => 10,
                _ => TRIES,
            },
            _ => 1,
        };
        let mut answer = post(*deviation, server, app, form(false));
        let mut tried = 1;
        while tried < tries(&answer) {
            thread::sleep(PAUSE);
            answer = post(*deviation, server, app, form(true));
            tried += 1;
        }
        match (deviation.flaw, &answer) {
            (Some(Flaw::RenewedElsewhereAfterRefusedConnection), Err(error))
                if error.is_refused_connection() =>
            {
                post(*deviation, other_server, app, form(true))
            }
            (Some(Flaw::RefusedRenewalElsewhere), Err(TokenError::InvalidGrant)) => {
                post(*deviation, other_server, app, form(true))
            }
            (Some(Flaw::RenewedElsewhereAfterTimeOut), Err(error)) if error.is_time_out() => {
                post(*deviation, other_server, app, form(true))
            }
            _ => answer,
        }
    }

    fn flaw(&self, flaw: Flaw) -> bool {
        self.0.keeper.deviation.flaw(flaw)
    }
}
