//! When and how often tokens are renewed.

use std::time::Duration;

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
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.backoff.saturating_mul(doubled).min(Self::MAX_BACKOFF);
        longest.mul_f64(between_half_and_one())
    }

    /// How long before its end a token of this lifetime is renewed.
    pub(super) fn lead(&self, lifetime: Duration) -> Duration {
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
