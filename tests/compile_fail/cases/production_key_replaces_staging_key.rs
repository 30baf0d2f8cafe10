//! Rotation to a key of the other environment (Z10).

use pleo_auth::{Production, Session, StandaloneApiKey, Staging};

fn main() {
    let session = Session::new(StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap());
    let _ = session.replace_credential(StandaloneApiKey::new(Production, "FAKE-KEY").unwrap());
}
