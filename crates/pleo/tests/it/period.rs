//! Months and days, where the clocks are changed.

use chrono_tz::{TZ_VARIANTS, Tz};
use pleo::{
    Month, PeriodError, TimeRange,
    chrono::{FixedOffset, NaiveDate, TimeDelta, TimeZone as _, Utc},
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn zone(name: &str) -> Tz {
    name.parse().unwrap()
}

#[test]
fn a_month_begins_and_ends_where_its_zone_says() {
    for (month, zone, range) in [
        ("2026-10", "UTC", "2026-10-01T00:00:00+00:00/2026-11-01T00:00:00+00:00"),
        // The clocks are set forward within the month, and back.
        ("2026-03", "Europe/Copenhagen", "2026-03-01T00:00:00+01:00/2026-04-01T00:00:00+02:00"),
        ("2026-10", "Europe/Copenhagen", "2026-10-01T00:00:00+02:00/2026-11-01T00:00:00+01:00"),
        ("2024-02", "Europe/Copenhagen", "2024-02-01T00:00:00+01:00/2024-03-01T00:00:00+01:00"),
        // Over the first midnight: back, so that it comes twice, and forward, so that it does not come.
        ("2026-11", "America/Havana", "2026-11-01T00:00:00-04:00/2026-12-01T00:00:00-05:00"),
        ("2026-10", "America/Havana", "2026-10-01T00:00:00-04:00/2026-11-01T00:00:00-04:00"),
        ("2023-10", "America/Asuncion", "2023-10-01T01:00:00-03:00/2023-11-01T00:00:00-03:00"),
        ("2023-09", "America/Asuncion", "2023-09-01T00:00:00-04:00/2023-10-01T01:00:00-03:00"),
        // A day was left out.
        ("2011-12", "Pacific/Apia", "2011-12-01T00:00:00-10:00/2012-01-01T00:00:00+14:00"),
    ] {
        let range_in_zone = self::month(month).in_zone(&self::zone(zone)).unwrap();
        assert_eq!(range_in_zone.to_string(), range, "{month} in {zone}");
    }
    let kolkata = FixedOffset::east_opt(19_800).unwrap();
    let range = month("2026-10").in_zone(&kolkata).unwrap();
    assert_eq!(range.to_string(), "2026-10-01T00:00:00+05:30/2026-11-01T00:00:00+05:30");
    let range = month("2026-10").in_zone(&Utc).unwrap();
    assert_eq!(range, month("2026-10").in_zone(&zone("UTC")).unwrap());
}

#[test]
fn a_day_begins_when_the_clocks_first_show_it() {
    for (first, last, zone, range) in [
        ("2026-10-01", "2026-10-15", "Europe/Berlin", "2026-10-01T00:00:00+02:00/2026-10-16T00:00:00+02:00"),
        // At midnight the clocks went on to 1:00, and back to 23:00.
        (
            "2018-11-04",
            "2018-11-04",
            "America/Sao_Paulo",
            "2018-11-04T01:00:00-02:00/2018-11-05T00:00:00-02:00",
        ),
        (
            "2018-02-17",
            "2018-02-17",
            "America/Sao_Paulo",
            "2018-02-17T00:00:00-02:00/2018-02-18T00:00:00-03:00",
        ),
        ("2023-04-28", "2023-04-28", "Africa/Cairo", "2023-04-28T01:00:00+03:00/2023-04-29T00:00:00+03:00"),
        // A gap of half an hour.
        (
            "2016-05-01",
            "2016-05-01",
            "America/Caracas",
            "2016-05-01T00:00:00-04:30/2016-05-02T00:00:00-04:00",
        ),
        ("2011-12-29", "2011-12-30", "Pacific/Apia", "2011-12-29T00:00:00-10:00/2011-12-31T00:00:00+14:00"),
    ] {
        let range_in_zone = TimeRange::days(day(first), day(last), &self::zone(zone)).unwrap();
        assert_eq!(range_in_zone.to_string(), range, "{first} to {last} in {zone}");
    }
    let skipped = TimeRange::days(day("2011-12-30"), day("2011-12-30"), &zone("Pacific/Apia"));
    assert_eq!(skipped, Err(PeriodError::Empty));
    assert_eq!(TimeRange::days(day("2026-10-02"), day("2026-10-01"), &Utc), Err(PeriodError::Empty));
    let end = NaiveDate::MAX;
    assert_eq!(TimeRange::days(end, end, &Utc), Err(PeriodError::NoSuchDay { day: end }));
}

#[test]
fn in_every_zone_a_month_starts_at_the_first_instant_of_its_first_day() {
    for zone in TZ_VARIANTS {
        let mut month = self::month("1995-01");
        while month < self::month("2031-01") {
            let range = month.in_zone(&zone).unwrap();
            let start = range.start().with_timezone(&zone);
            assert_eq!(start.date_naive(), month.first_day(), "{month} in {zone}");
            let before = start - TimeDelta::nanoseconds(1);
            assert!(before.date_naive() < month.first_day(), "{month} in {zone}");
            assert_eq!(range.end(), month.next().in_zone(&zone).unwrap().start(), "{month} in {zone}");
            month = month.next();
        }
    }
}

#[test]
fn the_start_belongs_to_a_range_and_the_end_does_not() {
    let range = month("2026-10").in_zone(&zone("Europe/Copenhagen")).unwrap();
    let nanosecond = TimeDelta::nanoseconds(1);
    assert!(range.contains(&range.start()) && range.contains(&(range.end() - nanosecond)));
    assert!(!range.contains(&range.end()) && !range.contains(&(range.start() - nanosecond)));
    assert!(range.contains(&Utc.with_ymd_and_hms(2026, 9, 30, 22, 0, 0).unwrap()));
    assert_eq!(TimeRange::new(range.start(), range.start()), Err(PeriodError::Empty));
    assert_eq!(TimeRange::new(range.start(), range.end()), Ok(range));
}

#[test]
fn months_are_read_shown_and_followed() {
    assert_eq!(Month::of(day("2026-11-03")).previous(), month("2026-10"));
    assert_eq!(Month::of(day("2026-01-31")).previous().to_string(), "2025-12");
    assert_eq!(month("2025-12").next(), month("2026-01"));
    assert_eq!(month("2024-02").last_day(), day("2024-02-29"));
    assert_eq!(Month::new(2026, 10), Ok(month("2026-10")));
    assert_eq!(serde_json::to_string(&month("0999-01")).unwrap(), "\"0999-01\"");
    assert_eq!(serde_json::from_str::<Month>("\"2026-10\"").unwrap(), month("2026-10"));
    for text in ["2026-13", "2026-00", "0000-01", "2026-1", "26-10", "2026/10", "2026-10-01", "+026-10", ""] {
        assert_eq!(text.parse::<Month>(), Err(PeriodError::NotAMonth), "{text:?}");
    }
    assert_eq!(Month::new(10_000, 1), Err(PeriodError::NotAMonth));
    assert_eq!(format!("{:?}", PeriodError::NotAMonth), "not a month such as 2026-10");
    // The calendar ends here.
    assert_eq!(Month::of(NaiveDate::MAX).next(), Month::of(NaiveDate::MAX));
    assert_eq!(Month::of(NaiveDate::MIN).previous(), Month::of(NaiveDate::MIN));

    let before = Month::current(&Utc);
    let current = Month::current(&Utc);
    assert!(before <= current && current <= Month::current(&Utc));
}
