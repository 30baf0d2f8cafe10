//! A call without its required query parameters.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.enrich_accounting_entry();
}
