//! A client without a credential.

use pleo_auth::{Client, Staging};

fn main() {
    let _client = Client::<Staging>::without_retries();
}
