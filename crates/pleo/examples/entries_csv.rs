//! Writes the accounting entries of a month as CSV.
//!
//! `cargo run -p pleo --features time-zones --example entries_csv -- 2025-01`, or without a month for the last one.
//! The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and `PLEO_COMPANY_ID` say whose.

use std::{env, error::Error, io};

use pleo::{
    ClientBuilder, EntryDate, EntryPeriod, Money, Month,
    accounting_entries::types::{AccountingEntriesSortingKeys::Id, AccountingEntryBaseSearchRequest},
    chrono_tz::Europe::Copenhagen,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let month = match env::args().nth(1) {
        Some(month) => month.parse()?,
        None => Month::current(&Copenhagen).previous(),
    };
    let client = ClientBuilder::from_env()?.build()?;
    let period = EntryPeriod::new(EntryDate::Performed, month.in_zone(&Copenhagen)?);
    let body = period.filter(AccountingEntryBaseSearchRequest::builder().include_deleted(false));
    let search = client.search_accounting_entries(body).sorting_keys(vec![Id]).limit(100);
    let mut entries = period.items(search).unique_by(|entry| entry.id);
    let mut csv = csv::Writer::from_writer(io::stdout());
    csv.write_record(["id", "performed", "amount", "currency"])?;
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        let money = Money::try_from(&entry.transaction_value)?;
        let (id, performed) = (entry.id.to_string(), entry.performed_at.to_rfc3339());
        csv.write_record([&*id, &performed, &money.amount().to_string(), money.currency().code()])?;
    }
    csv.flush()?;
    Ok(())
}
