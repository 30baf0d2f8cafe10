//! A client or session out of nothing.

use pleo_auth::{Client, Session, Staging};

fn main() {
    let _session = Session::<Staging>::default();
    let _client = Client::<Staging>::default();
}
