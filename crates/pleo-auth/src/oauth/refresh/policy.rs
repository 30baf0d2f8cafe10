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
    /// How long the authorisation server has for one response, and the store for each of its methods, except for
    /// waiting for its lock: see [`longest_renewal`](Self::longest_renewal). Default: 30 seconds.
    pub timeout: Duration,
    /// How long after the refresh token was sent, and no response came, the authorisation server is asked what became
    /// of it: as long as the request may still be on its way. Default: 30 seconds.
    pub settle_after: Duration,
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

    /// The same with another [`settle_after`](Self::settle_after).
    #[must_use]
    pub const fn with_settle_after(self, settle_after: Duration) -> Self {
        Self { settle_after, ..self }
    }

    /// The longest pause between two attempts.
    pub const MAX_BACKOFF: Duration = Duration::from_secs(30);
    /// The assumed lifetime of a token whose response does not state one.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

    /// The longest time for which a renewal has the lock of its [`TokenStore`](crate::oauth::TokenStore), if everything takes
    /// as long as it may. Other processes wait so long for it. With the default settings, ten minutes.
    pub fn longest_renewal(&self) -> Duration {
        // For each attempt: introspection, the note, the request. And once: loading, reading the note, and either saving,
        // or removing the note, or loading and clearing.
        let steps = self.attempts.saturating_mul(3).saturating_add(4);
        let pause = self.longest_pause(self.attempts).saturating_add(self.settle_after);
        self.timeout.saturating_mul(steps).saturating_add(pause.saturating_mul(self.attempts))
    }

    /// The pause after this many failures.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        self.longest_pause(failures).mul_f64(between_half_and_one())
    }

    fn longest_pause(&self, failures: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failures.saturating_sub(1));
        self.backoff.saturating_mul(doubled).min(Self::MAX_BACKOFF)
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
            settle_after: Duration::from_secs(30),
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
    fn the_longest_renewal_has_room_for_all_attempts() {
        let policy = RefreshPolicy::default();
        assert_eq!(policy.longest_renewal(), Duration::from_secs(20 * 30 + 4 * 4));
        let once =
            policy.with_attempts(1).with_timeout(Duration::from_secs(1)).with_settle_after(Duration::ZERO);
        assert_eq!(once.longest_renewal(), Duration::from_millis(7_500));
        let unlimited = policy.with_attempts(u32::MAX).with_timeout(Duration::MAX);
        assert_eq!(unlimited.longest_renewal(), Duration::MAX);
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
