//! Books what Pleo has queued for the accounting system, here a list in memory.
//!
//! `cargo run -p pleo --example export_run`. The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and `PLEO_COMPANY_ID` say
//! whose jobs. With the argument `queue`, it first queues the newest entries, which a person does in Pleo otherwise.

use std::{cell::RefCell, collections::BTreeSet, error::Error};

use pleo::{
    ClientBuilder,
    accounting_entries::types::AccountingEntryBaseSearchRequest,
    export::types::{CreateExportJob, ExportJobItemFailureReasonType as Reason},
    export_run::{Booked, Booking, ExportRun, NotBooked},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = ClientBuilder::from_env()?.build()?;
    if std::env::args().nth(1).is_some_and(|argument| argument == "queue") {
        let search = AccountingEntryBaseSearchRequest::builder().include_deleted(false);
        let entries = client.search_accounting_entries(search).limit(12).send().await?;
        let ids: Vec<_> = entries.data.iter().map(|entry| entry.id).collect();
        client.create_export_job_v3(CreateExportJob::builder().accounting_entry_ids(ids)).send().await?;
    }

    let ledger = RefCell::new(BTreeSet::new());
    let book = async |Booking { item, .. }: Booking| {
        if item.note.is_none() {
            return Err(NotBooked::item(Reason::ValidationFailure, "our books need a note"));
        }
        // A set: booking an entry twice has no further effect.
        ledger.borrow_mut().insert(item.accounting_entry_id);
        Ok(Booked::new().with_id(format!("voucher-{}", item.accounting_entry_id)))
    };
    while let Some(summary) = ExportRun::new(&client).next_job(book).await? {
        println!("{}: {} booked, {} failed", summary.event, summary.successful, summary.failed);
    }
    println!("{} vouchers", ledger.borrow().len());
    Ok(())
}
