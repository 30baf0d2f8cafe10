//! Times whose documents contradict themselves.

use std::{fmt, str::FromStr};

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
            Self::DateTime(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
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
    use super::*;

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
