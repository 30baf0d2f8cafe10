//! A call that lacks parameters of the query that it has to have.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.enrich_accounting_entry();
}
