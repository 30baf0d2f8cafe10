//! Times on the wire.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, SecondsFormat, Timelike as _};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A time as JSON has it: what chrono's own implementations read and write, without the formatting
/// machinery in between, which takes a third of the time that most bodies take.
pub(crate) struct Time(pub(crate) DateTime<FixedOffset>);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_rfc3339(&self.0, |text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date with time and offset")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                // What is not written quite as RFC 3339 wants it is read the slower way.
                let time = DateTime::parse_from_rfc3339(text).or_else(|_| text.parse());
                time.map(Time).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Hands the time to `take` as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) writes it, with three,
/// six, nine or no digits of a second's fraction, and `Z` for UTC.
pub(crate) fn with_rfc3339<R>(time: &DateTime<FixedOffset>, take: impl FnOnce(&str) -> R) -> R {
    let (local, offset) = (time.naive_local(), time.offset().local_minus_utc());
    let (year, nanosecond) = (local.year(), local.nanosecond());
    let usual = (0..=9999).contains(&year) && nanosecond < 1_000_000_000 && offset % 60 == 0;
    if !usual {
        return take(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
    let mut text = *b"0000-00-00T00:00:00.000000000+00:00";
    digits(&mut text[..4], year.unsigned_abs());
    digits(&mut text[5..7], local.month());
    digits(&mut text[8..10], local.day());
    digits(&mut text[11..13], local.hour());
    digits(&mut text[14..16], local.minute());
    digits(&mut text[17..19], local.second());
    digits(&mut text[20..29], nanosecond);
    let mut end = match nanosecond {
        0 => 19,
        _ if nanosecond % 1_000_000 == 0 => 23,
        _ if nanosecond % 1_000 == 0 => 26,
        _ => 29,
    };
    if offset == 0 {
        text[end] = b'Z';
        end += 1;
    } else {
        let minutes = offset.unsigned_abs() / 60;
        text[end] = if offset < 0 { b'-' } else { b'+' };
        digits(&mut text[end + 1..end + 3], minutes / 60);
        text[end + 3] = b':';
        digits(&mut text[end + 4..end + 6], minutes % 60);
        end += 6;
    }
    // All of it is ASCII.
    take(std::str::from_utf8(&text[..end]).unwrap_or_default())
}

/// Fills the places with the last digits of a number.
fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A date, or a date with time and offset.
///
/// Pleo declares some fields, such as an invoice's due date, as `date-time` and in the same breath
/// with the pattern of a plain date. Either is read, and written back as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateOrDateTime {
    /// A day of the calendar, without time zone.
    Date(NaiveDate),
    /// A point in time with its offset (RFC 3339).
    DateTime(DateTime<FixedOffset>),
}

impl DateOrDateTime {
    /// The day of the calendar, in the offset in which it came.
    pub fn date(&self) -> NaiveDate {
        match self {
            Self::Date(date) => *date,
            Self::DateTime(time) => time.date_naive(),
        }
    }
}

impl fmt::Display for DateOrDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => date.fmt(f),
            Self::DateTime(time) => with_rfc3339(time, |text| f.write_str(text)),
        }
    }
}

impl FromStr for DateOrDateTime {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(date) => Ok(Self::Date(date)),
            Err(_) => DateTime::parse_from_rfc3339(text).map(Self::DateTime),
        }
    }
}

impl From<NaiveDate> for DateOrDateTime {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<DateTime<FixedOffset>> for DateOrDateTime {
    fn from(time: DateTime<FixedOffset>) -> Self {
        Self::DateTime(time)
    }
}

impl Serialize for DateOrDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateOrDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("neither a date nor a date with time and offset"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::request::tests::runner;

    /// Any time that chrono takes, mostly of our centuries, whole seconds and usual offsets among them.
    fn times() -> impl Strategy<Value = DateTime<FixedOffset>> {
        let seconds = prop_oneof![-2_000_000_000..8_000_000_000_i64, -90_000_000_000..400_000_000_000_i64];
        let nanoseconds = prop_oneof![
            Just(0),
            (0..1_000_u32).prop_map(|millis| millis * 1_000_000),
            (0..1_000_000_u32).prop_map(|micros| micros * 1_000),
            0..2_000_000_000_u32,
        ];
        let offsets = prop_oneof![Just(0), (-95..=95).prop_map(|quarters| quarters * 900), -86_399..86_400];
        (seconds, nanoseconds, offsets).prop_filter_map("no such time", |(second, nanosecond, offset)| {
            let offset = FixedOffset::east_opt(offset)?;
            offset.timestamp_opt(second, nanosecond).single()
        })
    }

    fn written_and_read_as_chrono_does(time: DateTime<FixedOffset>) {
        let written = serde_json::to_string(&Time(time)).unwrap();
        assert_eq!(written, serde_json::to_string(&time).unwrap());
        read_as_chrono_does(&written);
    }

    fn read_as_chrono_does(json: &str) {
        let ours = serde_json::from_str::<Time>(json).ok().map(|time| time.0);
        assert_eq!(ours, serde_json::from_str::<DateTime<FixedOffset>>(json).ok(), "{json}");
    }

    #[test]
    fn any_time_is_written_and_read_as_chrono_does() {
        let outcome = runner(1024).run(&times(), |time| {
            written_and_read_as_chrono_does(time);
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn times_at_the_edges_are_written_and_read_as_chrono_does() {
        let years = [-1, 0, 1, 999, 1969, 1970, 2026, 9999, 10_000];
        let offsets = [0, 1, 59, -59, 60, -60, -1800, 5400, 86_399, -86_399];
        let seconds = [(0, 0), (59, 0), (59, 1), (59, 999_999_999), (59, 1_000_000_000), (59, 1_999_999_999)];
        for (year, offset) in years.into_iter().flat_map(|year| offsets.map(|offset| (year, offset))) {
            for (second, nanosecond) in seconds {
                let day = NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
                let local = day.and_hms_nano_opt(23, 59, second, nanosecond).unwrap();
                let offset = FixedOffset::east_opt(offset).unwrap();
                written_and_read_as_chrono_does(offset.from_local_datetime(&local).unwrap());
            }
        }
    }

    #[test]
    fn other_spellings_of_a_time_are_read_as_chrono_reads_them() {
        let spellings = (times(), 0..30_usize, "[-+:.TtZz 0-9]{0,2}");
        let outcome = runner(4096).run(&spellings, |(time, at, other)| {
            let mut text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let at = at.min(text.len() - 1);
            text.replace_range(at..=at, &other);
            read_as_chrono_does(&serde_json::to_string(&text).unwrap());
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn dates_and_times_come_back_as_they_came() {
        for text in ["2025-05-23", "2025-05-23T15:21:32Z", "2025-05-23T15:21:32.430530712+02:00"] {
            let value: DateOrDateTime = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(value).unwrap(), text);
            assert_eq!(value.date().to_string(), "2025-05-23");
        }
        assert!("23.05.2025".parse::<DateOrDateTime>().is_err());
    }
}
