//! How fast requests are sent.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout_at};

/// How fast a client and its clones send requests.
///
/// Pleo allows 600 requests a minute and advises to stay at 500 (E20), so that is the default, with up to 51 of them
/// at once. For a minute after a 429, requests are sent half as fast and none at once.
///
/// ```
/// let half = pleo::Pace::per_minute(250).with_burst(10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Nothing for no limit.
    interval: Duration,
    burst: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self::per_minute(500)
    }
}

impl Pace {
    /// This many requests a minute, of which a tenth and one more may be sent at once. 0 is read as 1.
    pub const fn per_minute(requests: u32) -> Self {
        let requests = if requests == 0 { 1 } else { requests };
        Self { interval: Duration::from_nanos(60_000_000_000 / requests as u64), burst: requests / 10 + 1 }
    }

    /// No limit of our own. Pleo's own limit stays.
    pub const fn unlimited() -> Self {
        Self { interval: Duration::ZERO, burst: 1 }
    }

    /// The same, but with up to this many requests at once after a pause. In a minute there may be as many more.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst: if burst == 0 { 1 } else { burst }, ..self }
    }
}

/// How long requests are sent more slowly after a 429.
const SLOW_FOR: Duration = Duration::from_secs(60);

/// Keeps requests to a pace, by the generic cell rate algorithm (ITU-T I.371). Why not the crate `governor`:
/// `docs/decisions/0026-retries-and-pace-are-our-own.md`.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    state: Mutex<State>,
    /// Whose turn is next waits here, in the order of arrival. A call that is given up leaves the queue and takes no turn.
    queue: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// When the next request is due, if all are evenly spread.
    due: Instant,
    slow_until: Option<Instant>,
    /// The service has asked for no request before this.
    paused_until: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        let state = State { due: Instant::now(), slow_until: None, paused_until: None };
        Self { pace, state: Mutex::new(state), queue: tokio::sync::Mutex::default() }
    }

    /// Waits until a request may be sent. If that is after `latest`, it is an error as soon as it is known.
    pub(super) async fn turn(&self, latest: Instant) -> Result<(), TooLate> {
        let _first = timeout_at(latest, self.queue.lock()).await.map_err(|_| TooLate)?;
        // A pause may begin while this waits.
        while let Some(turn) = self.take() {
            if turn > latest {
                return Err(TooLate);
            }
            sleep_until(turn).await;
        }
        Ok(())
    }

    /// Takes a turn, if there is one now. Otherwise, when there may be one.
    fn take(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        let slow = state.slow_until.is_some_and(|until| now < until);
        let (interval, burst) =
            if slow { (self.pace.interval * 2, 1) } else { (self.pace.interval, self.pace.burst) };
        let due = state.due.max(now);
        let turn = due.checked_sub(interval * (burst - 1)).unwrap_or(now);
        let turn = turn.max(state.paused_until.unwrap_or(now));
        if turn > now {
            return Some(turn);
        }
        state.due = due + interval;
        None
    }

    /// The service has responded 429, and may have asked for a pause.
    pub(super) fn slow_down(&self, pause: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.state();
        state.slow_until = Some(now + SLOW_FOR);
        if let Some(until) = pause.and_then(|pause| now.checked_add(pause)) {
            state.paused_until = Some(state.paused_until.map_or(until, |former| former.max(until)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next turn is later than the call can wait.
#[derive(Debug)]
pub(super) struct TooLate;

#[cfg(test)]
mod tests {
    use super::*;

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    /// Sends as many requests as there is time for, each as early as it may be sent.
    async fn sent_within(pacer: &Pacer, time: Duration) -> usize {
        let end = Instant::now() + time;
        let mut sent = 0;
        while pacer.turn(end).await.is_ok() {
            sent += 1;
        }
        sleep_until(end).await;
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_has_as_many_requests_as_the_pace_and_one_burst_more() {
        let pacer = Pacer::new(Pace::default());
        let minute = Duration::from_secs(60);
        // The timer counts in milliseconds, and a wait ends after the full one.
        assert!((549..=551).contains(&sent_within(&pacer, minute).await));
        assert!((499..=501).contains(&sent_within(&pacer, minute).await));
        // After a pause there is one burst again, and no more.
        tokio::time::sleep(minute * 10).await;
        assert!((549..=551).contains(&sent_within(&pacer, minute).await));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_429_requests_are_half_as_fast_for_a_minute() {
        let pacer = Pacer::new(Pace::default());
        pacer.slow_down(None);
        assert_eq!(sent_within(&pacer, Duration::from_secs(48)).await, 201);
        tokio::time::sleep(SLOW_FOR).await;
        assert!((549..=551).contains(&sent_within(&pacer, Duration::from_secs(60)).await));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_sends_before_the_time_that_the_service_asked_for() {
        let pacer = Pacer::new(Pace::unlimited());
        pacer.slow_down(Some(Duration::from_secs(7)));
        pacer.slow_down(Some(Duration::from_secs(3)));
        assert!(pacer.turn(later(6)).await.is_err());
        let end = later(7);
        pacer.turn(later(60)).await.unwrap();
        assert!(end <= Instant::now() && Instant::now() < end + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_calls_that_wait_already() {
        let pacer = std::sync::Arc::new(Pacer::new(Pace::per_minute(600).with_burst(1)));
        let begin = Instant::now();
        let waiting: Vec<_> = (0..200)
            .map(|_| {
                let pacer = std::sync::Arc::clone(&pacer);
                tokio::spawn(async move {
                    pacer.turn(later(600)).await.unwrap();
                    Instant::now() - begin
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(250)).await;
        pacer.slow_down(Some(Duration::from_secs(30)));
        let mut before_the_pause = 0;
        for turn in waiting {
            let turn = turn.await.unwrap();
            before_the_pause += usize::from(turn < Duration::from_millis(250));
            assert!(turn < Duration::from_millis(250) || turn >= Duration::from_secs(30), "{turn:?}");
        }
        assert_eq!(before_the_pause, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_takes_no_turn() {
        let pacer = Pacer::new(Pace::per_minute(60).with_burst(1));
        pacer.turn(later(0)).await.unwrap();
        for _ in 0..100 {
            assert!(pacer.turn(later(0)).await.is_err());
            let given_up = tokio::time::timeout(Duration::from_millis(1), pacer.turn(later(60))).await;
            assert!(given_up.is_err());
        }
        let begin = Instant::now();
        pacer.turn(later(60)).await.unwrap();
        assert!(begin.elapsed() <= Duration::from_millis(1001), "{:?}", begin.elapsed());
    }
}
