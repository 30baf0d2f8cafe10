//! Our own client against the sandbox, from the first call to the last refresh.

use std::time::Duration;

use pleo_auth::{
    Client, ConnectError, Sandbox as Address, ScopeSet, Session, StandaloneApiKey,
    oauth::{MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken, TokenKind},
    pleo_client::marketplace::types::InstallationStatus,
};
use pleo_sandbox::{Environment, Grant, OAuthClient, Sandbox, Server, Subject};

use crate::support::{KEY, sandbox};

const REDIRECT: &str = "http://localhost/callback";

fn address(server: &Server) -> Address {
    Address::new(&server.url()).unwrap()
}

#[tokio::test]
async fn a_key_connects_installs_and_activates() {
    let (sandbox, company) = sandbox();
    let server = Server::start(sandbox.clone()).unwrap();
    let client =
        Client::without_retries(Session::new(StandaloneApiKey::new(address(&server), KEY).unwrap())).unwrap();
    let connection = client.connect_or_install().await.unwrap();
    assert_eq!(connection.company().unwrap().to_string(), company.to_string());
    assert_eq!(connection.installation().status, InstallationStatus::PendingIntegration);
    let client = connection.activate().await.unwrap();
    assert_eq!(client.get_installation().send().await.unwrap().status, InstallationStatus::Activated);
    let calls: Vec<String> = server
        .take_exchanges()
        .iter()
        .map(|exchange| format!("{} {}", exchange.request.method(), exchange.request.uri().path()))
        .collect();
    assert_eq!(
        calls,
        [
            "GET /v1/introspect",
            "GET /v1/installations/me",
            "POST /v1/installations/me",
            "POST /v1/installations/me:activate",
            "GET /v1/installations/me",
        ]
    );
}

#[tokio::test]
async fn a_key_that_lacks_a_scope_is_told_so_twice() {
    let (sandbox, company) = sandbox();
    sandbox.admit(KEY, Grant::standalone_key(company).with_scopes(["users:read"]));
    let server = Server::start(sandbox).unwrap();
    let client =
        Client::without_retries(Session::new(StandaloneApiKey::new(address(&server), KEY).unwrap())).unwrap();
    let connection = client.connect_or_install().await.unwrap();
    let needed: ScopeSet = "export-jobs:read".parse().unwrap();
    assert!(matches!(connection.check_scopes(&needed), Err(ConnectError::MissingScopes { .. })));
    let error = connection.into_client().list_export_jobs_v3().send().await.unwrap_err();
    let answer = error.api_error().unwrap();
    assert_eq!((answer.status().as_u16(), answer.kind()), (403, Some("ACCESS_DENIED")));
}

/// The user's browser: it goes where the server sends it.
fn browse(sandbox: &Sandbox, url: &str) -> String {
    let answer = crate::support::send(sandbox, "GET", url, &[], "");
    assert_eq!(answer.status, 302);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn an_app_is_authorised_renews_its_tokens_and_learns_when_it_is_over() {
    let sandbox = Sandbox::new(Environment::Staging);
    let company = sandbox.companies()[0];
    sandbox.register(OAuthClient {
        client_id: "FAKE-CLIENT".to_owned(),
        client_secret: Some("FAKE/SECRET=".to_owned()),
        redirect_uris: vec![REDIRECT.to_owned()],
        access_token_seconds: 3600,
        subject: Subject::Company(company),
    });
    let server = Server::start(sandbox.clone()).unwrap();
    let app = OAuthApp::new(address(&server), "FAKE-CLIENT", REDIRECT)
        .unwrap()
        .with_client_secret("FAKE/SECRET=")
        .unwrap();

    let start = app.authorize(&"users:read export-jobs:read".parse().unwrap()).unwrap();
    let redirect = browse(&sandbox, &start.url);
    let tokens = app.exchange(start.pending.finish(&redirect).unwrap()).await.unwrap();
    assert_eq!(tokens.scopes().unwrap().to_string(), "export-jobs:read users:read");
    for kind in [TokenKind::Access, TokenKind::Refresh] {
        let info = app.introspect(&tokens, kind).await.unwrap();
        assert!(info.active);
        assert_eq!(info.subject.unwrap().to_string(), format!("urn:pleo:company:{company}"));
    }

    let token = RefreshingToken::new(app, tokens, MemoryStore::default(), RefreshPolicy::default()).unwrap();
    let connection = Client::without_retries(Session::new(token.clone())).unwrap().connect().await.unwrap();
    let client = connection.activate().await.unwrap();
    // The access token ends early, by the server's clock: it is renewed and the call sent once more.
    sandbox.advance(Duration::from_secs(3600));
    client.get_installation().send().await.unwrap();
    let renewals = || {
        let exchanges = server.take_exchanges();
        exchanges.iter().filter(|exchange| exchange.request.uri().path() == "/oauth/token").count()
    };
    assert_eq!(renewals(), 2, "one for the code and one refresh");
    // Now the refresh token ends as well.
    sandbox.advance(Duration::from_secs(61 * 86_400));
    let error = client.get_installation().send().await.unwrap_err();
    assert!(token.ended().is_some(), "{error:?}");
    assert_eq!(renewals(), 1);
}
