//! The transport to the authorisation server, over real connections.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use httpmock::MockServer;
use pleo_auth::{
    Client, Sandbox, Session, StandaloneApiKey,
    oauth::{OAuthApp, OAuthError, TokenKind, Tokens},
    pleo_client::{HttpConfig, ReqwestTransport},
};

fn app(server: &MockServer) -> OAuthApp<Sandbox> {
    let sandbox = Sandbox::new(&server.base_url()).unwrap();
    OAuthApp::new(sandbox, "FAKE-CLIENT", "http://localhost:1/callback").unwrap()
}

fn tokens(app: &OAuthApp<Sandbox>) -> Tokens<Sandbox> {
    Tokens::new(app.environment().clone(), "FAKE-TOKEN", None, None)
}

#[tokio::test]
async fn no_redirect_takes_a_token_elsewhere() {
    let elsewhere = MockServer::start_async().await;
    let caught = elsewhere.mock(|when, then| {
        when.any_request();
        then.status(200).body(r#"{"active":true}"#);
    });
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start_async().await;
        let redirect = server.mock(|when, then| {
            when.path("/oauth/token/introspect");
            then.status(status).header("location", elsewhere.url("/oauth/token/introspect"));
        });
        let app = app(&server);
        let error = app.introspect(&tokens(&app), TokenKind::Access).await.unwrap_err();
        assert!(matches!(error, OAuthError::Status { status: found } if found == status), "{error:?}");
        redirect.assert_calls(1);
    }
    caught.assert_calls(0);
}

/// A server that answers one request and never stops.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let _ = connection.read(&mut [0; 4096]);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"active\":true,\"sub\":\"");
        // Ends when the client has heard enough and hangs up.
        while connection.write_all(&[b'x'; 4096]).is_ok() {}
    });
    address
}

#[tokio::test]
async fn an_answer_without_end_is_not_waited_for() {
    let app = OAuthApp::new(Sandbox::new(&endless()).unwrap(), "FAKE-CLIENT", "http://localhost:1/callback")
        .unwrap();
    let error = app.introspect(&tokens(&app), TokenKind::Access).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the authorisation server's response is not what RFC 6749 describes: it is longer than any token response"
    );
}

#[tokio::test]
async fn an_answer_arrives_whole() {
    let server = MockServer::start_async().await;
    let body = format!(r#"{{"active":true,"sub":"{}"}}"#, "x".repeat(60_000));
    server.mock(|when, then| {
        when.any_request();
        then.status(200).body(&body);
    });
    let app = app(&server);
    let info = app.introspect(&tokens(&app), TokenKind::Access).await.unwrap();
    assert_eq!(info.sub.unwrap().len(), 60_000);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let sandbox = Sandbox::new("http://127.0.0.1:9").unwrap();
    let app = OAuthApp::new(sandbox, "FAKE-CLIENT", "http://localhost:1/callback").unwrap();
    let error = app.introspect(&tokens(&app), TokenKind::Access).await.unwrap_err();
    let OAuthError::Transport(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), pleo_auth::pleo_client::TransportErrorKind::Connect);
}

#[tokio::test]
async fn one_configuration_serves_the_api_and_the_authorisation_server() {
    let server = MockServer::start_async().await;
    let api = server.mock(|when, then| {
        when.path("/v1/companies")
            .header("user-agent", concat!("pleo-client/", env!("CARGO_PKG_VERSION"), " ledger-sync/2.1"));
        then.status(200).body(r#"{"data":[],"pagination":{}}"#);
    });
    let oauth = server.mock(|when, then| {
        when.path("/oauth/token/introspect")
            .header("user-agent", concat!("pleo-client/", env!("CARGO_PKG_VERSION"), " ledger-sync/2.1"));
        then.status(200).body(r#"{"active":false}"#);
    });
    let http = ReqwestTransport::with_config(
        HttpConfig::default().with_application("ledger-sync/2.1").with_body_limit(4),
    )
    .unwrap();
    // By its name, which nobody looks up.
    let sandbox = Sandbox::new(&format!("http://localhost:{}", server.port())).unwrap();
    let redirect = "http://localhost:1/callback";
    let app = OAuthApp::with_transport(sandbox.clone(), "FAKE-CLIENT", redirect, http.clone()).unwrap();
    app.introspect(&tokens(&app), TokenKind::Access).await.unwrap();
    let key = StandaloneApiKey::new(sandbox, "FAKE-KEY").unwrap();
    let client = Client::with_transport(Session::new(key), http).unwrap();
    assert!(client.reqwest_transport().is_some(), "requests to other hosts are sent with it as well");
    let error = client.list_companies().send().await.unwrap_err();
    assert!(matches!(error, pleo_auth::pleo_client::Error::BodyTooLong { limit: 4, .. }), "{error:?}");
    let other = client.for_company(crate::support::company(1));
    let error = other.list_companies().send().await.unwrap_err();
    assert!(matches!(error, pleo_auth::pleo_client::Error::BodyTooLong { limit: 4, .. }), "{error:?}");
    api.assert_calls(2);
    oauth.assert_calls(1);
}
