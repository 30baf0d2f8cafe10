//! Four requests, built by different ways up to the point where they are ready to be sent.

mod by_hand;
mod floor;
mod stock;
mod typed;

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use pleo_client::{
    chrono::{DateTime, FixedOffset},
    export::types::UpdateExportJobItemV3,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{KEY, token};

/// The typed client with its session: what the others are compared with.
pub const TYPED: &str = "typed client";
/// The typed client without a credential: what is missing is the credential's share.
pub const NO_CREDENTIAL: &str = "typed client, no credential";
/// The typed client, and reqwest's request made of it, as the plain transport does.
pub const TYPED_REQWEST: &str = "typed client, for reqwest";
/// reqwest, as a careful person writes it.
pub const BY_HAND: &str = "reqwest by hand";
/// What progenitor generates, with its own runtime.
pub const STOCK: &str = "stock progenitor";
/// One buffer of the right size.
pub const FLOOR: &str = "floor";

const BASE_URL: &str = "https://external.staging.pleo.io";
const ENTRY: Uuid = Uuid::from_u128(0x6f1c_2b0e_8d3a_4f5b_9c7d_1e2f_3a4b_5c6d);
const COMPANY: Uuid = Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5555);
const JOB: Uuid = Uuid::from_u128(0x0a1b_2c3d_4e5f_4061_8273_8495_a6b7_c8d9);
const EMPLOYEES: [Uuid; 2] = [
    Uuid::from_u128(0x7d8e_9fa0_b1c2_43d4_85e6_f708_192a_3b4c),
    Uuid::from_u128(0x3c4d_5e6f_7081_4293_a4b5_c6d7_e8f9_0a1b),
];
const EMAIL: &str = "anna.larsen+travel@example.com";
const CURSOR: &str = "eyJpZCI6IjZmMWMyYjBlLThkM2EtNGY1YiIsInNvcnQiOltdfQ==";
const SORTING_KEY: &str = "email";
const LIMIT: i32 = 100;

/// A request that is ready to be sent.
#[derive(Debug)]
pub enum Ready {
    /// As any library takes it.
    Http(http::Request<Bytes>),
    /// As reqwest takes it.
    Reqwest(reqwest::Request),
}

/// The items of the PUT, in the type of each way.
#[derive(Debug)]
pub enum Items {
    /// None: another request.
    None,
    /// For our typed client.
    Typed(Vec<UpdateExportJobItemV3>),
    /// For what is written by hand.
    ByHand(Vec<by_hand::Item>),
    /// For stock progenitor.
    Stock(Vec<stock::Item>),
}

thread_local! {
    static SENT: RefCell<Vec<Ready>> = const { RefCell::new(Vec::new()) };
}

/// Takes a request that is ready, in the place of what would send it. All ways end here, so that none of
/// them carries its request further than the others.
fn send(ready: Ready) {
    SENT.with_borrow_mut(|sent| sent.push(ready));
}

/// Makes room for requests and forgets those that were sent before; tells how many those were.
pub fn forget_sent(room: usize) -> usize {
    SENT.with_borrow_mut(|sent| {
        let before = sent.len();
        sent.clear();
        sent.reserve(room);
        before
    })
}

/// A way of building the four requests and sending them to [`send`]. The arguments are there already, as
/// values of Rust.
trait Way {
    /// GET with a path parameter.
    fn get(&self);
    /// GET with six of nine query parameters.
    fn list(&self);
    /// POST with query and body.
    fn search(&self);
    /// What [`update`](Self::update) sends.
    fn items(&self) -> Items;
    /// PUT with 100 items, which are not needed afterwards.
    fn update(&self, items: Items);
}

/// Takes the ways one by one.
pub trait Measure {
    /// Measures `build`, not `prepare`.
    fn way(&mut self, case: &str, way: &str, prepare: impl FnMut() -> Items, build: impl FnMut(Items));
}

struct Case {
    name: &'static str,
    prepare: fn(&dyn Way) -> Items,
    build: fn(&dyn Way, Items),
}

const CASES: [Case; 4] = [
    Case { name: "a GET, path parameter", prepare: |_| Items::None, build: |way, _| way.get() },
    Case { name: "b GET, six of nine in the query", prepare: |_| Items::None, build: |way, _| way.list() },
    Case { name: "c POST, query and body", prepare: |_| Items::None, build: |way, _| way.search() },
    Case { name: "d PUT, 100 items", prepare: |way| way.items(), build: |way, items| way.update(items) },
];

#[derive(Clone, Copy)]
enum Credential {
    Key,
    Token,
}

