//! One code, and so one verifier, for two exchanges.

use pleo_auth::{
    Staging,
    oauth::{GrantedCode, OAuthApp},
};

async fn twice(app: OAuthApp<Staging>, code: GrantedCode<Staging>) {
    let _ = app.exchange(code).await;
    let _ = app.exchange(code).await;
}

fn main() {}
