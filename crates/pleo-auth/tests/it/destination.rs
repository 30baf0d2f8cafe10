//! A credential goes to its own environment and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use httpmock::MockServer;
use pleo_auth::{
    AccessToken, Client, Environment, Production, RequestRefused, Sandbox, Session, Staging,
    StandaloneApiKey,
    pleo_client::{self, Authorization, Authorize, Error, Request},
};

use crate::support::{Adds, Recorder, key};

/// Where `base` leads a session's request: what was sent, or the refusal.
async fn lead<E: Environment>(
    session: &Session<E>,
    base: &str,
) -> Option<Result<http::Request<Bytes>, RequestRefused>> {
    let recorder = Recorder::status(200);
    // Many of the addresses are refused before a session sees them.
    let client = pleo_client::Client::new(base, session.clone(), recorder.clone()).ok()?;
    match client.introspect_authentication().send().await {
        Err(error @ Error::Refused { .. }) => {
            assert!(recorder.sent().is_empty());
            Some(Err(RequestRefused::of(&error).unwrap().clone()))
        }
        // The empty answer cannot be decoded; the request was sent all the same.
        Err(Error::Decode(_)) => Some(Ok(recorder.last())),
        other => panic!("{base}: {other:?}"),
    }
}

const ADDRESSES: &[&str] = &[
    "https://external.pleo.io",
    "https://external.pleo.io/",
    "https://external.pleo.io//",
    "https://external.pleo.io/v1",
    "https://external.pleo.io//evil.test",
    "https://external.pleo.io/../x",
    "https://external.pleo.io:443",
    "https://external.pleo.io:8443",
    "https://external.pleo.io.",
    "https://external.pleo.io.evil.test",
    "https://external.pleo.ioevil.test",
    "https://external.pleo.io@evil.test",
    "https://external.pleo.io:443@evil.test",
    "https://evil.test/external.pleo.io",
    "https://evil.test\\external.pleo.io",
    "https://external.pleo.io\\@evil.test",
    "https://external.pleo.io%2eevil.test",
    "https://external.pleo.io%00.evil.test",
    "https://xexternal.pleo.io",
    "https://pleo.io",
    "https://EXTERNAL.pleo.io",
    "HTTPS://external.pleo.io",
    "http://external.pleo.io",
    "http://external.pleo.io:443",
    "ftp://external.pleo.io",
    "https://external.staging.pleo.io",
    "https://external.staging.pleo.io/x",
    "https://external.staging.pleo.io.",
    "https://external.staging.pleo.io:443",
    "http://external.staging.pleo.io",
    "https://external-staging.pleo.io",
    "https://openapi.pleo.io",
    "https://openapi.pleo.io/v1",
    "https://openapi.staging.pleo.io",
    "https://api.pleo.io",
    "https://auth.pleo.io",
    "https://app.pleo.io",
    "https://127.0.0.1",
    "http://127.0.0.1:8080",
    "http://127.0.0.1:8081",
    "http://localhost:8080",
    "http://[::1]:8080",
    "http://127.0.0.1.evil.test:8080",
    "https://\u{435}xternal.pleo.io",
    "//external.pleo.io",
    "external.pleo.io",
];

async fn only_these_are_reached<E: Environment>(session: Session<E>, own: &[&str]) {
    let base = session.environment().base_url().to_owned();
    let mut reached = Vec::new();
    for address in ADDRESSES {
        match lead(&session, address).await {
            None => {}
            Some(Ok(request)) => {
                reached.push(*address);
                let scheme_and_authority =
                    format!("{}://{}", request.uri().scheme().unwrap(), request.uri().authority().unwrap());
                assert_eq!(scheme_and_authority, base, "{address}");
            }
            Some(Err(RequestRefused::OtherDestination { found, expected })) => {
                assert_eq!(expected, base);
                assert!(!found.contains('@'), "{found}");
            }
            Some(Err(other)) => panic!("{address}: {other:?}"),
        }
    }
    assert_eq!(reached, own);
}

#[tokio::test]
async fn the_credential_is_attached_only_where_scheme_host_and_port_are_the_environments() {
    let key = StandaloneApiKey::new(Production, "FAKE").unwrap();
    let own = [
        "https://external.pleo.io",
        "https://external.pleo.io/",
        "https://external.pleo.io//",
        "https://external.pleo.io/v1",
        "https://external.pleo.io//evil.test",
        "https://external.pleo.io/../x",
    ];
    only_these_are_reached(Session::new(key), &own).await;
    let token = AccessToken::new(Staging, "FAKE").unwrap();
    let own = ["https://external.staging.pleo.io", "https://external.staging.pleo.io/x"];
    only_these_are_reached(Session::new(token), &own).await;
    let key = StandaloneApiKey::new(Sandbox::new("http://127.0.0.1:8080").unwrap(), "FAKE").unwrap();
    only_these_are_reached(Session::new(key), &["http://127.0.0.1:8080"]).await;
}

#[tokio::test]
async fn the_refusal_names_both_places_and_no_path() {
    let session = Session::new(key("FAKE"));
    let refused = lead(&session, "https://external.pleo.io:8443/secret-path").await.unwrap().unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("https://external.pleo.io:8443,"), "{text}");
    assert!(text.contains("https://external.staging.pleo.io alone"), "{text}");
    assert!(!text.contains("secret-path"), "{text}");
}

#[tokio::test]
async fn a_request_that_has_a_credential_already_is_refused() {
    let token = AccessToken::new(Staging, "FAKE").unwrap();
    for session in [Session::new(key("FAKE")), Session::new(token)] {
        let recorder = Recorder::status(200);
        let adds = Arc::new(Adds("Bearer FAKE-OTHER", session));
        // Two of them are refused as well as one.
        for authorize in [Arc::clone(&adds) as Arc<dyn Authorize>, Arc::new(Twice(adds))] {
            let client = pleo_client::Client::new(Staging.base_url(), authorize, recorder.clone()).unwrap();
            let error = client.introspect_authentication().send().await.unwrap_err();
            assert!(matches!(RequestRefused::of(&error), Some(RequestRefused::AlreadyAuthorized)));
            assert!(recorder.sent().is_empty());
        }
    }
}

/// Adds one more.
struct Twice(Arc<Adds>);

impl Authorize for Twice {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        request.headers_mut().append("authorization", HeaderValue::from_static("Bearer FAKE-FIRST"));
        self.0.authorize(request)
    }
}

#[tokio::test]
async fn no_redirect_is_followed_to_any_host() {
    let elsewhere = MockServer::start_async().await;
    let caught = elsewhere.mock(|when, then| {
        when.any_request();
        then.status(200).body("{}");
    });
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start_async().await;
        for target in [elsewhere.url("/caught"), server.url("/same-host")] {
            let mut redirect = server.mock(|when, then| {
                when.path("/v1/introspect");
                then.status(status).header("location", target.as_str());
            });
            let same_host = server.mock(|when, then| {
                when.path("/same-host");
                then.status(200);
            });
            let sandbox = Sandbox::new(&server.base_url()).unwrap();
            let client =
                Client::without_retries(Session::new(StandaloneApiKey::new(sandbox, "FAKE").unwrap()))
                    .unwrap();
            let error = client.introspect_authentication().send().await.unwrap_err();
            assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
            assert!(error.to_string().contains("a redirect, which is never followed"), "{error}");
            assert_eq!(error.api_error().unwrap().headers()["location"], target.as_str());
            redirect.assert_calls(1);
            same_host.assert_calls(0);
            redirect.delete();
        }
    }
    caught.assert_calls(0);
}
