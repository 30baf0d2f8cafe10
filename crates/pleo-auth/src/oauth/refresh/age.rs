//! How old a token is, by two clocks.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// What both clocks show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Now {
    pub(super) fn read() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }
}

/// How long ago something was, counted by the clock that says more.
///
/// The monotonic clock stands still on many systems while the machine sleeps; the wall clock may be set in
/// either direction. Each stretch of time counts by whichever clock went further in it, so a sleep and a
/// clock that was set back are both noticed, also one after the other. A clock that is set forward makes
/// the token older than it is, which costs one renewal.
#[derive(Debug, Clone)]
pub(super) struct Age {
    passed: Duration,
    since: Now,
}

impl Age {
    /// Shorter stretches are not closed, so that the difference of two readings does not add up.
    const STRETCH: Duration = Duration::from_secs(1);

    pub(super) fn from(since: Now) -> Self {
        Self { passed: Duration::ZERO, since }
    }

    /// The age at this time.
    pub(super) fn at(&self, now: Now) -> Duration {
        self.passed.saturating_add(self.stretch(now))
    }

    /// Closes a stretch of time: what is counted until now stays, wherever a clock goes afterwards.
    pub(super) fn close_stretch(&mut self, now: Now) {
        let stretch = self.stretch(now);
        let set_back = now.wall < self.since.wall;
        if stretch >= Self::STRETCH || set_back {
            *self = Self { passed: self.passed.saturating_add(stretch), since: now };
        }
    }

    fn stretch(&self, now: Now) -> Duration {
        let monotonic = now.monotonic.saturating_duration_since(self.since.monotonic);
        let wall = now.wall.duration_since(self.since.wall).unwrap_or_default();
        monotonic.max(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_of_time_counts_by_the_clock_that_went_further() {
        const HOUR: i64 = 3600;
        let start = Now::read();
        for (what, steps, expected) in [
            ("both clocks go", vec![(HOUR, HOUR)], HOUR),
            ("the machine sleeps", vec![(0, HOUR)], HOUR),
            ("the machine sleeps in between", vec![(60, 60), (0, HOUR), (60, 60)], HOUR + 120),
            ("the clock is set back", vec![(HOUR, -5 * HOUR)], HOUR),
            ("the clock is set forward", vec![(60, 5 * HOUR)], 5 * HOUR),
            ("the clock is set back, then the machine sleeps", vec![(1, -5 * HOUR), (0, HOUR)], HOUR + 1),
            ("it sleeps, then the clock is set back", vec![(0, HOUR), (1, -5 * HOUR)], HOUR + 1),
            ("set back at once, then it sleeps", vec![(0, -5 * HOUR), (0, HOUR)], HOUR),
            ("no time", vec![(0, 0)], 0),
        ] {
            let mut age = Age::from(start);
            let mut now = start;
            for (monotonic, wall) in steps {
                now.monotonic += Duration::from_secs(monotonic.unsigned_abs());
                let change = Duration::from_secs(wall.unsigned_abs());
                now.wall = if wall < 0 { now.wall - change } else { now.wall + change };
                age.close_stretch(now);
            }
            assert_eq!(age.at(now), Duration::from_secs(expected.unsigned_abs()), "{what}");
        }
    }

    #[test]
    fn a_million_looks_do_not_make_a_token_older() {
        let start = Now::read();
        let mut age = Age::from(start);
        let mut now = start;
        for look in 0..1_000_000_u64 {
            // The clocks are read one after the other, so they never agree to the nanosecond.
            now.monotonic = start.monotonic + Duration::from_nanos(look * 1000);
            now.wall = start.wall + Duration::from_nanos(look * 1000 + look % 7 * 100);
            age.close_stretch(now);
        }
        assert!(age.at(now) < Duration::from_millis(1001), "{:?}", age.at(now));
    }
}
