//! A call with the body of another operation.

use pleo_auth::{Client, Staging};
use pleo_client::vendors::types::VendorUpdateRequest;

fn main() {}

fn calls(client: &Client<Staging>, update: VendorUpdateRequest) {
    let _ = client.create_vendor(update);
}
