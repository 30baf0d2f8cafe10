//! Which deliveries have arrived.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    BoxFuture,
    chrono::{DateTime, Utc},
};

/// Remembers which deliveries have arrived and which are handled, so that a repetition is recognised.
///
/// Only deliveries whose signature matched are remembered. Where several machines receive deliveries, implement it with
/// what they share: a table with the id as its key, and one statement for each method.
pub trait ReplayMemory: Send + Sync {
    /// Notes that a delivery has arrived, and returns what was known of it.
    ///
    /// An unknown delivery, or one whose claim has ended, is claimed until [`claimed_until`](ArrivedDelivery::claimed_until):
    /// that is [`Arrival::New`]. The delivery has to be remembered up to and including
    /// [`until`](ArrivedDelivery::until), and for longer if it already was: a repetition is sent later
    /// and can itself be sent again for as long as its own time is within the window. Two calls at once with the same
    /// id must not both return `New`.
    ///
    /// # Errors
    /// When the memory cannot be reached. The delivery is then refused, and you should let Pleo repeat it.
    fn arrived<'a>(
        &'a self,
        delivery: ArrivedDelivery<'a>,
    ) -> BoxFuture<'a, Result<Arrival, Box<dyn StdError + Send + Sync>>>;

    /// Notes that a delivery is handled, so that no repetition of it is new.
    ///
    /// # Errors
    /// When the memory cannot be reached.
    fn handled<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>;

    /// Forgets a delivery, so that its repetition is new.
    ///
    /// # Errors
    /// When the memory cannot be reached.
    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>;
}

/// A delivery that has arrived, and for how long that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivedDelivery<'a> {
    /// Its id.
    pub id: &'a str,
    /// The time now.
    pub now: DateTime<Utc>,
    /// For how long nobody else handles it, if it is new.
    pub claimed_until: DateTime<Utc>,
    /// For how long it has to be remembered.
    pub until: DateTime<Utc>,
}

/// What was known of a delivery when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// Nothing, or that somebody began to handle it and did not end in time. It is ours to handle.
    New,
    /// Somebody is handling it.
    InProgress,
    /// It is handled.
    Handled,
}

/// The deliveries that have arrived in this process. An id is kept for as long as its delivery is within the window.
#[derive(Default)]
pub struct RecentDeliveries {
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    until: DateTime<Utc>,
    /// `None` once it is handled.
    claimed_until: Option<DateTime<Utc>>,
}

impl RecentDeliveries {
    fn arrival(&self, delivery: ArrivedDelivery<'_>) -> Arrival {
        let ArrivedDelivery { id, now, claimed_until, until } = delivery;
        let mut known = self.known();
        known.retain(|_, known| known.until >= now);
        let Some(former) = known.get_mut(id) else {
            known.insert(id.to_owned(), Known { until, claimed_until: Some(claimed_until) });
            return Arrival::New;
        };
        former.until = until.max(former.until);
        match former.claimed_until {
            None => Arrival::Handled,
            Some(claim) if claim >= now => Arrival::InProgress,
            Some(_) => {
                former.claimed_until = Some(claimed_until);
                Arrival::New
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayMemory for RecentDeliveries {
    fn arrived<'a>(
        &'a self,
        delivery: ArrivedDelivery<'a>,
    ) -> BoxFuture<'a, Result<Arrival, Box<dyn StdError + Send + Sync>>> {
        Box::pin(ready(Ok(self.arrival(delivery))))
    }

    fn handled<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>> {
        if let Some(known) = self.known().get_mut(id) {
            known.claimed_until = None;
        }
        Box::pin(ready(Ok(())))
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>> {
        self.known().remove(id);
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

    /// A delivery that is claimed for a minute.
    fn delivery(id: &str, now: i64, until: i64) -> ArrivedDelivery<'_> {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        ArrivedDelivery { id, now: at(now), claimed_until: at(now + 60), until: at(until) }
    }

    #[test]
    fn no_more_is_kept_than_what_is_within_the_window() {
        let memory = RecentDeliveries::default();
        for second in 0..10_000 {
            let id = format!("msg_{second}");
            assert_eq!(memory.arrival(delivery(&id, second, second + 300)), Arrival::New);
            let kept = memory.known().len();
            assert!(kept <= 301, "{kept} at {second}");
        }
    }

    #[tokio::test]
    async fn a_repetition_is_remembered_for_as_long_as_it_could_be_sent_again() {
        let memory = RecentDeliveries::default();
        assert_eq!(memory.arrival(delivery("msg_1", 0, 300)), Arrival::New);
        memory.handled("msg_1").await.unwrap();
        let late = memory.arrival(delivery("msg_1", 300, 600));
        assert_eq!(late, Arrival::Handled, "the end of the window is within it");
        assert_eq!(memory.arrival(delivery("msg_1", 600, 600)), Arrival::Handled);
        assert_eq!(memory.arrival(delivery("msg_1", 601, 901)), Arrival::New);
    }

    #[tokio::test]
    async fn who_does_not_end_in_time_loses_the_claim() {
        let memory = RecentDeliveries::default();
        for (now, arrival) in [
            (0, Arrival::New),
            (60, Arrival::InProgress),
            (61, Arrival::New),
            (121, Arrival::InProgress),
            (122, Arrival::New),
        ] {
            assert_eq!(memory.arrival(delivery("msg_1", now, 300)), arrival, "{now}");
        }
        memory.handled("msg_1").await.unwrap();
        assert_eq!(memory.arrival(delivery("msg_1", 300, 300)), Arrival::Handled);
        memory.forget("msg_1").await.unwrap();
        memory.handled("msg_1").await.unwrap();
        assert_eq!(memory.arrival(delivery("msg_1", 300, 300)), Arrival::New);
    }
}
