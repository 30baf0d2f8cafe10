//! Calls that lack a body which they have to have: all that they need, or what follows the path.

use pleo_auth::{Client, Staging};

fn main() {}

fn calls(client: &Client<Staging>) {
    let _ = client.create_vendor();
    let _ = client.update_vendor(pleo_client::uuid::Uuid::nil());
}
