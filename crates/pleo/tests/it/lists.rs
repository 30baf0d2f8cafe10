//! Lists that change while they are read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt as _, Full};
use pleo::{
    Body, BoxFuture, Call, Client, Error, PagingError, Session, Staging, StandaloneApiKey, Transport,
    bytes::Bytes, http::Response, uuid::Uuid,
};
use serde_json::json;

/// A list of companies, sorted by their ids. Before each page, entries are added, edited and deleted all over.
struct Changing {
    random: fastrand::Rng,
    entries: BTreeMap<u128, usize>,
    /// What has been there from the beginning and still is.
    throughout: BTreeSet<u128>,
    requests: usize,
}

#[derive(Clone)]
struct Service(Arc<Mutex<Changing>>);

impl Changing {
    fn change(&mut self) {
        for _ in 0..10 {
            let (new, edited, deleted) = (self.random.u128(..), self.random.u128(..), self.random.u128(..));
            self.entries.insert(new, 0);
            if let Some((_, version)) = self.entries.range_mut(edited..).next() {
                *version += 1;
            }
            if let Some((&id, _)) = self.entries.range(deleted..).next() {
                self.entries.remove(&id);
                self.throughout.remove(&id);
            }
        }
    }

    fn page(&mut self, after: Option<u128>, limit: usize) -> serde_json::Value {
        self.requests += 1;
        self.change();
        let rest = self.entries.range(after.map_or(0, |after| after + 1)..);
        let ids: Vec<u128> = rest.map(|(id, _)| *id).take(limit + 1).collect();
        let data: Vec<_> = ids.iter().take(limit).map(|id| entry(*id, self.entries[id])).collect();
        page(
            &data,
            ids.len() > limit,
            ids.iter().take(limit).next_back().map(|id| Uuid::from_u128(*id).to_string()),
        )
    }
}

fn entry(id: u128, version: usize) -> serde_json::Value {
    json!({ "id": Uuid::from_u128(id), "name": format!("version {version}"), "address": {} })
}

fn page(data: &[serde_json::Value], more: bool, end: Option<String>) -> serde_json::Value {
    let pagination = json!({
        "currentRequestPagination": { "parameters": {} }, "hasNextPage": more, "hasPreviousPage": false, "endCursor": end,
    });
    json!({ "data": data, "pagination": pagination })
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn responds(body: serde_json::Value) -> Response<Body> {
    Response::new(Full::new(Bytes::from(body.to_string())).map_err(|never| match never {}).boxed_unsync())
}

impl Transport for Service {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            let query = request.uri().query().unwrap_or_default();
            let after = parameter(query, "after").map(|after| after.parse::<Uuid>().unwrap().as_u128());
            let limit = parameter(query, "limit").unwrap().parse().unwrap();
            Ok(responds(self.0.lock().unwrap().page(after, limit)))
        })
    }
}

fn client(transport: impl Transport + 'static) -> Client<Staging> {
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    Client::with_transport(Session::new(key), transport).unwrap()
}

#[tokio::test]
async fn of_ten_thousand_entries_that_change_meanwhile_none_comes_twice_and_none_is_missed() {
    let mut list = Changing {
        random: fastrand::Rng::with_seed(1),
        entries: BTreeMap::new(),
        throughout: BTreeSet::new(),
        requests: 0,
    };
    while list.entries.len() < 10_000 {
        let id = list.random.u128(..);
        list.entries.insert(id, 0);
    }
    list.throughout = list.entries.keys().copied().collect();
    let service = Service(Arc::new(Mutex::new(list)));
    let client = client(service.clone());
    let mut companies = client.list_companies().limit(100).items().unique_by(|company| company.id);
    let mut read = BTreeSet::new();
    while let Some(company) = companies.next().await {
        assert!(read.insert(company.unwrap().id.as_u128()), "an entry came twice");
    }
    let list = service.0.lock().unwrap();
    let missed: Vec<_> = list.throughout.difference(&read).collect();
    assert!(missed.is_empty(), "{} entries are missed", missed.len());
    assert!(list.throughout.len() > 8000 && list.requests >= 100, "{} requests", list.requests);
}

/// Responds to everything with the same page.
struct Stuck(Arc<Mutex<usize>>);

impl Transport for Stuck {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            *self.0.lock().unwrap() += 1;
            Ok(responds(page(&[entry(1, 0)], true, Some("MFRGG".to_owned()))))
        })
    }
}

#[tokio::test]
async fn a_cursor_that_stands_still_ends_a_list_within_two_requests() {
    let requests = Arc::default();
    let client = client(Stuck(Arc::clone(&requests)));
    let mut companies = client.list_companies().items();
    assert!(companies.next().await.unwrap().is_ok());
    let error = companies.next().await.unwrap().unwrap_err();
    let cursor = "MFRGG".to_owned();
    assert!(
        matches!(&error, Error::Paging { problem: PagingError::CursorRepeated { cursor: found }, .. } if *found == cursor),
        "{error}"
    );
    assert!(companies.next().await.is_none());
    assert_eq!(*requests.lock().unwrap(), 2);
}
