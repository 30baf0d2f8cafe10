//! OAuth tokens of one environment renewed by the app of another (V8).

use pleo_auth::{
    Production, Staging,
    oauth::{MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken, Tokens},
};

fn main() {
    let app = OAuthApp::new(Staging, "FAKE-CLIENT", "https://app.test/callback").unwrap();
    let tokens = Tokens::new(Production, "FAKE-TOKEN", None, None);
    let _ = RefreshingToken::new(app, tokens, MemoryStore::default(), RefreshPolicy::default());
}
