//! Calls without the parameters of their path: the only one, or the second of two.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.get_company();
    let _ = client.get_receipt(pleo_client::uuid::Uuid::nil());
}
