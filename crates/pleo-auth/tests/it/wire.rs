//! What arrives at a server, byte for byte.

use std::{
    cell::Cell,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use pleo_auth::{
    AccessToken, Client, IntegratedApiKey, IntoCredential, Sandbox, Session, StandaloneApiKey,
    pleo_client::tags::types::BulkTagDeleteModel,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// Seeded, so that a failure comes again.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[derive(Debug)]
struct Arrived {
    authorizations: Vec<String>,
    everything_else: String,
}

fn server() -> (MockServer, Arc<Mutex<Vec<Arrived>>>) {
    let server = MockServer::start();
    let arrived = Arc::<Mutex<Vec<Arrived>>>::default();
    let log = Arc::clone(&arrived);
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let (mut authorizations, mut rest) = (Vec::new(), String::new());
            for (name, value) in request.headers_vec() {
                if name.eq_ignore_ascii_case("authorization") {
                    authorizations.push(value.clone());
                } else {
                    rest.push_str(&format!("{name}: {value}\n"));
                }
            }
            let body = String::from_utf8_lossy(request.body_ref()).into_owned();
            rest.push_str(&format!("{} {body}", request.uri()));
            log.lock().unwrap().push(Arrived { authorizations, everything_else: rest });
            HttpMockResponse::builder().status(200).body("{}").build()
        });
    });
    (server, arrived)
}

/// Calls an operation with a query and one with a body, and returns what arrived of both.
fn arrives(
    runtime: &tokio::runtime::Runtime,
    arrived: &Mutex<Vec<Arrived>>,
    credential: impl IntoCredential<Sandbox>,
) -> Vec<Arrived> {
    arrived.lock().unwrap().clear();
    let client =
        Client::without_retries(Session::new(credential).with_company(crate::support::company(1))).unwrap();
    runtime.block_on(async {
        let _ = client.list_export_jobs_v3().limit(1).send().await;
        let _ = client.delete_tags(BulkTagDeleteModel::builder().tag_ids(vec![])).send().await;
    });
    std::mem::take(&mut *arrived.lock().unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[!-~]{1,80}",
        "[A-Za-z0-9._~+/=-]{1,300}",
        any::<String>(),
        prop::sample::select(vec!["Basic RkFLRQ==", "a:b", "'a'", "RkFLRUtFWTo=", "==", "\u{e4}", "a\nb"])
            .prop_map(str::to_owned),
    ]
}

#[test]
fn any_key_that_is_taken_arrives_once_as_basic_user_name_with_an_empty_password() {
    let (server, arrived) = server();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(&server.base_url()).unwrap();
    let taken = Cell::new(0);
    let outcome = runner(256).run(&(text(), any::<bool>()), |(key, standalone)| {
        let credential = if standalone {
            StandaloneApiKey::new(sandbox.clone(), key.as_str()).map(IntoCredential::into_credential)
        } else {
            IntegratedApiKey::new(sandbox.clone(), key.as_str()).map(IntoCredential::into_credential)
        };
        let Ok(credential) = credential else {
            let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            prop_assert!(!plain || STANDARD.decode(&key).is_ok(), "{:?} was refused", key);
            return Ok(());
        };
        let requests = arrives(&runtime, &arrived, credential);
        prop_assert_eq!(requests.len(), 2);
        for request in requests {
            let [value] = request.authorizations.as_slice() else {
                return Err(TestCaseError::fail(format!("{:?}", request.authorizations)));
            };
            let decoded = STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
            prop_assert_eq!(decoded, format!("{key}:").into_bytes());
            prop_assert!(key.len() < 8 || !request.everything_else.contains(&key));
        }
        taken.set(taken.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    assert!(taken.get() > 100, "only {taken:?} keys were taken");
}

#[test]
fn any_token_that_is_taken_arrives_once_as_bearer_byte_for_byte() {
    let (server, arrived) = server();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = Sandbox::new(&server.base_url()).unwrap();
    let taken = Cell::new(0);
    let outcome = runner(256).run(&text(), |token| {
        let Ok(credential) = AccessToken::new(sandbox.clone(), token.as_str()) else { return Ok(()) };
        let requests = arrives(&runtime, &arrived, credential);
        prop_assert_eq!(requests.len(), 2);
        for request in requests {
            prop_assert_eq!(request.authorizations, vec![format!("Bearer {token}")]);
            prop_assert!(token.len() < 8 || !request.everything_else.contains(&token));
        }
        taken.set(taken.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    assert!(taken.get() > 100, "only {taken:?} tokens were taken");
}

#[test]
fn the_base_url_and_the_path_make_the_documented_url() {
    use pleo_auth::{AnyEnvironment, Environment, Production, Staging};

    use crate::support::Recorder;

    fn url<E: Environment>(environment: E) -> String {
        let recorder = Recorder::status(200);
        let key = StandaloneApiKey::new(environment, "FAKE").unwrap();
        let client = crate::support::client(Session::new(key), &recorder);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _ = runtime.block_on(client.list_employees().send());
        recorder.last().uri().to_string()
    }

    assert_eq!(url(Production), "https://external.pleo.io/v2/employees");
    assert_eq!(url(Staging), "https://external.staging.pleo.io/v2/employees");
    assert_eq!(url(AnyEnvironment::Production), "https://external.pleo.io/v2/employees");
}
