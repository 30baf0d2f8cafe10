//! A staging key in a production client (Z7 to Z10).

use pleo_auth::{Client, Production, Session, StandaloneApiKey, Staging};

fn main() {
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    let _client: Client<Production> = Client::without_retries(Session::new(key)).unwrap();
}
