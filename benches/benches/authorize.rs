//! What a credential adds to a call: nothing, one cached header value, and a header built each time.

#![allow(missing_docs, reason = "criterion's macros")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has to stop")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderValue, header};
use pleo_auth::{CompanyId, Environment as _, Session, Staging, StandaloneApiKey};
use pleo_benches::{KEY, Nowhere};
use pleo_client::{Authorization, Authorize, Client, Request, Unauthenticated};

/// What a client does that keeps the key as text.
struct BuiltEachTime;

impl Authorize for BuiltEachTime {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        let value = format!("Basic {}", STANDARD.encode(format!("{KEY}:")));
        let mut value = HeaderValue::from_str(&value).unwrap();
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Authorization::Ready(Ok(()))
    }
}

fn session() -> Session<Staging> {
    Session::new(StandaloneApiKey::new(Staging, KEY).unwrap())
}

/// The client that most programs use; it adds what holds a call to one credential.
fn with_transport(session: Session<Staging>) -> Client {
    Client::clone(&pleo_auth::Client::with_transport(session, Nowhere).unwrap())
}

fn call(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let company: CompanyId = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    let client = |authorize: Box<dyn Authorize>| Client::new(Staging.base_url(), authorize, Nowhere).unwrap();
    let mut group = criterion.benchmark_group("a call without parameters");
    for (name, client) in [
        ("no credential", client(Box::new(Unauthenticated))),
        ("session with a key", client(Box::new(session()))),
        ("session with a key and a company", client(Box::new(session().with_company(company)))),
        ("pleo_auth::Client with a key", with_transport(session())),
        ("header built each time", client(Box::new(BuiltEachTime))),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(client.delete_installation().send()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, call);
criterion_main!(benches);
