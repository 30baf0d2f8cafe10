//! When a call is sent again, and after which wait.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// When, and how often, a call is sent again.
///
/// What may be sent again is not a setting. [`Operation::may_retry_status`](crate::Operation::may_retry_status) and
/// [`Operation::may_retry_failure`](crate::Operation::may_retry_failure) decide that by the operation's
/// [`Safety`](crate::Safety): an operation that is neither safe nor idempotent is sent again only if nothing was
/// sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    first_wait: Duration,
    longest_wait: Duration,
    longest_pause: Duration,
    total_timeout: Duration,
}

/// Up to four attempts within three minutes. The waits between them are random, of up to half a second at first
/// and twice as much each time, but no longer than 20 seconds. A service may ask for a pause of up to a minute.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            longest_pause: Duration::from_secs(60),
            total_timeout: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// One attempt for each call.
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The same with up to this many attempts for each call. 0 is read as 1.
    #[must_use]
    pub fn with_max_attempts(self, max_attempts: u32) -> Self {
        Self { max_attempts: max_attempts.max(1), ..self }
    }

    /// The same with waits of random length: up to `first` before the second attempt, and up to twice as long before
    /// each further one, but never longer than `longest`.
    #[must_use]
    pub fn with_waits(self, first: Duration, longest: Duration) -> Self {
        Self { first_wait: first, longest_wait: longest, ..self }
    }

    /// The same with another limit for the pause that a service asks for by `Retry-After`. If it asks for a longer
    /// one, the call fails, and [`Error::retry_after`](crate::Error::retry_after) has the pause.
    #[must_use]
    pub fn with_longest_pause(self, longest: Duration) -> Self {
        Self { longest_pause: longest, ..self }
    }

    /// The same with another limit of time for a call with all of its attempts and waits.
    #[must_use]
    pub fn with_total_timeout(self, total: Duration) -> Self {
        Self { total_timeout: total, ..self }
    }

    pub(super) fn total_timeout(&self) -> Duration {
        self.total_timeout
    }

    pub(super) fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// The wait after this many attempts, if there may be another: what the service asks for, or a random time.
    pub(super) fn wait(&self, attempts: u32, asked: Option<Duration>) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let Some(asked) = asked else {
            let doubled =
                2_u32.checked_pow(attempts - 1).and_then(|times| self.first_wait.checked_mul(times));
            return Some(up_to(doubled.unwrap_or(self.longest_wait).min(self.longest_wait)));
        };
        // Not all clients that wait for the same moment should send at that moment.
        (asked <= self.longest_pause).then(|| asked.saturating_add(up_to(self.first_wait)))
    }
}

/// A random time of up to `longest`. Without random numbers it is `longest`.
fn up_to(longest: Duration) -> Duration {
    let random = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    // The longest duration does not survive the way through a float.
    Duration::try_from_secs_f64(longest.as_secs_f64() * random).unwrap_or(longest)
}

/// What retries may cost, shared by all clones of a client, so that a service that is down is not sent
/// a multiple of the usual requests: each retry costs [`COST`](Self::COST), and each success pays 1.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    const FULL: u32 = 100;
    const COST: u32 = 5;

    pub(super) fn new() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }

    /// Takes the cost of a retry, if there is enough left.
    pub(super) fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::COST)).is_ok()
    }

    pub(super) fn earn(&self) {
        let more = |left: u32| (left < Self::FULL).then_some(left + 1);
        // An error means that the budget is full.
        let _full = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_no_further() {
        let policy = RetryPolicy::default()
            .with_max_attempts(u32::MAX)
            .with_waits(Duration::from_secs(1), Duration::from_secs(20));
        for (attempts, longest) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 20), (40, 20), (u32::MAX - 1, 20)] {
            let waits: Vec<_> = (0..200).map(|_| policy.wait(attempts, None).unwrap()).collect();
            let longest = Duration::from_secs(longest);
            let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(
                *high <= longest && *high > longest / 2 && *low < longest / 2,
                "{attempts}: {low:?} {high:?}"
            );
        }
        assert_eq!(policy.wait(u32::MAX, None), None);
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_or_too_long() {
        let policy = RetryPolicy::default();
        for seconds in [0, 1, 60] {
            let asked = Duration::from_secs(seconds);
            let wait = policy.wait(1, Some(asked)).unwrap();
            assert!(asked <= wait && wait <= asked + Duration::from_millis(500), "{wait:?}");
        }
        assert_eq!(policy.wait(1, Some(Duration::from_secs(61))), None);
        assert_eq!(policy.wait(1, Some(Duration::MAX)), None);
        assert_eq!(policy.wait(4, Some(Duration::ZERO)), None);
        assert_eq!(RetryPolicy::never().wait(1, None), None);
        let patient = policy.with_longest_pause(Duration::MAX).with_waits(Duration::MAX, Duration::MAX);
        assert_eq!(patient.wait(1, Some(Duration::MAX)), Some(Duration::MAX));
        assert!(patient.wait(1, None).is_some());
    }

    #[test]
    fn a_budget_is_spent_by_retries_and_filled_by_successes() {
        let budget = Budget::new();
        assert_eq!((0..).take_while(|_| budget.spend()).count(), 20);
        (0..4).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..).take_while(|_| budget.spend()).count(), 20);
    }
}
