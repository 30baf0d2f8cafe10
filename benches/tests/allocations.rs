//! What authorising costs: this test counts allocations, so it is alone in its process.

#![allow(clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt as _, Full};
use pleo_auth::{AccessToken, Environment as _, Session, Staging, StandaloneApiKey};
use pleo_client::{
    Authorization, Authorize, Body, BoxFuture, Call, Client, Error, Request, Transport, Unauthenticated,
    marketplace::types::UpdateInstallationRequest, operations,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Counts what its session allocates while it authorises.
struct Counts(Session<Staging>, Arc<Mutex<Vec<u64>>>);

impl Authorize for Counts {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        let before = dhat::HeapStats::get().total_blocks;
        let authorization = self.0.authorize(request);
        let allocated = dhat::HeapStats::get().total_blocks - before;
        self.1.lock().unwrap().push(allocated);
        authorization
    }
}

struct Empty;

impl Transport for Empty {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            assert!(request.headers().get("authorization").is_none_or(HeaderValue::is_sensitive));
            Ok(http::Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()))
        })
    }
}

/// How much one call allocates, from beginning to end.
fn allocated_by(client: &Client, runtime: &tokio::runtime::Runtime) -> u64 {
    // The first call fills what stays.
    runtime.block_on(client.delete_installation().send()).unwrap();
    let before = dhat::HeapStats::get().total_blocks;
    runtime.block_on(client.delete_installation().send()).unwrap();
    dhat::HeapStats::get().total_blocks - before
}

#[test]
fn attaching_a_static_credential_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let scopes = pleo_auth::ScopeSet::needed_for(operations::all()).scopes;
    for session in [
        Session::new(StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap()),
        Session::new(AccessToken::new(Staging, "FAKE-TOKEN").unwrap()).with_scopes(scopes),
    ] {
        let counted = Arc::<Mutex<Vec<u64>>>::default();
        let counts = Counts(session, Arc::clone(&counted));
        let client = Client::new(Staging.base_url(), counts, Empty).unwrap();
        let profiler = dhat::Profiler::builder().testing().build();
        let delete = runtime.block_on(client.delete_installation().send());
        let get = runtime.block_on(client.get_employee(uuid::Uuid::nil()).send());
        let activation = UpdateInstallationRequest::builder().status("ACTIVATED");
        let put = runtime.block_on(client.update_installation(activation).send());
        drop(profiler);
        assert!(delete.is_ok() && get.is_err() && put.is_err());
        assert_eq!(*counted.lock().unwrap(), [0, 0, 0]);
    }
    // Nor does a whole call through the client of an environment, which is held to one credential.
    let profiler = dhat::Profiler::builder().testing().build();
    let session = Session::new(StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap());
    let plain = Client::new(Staging.base_url(), Unauthenticated, Empty).unwrap();
    let client = pleo_auth::Client::with_transport(session, Empty).unwrap();
    let (without, with) = (allocated_by(&plain, &runtime), allocated_by(&client, &runtime));
    drop(profiler);
    assert_eq!(with, without);
}
