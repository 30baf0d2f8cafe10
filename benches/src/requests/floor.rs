//! The floor: one buffer of the right size for the URL, one for the body, and nothing checked.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pleo_client::chrono::{DateTime, FixedOffset};
use serde::Serialize;
use uuid::Uuid;

use super::{
    BASE_URL, COMPANY, CURSOR, EMAIL, ENTRY, Items, JOB, Ready, SORTING_KEY, Way,
    by_hand::{Item, Search},
    period, progress, send,
};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) struct Floor {
    authorization: HeaderValue,
    items: Vec<Item>,
    period: (DateTime<FixedOffset>, DateTime<FixedOffset>),
}

impl Floor {
    pub(super) fn new(authorization: HeaderValue) -> Self {
        Self { authorization, items: progress().into_iter().map(Item::from).collect(), period: period() }
    }

    fn ready(&self, method: Method, url: String, body: Option<Vec<u8>>) {
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut request = Request::new(body.map(Bytes::from).unwrap_or_default());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_maybe_shared(Bytes::from(url)).unwrap();
        *request.headers_mut() = headers;
        send(Ready::Http(request));
    }
}

fn url(capacity: usize, path: &str) -> String {
    let mut url = String::with_capacity(capacity);
    url.push_str(BASE_URL);
    url.push_str(path);
    url
}

fn push_id(url: &mut String, id: Uuid) {
    url.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

fn push_escaped(url: &mut String, name: &str, value: &str) {
    url.push_str(name);
    url.extend(utf8_percent_encode(value, ESCAPED));
}

fn json(capacity: usize, body: &impl Serialize) -> Option<Vec<u8>> {
    let mut buffer = Vec::with_capacity(capacity);
    serde_json::to_writer(&mut buffer, body).unwrap();
    Some(buffer)
}

impl Way for Floor {
    fn get(&self) {
        let mut url = url(96, "/v1/accounting-entries/");
        push_id(&mut url, ENTRY);
        self.ready(Method::GET, url, None)
    }

    fn list(&self) {
        let mut url = url(256, "/v2/employees?companyId=");
        push_id(&mut url, COMPANY);
        push_escaped(&mut url, "&email=", EMAIL);
        push_escaped(&mut url, "&after=", CURSOR);
        url.push_str("&limit=100");
        push_escaped(&mut url, "&sorting_keys=", SORTING_KEY);
        url.push_str("&sorting_order=ASC");
        self.ready(Method::GET, url, None)
    }

    fn search(&self) {
        let mut url = url(224, "/v1/accounting-entries:search?company_id=");
        push_id(&mut url, COMPANY);
        push_escaped(&mut url, "&after=", CURSOR);
        url.push_str("&limit=100");
        self.ready(Method::POST, url, json(384, &Search::between(self.period)))
    }

    fn items(&self) -> Items {
        Items::ByHand(self.items.clone())
    }

    fn update(&self, items: Items) {
        let Items::ByHand(items) = items else { unreachable!("items of another way") };
        let mut url = url(112, "/v3/export-jobs/");
        push_id(&mut url, JOB);
        url.push_str("/items");
        self.ready(Method::PUT, url, json(32 * 1024, &items))
    }
}
