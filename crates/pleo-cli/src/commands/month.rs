//! The accounting entries of a month, as several commands take them.

use clap::{Args, ValueEnum};
use pleo::{
    Client, EntryDate, EntryPeriod, Items, Month,
    accounting_entries::{
        builder::SearchAccountingEntries,
        types::{AccountingEntriesSortingKeys, AccountingEntryBaseSearchRequest},
    },
    chrono_tz::Tz,
};

use crate::{exit::Exit, failure::Failure};

/// Which accounting entries.
#[derive(Debug, Args)]
pub(crate) struct MonthArguments {
    /// The month [default: the last one].
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
    /// The time zone in which the month begins and ends, such as Europe/Copenhagen.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: Tz,
    /// The date that has to be in the month.
    #[arg(long, value_enum, value_name = "DATE", default_value = "performed")]
    date: Date,
    /// Include deleted entries.
    #[arg(long)]
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Date {
    /// When the transaction was performed.
    Performed,
    /// When it was settled.
    Settled,
    /// The date under which it is booked.
    Bookkeeping,
}

impl MonthArguments {
    /// The month.
    pub(crate) fn month(&self) -> Month {
        self.month.unwrap_or_else(|| Month::current(&self.zone).previous())
    }

    /// The entries, each once, in the order of their ids.
    pub(crate) fn entries<'c>(
        &self,
        client: &'c Client,
    ) -> Result<Items<'c, SearchAccountingEntries<'c>>, Failure> {
        let range = self.month().in_zone(&self.zone).map_err(|error| Failure::of(Exit::Usage, error))?;
        let date = match self.date {
            Date::Performed => EntryDate::Performed,
            Date::Settled => EntryDate::Settled,
            Date::Bookkeeping => EntryDate::Bookkeeping,
        };
        let period = EntryPeriod::new(date, range);
        let body = period.filter(AccountingEntryBaseSearchRequest::builder().include_deleted(self.deleted));
        let search = client
            .search_accounting_entries(body)
            .sorting_keys(vec![AccountingEntriesSortingKeys::Id])
            .limit(100);
        Ok(period.items(search).unique_by(|entry| entry.id))
    }
}
