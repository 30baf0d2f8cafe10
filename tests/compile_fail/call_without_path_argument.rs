//! Calls that lack what belongs in the path: all of it, or the second of two.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.get_company();
    let _ = client.get_receipt(pleo_client::uuid::Uuid::nil());
}
