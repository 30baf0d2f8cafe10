//! Tokens of one environment shown to the authorisation server of another.

use pleo_auth::{
    Production, Staging,
    oauth::{OAuthApp, TokenKind, Tokens},
};

async fn introspect(app: OAuthApp<Staging>, tokens: Tokens<Production>) {
    let _ = app.introspect(&tokens, TokenKind::Refresh).await;
}

fn main() {}
