//! Has a user authorise the app, and keeps the tokens: from the authorise URL to a client that renews them.
//!
//! `cargo run -p pleo --example oauth_login`. The variables `PLEO_ENVIRONMENT`, `PLEO_CLIENT_ID`, `PLEO_CLIENT_SECRET` and
//! `PLEO_REDIRECT_URI` say which app. A web server would take the redirect; here it is pasted.

use std::{env, error::Error, io};

use pleo::{
    AnyEnvironment, ClientBuilder, HttpConfig, ReqwestTransport, Secret,
    oauth::{MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let http = ReqwestTransport::with_config(HttpConfig::default().with_application("login/1.0"))?;
    let (id, redirect) = (env::var("PLEO_CLIENT_ID")?, env::var("PLEO_REDIRECT_URI")?);
    let app = OAuthApp::with_transport(AnyEnvironment::from_env()?, &id, &redirect, http.clone())?
        .with_client_secret(Secret::from_env("PLEO_CLIENT_SECRET")?)?;
    let start = app.authorize(&"vendors:read".parse()?)?;
    println!("open this address, and paste the one that it sends you to:\n{}", start.url);
    let mut redirect = String::new();
    io::stdin().read_line(&mut redirect)?;
    let tokens = app.exchange(start.pending.finish(redirect.trim())?).await?;
    let token = RefreshingToken::new(app, tokens, MemoryStore::default(), RefreshPolicy::default())?;
    let connection = ClientBuilder::new(token).transport(http).build()?.connect().await?;
    println!("authorised for {}", connection.subject());
    Ok(())
}
