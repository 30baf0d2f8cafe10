//! Which deliveries have arrived.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    future::ready,
    sync::{Mutex, PoisonError},
};

use crate::{
    BoxFuture,
    chrono::{DateTime, Utc},
};

/// Remembers which deliveries have arrived, so that a repetition is recognised.
///
/// Only deliveries whose signature matched are remembered. Where several machines receive deliveries, implement it with
/// what they share: a table with the id as its key, and one statement that inserts the id or moves its time.
pub trait ReplayMemory: Send + Sync {
    /// Remembers an id, and returns whether it is new: whether it is not remembered at the time `now`.
    ///
    /// It has to be remembered up to and including `until`, and for longer if it already was: a repetition is sent later
    /// and can itself be sent again for as long as its own time is within the window. Two calls at once with the same
    /// id must not both return true.
    ///
    /// # Errors
    /// When the memory cannot be reached. The delivery is then refused, and you should let Pleo repeat it.
    fn remember<'a>(
        &'a self,
        id: &'a str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<bool, Box<dyn StdError + Send + Sync>>>;

    /// Forgets an id.
    ///
    /// # Errors
    /// When the memory cannot be reached.
    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>;
}

/// The deliveries that have arrived in this process. An id is kept for as long as its delivery is within the window.
#[derive(Default)]
pub struct RecentDeliveries {
    until: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl RecentDeliveries {
    fn is_new(&self, id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, until| *until >= now);
        match known.get_mut(id) {
            Some(known) => {
                *known = until.max(*known);
                false
            }
            None => known.insert(id.to_owned(), until).is_none(),
        }
    }
}

impl ReplayMemory for RecentDeliveries {
    fn remember<'a>(
        &'a self,
        id: &'a str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<bool, Box<dyn StdError + Send + Sync>>> {
        Box::pin(ready(Ok(self.is_new(id, now, until))))
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for RecentDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentDeliveries").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_what_is_within_the_window() {
        let memory = RecentDeliveries::default();
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        for second in 0..10_000 {
            assert!(memory.is_new(&format!("msg_{second}"), at(second), at(second + 300)));
            let kept = memory.until.lock().unwrap().len();
            assert!(kept <= 301, "{kept} at {second}");
        }
    }

    #[test]
    fn a_repetition_is_remembered_for_as_long_as_it_could_be_sent_again() {
        let memory = RecentDeliveries::default();
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        assert!(memory.is_new("msg_1", at(0), at(300)));
        assert!(!memory.is_new("msg_1", at(300), at(600)), "the end of the window is within it");
        assert!(!memory.is_new("msg_1", at(600), at(600)));
        assert!(memory.is_new("msg_1", at(601), at(901)));
    }
}
