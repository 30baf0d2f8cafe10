//! Downloads all receipts of a company to a folder, and says what is missing.
//!
//! `cargo run -p pleo --example receipts -- FOLDER`. The variables `PLEO_ENVIRONMENT`, `PLEO_API_KEY` and
//! `PLEO_COMPANY_ID` say whose receipts.

use std::error::Error;

use pleo::{ClientBuilder, accounting_entries::types::ReceiptSearchRequest, receipts::ReceiptDownload};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder for the receipts")?;
    let client = ClientBuilder::from_env()?.build()?;

    let receipts =
        client.search_receipts(ReceiptSearchRequest::builder().include_deleted(false)).limit(100).items();
    let report = ReceiptDownload::new(&client).to_folder(folder, receipts).await?;
    println!("{} new, {} there already, {} missing", report.saved, report.skipped, report.missing.len());
    for missing in &report.missing {
        eprintln!("receipt {}: {:?}", missing.receipt, missing.error);
    }
    Ok(())
}
