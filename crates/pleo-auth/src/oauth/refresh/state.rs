//! What a token that renews itself knows between calls.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::Shared};
use http::HeaderValue;
use pleo_client::BoxFuture;
use tokio::time::Instant;

use super::{
    SessionEnd, TokenError,
    age::Now,
    lock,
    pair::TimedTokens,
    renewal::{Outcome, Renewal, Task},
};
use crate::Environment;

/// Which access token was sent, counted from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenVersion(u64);

pub(super) struct State<E: Environment> {
    pub(super) phase: Phase<E>,
    pub(super) begun: u64,
    pub(super) in_flight: Option<InFlight<E>>,
    /// Renewals in a row that failed while the old token was valid.
    pub(super) failures: u32,
    /// New tokens in a row that the service did not take.
    pub(super) refusals: u32,
    /// When the next renewal may be tried, after one of those.
    pub(super) not_before: Option<Instant>,
}

pub(super) enum Phase<E: Environment> {
    /// Nothing has been read from the store yet.
    Unloaded,
    Live(Live<E>),
    Ended(SessionEnd),
}

pub(super) struct Live<E: Environment> {
    pub(super) timed: TimedTokens<E>,
    pub(super) version: TokenVersion,
    /// The age at which it is renewed.
    pub(super) renew_after: Duration,
    /// The service answered it with 401.
    pub(super) rejected: bool,
    /// The service has answered it with something else.
    pub(super) accepted: bool,
    /// It came from a renewal here, not from the store.
    pub(super) renewed_here: bool,
    /// Why it will be the last one.
    pub(super) last: Option<SessionEnd>,
}

impl<E: Environment> Live<E> {
    pub(super) fn is_valid(&self, now: Now) -> bool {
        !self.rejected && self.timed.is_alive(now)
    }

    /// Whether it was just renewed: then it is used even if it says that its life is over already, so
    /// that nobody renews in circles.
    pub(super) fn is_new(&self) -> bool {
        !self.rejected && self.renewed_here
    }

    pub(super) fn sent(&self) -> (HeaderValue, TokenVersion) {
        (self.timed.header.clone(), self.version)
    }
}

#[derive(Clone)]
pub(super) struct InFlight<E: Environment> {
    pub(super) number: u64,
    /// Whether the authorisation server is asked as often as the policy allows.
    pub(super) urgent: bool,
    pub(super) future: Shared<BoxFuture<'static, Arc<Outcome<E>>>>,
}

impl<E: Environment> State<E> {
    /// The present token, unless it has to be renewed or is being renewed (A51).
    pub(super) fn ready(&mut self, now: Now, renewal: &Renewal<E>) -> Option<(HeaderValue, TokenVersion)> {
        let Phase::Live(live) = &mut self.phase else { return None };
        live.timed.age.close_stretch(now);
        let paused = self.not_before.is_some_and(|not_before| now.monotonic < not_before);
        let waiting = live.last.is_some() || paused;
        let due = live.timed.age.at(now) >= live.renew_after && !waiting;
        let idle = self.in_flight.is_none() && lock(&renewal.unsaved).is_none();
        (idle && live.is_valid(now) && !due).then(|| live.sent())
    }

    /// The renewal under way, or a new one.
    pub(super) fn join_or_begin(&mut self, renewal: &Arc<Renewal<E>>) -> Result<InFlight<E>, TokenError> {
        if let Some(in_flight) = &self.in_flight {
            return Ok(in_flight.clone());
        }
        if let Phase::Live(Live { last: Some(end), .. }) = &self.phase {
            self.phase = Phase::Ended(end.clone());
        }
        let unsaved = lock(&renewal.unsaved).clone();
        let task = match (unsaved, &self.phase) {
            (Some(timed), _) => Task::Save(timed),
            (None, Phase::Unloaded) => Task::Load,
            (None, Phase::Live(live)) => Task::Renew {
                tokens: live.timed.tokens.clone(),
                urgent: !live.is_valid(Now::read()),
                not_before: self.not_before.filter(|_| live.rejected),
            },
            (None, Phase::Ended(end)) => return Err(TokenError::Ended(end.clone())),
        };
        let urgent = !matches!(task, Task::Renew { urgent: false, .. });
        self.begun += 1;
        let future: BoxFuture<'static, _> = Box::pin(Arc::clone(renewal).run(task).map(Arc::new));
        let in_flight = InFlight { number: self.begun, urgent, future: future.shared() };
        self.in_flight = Some(in_flight.clone());
        Ok(in_flight)
    }

    /// Takes over what a renewal brought.
    pub(super) fn apply(&mut self, outcome: &Outcome<E>, renewal: &Renewal<E>) {
        let (now, policy) = (Now::read(), &renewal.policy);
        match outcome {
            Outcome::Stored { timed, renewed_here } => {
                self.failures = 0;
                self.not_before = None;
                self.phase = Phase::Live(Live {
                    timed: timed.clone(),
                    version: TokenVersion(self.begun),
                    renew_after: timed.lifetime - policy.lead(timed.lifetime),
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
                    // A renewal that has to wait first would make all calls wait, and none needs it yet.
                    let wait = policy.pause(self.failures).max(renewal.settles_in(&live.timed.tokens));
                    self.not_before = now.monotonic.checked_add(wait);
                }
            }
            Outcome::Ended(end) => match &mut self.phase {
                // Good until it expires; then the phase ends too.
                Phase::Live(live) => live.last = Some(end.clone()),
                phase => *phase = Phase::Ended(end.clone()),
            },
        }
    }
}
