//! A secret or tokens in JSON.

use pleo_auth::{Secret, Staging, oauth::Tokens};

fn main() {
    let _ = serde_json::to_string(&Secret::from("FAKE-SECRET"));
    let _ = serde_json::to_string(&Tokens::new(Staging, "FAKE-TOKEN", None, None));
}
