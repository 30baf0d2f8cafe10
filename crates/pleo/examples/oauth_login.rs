//! Has a user authorise the app, and keeps the tokens: from the authorise URL to a client that renews them.
//!
//! `cargo run -p pleo --example oauth_login --features file-store -- FILE`. The variables `PLEO_ENVIRONMENT`, `PLEO_CLIENT_ID`,
//! `PLEO_CLIENT_SECRET` and `PLEO_REDIRECT_URI` say which app, and `TOKEN_KEY` (32 bytes in Base64) seals the file. A web
//! server would take the redirect; here it is pasted.

use std::{env, error::Error, io};

use pleo::{
    AnyEnvironment, ClientBuilder, ReqwestTransport, Secret,
    oauth::{OAuthApp, RefreshPolicy, RefreshingToken},
    stores::{FileStore, SealingKey, SealingKeys},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let http = ReqwestTransport::new()?;
    let (id, redirect) = (env::var("PLEO_CLIENT_ID")?, env::var("PLEO_REDIRECT_URI")?);
    let environment = AnyEnvironment::from_env()?;
    let keys = SealingKeys::new(SealingKey::from_base64(&Secret::from_env("TOKEN_KEY")?)?);
    let store =
        FileStore::new(env::args().nth(1).ok_or("name the file for the tokens")?, environment.clone(), keys);
    let app = OAuthApp::with_transport(environment, &id, &redirect, http.clone())?
        .with_client_secret(Secret::from_env("PLEO_CLIENT_SECRET")?)?;
    let start = app.authorize(&"vendors:read".parse()?)?;
    println!("open this address, and paste the one that it sends you to:\n{}", start.url);
    let redirect = io::stdin().lines().next().ok_or("no address")??;
    let tokens = app.exchange(start.pending.finish(&redirect)?).await?;
    let token = RefreshingToken::new(app, tokens, store, RefreshPolicy::default())?;
    let connection = ClientBuilder::new(token).transport(http).build()?.connect().await?;
    println!("authorised for {}", connection.subject());
    Ok(())
}
