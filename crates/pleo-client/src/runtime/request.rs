//! One request, from arguments to bytes.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use super::{Client, Error, InvalidArgument, Operation, ResponseValue, response};

/// All but the unreserved characters of RFC 3986, section 2.3, so that a value can neither end its
/// segment or pair nor be decoded differently by anyone.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Room for most bodies, in bytes.
const BODY_CAPACITY: usize = 1024;

/// A request on its way: what an [`Authorize`](super::Authorize) looks at and may change.
///
/// `Debug` shows method, path and header names only: the query, header values and the body may
/// hold what nobody should read in a log.
#[derive(Clone)]
pub struct Request {
    operation: &'static Operation,
    /// The whole URL in one buffer: base, path, query.
    url: String,
    path_start: usize,
    /// Where the `?` stands, once there is one.
    query_start: Option<usize>,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Request {
    pub(super) fn new(operation: &'static Operation, base_url: &str) -> Self {
        let mut url = String::with_capacity(base_url.len() + operation.path.len() + 256);
        url.push_str(base_url);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self { operation, path_start: url.len(), url, query_start: None, headers, body: None }
    }

    /// The operation that is called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.operation.method
    }

    /// The whole URL, query included. It is no place for a secret, but may hold personal data.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path below the base URL, percent-encoded, without the query.
    pub fn path(&self) -> &str {
        &self.url[self.path_start..self.query_start.unwrap_or(self.url.len())]
    }

    /// The pairs of the query, decoded, in the order in which they are sent.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.encoded_pairs().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
    }

    /// The values of one name in the query, decoded, in the order in which they are sent.
    pub fn query_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        // All names are written here, so one name has one spelling.
        let name = Cow::from(utf8_percent_encode(name, ESCAPED));
        let value = move |pair: &'a str| pair.strip_prefix(&*name)?.strip_prefix('=');
        self.encoded_pairs().filter_map(value).map(decode)
    }

    fn encoded_pairs(&self) -> impl Iterator<Item = &str> {
        let query = self.query_start.map_or("", |start| &self.url[start + 1..]);
        query.split('&').filter(|pair| !pair.is_empty())
    }

    /// Adds a pair to the query.
    pub fn append_query(&mut self, name: &str, value: &str) {
        self.start_pair(name);
        self.url.extend(utf8_percent_encode(value, ESCAPED));
    }

    fn append_display(&mut self, name: &str, value: &dyn fmt::Display) {
        self.start_pair(name);
        // Writing to a string cannot fail.
        let _ = write!(Escaping(&mut self.url), "{value}");
    }

    fn start_pair(&mut self, name: &str) {
        if self.query_start.is_some() {
            self.url.push('&');
        } else {
            self.query_start = Some(self.url.len());
            self.url.push('?');
        }
        self.url.extend(utf8_percent_encode(name, ESCAPED));
        self.url.push('=');
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body, if there is one.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Replaces the body; `Content-Type` stays as the operation's document gives it.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        self.body = Some(body.into());
    }

    /// The request as any HTTP library takes it.
    ///
    /// # Errors
    /// [`InvalidArgument::UrlTooLong`].
    pub(crate) fn into_http(self) -> Result<http::Request<Bytes>, InvalidArgument> {
        let uri = Uri::from_maybe_shared(Bytes::from(self.url)).map_err(|_| InvalidArgument::UrlTooLong)?;
        let mut request = http::Request::new(self.body.unwrap_or_default());
        *request.method_mut() = self.operation.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// Decodes a name or value of the query. Most have nothing to decode, and are not copied.
fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') { percent_decode_str(text).decode_utf8_lossy() } else { Cow::Borrowed(text) }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation.id)
            .field("method", self.method())
            .field("path", &self.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Percent-encodes what is written through it.
struct Escaping<'a>(&'a mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, ESCAPED));
        Ok(())
    }
}

/// A value that can stand in a query: a scalar, or a list of scalars as repeated pairs.
pub(crate) trait QueryValue {
    /// Adds the value under `name`; nothing for `None` and empty lists.
    fn append(&self, name: &str, request: &mut Request);
}

impl QueryValue for String {
    fn append(&self, name: &str, request: &mut Request) {
        request.append_query(name, self);
    }
}

impl QueryValue for chrono::DateTime<chrono::FixedOffset> {
    fn append(&self, name: &str, request: &mut Request) {
        request.append_query(name, &self.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    }
}

macro_rules! query_value_by_display {
    ($($type:ty),*) => {
        $(impl QueryValue for $type {
            fn append(&self, name: &str, request: &mut Request) {
                request.append_display(name, self);
            }
        })*
    };
}

query_value_by_display!(bool, i32, i64, uuid::Uuid, chrono::NaiveDate, super::Decimal, super::DateOrDateTime);

impl<T: QueryValue> QueryValue for Option<T> {
    fn append(&self, name: &str, request: &mut Request) {
        if let Some(value) = self {
            value.append(name, request);
        }
    }
}

impl<T: QueryValue> QueryValue for Vec<T> {
    fn append(&self, name: &str, request: &mut Request) {
        for value in self {
            value.append(name, request);
        }
    }
}

/// Builds the request of one call. Generated code uses it: path parameters first, in the order of
/// the template, then the query, headers and body.
pub(crate) struct RequestBuilder<'a> {
    client: &'a Client,
    /// Boxed, because it passes through many hands.
    request: Box<Request>,
    /// What of the path template is not written yet.
    template: &'static str,
    /// The first argument that cannot be sent.
    invalid: Option<InvalidArgument>,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(client: &'a Client, operation: &'static Operation) -> Self {
        let request = Box::new(Request::new(operation, client.base_url()));
        Self { client, request, template: operation.path, invalid: None }
    }

