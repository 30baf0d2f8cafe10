//! The accounting entries of a range of time.

use crate::{
    Items, TimeRange,
    accounting_entries::{
        builder::SearchAccountingEntries,
        types::{AccountingEntryV1, builder::AccountingEntryBaseSearchRequest},
    },
    chrono::TimeDelta,
};

/// How much further than the range a search reaches on either side.
const MARGIN: TimeDelta = TimeDelta::days(2);

/// A date of an accounting entry that a search can filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryDate {
    /// When it was performed. Every entry has it.
    Performed,
    /// When it was settled. An entry that is not settled lies in no range.
    Settled,
    /// The date that it is booked under, if it has one.
    Bookkeeping,
}

/// The accounting entries with a date in a range of time, each in one of several ranges that follow each other.
///
/// The search for accounting entries is the only operation that filters by date, apart from a deprecated form of it.
/// Pleo does not document whether the ends that it takes belong to the range, nor whether it reads them to a day, a
/// second or less. So [`filter`](Self::filter) asks for two days more on either side, and [`items`](Self::items) keeps what
/// really lies in the range. Nothing is missed or counted twice, however Pleo reads the ends.
///
/// ```
/// use pleo::{
///     EntryDate, EntryPeriod, Month, Operations,
///     accounting_entries::types::{AccountingEntriesSortingKeys, AccountingEntryBaseSearchRequest},
///     chrono::Utc,
/// };
///
/// # async fn example(client: &Operations) -> Result<(), Box<dyn std::error::Error>> {
/// let october = EntryPeriod::new(EntryDate::Performed, "2026-10".parse::<Month>()?.in_zone(&Utc)?);
/// let body = october.filter(AccountingEntryBaseSearchRequest::builder().include_deleted(false));
/// let call = client.search_accounting_entries(body).sorting_keys(vec![AccountingEntriesSortingKeys::Id]);
/// let mut entries = october.items(call);
/// while let Some(entry) = entries.next().await {
///     println!("{}", entry?.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryPeriod {
    date: EntryDate,
    range: TimeRange,
}

impl EntryPeriod {
    /// The entries whose date of this kind lies in the range.
    pub fn new(date: EntryDate, range: TimeRange) -> Self {
        Self { date, range }
    }

    /// The search for them, with two days more on either side.
    pub fn filter(&self, body: AccountingEntryBaseSearchRequest) -> AccountingEntryBaseSearchRequest {
        let (start, end) = (self.range.start(), self.range.end());
        let start = start.checked_sub_signed(MARGIN).unwrap_or(start);
        let end = end.checked_add_signed(MARGIN).unwrap_or(end);
        match self.date {
            EntryDate::Performed => body.performed_at_start(start).performed_at_end(end),
            EntryDate::Settled => body.settled_at_start(start).settled_at_end(end),
            EntryDate::Bookkeeping => body.bookkeeping_date_start(start).bookkeeping_date_end(end),
        }
    }

    /// Whether an entry is one of them.
    pub fn contains(&self, entry: &AccountingEntryV1) -> bool {
        let date = match self.date {
            EntryDate::Performed => Some(entry.performed_at),
            EntryDate::Settled => entry.settled_at,
            EntryDate::Bookkeeping => entry.bookkeeping_date,
        };
        date.is_some_and(|date| self.range.contains(&date))
    }

    /// Those of the entries that a search returns, which was made with [`filter`](Self::filter).
    pub fn items<'a>(&self, search: SearchAccountingEntries<'a>) -> Items<'a, SearchAccountingEntries<'a>> {
        let period = *self;
        search.items().only(move |entry| period.contains(entry))
    }
}
