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

/// A list of companies. Before each page, entries are added, edited and deleted all over. Without a sorting key they are in
/// the order of their last edit.
#[derive(Default)]
struct Changing {
    random: Option<fastrand::Rng>,
    /// When each was last edited.
    edited: BTreeMap<u128, u64>,
    by_edit: BTreeMap<u64, u128>,
    edits: u64,
    /// What has been there from the beginning and still is.
    throughout: BTreeSet<u128>,
    requests: usize,
}

#[derive(Clone)]
struct Service(Arc<Mutex<Changing>>);

impl Changing {
    fn of(entries: usize) -> Self {
        let mut list = Self { random: Some(fastrand::Rng::with_seed(1)), ..Self::default() };
        while list.edited.len() < entries {
            let id = list.random();
            list.edit(id);
        }
        list.throughout = list.edited.keys().copied().collect();
        list
    }

    fn random(&mut self) -> u128 {
        self.random.as_mut().unwrap().u128(..)
    }

    /// Edits an entry, or adds it.
    fn edit(&mut self, id: u128) {
        self.edits += 1;
        if let Some(former) = self.edited.insert(id, self.edits) {
            self.by_edit.remove(&former);
        }
        self.by_edit.insert(self.edits, id);
    }

    fn change(&mut self) {
        for _ in 0..10 {
            let (new, edited, deleted) = (self.random(), self.random(), self.random());
            self.edit(new);
            if let Some((&id, _)) = self.edited.range(edited..).next() {
                self.edit(id);
            }
            if let Some((&id, edit)) = self.edited.range(deleted..).next() {
                self.by_edit.remove(edit);
                self.edited.remove(&id);
                self.throughout.remove(&id);
            }
        }
    }

    fn page(&mut self, by_id: bool, after: Option<u128>, limit: usize) -> serde_json::Value {
        self.requests += 1;
        self.change();
        let after = after.map_or(0, |after| after + 1);
        let entries: Vec<(u128, u128)> = if by_id {
            self.edited.range(after..).map(|(id, _)| (*id, *id)).take(limit + 1).collect()
        } else {
            let edits = self.by_edit.range(after as u64..);
            edits.map(|(edit, id)| (u128::from(*edit), *id)).take(limit + 1).collect()
        };
        let shown = &entries[..entries.len().min(limit)];
        let data: Vec<_> = shown.iter().map(|(_, id)| entry(*id)).collect();
        page(
            &data,
            entries.len() > limit,
            shown.last().map(|(cursor, _)| Uuid::from_u128(*cursor).to_string()),
        )
    }
}

fn entry(id: u128) -> serde_json::Value {
    json!({ "id": Uuid::from_u128(id), "name": "Chainworks", "address": {} })
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
            let by_id = query.contains("sorting_keys=id");
            Ok(responds(self.0.lock().unwrap().page(by_id, after, limit)))
        })
    }
}

fn client(transport: impl Transport + 'static) -> Client<Staging> {
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    Client::with_transport(Session::new(key), transport).unwrap()
}

/// Reads 10,000 entries that change meanwhile. How many came twice, and how many were missed?
async fn read(sorted: bool, unique: bool) -> (usize, usize) {
    let service = Service(Arc::new(Mutex::new(Changing::of(10_000))));
    let client = client(service.clone());
    let mut call = client.list_companies().limit(100);
    if sorted {
        call = call.sorting_keys(vec!["id".to_owned()]);
    }
    let mut companies = call.items();
    if unique {
        companies = companies.unique_by(|company| company.id);
    }
    let (mut read, mut twice) = (BTreeSet::new(), 0);
    while let Some(company) = companies.next().await {
        twice += usize::from(!read.insert(company.unwrap().id.as_u128()));
    }
    let list = service.0.lock().unwrap();
    assert!(list.throughout.len() > 8000 && list.requests >= 100, "{} requests", list.requests);
    (twice, list.throughout.difference(&read).count())
}

#[tokio::test]
async fn of_ten_thousand_entries_that_change_meanwhile_none_comes_twice_and_none_is_missed() {
    assert_eq!(read(true, false).await, (0, 0), "by the stable sorting key");
    assert_eq!(read(false, true).await, (0, 0), "each once");
    let (twice, missed) = read(false, false).await;
    assert!(twice > 100 && missed == 0, "the list does repeat entries: {twice}");
}

/// Responds to everything with the same page.
struct Stuck(Arc<Mutex<usize>>);

impl Transport for Stuck {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            *self.0.lock().unwrap() += 1;
            Ok(responds(page(&[entry(1)], true, Some("MFRGG".to_owned()))))
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
