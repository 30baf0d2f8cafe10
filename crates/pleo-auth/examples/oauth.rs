//! From the authorise URL to tokens that renew themselves.
//!
//! `cargo run -p pleo-auth --example oauth` plays Pleo and its user, on this machine. With
//! `PLEO_ENVIRONMENT`, `PLEO_CLIENT_ID`, `PLEO_CLIENT_SECRET`, `PLEO_REDIRECT_URI` and `PLEO_SCOPES` set,
//! the same code runs against that environment, and you are the user.

use std::{env, error::Error, io};

use httpmock::prelude::{GET, MockServer, POST};
use pleo_auth::{
    AnyEnvironment, Client, Environment, Sandbox, Secret, Session, UnknownEnvironment,
    oauth::{MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken, StoreError, TokenStore, Tokens},
    pleo_client::BoxFuture,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // An error that `main` returns is shown by `Debug`; the help is in `Display`.
    choose().await.map_err(|error| error.to_string().into())
}

async fn choose() -> Result<(), Box<dyn Error>> {
    match AnyEnvironment::from_env() {
        Ok(environment) => {
            let app =
                OAuthApp::new(environment, &env::var("PLEO_CLIENT_ID")?, &env::var("PLEO_REDIRECT_URI")?)?
                    .with_client_secret(Secret::from_env("PLEO_CLIENT_SECRET")?)?;
            run(app, &env::var("PLEO_SCOPES")?, paste_redirect).await
        }
        Err(UnknownEnvironment::NotSet) => {
            let server = play_pleo().await;
            let sandbox = AnyEnvironment::from(Sandbox::new(&server.base_url())?);
            let app = OAuthApp::new(sandbox, "FAKE-CLIENT", "http://localhost:8080/callback")?
                .with_client_secret("FAKE-CLIENT-SECRET")?;
            run(app, "export-jobs:read users:read", play_user).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn run(
    app: OAuthApp<AnyEnvironment>,
    scopes: &str,
    user: impl FnOnce(&str) -> io::Result<String>,
) -> Result<(), Box<dyn Error>> {
    println!("environment: {}", app.environment());
    let start = app.authorize(&scopes.parse()?)?;
    let redirect = user(&start.url)?;
    let tokens = app.exchange(start.pending.finish(&redirect)?).await?;
    println!("exchanged the code for tokens");

    let store = Announcing(MemoryStore::default());
    let token = RefreshingToken::new(app, tokens, store, RefreshPolicy::default())?;
    let connection = Client::new(Session::new(token.clone()))?.connect().await?;
    println!("subject: {}", connection.subject());
    let client = connection.activate().await?;

    // The fake Pleo has revoked the access token by now: it is renewed, and the call sent once more.
    let jobs = client.list_export_jobs_v3().limit(10).send().await?;
    println!("export jobs: {}", jobs.data.len());

    // And now the refresh token as well: the answer is 401, and the session over.
    match (client.list_employees().limit(10).send().await, token.ended()) {
        (Ok(employees), _) => println!("employees: {}", employees.data.len()),
        (Err(error), Some(end)) => println!("{error}\nsession over: {end}"),
        (Err(error), None) => return Err(error.into()),
    }
    Ok(())
}

/// A store that says when it is asked. A real one writes both tokens as one to a database or vault,
/// encrypted.
struct Announcing<E: Environment>(MemoryStore<E>);

impl<E: Environment> TokenStore<E> for Announcing<E> {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        self.0.load()
    }

    fn save<'a>(&'a self, tokens: &'a Tokens<E>) -> BoxFuture<'a, Result<(), StoreError>> {
        println!("storing a new pair of tokens");
        self.0.save(tokens)
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        println!("forgetting the tokens");
        self.0.clear()
    }
}

/// Stands for the web server that the redirect goes to.
fn paste_redirect(url: &str) -> io::Result<String> {
    println!("open this address, allow the access, and paste the address you are sent to:\n{url}");
    let mut redirect = String::new();
    io::stdin().read_line(&mut redirect)?;
    Ok(redirect.trim().to_owned())
}

/// Allows the access at once: sends the state back, with a code.
fn play_user(url: &str) -> io::Result<String> {
    println!("the user opens {}", url.split('?').next().unwrap_or_default());
    let state = form_urlencoded::parse(url.as_bytes()).find(|(name, _)| name == "state");
    let (_, state) = state.ok_or_else(|| io::Error::other("the URL has no state"))?;
    Ok(format!("http://localhost:8080/callback?code=FAKE-CODE&state={state}"))
}

/// Gives out two pairs of tokens and takes the first access token for connecting only, the second for
/// export jobs only. Everything else gets 401.
async fn play_pleo() -> MockServer {
    const URN: &str = "urn:pleo:company:11111111-2222-4333-8444-555555555555";
    const FIRST: &str = "Bearer FAKE-ACCESS-1";
    const SECOND: &str = "Bearer FAKE-ACCESS-2";

    let pair = |number: u32| {
        format!(
            r#"{{"access_token":"FAKE-ACCESS-{number}","refresh_token":"FAKE-REFRESH-{number}",
                "token_type":"Bearer","expires_in":3600}}"#
        )
    };
    let server = MockServer::start_async().await;
    server.mock(|when, then| {
        when.method(POST).path("/oauth/token").form_urlencoded_tuple("code", "FAKE-CODE");
        then.status(200).body(pair(1));
    });
    server.mock(|when, then| {
        when.method(POST).path("/oauth/token").form_urlencoded_tuple("refresh_token", "FAKE-REFRESH-1");
        then.status(200).body(pair(2));
    });
    server.mock(|when, then| {
        when.method(POST).path("/oauth/token").form_urlencoded_tuple("refresh_token", "FAKE-REFRESH-2");
        then.status(400).body(r#"{"error":"invalid_grant"}"#);
    });
    server.mock(|when, then| {
        when.method(GET).path("/v1/introspect").header("authorization", FIRST);
        then.status(200).body(format!(
            r#"{{"data":{{"authMethod":"OAUTH2","clientId":"FAKE-CLIENT","scope":"","subjectURN":"{URN}"}}}}"#
        ));
    });
    server.mock(|when, then| {
        when.method(GET).path("/v1/installations/me").header("authorization", FIRST);
        then.status(200).body(format!(
            r#"{{"id":"11111111-2222-4333-8444-000000000001","status":"ACTIVATED","metadata":{{}},
                "applicationId":"11111111-2222-4333-8444-000000000002","resource":"{URN}",
                "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}}"#
        ));
    });
    server.mock(|when, then| {
        when.method(GET).path("/v3/export-jobs").header("authorization", SECOND);
        then.status(200).body(
            r#"{"data":[],"pagination":{"currentRequestPagination":{"parameters":{}},
                "hasNextPage":false,"hasPreviousPage":false}}"#,
        );
    });
    // The mocks that were made first are asked first.
    server.mock(|when, then| {
        when.any_request();
        then.status(401);
    });
    server
}
