//! Whose key is it, and which vendors does the company have? It only reads.
//!
//! `cargo run -p pleo --example first_call`. The variables `PLEO_ENVIRONMENT` and `PLEO_API_KEY` say whose key.

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = pleo::ClientBuilder::from_env()?.build()?;
    let identity = client.identify().await?;
    let company = identity.subject.and_then(|subject| subject.company());
    let company =
        company.ok_or("the key does not belong to one company; set PLEO_COMPANY_ID to choose one")?;
    println!("a {} of the company {company}", client.session().credential().method());
    let client = client.for_company(company);
    let mut vendors = client.search_vendors().limit(100).items();
    while let Some(vendor) = vendors.next().await {
        println!("{}", vendor?.name);
    }
    Ok(())
}
