//! Query values of any kind arrive as they were given.

use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use percent_encoding::percent_decode_str;
use pleo_client::{Client, ReqwestTransport, Unauthenticated};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

#[test]
fn query_values_of_any_unicode_arrive_intact() {
    let server = MockServer::start();
    let queries: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&queries);
    server.mock(|when, then| {
        when.path("/v2/employees");
        then.respond_with(move |request: &HttpMockRequest| {
            seen.lock().unwrap().push(request.uri().query().unwrap_or_default().to_owned());
            HttpMockResponse::builder().status(204).build()
        });
    });
    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let values = (any::<String>(), proptest::collection::vec(any::<String>(), 0..4));
    let outcome = runner.run(&values, |(email, keys)| {
        queries.lock().unwrap().clear();
        // The empty response is not a page; what counts is what was sent.
        let call = client.list_employees().email(email.clone()).sorting_keys(keys.clone());
        runtime.block_on(call.send()).unwrap_err();
        let queries = queries.lock().unwrap().clone();
        prop_assert_eq!(queries.len(), 1);
        let pairs: Vec<(String, String)> = queries[0]
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| {
                (name.to_owned(), percent_decode_str(value).decode_utf8().unwrap().into_owned())
            })
            .collect();
        let mut expected = vec![("email".to_owned(), email)];
        expected.extend(keys.into_iter().map(|key| ("sorting_keys".to_owned(), key)));
        prop_assert_eq!(pairs, expected);
        // A form decoder would read a plus as a space.
        prop_assert!(!queries[0].contains('+'));
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn a_base_url_with_a_path_and_a_slash_keeps_both_apart() {
    let server = MockServer::start();
    let mock = server.mock(|when, then| {
        when.path("/mock/v1/companies");
        then.status(204);
    });
    let base_url = format!("{}/mock/", server.base_url());
    let client = Client::new(&base_url, Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    client.list_companies().send().await.unwrap_err();
    mock.assert_calls(1);
}