/// Hands each way of each case to `measure`, in the order of the cases.
pub fn each(measure: &mut impl Measure) {
    let credentials = [("key", Credential::Key), ("token", Credential::Token)];
    let credentials = credentials.map(|(name, credential)| (name, ways(credential)));
    for case in &CASES {
        for (credential, ways) in &credentials {
            for (name, way) in ways {
                let case_name = format!("{}, {credential}", case.name);
                let way = way.as_ref();
                measure.way(&case_name, name, || (case.prepare)(way), |items| (case.build)(way, items));
            }
        }
    }
}

fn ways(credential: Credential) -> Vec<(&'static str, Box<dyn Way>)> {
    let secret = match credential {
        Credential::Key => KEY.to_owned(),
        Credential::Token => token(),
    };
    let typed = typed::Typed::new(credential, &secret);
    let header = typed.authorization();
    vec![
        (TYPED, Box::new(typed)),
        (NO_CREDENTIAL, Box::new(typed::Typed::without_credential())),
        (TYPED_REQWEST, Box::new(typed::Typed::for_reqwest(credential, &secret))),
        (BY_HAND, Box::new(by_hand::ByHand::new(credential, secret))),
        (STOCK, Box::new(stock::Stock::new(header.clone()))),
        (FLOOR, Box::new(floor::Floor::new(header))),
    ]
}

/// The request that was sent last.
fn sent() -> Ready {
    SENT.with_borrow_mut(Vec::pop).unwrap()
}

/// Stops unless all ways of a case make the same request.
///
/// # Panics
/// When two differ.
pub fn check() {
    each(&mut Compare::default());
}

#[derive(Default)]
struct Compare {
    case: String,
    first: Option<Meaning>,
}

impl Measure for Compare {
    fn way(
        &mut self,
        case: &str,
        way: &str,
        mut prepare: impl FnMut() -> Items,
        mut build: impl FnMut(Items),
    ) {
        if self.case != case {
            *self = Self { case: case.to_owned(), first: None };
        }
        build(prepare());
        let meaning = Meaning::of(sent());
        let mut expected = self.first.get_or_insert_with(|| meaning.clone()).clone();
        assert!(expected.authorization.is_some(), "{case} by {way} has no credential");
        if way == NO_CREDENTIAL {
            expected.authorization = None;
        }
        assert_eq!(meaning, expected, "{case} by {way} is another request");
    }
}

/// What a request says to the service.
#[derive(Debug, Clone, PartialEq)]
struct Meaning {
    method: Method,
    address: String,
    query: Vec<(String, String)>,
    authorization: Option<HeaderValue>,
    accept: Option<HeaderValue>,
    media_type: Option<String>,
    body: Option<Value>,
}

impl Meaning {
    fn of(ready: Ready) -> Self {
        let request = match ready {
            Ready::Http(request) => reqwest::Request::try_from(request.map(|body| {
                (!body.is_empty()).then_some(body).map_or_else(reqwest::Body::default, reqwest::Body::from)
            }))
            .unwrap(),
            Ready::Reqwest(request) => request,
        };
        let header = |name| -> Option<HeaderValue> { HeaderMap::get(request.headers(), name).cloned() };
        let mut query: Vec<_> = request.url().query_pairs().into_owned().collect();
        query.sort();
        let mut address = request.url().clone();
        address.set_query(None);
        let body = request.body().and_then(reqwest::Body::as_bytes).filter(|body| !body.is_empty());
        Self {
            method: request.method().clone(),
            address: address.to_string(),
            query,
            authorization: header(header::AUTHORIZATION),
            accept: header(header::ACCEPT),
            media_type: header(header::CONTENT_TYPE)
                .map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()),
            body: body.map(|body| serde_json::from_slice(body).unwrap()),
        }
    }
}

/// Progress of one item, as a program may hold it.
struct Progress {
    entry: Uuid,
    exported_at: DateTime<FixedOffset>,
    /// Id and link in the accounting system, or why it failed.
    outcome: Result<(String, String), String>,
}

fn progress() -> Vec<Progress> {
    (0_u32..100)
        .map(|number| Progress {
            entry: Uuid::from_u128(ENTRY.as_u128() + u128::from(number)),
            exported_at: time(&format!("2026-03-14T09:26:{:02}.589Z", number % 60)),
            outcome: if number % 10 == 9 {
                Err(format!("the ledger has no account \"{}\"", 4000 + number))
            } else {
                Ok((format!("JNL-{number:06}"), format!("https://ledger.example.com/journal/{number:06}")))
            },
        })
        .collect()
}

fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

fn period() -> (DateTime<FixedOffset>, DateTime<FixedOffset>) {
    (time("2026-02-01T00:00:00Z"), time("2026-02-28T23:59:59Z"))
}
