//! Months and ranges of time.

use std::{fmt, str::FromStr, time::SystemTime};

use crate::{
    chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc},
    text::as_text,
};

/// The longest that a clock was ever set forward, with room: Samoa left out a whole day in 2011.
const LONGEST_GAP_SECONDS: i64 = 26 * 3600;

/// A month of the calendar, such as `2026-10`.
///
/// ```
/// use pleo::{Month, chrono::{NaiveDate, Utc}};
///
/// let today = NaiveDate::from_ymd_opt(2026, 11, 3).ok_or("no such day")?;
/// let last_month = Month::of(today).previous();
/// assert_eq!(last_month, "2026-10".parse()?);
/// assert_eq!(last_month.in_zone(&Utc)?.to_string(), "2026-10-01T00:00:00+00:00/2026-11-01T00:00:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: NaiveDate,
}

as_text!(Month);

impl Month {
    /// A month of a year from 1 to 9999.
    ///
    /// # Errors
    /// [`PeriodError::NotAMonth`] if the year or the month is out of range.
    pub fn new(year: i32, month: u32) -> Result<Self, PeriodError> {
        let first = NaiveDate::from_ymd_opt(year, month, 1).filter(|_| (1..=9999).contains(&year));
        Ok(Self { first: first.ok_or(PeriodError::NotAMonth)? })
    }

    /// The month that a day is in.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// The present month in a zone, by the clock of this machine.
    pub fn current<Z: TimeZone>(zone: &Z) -> Self {
        Self::of(DateTime::<Utc>::from(SystemTime::now()).with_timezone(zone).date_naive())
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.first.pred_opt().map_or(self, Self::of)
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        self.last_day().succ_opt().map_or(self, Self::of)
    }

    /// The first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The last day.
    pub fn last_day(self) -> NaiveDate {
        self.first.with_day(self.first.num_days_in_month().into()).unwrap_or(self.first)
    }

    /// From the first instant of the month in a zone up to the first instant of the next month: see
    /// [`TimeRange::days`].
    ///
    /// # Errors
    /// Those of [`TimeRange::days`]; none for today's zones.
    pub fn in_zone<Z: TimeZone>(self, zone: &Z) -> Result<TimeRange, PeriodError> {
        TimeRange::days(self.first_day(), self.last_day(), zone)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.first.year(), self.first.month()))
    }
}

impl FromStr for Month {
    type Err = PeriodError;

    /// Reads four digits of the year, a hyphen and two digits of the month.
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let is_plain =
            |text: &str, length| text.len() == length && text.bytes().all(|it| it.is_ascii_digit());
        match text.split_once('-') {
            Some((year, month)) if is_plain(year, 4) && is_plain(month, 2) => {
                let number = |_| PeriodError::NotAMonth;
                Self::new(year.parse().map_err(number)?, month.parse().map_err(number)?)
            }
            _ => Err(PeriodError::NotAMonth),
        }
    }
}

/// A range of time from its start, which belongs to it, up to its end, which does not.
///
/// So ranges that follow each other share no instant and leave none out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    start: DateTime<FixedOffset>,
    end: DateTime<FixedOffset>,
}

impl TimeRange {
    /// The range from one instant up to another.
    ///
    /// # Errors
    /// [`PeriodError::Empty`] if the end is not after the start.
    pub fn new<S: TimeZone, E: TimeZone>(start: DateTime<S>, end: DateTime<E>) -> Result<Self, PeriodError> {
        let (start, end) = (start.fixed_offset(), end.fixed_offset());
        if start < end { Ok(Self { start, end }) } else { Err(PeriodError::Empty) }
    }

    /// The days from the first to the last, both included, as they are in a zone: `Utc`, a `FixedOffset`, or with
    /// the feature `time-zones` one of `pleo::chrono_tz`.
    ///
    /// A day begins when the zone's clocks first show it. Where they are set back over midnight, so that it comes
    /// twice, that is the first time. Where they are set forward over it, it is the first instant after the gap.
    ///
    /// # Errors
    /// [`PeriodError::Empty`] if the last day is before the first, or the zone left out all of these days;
    /// [`PeriodError::NoSuchDay`] at the ends of the calendar.
    pub fn days<Z: TimeZone>(first: NaiveDate, last: NaiveDate, zone: &Z) -> Result<Self, PeriodError> {
        let after = last.succ_opt().ok_or(PeriodError::NoSuchDay { day: last })?;
        Self::new(start_of_day(first, zone)?, start_of_day(after, zone)?)
    }

    /// The first instant that belongs to the range.
    pub fn start(&self) -> DateTime<FixedOffset> {
        self.start
    }

    /// The first instant after the range.
    pub fn end(&self) -> DateTime<FixedOffset> {
        self.end
    }

    /// Whether an instant belongs to the range.
    pub fn contains<Z: TimeZone>(&self, instant: &DateTime<Z>) -> bool {
        self.start <= *instant && self.end > *instant
    }
}

/// The form of ISO 8601, section 5.5: start and end with a slash between them.
impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start.to_rfc3339(), self.end.to_rfc3339())
    }
}

impl fmt::Debug for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeRange({self})")
    }
}

/// When the clocks of a zone first show a day.
fn start_of_day<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Result<DateTime<FixedOffset>, PeriodError> {
    let at = |second: i64| {
        let local = day.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::seconds(second))?;
        zone.from_local_datetime(&local).earliest()
    };
    // A gap is left out as a whole, so the first second after it is found by halving.
    let (mut missing, mut shown) = match at(0) {
        Some(_) => (-1, 0),
        None => (0, LONGEST_GAP_SECONDS),
    };
    while shown - missing > 1 {
        let middle = missing + (shown - missing) / 2;
        match at(middle) {
            Some(_) => shown = middle,
            None => missing = middle,
        }
    }
    at(shown).map(|start| start.fixed_offset()).ok_or(PeriodError::NoSuchDay { day })
}

/// Why something is not a month or a range of time.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// It is not a month.
    #[error("not a month such as 2026-10")]
    NotAMonth,
    /// The range ends before it starts, or when it does.
    #[error("the range of time has no instant in it; its end has to be after its start")]
    Empty,
    /// The day is at an end of the calendar.
    #[error("the day {day} has no beginning in this time zone")]
    NoSuchDay {
        /// The day.
        day: NaiveDate,
    },
}

crate::debug_by_chain!(PeriodError);
