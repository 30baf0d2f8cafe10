//! The sandbox's time.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// 1 January 2026, where a clock that stands still begins.
const START: i64 = 1_767_225_600;
/// The last day that RFC 3339 can write; a clock goes no further.
const END: i64 = 253_402_214_400;

/// A clock that moves only when it is told to, or one that runs and can be moved ahead.
#[derive(Debug)]
pub(crate) enum Clock {
    Still(DateTime<Utc>),
    Running { ahead: TimeDelta },
}

impl Clock {
    pub(crate) fn still() -> Self {
        Self::Still(at(START))
    }

    pub(crate) fn running() -> Self {
        Self::Running { ahead: TimeDelta::zero() }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Still(now) => *now,
            Self::Running { ahead } => later(SystemTime::now().into(), *ahead),
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        match self {
            Self::Still(now) => *now = later(*now, by),
            Self::Running { ahead } => *ahead = ahead.checked_add(&by).unwrap_or(TimeDelta::MAX),
        }
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// A time after another one, within the calendar.
pub(crate) fn later(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC).min(at(END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_still_clock_moves_only_when_told_to() {
        let mut clock = Clock::still();
        assert_eq!(clock.now().to_rfc3339(), "2026-01-01T00:00:00+00:00");
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(61));
        assert_eq!(clock.now().to_rfc3339(), "2026-01-01T00:01:01+00:00");
    }

    #[test]
    fn a_running_clock_can_be_moved_ahead() {
        let mut clock = Clock::running();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() - before >= TimeDelta::hours(1));
    }

    #[test]
    fn no_clock_leaves_the_calendar() {
        for mut clock in [Clock::still(), Clock::running()] {
            clock.advance(Duration::MAX);
            clock.advance(Duration::MAX);
            assert_eq!(clock.now().to_rfc3339(), "9999-12-31T00:00:00+00:00");
        }
    }
}
