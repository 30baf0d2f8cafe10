//! A first call with a standalone API key.
//!
//! `cargo run -p pleo-auth --example api_key` plays Pleo itself, on this machine. With `PLEO_ENVIRONMENT`
//! and `PLEO_API_KEY` set, the same code runs against that environment. There it creates the key's
//! installation, if there is none, and activates it.

use std::error::Error;

use httpmock::prelude::{GET, MockServer, POST};
use pleo_auth::{
    AnyEnvironment, Client, ConnectError, Sandbox, ScopeSet, Secret, Session, StandaloneApiKey,
    UnknownEnvironment, advice,
    pleo_client::{self, operations},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // An error that `main` returns is shown by `Debug`; the help is in `Display`.
    choose().await.map_err(|error| error.to_string().into())
}

async fn choose() -> Result<(), Box<dyn Error>> {
    match AnyEnvironment::from_env() {
        Ok(environment) => run(environment, Secret::from_env("PLEO_API_KEY")?).await,
        Err(UnknownEnvironment::NotSet) => {
            let server = play_pleo().await;
            run(Sandbox::new(&server.base_url())?.into(), "FAKE-KEY".into()).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn run(environment: AnyEnvironment, key: Secret) -> Result<(), Box<dyn Error>> {
    println!("environment: {environment}");
    let client = Client::new(Session::new(StandaloneApiKey::new(environment, key)?))?;

    // Proves the key, finds or creates its installation, and binds the client to that company.
    let connection = client.connect().await.inspect_err(|error| {
        if let ConnectError::Call(error) = error {
            explain(error);
        }
    })?;
    let scopes = connection.identity().scopes.as_ref().map_or("not told".to_owned(), ScopeSet::to_string);
    println!("subject:     {}", connection.subject());
    println!("scopes:      {scopes}");

    let needed = ScopeSet::needed_for(operations::find("list_export_jobs_v3"));
    connection.check_scopes(&needed.scopes)?;

    // A program with a user asks here whether this is the company they mean.
    let client = connection.activate().await?;
    println!("activated");

    // The session adds the company and the credential.
    let jobs = client.list_export_jobs_v3().limit(10).send().await.inspect_err(explain)?;
    println!("export jobs: {}", jobs.data.len());
    Ok(())
}

/// What usually lies behind an answer goes beside the error.
fn explain(error: &pleo_client::Error) {
    if let Some(advice) = advice::explain(error) {
        eprintln!("{advice}");
    }
}

/// Answers as Pleo does to the key `FAKE-KEY`, which has no installation yet. Anything else gets 404.
async fn play_pleo() -> MockServer {
    const KEY: &str = "Basic RkFLRS1LRVk6"; // Base64 of `FAKE-KEY:`
    const COMPANY: &str = "11111111-2222-4333-8444-555555555555";

    let installation = |status: &str| {
        format!(
            r#"{{"id":"11111111-2222-4333-8444-000000000001","status":"{status}","metadata":{{}},
                "applicationId":"11111111-2222-4333-8444-000000000002","resource":"urn:pleo:company:{COMPANY}",
                "createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let server = MockServer::start_async().await;
    server.mock(|when, then| {
        when.method(GET).path("/v1/introspect").header("authorization", KEY);
        then.status(200).body(format!(
            r#"{{"data":{{"authMethod":"API_KEY","clientId":"fake","scope":"export-jobs:read",
                "subjectURN":"urn:pleo:company:{COMPANY}"}}}}"#
        ));
    });
    server.mock(|when, then| {
        when.method(POST).path("/v1/installations/me").header("authorization", KEY);
        then.status(201).body(installation("PENDING_INTEGRATION"));
    });
    server.mock(|when, then| {
        when.method(POST).path("/v1/installations/me:activate").header("authorization", KEY);
        then.status(200).body(installation("ACTIVATED"));
    });
    server.mock(|when, then| {
        when.method(GET)
            .path("/v3/export-jobs")
            .header("authorization", KEY)
            .query_param("company_id", COMPANY);
        then.status(200).body(
            r#"{"data":[],"pagination":{"currentRequestPagination":{"parameters":{}},
                "hasNextPage":false,"hasPreviousPage":false}}"#,
        );
    });
    server
}