    /// Writes a path parameter as one segment, or part of one.
    pub(crate) fn path<T: fmt::Display>(
        mut self,
        name: &'static str,
        value: Result<T, InvalidArgument>,
    ) -> Self {
        if let Some((before, rest)) = self.template.split_once('{') {
            self.request.url.push_str(before);
            self.template = rest.split_once('}').map_or("", |(_, after)| after);
        }
        match value {
            Ok(value) => {
                let start = self.request.url.len();
                // Writing to a string cannot fail.
                let _ = write!(Escaping(&mut self.request.url), "{value}");
                // A dot segment would be taken out of the path on the way (RFC 3986, section 5.2.4).
                if matches!(&self.request.url[start..], "" | "." | "..") {
                    self.invalid.get_or_insert(InvalidArgument::PathSegment { name });
                }
            }
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    fn finish_path(&mut self) {
        self.request.url.push_str(std::mem::take(&mut self.template));
    }

    pub(crate) fn query<T: QueryValue>(
        mut self,
        name: &'static str,
        value: Result<T, InvalidArgument>,
    ) -> Self {
        self.finish_path();
        match value {
            Ok(value) => value.append(name, &mut self.request),
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    /// Sets a header; generated code calls it for header parameters.
    #[allow(dead_code, reason = "no operation of today takes a header parameter; tomorrow's may")]
    pub(crate) fn header<T: fmt::Display>(
        mut self,
        name: &'static str,
        value: Result<Option<T>, InvalidArgument>,
    ) -> Self {
        let header = value.and_then(|value| {
            let invalid = || InvalidArgument::Header { name };
            let value = value.map(|value| HeaderValue::try_from(value.to_string())).transpose();
            let name = HeaderName::try_from(name).map_err(|_| invalid())?;
            Ok(value.map_err(|_| invalid())?.map(|value| (name, value)))
        });
        match header {
            Ok(Some((name, value))) => {
                self.request.headers.insert(name, value);
            }
            Ok(None) => {}
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    pub(crate) fn json<T: Serialize>(mut self, body: Result<T, InvalidArgument>) -> Self {
        let written = body.and_then(|body| {
            let mut written = Vec::with_capacity(BODY_CAPACITY);
            serde_json::to_writer(&mut written, &body).map_err(|_| InvalidArgument::NotJson)?;
            Ok(written)
        });
        match written {
            Ok(body) => {
                self.request.body = Some(body.into());
                let media_type =
                    self.request.operation.request_body.map_or("application/json", |body| body.media_type);
                self.request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            }
            Err(invalid) => {
                self.invalid.get_or_insert(invalid);
            }
        }
        self
    }

    fn finish(mut self) -> Result<(&'a Client, Box<Request>), Error> {
        self.finish_path();
        match self.invalid {
            None => Ok((self.client, self.request)),
            Some(argument) => Err(Error::InvalidArgument { operation: self.request.operation, argument }),
        }
    }

    /// Sends the request and decodes the answer's JSON.
    pub(crate) async fn send_json<T: DeserializeOwned>(self) -> Result<ResponseValue<T>, Error> {
        let (client, request) = self.finish()?;
        let operation = request.operation;
        response::decode(operation, client.execute(request).await?)
    }

    /// Sends the request; the answer's body, if any, means nothing.
    pub(crate) async fn send_empty(self) -> Result<ResponseValue<()>, Error> {
        let (client, request) = self.finish()?;
        Ok(client.execute(request).await?.map(|_| ()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
    use proptest::{
        prelude::*,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };

    use super::*;
    use crate::runtime::{CompanyPlace, Parameter, ReqwestTransport, Safety, Unauthenticated};

    /// Today every path parameter of Pleo's is a UUID, which cannot bend a path; tomorrow's may not be.
    pub(in crate::runtime) static OPERATION: Operation = Operation {
        id: "archive_thing",
        pleo_id: "archiveThing",
        method: Method::POST,
        path: "/v1/things/{thing}/parts/{part}:archive",
        family: "things",
        api: "Things API",
        description: "",
        deprecated: false,
        superseded_by: None,
        unlisted: false,
        parameters: &[Parameter::path("thing"), Parameter::path("part")],
        request_body: None,
        company: CompanyPlace::Nowhere,
        organization: None,
        scopes: None,
        security: &[],
        safety: Safety::Neither,
        answers_json: false,
        errors: &[],
        documentation: "",
    };

    type Paths = Arc<Mutex<Vec<String>>>;

    /// A server that writes down the path of every request.
    fn server() -> (MockServer, Paths) {
        let server = MockServer::start();
        let paths = Paths::default();
        let seen = Arc::clone(&paths);
        server.mock(|when, then| {
            when.any_request();
            then.respond_with(move |request: &HttpMockRequest| {
                seen.lock().unwrap().push(request.uri().path().to_owned());
                HttpMockResponse::builder().status(204).build()
            });
        });
        (server, paths)
    }

    fn runner(cases: u32) -> TestRunner {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    }

    /// Text that tries to leave its segment, and any other text.
    fn segments() -> impl Strategy<Value = String> {
        const TRICKS: &[&str] = &[
            "",
            ".",
            "..",
            "%2e",
            "%2e%2e",
            "%2E%2e",
            "..%2f",
            "../x",
            "..\\x",
            "\\",
            "/",
            "//",
            "a/b",
            "?",
            "?a=b",
            "#",
            "#a",
            "%",
            "%00",
            "\0",
            "\r\n",
            "\t",
            " ",
            "a b",
            "ä",
            "日本",
            "{part}",
            "}",
            ":",
            ";",
            "@",
            "a:archive",
            ". ",
            ".%20",
            "\u{202e}",
            "\u{7f}",
            "http://evil.test/",
        ];
        prop_oneof![
            proptest::sample::select(TRICKS).prop_map(str::to_owned),
            any::<String>(),
            "[./%\\\\?#e2]{0,6}"
        ]
    }

    #[test]
    fn any_path_parameter_arrives_as_exactly_that_segment_or_is_refused_before_sending() {
        let (server, paths) = server();
        let client =
            Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let outcome = runner(512).run(&(segments(), segments()), |(thing, part)| {
            paths.lock().unwrap().clear();
            let call =
                RequestBuilder::new(&client, &OPERATION).path("thing", Ok(&thing)).path("part", Ok(&part));
            let sent = runtime.block_on(call.send_empty());
            let paths = paths.lock().unwrap().clone();
            match sent {
                Ok(_) => {
                    prop_assert_eq!(paths.len(), 1);
                    let segments: Vec<&str> = paths[0].split('/').collect();
                    prop_assert_eq!(segments.len(), 6, "{:?} has another number of segments", &paths[0]);
                    prop_assert_eq!((segments[1], segments[2], segments[4]), ("v1", "things", "parts"));
                    let decode = |text| percent_decode_str(text).decode_utf8().unwrap().into_owned();
                    prop_assert_eq!(decode(segments[3]), thing);
                    prop_assert_eq!(decode(segments[5].strip_suffix(":archive").unwrap()), part);
                }
                Err(Error::InvalidArgument { argument: InvalidArgument::PathSegment { name }, .. }) => {
                    prop_assert!(paths.is_empty());
                    let culprit = if name == "thing" { thing } else { part };
                    prop_assert!(matches!(culprit.as_str(), "" | "." | ".."), "{:?} was refused", culprit);
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn the_query_is_read_as_it_was_written() {
        let mut request = Request::new(&OPERATION, "https://external.pleo.io");
        request.append_query("a b", "1&2=3?#+ä");
        request.append_query("a", "4");
        request.append_query("a b", "");
        let pairs: Vec<_> = request.query_pairs().collect();
        assert_eq!(pairs, [("a b", "1&2=3?#+ä"), ("a", "4"), ("a b", "")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(request.query_values("a b").collect::<Vec<_>>(), ["1&2=3?#+ä", ""]);
        assert_eq!(request.query_values("a").collect::<Vec<_>>(), ["4"]);
        assert_eq!(request.query_values("a%20b").count(), 0);
    }

    #[test]
    fn header_parameters_are_sent_and_bad_ones_refused() {
        let client =
            Client::new("http://127.0.0.1:9", Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
        let call = || RequestBuilder::new(&client, &OPERATION).path("thing", Ok(1)).path("part", Ok(2));
        let (_, request) =
            call().header("x-trace", Ok(Some("abc"))).header("x-none", Ok(None::<i32>)).finish().unwrap();
        assert_eq!(request.headers()["x-trace"], "abc");
        assert!(!request.headers().contains_key("x-none"));
        let refused = call().header("x-trace", Ok(Some("a\r\nb: c"))).finish().unwrap_err();
        assert!(matches!(
            refused,
            Error::InvalidArgument { argument: InvalidArgument::Header { name: "x-trace" }, .. }
        ));
    }

    #[test]
    fn debug_shows_neither_query_nor_header_values_nor_body() {
        let mut request = Request::new(&OPERATION, "https://external.pleo.io");
        request.append_query("email", "CANARY");
        request.headers_mut().insert("x-key", HeaderValue::from_static("CANARY"));
        request.set_body("CANARY");
        assert!(!format!("{request:?} {request:#?}").contains("CANARY"));
    }
}
