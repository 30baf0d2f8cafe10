//! How many requests a credential may make.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::answer::Refusal;

/// Requests a minute of each credential (E20).
pub(crate) const DEFAULT: u32 = 600;

/// The most credentials whose requests are counted at once. Beyond that, those that have made none for a minute go.
const MOST_COUNTED: usize = 10_000;

/// Counts the requests of each credential within the last minute.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) limit: Option<u32>,
    accepted: HashMap<String, VecDeque<DateTime<Utc>>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { limit: Some(DEFAULT), accepted: HashMap::new() }
    }
}

impl Limits {
    /// Counts a request, or says how long to wait. A refused request is not counted.
    pub(crate) fn count(&mut self, secret: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let Some(limit) = self.limit else { return Ok(()) };
        let minute = TimeDelta::minutes(1);
        if self.accepted.len() >= MOST_COUNTED && !self.accepted.contains_key(secret) {
            self.accepted.retain(|_, accepted| accepted.back().is_some_and(|last| now - *last < minute));
        }
        let accepted = self.accepted.entry(secret.to_owned()).or_default();
        while accepted.front().is_some_and(|first| now - *first >= minute) {
            accepted.pop_front();
        }
        if accepted.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            accepted.push_back(now);
            return Ok(());
        }
        let left = accepted.front().map_or(minute, |first| minute - (now - *first));
        // Up to the next whole second, or the client comes back too early.
        let seconds = u32::try_from((left.num_milliseconds() + 999) / 1000).unwrap_or(60);
        Err(Refusal::too_many_requests(seconds.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;

    fn wait(refusal: Refusal) -> String {
        let response: Response<Bytes> = refusal.into();
        assert_eq!(response.status(), 429);
        response.headers()["retry-after"].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_minute_slides() {
        let mut limits = Limits { limit: Some(2), ..Limits::default() };
        let at = |milliseconds: i64| DateTime::from_timestamp_millis(1_000_000 + milliseconds).unwrap();
        limits.count("a", at(0)).unwrap();
        limits.count("a", at(30_000)).unwrap();
        assert_eq!(wait(limits.count("a", at(30_000)).unwrap_err()), "30");
        assert_eq!(wait(limits.count("a", at(59_999)).unwrap_err()), "1");
        limits.count("b", at(59_999)).unwrap();
        limits.count("a", at(60_000)).unwrap();
        assert_eq!(wait(limits.count("a", at(60_000)).unwrap_err()), "30");
        limits.count("a", at(90_000)).unwrap();
    }

    #[test]
    fn credentials_that_are_no_longer_used_are_forgotten() {
        let mut limits = Limits::default();
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        limits.count("in use", at(30)).unwrap();
        for number in 1..MOST_COUNTED {
            limits.count(&number.to_string(), at(0)).unwrap();
        }
        limits.count("another", at(60)).unwrap();
        let mut counted: Vec<_> = limits.accepted.keys().collect();
        counted.sort();
        assert_eq!(counted, ["another", "in use"]);
    }

    #[test]
    fn none_at_all_may_be_allowed_and_all() {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let mut limits = Limits { limit: Some(0), ..Limits::default() };
        assert_eq!(wait(limits.count("a", now).unwrap_err()), "60");
        limits.limit = None;
        for _ in 0..1000 {
            limits.count("a", now).unwrap();
        }
    }
}
