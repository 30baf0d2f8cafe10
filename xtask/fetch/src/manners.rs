//! How a site is treated: how often it is asked, and how long one waits.

use std::time::{Duration, Instant, SystemTime};

/// How often and how long a site may be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Manners {
    /// Requests that may be in flight at once.
    pub at_once: usize,
    /// Requests a second; 0 lifts the limit.
    pub per_second: u32,
    /// How often one page is asked for before it counts as failed, the first time included.
    pub attempts: u32,
    /// The longest wait before the second attempt. It doubles with each one, up to [`Self::longest_wait`].
    pub backoff: Duration,
    /// The longest wait before an attempt, also where `Retry-After` asks for more.
    pub longest_wait: Duration,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long all of it may take.
    pub total: Duration,
    /// The size that a page may have, before and after decompression, in bytes.
    pub page_bytes: u64,
    /// How many pages and documents an index may lead to.
    pub most_pages: usize,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            at_once: 4,
            per_second: 5,
            attempts: 4,
            backoff: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            timeout: Duration::from_secs(30),
            total: Duration::from_secs(15 * 60),
            page_bytes: 4 * 1024 * 1024,
            most_pages: 5_000,
        }
    }
}

/// The wait that a `Retry-After` asks for: seconds, or until a date.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let until = httpdate::parse_http_date(value.trim()).ok()?;
            Some(until.duration_since(now).unwrap_or_default())
        }
    }
}

/// Full jitter: anything up to a bound that doubles with each attempt. `random` lies in 0 to 1.
pub(crate) fn backoff(manners: &Manners, attempt: u32, random: f64) -> Duration {
    let bound = manners.backoff.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    bound.min(manners.longest_wait).mul_f64(random.clamp(0.0, 1.0))
}

/// Lets requests go at even distances.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    next: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(per_second: u32) -> Self {
        let every = if per_second == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_second };
        Self { every, next: None }
    }

    /// How long the next request has to wait.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.every);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_at_even_distances_and_time_not_used_is_not_saved_up() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(5);
        let waits = [0, 0, 0, 500, 5000, 5000].map(|ms| pace.take(after(ms)).as_millis());
        assert_eq!(waits, [0, 200, 400, 100, 0, 200]);
        let mut lifted = Pace::new(0);
        assert_eq!([0, 0, 0].map(|ms| lifted.take(after(ms)).as_millis()), [0, 0, 0]);
    }

    #[test]
    fn waits_double_with_full_jitter_and_are_bounded() {
        let manners = Manners::default();
        let bounds: Vec<_> = (1..=8).map(|attempt| backoff(&manners, attempt, 1.0).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(&manners, 3, 0.0), Duration::ZERO);
        assert_eq!(backoff(&manners, 3, 0.25), Duration::from_secs(1));
        assert_eq!(backoff(&manners, u32::MAX, 1.0), Duration::from_secs(60));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Fri, 21 Nov 2025 10:00:00 GMT").unwrap();
        let seconds = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Fri, 21 Nov 2025 10:00:30 GMT"), Some(30));
        assert_eq!(seconds("Fri, 21 Nov 2025 09:00:00 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
    }
}
