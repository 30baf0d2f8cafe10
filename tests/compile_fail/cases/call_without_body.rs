//! Calls without their required body: the only argument, or the one after the path's.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.create_vendor();
    let _ = client.update_vendor(pleo_client::uuid::Uuid::nil());
}
