//! A legacy token as the text of a key (Z17, Z22).

use pleo_auth::{LegacyToken, Production, StandaloneApiKey};

fn main() {
    let _key = StandaloneApiKey::new(Production, LegacyToken::new("FAKE-TOKEN"));
}
