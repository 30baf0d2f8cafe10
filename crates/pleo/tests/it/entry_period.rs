//! The accounting entries of ranges that follow each other.

use std::{collections::BTreeSet, sync::Arc};

use pleo::{
    EntryDate, EntryPeriod, TimeRange,
    accounting_entries::types::AccountingEntryBaseSearchRequest,
    bytes::Bytes,
    chrono::{DateTime, DurationRound as _, FixedOffset, TimeDelta},
    http::Request,
};
use pleo_sandbox::{Handler, Reply, Sandbox};
use serde_json::Value;

use crate::in_process::Pleo;

/// How a service reads the ends of a filter: as the sandbox, which takes both into the range, does after this change
/// of start and end.
type Reading =
    fn(DateTime<FixedOffset>, DateTime<FixedOffset>) -> (DateTime<FixedOffset>, DateTime<FixedOffset>);

const INSTANT: TimeDelta = TimeDelta::nanoseconds(1);
const SECOND: TimeDelta = TimeDelta::seconds(1);

const READINGS: [(&str, Reading); 6] = [
    ("both ends belong to the range", |start, end| (start, end)),
    ("the end does not belong to it", |start, end| (start, end - INSTANT)),
    ("neither end belongs to it", |start, end| (start + INSTANT, end - INSTANT)),
    ("the ends are rounded up to milliseconds", |start, end| {
        let up = |time: DateTime<FixedOffset>| {
            (time + TimeDelta::microseconds(999)).duration_trunc(TimeDelta::milliseconds(1))
        };
        (up(start).unwrap(), up(end).unwrap())
    }),
    ("the ends are cut to seconds", |start, end| {
        (start.duration_trunc(SECOND).unwrap(), end.duration_trunc(SECOND).unwrap())
    }),
    ("the ends are cut to days, and do not belong to the range", |start, end| {
        let day = TimeDelta::days(1);
        (start.duration_trunc(day).unwrap() + day, end.duration_trunc(day).unwrap() - INSTANT)
    }),
];

/// A sandbox that reads the ends of filters in this way.
fn reading(sandbox: Sandbox, reading: Reading) -> Arc<dyn Handler> {
    Arc::new(move |request: &Request<Bytes>| -> Reply {
        let (parts, body) = request.clone().into_parts();
        let Ok(mut json) = serde_json::from_slice::<Value>(&body) else { return sandbox.handle(request) };
        for date in ["performedAt", "settledAt", "bookkeepingDate"] {
            let names = [format!("{date}Start"), format!("{date}End")];
            let ends = names.each_ref().map(|name| json[name].as_str().map(|it| it.parse().unwrap()));
            if let [Some(start), Some(end)] = ends {
                let (start, end) = reading(start, end);
                json[&names[0]] = start.to_rfc3339().into();
                json[&names[1]] = end.to_rfc3339().into();
            }
        }
        sandbox.handle(&Request::from_parts(parts, json.to_string().into()))
    })
}

/// The ids of the entries of a period.
async fn ids(pleo: &Pleo, period: EntryPeriod) -> Vec<String> {
    let body = period.filter(AccountingEntryBaseSearchRequest::builder().include_deleted(true));
    let call = pleo.client.search_accounting_entries(body).limit(7);
    let entries = period.items(call).all(1_000).await.unwrap();
    assert!(entries.iter().all(|entry| period.contains(entry)));
    entries.iter().map(|entry| entry.id.to_string()).collect()
}

#[tokio::test]
async fn every_entry_is_in_one_of_the_ranges_however_the_service_reads_their_ends() {
    for (name, change) in READINGS {
        let pleo = Pleo::with_handler(|sandbox| reading(sandbox, change));
        let body = AccountingEntryBaseSearchRequest::builder().include_deleted(true);
        let all = pleo.client.search_accounting_entries(body).items().all(1_000).await.unwrap();
        for date in [EntryDate::Performed, EntryDate::Settled, EntryDate::Bookkeeping] {
            let dated: Vec<_> = all
                .iter()
                .filter_map(|entry| {
                    let time = match date {
                        EntryDate::Performed => Some(entry.performed_at),
                        EntryDate::Settled => entry.settled_at,
                        EntryDate::Bookkeeping => entry.bookkeeping_date,
                    };
                    Some((time?, entry.id.to_string()))
                })
                .collect();
            // Every entry lies just where one range ends and the next begins.
            let mut ends: BTreeSet<_> = dated.iter().map(|(time, _)| *time).collect();
            let last = *ends.last().unwrap();
            ends.insert(last + SECOND);
            let ends: Vec<_> = ends.into_iter().collect();
            let mut found = Vec::new();
            for ends in ends.windows(2) {
                let range = TimeRange::new(ends[0], ends[1]).unwrap();
                let ids = ids(&pleo, EntryPeriod::new(date, range)).await;
                let expected = dated.iter().filter(|(time, _)| *time == ends[0]).count();
                assert_eq!(ids.len(), expected, "{date:?} {range}, where {name}");
                found.extend(ids);
            }
            let mut expected: Vec<_> = dated.into_iter().map(|(_, id)| id).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{date:?}, where {name}");
            assert!(found.len() > 15, "the sandbox has entries with dates");
        }
    }
}
