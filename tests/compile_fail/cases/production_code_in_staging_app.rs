//! A code of one environment exchanged in another.

use pleo_auth::{
    Production, Staging,
    oauth::{GrantedCode, OAuthApp},
};

async fn exchange(app: OAuthApp<Staging>, code: GrantedCode<Production>) {
    let _ = app.exchange(code).await;
}

fn main() {}
