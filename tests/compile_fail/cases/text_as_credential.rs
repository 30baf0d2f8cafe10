//! A text as a credential: it has no environment.

use pleo_auth::{Session, Staging};

fn main() {
    let _session: Session<Staging> = Session::new("FAKE-KEY");
}
