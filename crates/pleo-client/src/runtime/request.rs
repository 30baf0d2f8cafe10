//! One request, from arguments to bytes.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Client, DateOrDateTime, Decimal, Error, InvalidArgument, Operation, Problems, ResponseValue,
    base_url::BaseUrl, response, time::with_rfc3339,
};

/// All but the unreserved characters of RFC 3986, section 2.3, so that a value can neither end its
/// segment or pair nor be decoded differently by anyone.
pub(super) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Room for most parameters in a URL, in bytes.
const PARAMETER_CAPACITY: usize = 48;

/// Room for most bodies, in bytes.
const BODY_CAPACITY: usize = 512;

/// Room for most items of a body that is a list, and for most such bodies, in bytes.
const ITEM_CAPACITY: usize = 256;
const LIST_CAPACITY: usize = 64 * 1024;

/// The most bytes that `http::Uri` takes.
const MAX_URL_LENGTH: usize = 65_534;

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
    /// Where the `?` is, once there is one.
    query_start: Option<usize>,
    /// Where the first value of the parameter that names the company is, and how many there are:
    /// authorising asks for it in every request.
    company: Range<usize>,
    companies: usize,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Request {
    pub(super) fn new(operation: &'static Operation, base: &BaseUrl) -> Self {
        let parameters = operation.parameters.len() * PARAMETER_CAPACITY;
        let mut url = String::with_capacity(base.as_str().len() + operation.path.len() + parameters);
        url.push_str(base.as_str());
        // Media types, one that is accepted and one that is sent, and a credential.
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            operation,
            path_start: url.len(),
            url,
            query_start: None,
            company: 0..0,
            companies: 0,
            headers,
            body: None,
        }
    }

    /// The operation that is called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.operation.method
    }

    /// The whole URL, query included. It does not hold secrets, but may hold personal data.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path below the base URL, percent-encoded, without the query.
    pub fn path(&self) -> &str {
        &self.url[self.path_start..self.query_start.unwrap_or(self.url.len())]
    }

    /// The value of a path parameter, decoded, by its name in the operation's template.
    pub fn path_value(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut path = self.path();
        let mut template = self.operation.path;
        // What is written out in the template is written out in the path; a value has no slash and no colon.
        while let Some((before, rest)) = split_once(template, b'{') {
            let (parameter, after) = split_once(rest, b'}')?;
            path = path.strip_prefix(before)?;
            let (value, behind) = path.split_at(path.find(['/', ':']).unwrap_or(path.len()));
            if parameter == name {
                return Some(decode(value));
            }
            (template, path) = (after, behind);
        }
        None
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

    /// The value of the query parameter that names the company ([`Operation::company`]), decoded; the
    /// first one, if there are several.
    pub fn query_company(&self) -> Option<Cow<'_, str>> {
        (self.companies > 0).then(|| decode(&self.url[self.company.clone()]))
    }

    /// How often the query parameter is there that names the company.
    pub fn query_companies(&self) -> usize {
        self.companies
    }

    fn encoded_pairs(&self) -> impl Iterator<Item = &str> {
        let query = self.query_start.map_or("", |start| &self.url[start + 1..]);
        query.split('&').filter(|pair| !pair.is_empty())
    }

    /// Adds a pair to the query.
    pub fn append_query(&mut self, name: &str, value: &str) {
        self.append_pair(&Cow::from(utf8_percent_encode(name, ESCAPED)), value);
    }

    /// Adds a pair whose name is percent-encoded already.
    fn append_pair(&mut self, name: &str, value: &(impl UrlValue + ?Sized)) {
        let start = self.url.len();
        self.url.push(if self.query_start.is_some() { '&' } else { '?' });
        self.query_start.get_or_insert(start);
        self.url.push_str(name);
        self.url.push('=');
        let start = self.url.len();
        value.write(&mut self.url);
        // No company's name has anything to encode.
        if self.operation.company.query_name() == Some(name) {
            if self.companies == 0 {
                self.company = start..self.url.len();
            }
            self.companies += 1;
        }
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

    /// What a transport that has types of its own makes a request of: method, URL, headers and body.
    ///
    /// # Errors
    /// [`InvalidArgument::UrlTooLong`].
    #[cfg(feature = "reqwest")]
    pub(crate) fn into_parts(self) -> Result<(Method, String, HeaderMap, Option<Bytes>), InvalidArgument> {
        self.check_length()?;
        Ok((self.operation.method.clone(), self.url, self.headers, self.body))
    }

    fn check_length(&self) -> Result<(), InvalidArgument> {
        if self.url.len() > MAX_URL_LENGTH { Err(InvalidArgument::UrlTooLong) } else { Ok(()) }
    }

    /// The request as any HTTP library takes it; `base` is the one that it was made for.
    ///
    /// # Errors
    /// [`InvalidArgument::UrlTooLong`].
    #[inline]
    pub(super) fn into_http(self, base: &BaseUrl) -> Result<http::Request<Bytes>, InvalidArgument> {
        self.check_length()?;
        let uri = base.uri(self.url).ok_or(InvalidArgument::UrlTooLong)?;
        let mut request = http::Request::new(self.body.unwrap_or_default());
        *request.method_mut() = self.operation.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// What is before and after the first of these ASCII characters. `str::split_once` takes twice the instructions for a text as
/// short as a path.
fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(separator, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
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

/// A scalar that can be in a URL, as a segment of the path or as a value of the query.
pub(crate) trait UrlValue {
    /// Adds the value to the URL, percent-encoded.
    fn write(&self, url: &mut String);
}

impl UrlValue for str {
    fn write(&self, url: &mut String) {
        url.extend(utf8_percent_encode(self, ESCAPED));
    }
}

impl UrlValue for String {
    fn write(&self, url: &mut String) {
        self.as_str().write(url);
    }
}

impl UrlValue for uuid::Uuid {
    fn write(&self, url: &mut String) {
        url.push_str(self.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
    }
}

impl UrlValue for bool {
    fn write(&self, url: &mut String) {
        url.push_str(if *self { "true" } else { "false" });
    }
}

impl UrlValue for chrono::DateTime<chrono::FixedOffset> {
    fn write(&self, url: &mut String) {
        with_rfc3339(self, |text| text.write(url));
    }
}

/// A year beyond 9999 has a sign, which is escaped.
impl UrlValue for chrono::NaiveDate {
    fn write(&self, url: &mut String) {
        self.to_string().write(url);
    }
}

impl UrlValue for DateOrDateTime {
    fn write(&self, url: &mut String) {
        self.to_string().write(url);
    }
}

macro_rules! url_value_without_escapes {
    ($($type:ty),*) => {
        $(impl UrlValue for $type {
            fn write(&self, url: &mut String) {
                // Digits, minus and point have nothing to encode, and writing to a string cannot fail.
                let _ = fmt::write(url, format_args!("{self}"));
            }
        })*
    };
}

url_value_without_escapes!(i32, i64, Decimal);

/// What a query parameter holds: nothing, a scalar, or a list of scalars as repeated pairs.
pub(crate) trait QueryValue {
    /// Adds the value under `name`, which is percent-encoded; nothing for `None` and empty lists.
    fn append(&self, name: &str, request: &mut Request);
}

impl<T: UrlValue> QueryValue for T {
    fn append(&self, name: &str, request: &mut Request) {
        request.append_pair(name, self);
    }
}

impl<T: UrlValue> QueryValue for Vec<T> {
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
    /// The request of an operation, which is not sent if an argument has a problem.
    pub(crate) fn new(client: &'a Client, operation: &'static Operation, problems: &Problems) -> Self {
        let request = Box::new(Request::new(operation, client.base()));
        Self { client, request, template: operation.path, invalid: problems.first().cloned() }
    }

    fn note(&mut self, invalid: InvalidArgument) {
        self.invalid.get_or_insert(invalid);
    }

    /// Writes a path parameter as one segment, or part of one.
    ///
    /// An argument that is not there did not convert, which is among the call's problems.
    pub(crate) fn path<T: UrlValue>(&mut self, name: &'static str, value: &Option<T>) {
        if let Some((before, rest)) = split_once(self.template, b'{') {
            self.request.url.push_str(before);
            self.template = split_once(rest, b'}').map_or("", |(_, after)| after);
        }
        let start = self.request.url.len();
        if let Some(value) = value {
            value.write(&mut self.request.url);
        }
        // A dot segment would be taken out of the path on the way (RFC 3986, section 5.2.4).
        if matches!(&self.request.url[start..], "" | "." | "..") {
            self.note(InvalidArgument::PathSegment { name });
        }
    }

    fn finish_path(&mut self) {
        if !self.template.is_empty() {
            self.request.url.push_str(std::mem::take(&mut self.template));
        }
    }

    /// Writes a query parameter. Its name is percent-encoded already.
    pub(crate) fn query<T: QueryValue>(&mut self, name: &str, argument: &Option<T>) {
        self.finish_path();
        if let Some(value) = argument {
            value.append(name, &mut self.request);
        }
    }

    /// Sets a header; generated code calls it for header parameters.
    #[allow(dead_code, reason = "no operation of today takes a header parameter; tomorrow's may")]
    pub(crate) fn header<T: fmt::Display>(&mut self, name: &'static str, argument: &Option<T>) {
        let Some(value) = argument else { return };
        match (HeaderName::try_from(name), HeaderValue::try_from(value.to_string())) {
            (Ok(header), Ok(value)) => drop(self.request.headers.insert(header, value)),
            _ => self.note(InvalidArgument::Header { name }),
        }
    }

    /// Writes the body.
    pub(crate) fn json<T: Serialize>(&mut self, body: &Option<T>) {
        if let Some(body) = body {
            self.write_json(body, BODY_CAPACITY);
        }
    }

    /// Writes a body that is a list.
    pub(crate) fn json_list<T: Serialize>(&mut self, body: &Option<Vec<T>>) {
        if let Some(items) = body {
            self.write_json(items, items.len().saturating_mul(ITEM_CAPACITY).min(LIST_CAPACITY));
        }
    }

    fn write_json<T: Serialize>(&mut self, body: &T, capacity: usize) {
        let mut written = Vec::with_capacity(capacity);
        if serde_json::to_writer(&mut written, body).is_err() {
            return self.note(InvalidArgument::NotJson);
        }
        self.request.body = Some(written.into());
        let media_type =
            self.request.operation.request_body.map_or("application/json", |body| body.media_type);
        self.request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }

    pub(super) fn finish(mut self) -> Result<(&'a Client, Box<Request>), Error> {
        self.finish_path();
        match self.invalid {
            None => Ok((self.client, self.request)),
            Some(argument) => Err(Error::InvalidArgument { operation: self.request.operation, argument }),
        }
    }

    /// Sends the request and decodes the response's JSON.
    pub(crate) async fn send_json<T: DeserializeOwned>(self) -> Result<ResponseValue<T>, Error> {
        let (client, request) = self.finish()?;
        let operation = request.operation;
        response::decode(operation, client.execute(request, usize::MAX).await?)
    }

    /// Sends the request; the response's body, if any, is ignored.
    pub(crate) async fn send_empty(self) -> Result<ResponseValue<()>, Error> {
        let (client, request) = self.finish()?;
        Ok(client.execute(request, Client::EMPTY_BODY_LIMIT).await?.map(|_| ()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, LazyLock, Mutex};

    use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
    use proptest::{
        prelude::*,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };

    use super::*;
    use crate::runtime::{CompanyLocation, Parameter, ReqwestTransport, Safety, Unauthenticated};

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
        company: CompanyLocation::Nowhere,
        organization: None,
        scopes: None,
        security: &[],
        safety: Safety::Neither,
        responds_with_json: false,
        errors: &[],
        documentation: "",
    };

    /// The same without path parameters, and for a company.
    static SEARCH: LazyLock<Operation> = LazyLock::new(|| Operation {
        company: CompanyLocation::Query { name: "company_id", required: false },
        path: "/v1/things",
        parameters: &[],
        ..OPERATION.clone()
    });

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

    pub(in crate::runtime) fn runner(cases: u32) -> TestRunner {
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
            let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
            call.path("thing", &Some(thing.clone()));
            call.path("part", &Some(part.clone()));
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
    fn path_parameters_are_read_as_they_were_written() {
        let client = client();
        for (thing, part) in [("a", "b"), ("a/b:c?{part}%", "ä ~"), ("1", ":archive")] {
            let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
            call.path("thing", &Some(thing.to_owned()));
            call.path("part", &Some(part.to_owned()));
            let (_, mut request) = call.finish().unwrap();
            request.append_query("thing", "other");
            assert_eq!(request.path_value("thing").as_deref(), Some(thing));
            assert_eq!(request.path_value("part").as_deref(), Some(part));
            assert_eq!(request.path_value("other"), None);
        }
    }

    #[test]
    fn the_query_is_read_as_it_was_written() {
        let mut request = Request::new(&OPERATION, &BaseUrl::new("https://external.pleo.io").unwrap());
        request.append_query("a b", "1&2=3?#+ä");
        request.append_query("a", "4");
        request.append_query("a b", "");
        let pairs: Vec<_> = request.query_pairs().collect();
        assert_eq!(pairs, [("a b", "1&2=3?#+ä"), ("a", "4"), ("a b", "")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(request.query_values("a b").collect::<Vec<_>>(), ["1&2=3?#+ä", ""]);
        assert_eq!(request.query_values("a").collect::<Vec<_>>(), ["4"]);
        assert_eq!(request.query_values("a%20b").count(), 0);
    }

    fn client() -> Client {
        Client::new("http://127.0.0.1:9", Unauthenticated, ReqwestTransport::new().unwrap()).unwrap()
    }

    #[test]
    fn the_company_is_found_however_it_was_written() {
        let client = client();
        let same = |request: &Request, companies: &[&str]| {
            assert_eq!(request.query_values("company_id").collect::<Vec<_>>(), companies);
            assert_eq!(request.query_companies(), companies.len());
            assert_eq!(request.query_company().as_deref(), companies.first().copied());
        };
        let mut call = RequestBuilder::new(&client, &SEARCH, &Problems::default());
        call.query("company_id2", &Some(1));
        call.query("company_id", &None::<String>);
        call.query("limit", &Some(1));
        let (_, mut request) = call.finish().unwrap();
        same(&request, &[]);
        request.append_query("company_id", "1&ä=%");
        request.append_query("x", "company_id=2");
        same(&request, &["1&ä=%"]);
        request.append_query("company_id", "");
        same(&request.clone(), &["1&ä=%", ""]);

        let mut call = RequestBuilder::new(&client, &SEARCH, &Problems::default());
        call.query("company_id", &Some(vec!["3".to_owned(), "4".to_owned()]));
        same(&call.finish().unwrap().1, &["3", "4"]);

        let elsewhere = RequestBuilder::new(&client, &OPERATION, &Problems::default()).finish().unwrap().1;
        assert_eq!((elsewhere.query_companies(), elsewhere.query_company()), (0, None));
    }

    #[test]
    fn the_name_of_a_parameter_may_be_spelled_with_escapes() {
        let client = client();
        let mut call = RequestBuilder::new(&client, &SEARCH, &Problems::default());
        call.query("a%20b%5B%5D", &Some(vec![true, false]));
        let (_, request) = call.finish().unwrap();
        assert_eq!(request.query_values("a b[]").collect::<Vec<_>>(), ["true", "false"]);
    }

    #[test]
    fn a_request_without_its_path_parameter_is_never_sent() {
        let client = client();
        let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
        call.path("thing", &None::<String>);
        call.path("part", &Some(2));
        let refused = call.finish().unwrap_err();
        assert!(matches!(
            refused,
            Error::InvalidArgument { argument: InvalidArgument::PathSegment { name: "thing" }, .. }
        ));
    }

    #[test]
    fn values_are_written_as_they_are_shown_and_escaped() {
        fn written(value: &dyn UrlValue) -> String {
            let mut url = String::new();
            value.write(&mut url);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
            assert!(url.bytes().all(plain), "{url}");
            percent_decode_str(&url).decode_utf8().unwrap().into_owned()
        }
        let time = chrono::DateTime::parse_from_rfc3339("2026-03-14T09:26:53.589+01:00").unwrap();
        let date = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 2).unwrap();
        let amount: Decimal = "-12.50".parse().unwrap();
        for (value, shown) in [
            (&"a b+ä/%".to_owned() as &dyn UrlValue, "a b+ä/%"),
            (&i32::MIN, "-2147483648"),
            (&i64::MAX, "9223372036854775807"),
            (&true, "true"),
            (&false, "false"),
            (&amount, "-12.50"),
            (&time, "2026-03-14T09:26:53.589+01:00"),
            (&DateOrDateTime::DateTime(time), "2026-03-14T09:26:53.589+01:00"),
            (&date(2026), "2026-01-02"),
            (&date(10_000), "+10000-01-02"),
            (&uuid::Uuid::from_u128(0xa), "00000000-0000-0000-0000-00000000000a"),
        ] {
            assert_eq!(written(value), shown);
        }
    }

    #[test]
    fn bodies_are_written_as_json_and_leave_no_trace_where_there_is_none() {
        let client = client();
        let sent = |give: &dyn Fn(&mut RequestBuilder<'_>)| {
            let mut call = RequestBuilder::new(&client, &SEARCH, &Problems::default());
            give(&mut call);
            let request = call.finish().unwrap().1;
            let media_type = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap());
            (request.body().cloned(), media_type.map(str::to_owned))
        };
        let items: Vec<String> = (0..1000).map(|number| "x".repeat(number)).collect();
        let json = |text: Vec<u8>| (Some(text.into()), Some("application/json".to_owned()));
        assert_eq!(
            sent(&|call| call.json_list(&Some(items.clone()))),
            json(serde_json::to_vec(&items).unwrap())
        );
        assert_eq!(sent(&|call| call.json(&Some("text"))), json(b"\"text\"".to_vec()));
        assert_eq!(sent(&|call| call.json_list(&None::<Vec<String>>)), (None, None));
        assert_eq!(sent(&|call| call.json(&None::<String>)), (None, None));
    }

    #[test]
    fn header_parameters_are_sent_and_bad_ones_refused() {
        let client = client();
        let call = |trace: &'static str| {
            let mut call = RequestBuilder::new(&client, &OPERATION, &Problems::default());
            call.path("thing", &Some(1));
            call.path("part", &Some(2));
            call.header("x-trace", &Some(trace));
            call.header("x-none", &None::<i32>);
            call.finish()
        };
        let (_, request) = call("abc").unwrap();
        assert_eq!(request.headers()["x-trace"], "abc");
        assert!(!request.headers().contains_key("x-none"));
        let refused = call("a\r\nb: c").unwrap_err();
        assert!(matches!(
            refused,
            Error::InvalidArgument { argument: InvalidArgument::Header { name: "x-trace" }, .. }
        ));
    }

    #[test]
    fn debug_shows_neither_query_nor_header_values_nor_body() {
        let mut request = Request::new(&OPERATION, &BaseUrl::new("https://external.pleo.io").unwrap());
        request.append_query("email", "CANARY");
        request.headers_mut().insert("x-key", HeaderValue::from_static("CANARY"));
        request.set_body("CANARY");
        assert!(!format!("{request:?} {request:#?}").contains("CANARY"));
    }
}
