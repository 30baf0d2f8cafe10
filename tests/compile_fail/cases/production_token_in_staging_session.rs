//! A production token in a staging session (Z9, Z10).

use pleo_auth::{AccessToken, Production, Session, Staging};

fn main() {
    let token = AccessToken::new(Production, "FAKE-TOKEN").unwrap();
    let _session: Session<Staging> = Session::new(token);
}
