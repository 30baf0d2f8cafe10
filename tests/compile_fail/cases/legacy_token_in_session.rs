//! A legacy token as a credential (Z17).

use pleo_auth::{LegacyToken, Production, Session};

fn main() {
    let _session: Session<Production> = Session::new(LegacyToken::new("FAKE-TOKEN"));
}
