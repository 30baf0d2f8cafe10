//! Errors keep what the service said and show none of it.

use std::{error::Error as StdError, io::Write as _};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use httpmock::MockServer;
use pleo_client::{
    ApiError, Authorization, Authorize, Body, BoxFuture, Call, Client, ConversionError, Error,
    InvalidArgument, Refusal, Request, ReqwestTransport, Transport, TransportError, TransportErrorKind,
    Unauthenticated,
    common::types::ExceptionInfo,
    vendors::types::{
        VendorCreateRequest as VendorBody, VendorSearchRequestV1 as Search, VendorUpdateRequest as Change,
    },
};
use pleo_tests::transport::Canned;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Is in queries, bodies and headers, and must not be in any text of an error.
const CANARY: &str = "CANARY-7f3a";

/// Everything that an error shows of itself, its causes included.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    if let Some(api) = error.api_error() {
        text += &format!("{api} {api:?} {api:#?}");
    }
    let mut source = StdError::source(error);
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?} {cause:#?}");
        source = cause.source();
    }
    text
}

fn assert_quiet(error: &Error) {
    let shown = shown(error);
    assert!(!shown.contains("CANARY") && !shown.contains("7f3a"), "{shown}");
    assert!(shown.contains("list_employees"), "{shown}");
}

async fn employees(client: &Client) -> Error {
    client.list_employees().email(CANARY).send().await.expect_err("the call succeeded")
}

#[tokio::test]
async fn an_error_answer_keeps_status_type_message_headers_and_body() {
    let server = MockServer::start();
    let body = format!("{{\"type\":\"company_not_found\",\"message\":\"{CANARY}\",\"more\":[1]}}");
    server.mock(|when, then| {
        when.path("/v2/employees").query_param("email", CANARY);
        then.status(404).header("x-trace", CANARY).header("set-cookie", CANARY).body(&body);
    });
    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    assert_eq!((error.operation().id, error.status().unwrap().as_u16()), ("list_employees", 404));
    let api = error.api_error().unwrap();
    assert_eq!((api.kind(), api.message()), (Some("company_not_found"), Some(CANARY)));
    assert_eq!(api.headers()["x-trace"], CANARY);
    assert_eq!(api.body(), body.as_bytes());
    assert!(!api.is_truncated());
    assert_eq!(api.decode::<ExceptionInfo>().unwrap().type_, "company_not_found");
    assert!(!format!("{:?}", api.decode::<Vec<i32>>().unwrap_err()).contains(CANARY));
}

#[tokio::test]
async fn bodies_of_any_kind_are_kept_and_read_as_far_as_they_go() {
    let long = "x".repeat(ApiError::BODY_LIMIT + 1);
    for (status, body, kind, message) in [
        (400, r#"{"type":"A","message":"b"}"#.as_bytes(), Some("A"), Some("b")),
        (400, r#"{"type":7,"message":"b"}"#.as_bytes(), None, Some("b")),
        (403, r#"{"message":null}"#.as_bytes(), None, None),
        (409, b"[1, 2]".as_slice(), None, None),
        (422, b"", None, None),
        (429, b"too many", None, None),
        (500, b"<html>oops</html>", None, None),
        (502, b"\xff\xfe\x00", None, None),
        (503, r#"{"type":"A","mess"#.as_bytes(), None, None),
        (504, long.as_bytes(), None, None),
        (302, b"elsewhere", None, None),
        (101, b"", None, None),
    ] {
        let error = employees(&Canned::client(status, body.to_vec())).await;
        assert_quiet(&error);
        let api = error.api_error().unwrap_or_else(|| panic!("{status}: {error:?}"));
        assert_eq!(api.status().as_u16(), status);
        assert_eq!((api.kind(), api.message()), (kind, message), "{status}");
        assert_eq!(api.body(), &body[..body.len().min(ApiError::BODY_LIMIT)], "{status}");
        assert_eq!(api.is_truncated(), body.len() > ApiError::BODY_LIMIT, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_error_says_so() {
    let server = MockServer::start();
    server.mock(|when, then| {
        when.path("/v2/employees");
        then.status(307).header("location", "/elsewhere?x=CANARY-7f3a");
    });
    let elsewhere = server.mock(|when, then| {
        when.path("/elsewhere");
        then.status(200);
    });
    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    assert!(error.to_string().contains("redirect"), "{error}");
    elsewhere.assert_calls(0);
}

#[tokio::test]
async fn a_success_with_an_unexpected_body_says_where_and_not_what() {
    for (body, position) in [
        ("", (1, 0)),
        ("null", (1, 4)),
        ("[]", (1, 2)),
        ("{\"data\":\"CANARY-7f3a\"}", (1, 21)),
        ("CANARY-7f3a", (1, 1)),
        ("{\n\"data\":[{\"id\":\"CANARY-7f3a\"}],\"pagination\":{}}", (2, 27)),
        ("{\"data\":[", (1, 9)),
    ] {
        let error = employees(&Canned::client(200, body)).await;
        assert_quiet(&error);
        let Error::Decode(decode) = &error else { panic!("{error:?}") };
        assert_eq!(decode.body(), body.as_bytes());
        assert_eq!(decode.status(), 200);
        assert_eq!(decode.position(), position, "{body}");
    }
}

/// Answers with the beginning of a body, then breaks off.
struct BreakingOff(u16);

impl Transport for BreakingOff {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            let start = format!("{{\"type\":\"A\",\"message\":\"{CANARY}\"}} and mo");
            let frames: Vec<Result<Frame<Bytes>, Box<dyn StdError + Send + Sync>>> =
                vec![Ok(Frame::data(start.into())), Err("broken off".into())];
            let body = StreamBody::new(Frames(frames.into_iter())).boxed_unsync();
            Ok(http::Response::builder().status(self.0).body(body).unwrap())
        })
    }
}

struct Frames<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Frames<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn no_body_is_decompressed_whatever_features_other_crates_choose() {
    let server = MockServer::start();
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    compressed.write_all(&[b' '; 1 << 20]).unwrap();
    compressed.write_all(b"[]").unwrap();
    let compressed = compressed.finish().unwrap();
    assert!(compressed.len() < 2_000);
    server.mock(|when, then| {
        when.path("/plain");
        then.header("content-encoding", "gzip").body(&compressed);
    });
    let asked = server.mock(|when, then| {
        when.path("/v2/employees").header_missing("accept-encoding");
        then.header("content-encoding", "gzip").body(&compressed);
    });
    // Another client of the same program does decompress.
    let other = reqwest::get(server.url("/plain")).await.unwrap().bytes().await.unwrap();
    assert_eq!(other.len(), (1 << 20) + 2);

    let client = Client::new(&server.base_url(), Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let error = employees(&client).await;
    assert!(matches!(error, Error::Decode(_)), "{error}");
    asked.assert();
}

#[tokio::test]
async fn an_error_body_that_breaks_off_is_kept_as_far_as_it_came() {
    let client = Client::new("http://127.0.0.1", Unauthenticated, BreakingOff(500)).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    let api = error.api_error().unwrap();
    assert!(api.is_truncated() && api.body().ends_with(b" and mo"));
}

#[tokio::test]
async fn a_success_that_breaks_off_is_a_transport_error() {
    let client = Client::new("http://127.0.0.1", Unauthenticated, BreakingOff(200)).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    let Error::Transport { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), TransportErrorKind::Body);
}

/// A server that reads a request and writes this, then closes the connection.
async fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_connection_that_closes_early_is_told_by_how_far_the_answer_came() {
    let transport = || ReqwestTransport::new().unwrap();
    let silent = Client::new(&answering(String::new()).await, Unauthenticated, transport()).unwrap();
    let error = employees(&silent).await;
    assert_quiet(&error);
    assert!(
        matches!(&error, Error::Transport { source, .. } if source.kind() == TransportErrorKind::Connection),
        "{error:?}"
    );

    let cut = format!("HTTP/1.1 500 x\r\ncontent-length: 1000\r\n\r\n{{\"message\":\"{CANARY}");
    let cut = Client::new(&answering(cut).await, Unauthenticated, transport()).unwrap();
    let error = employees(&cut).await;
    assert_quiet(&error);
    assert!(error.api_error().is_some_and(ApiError::is_truncated), "{error:?}");
}

#[tokio::test]
async fn no_connection_means_that_nothing_was_sent() {
    // No test gets this port by asking for a free one.
    let client =
        Client::new("http://127.0.0.1:1", Unauthenticated, ReqwestTransport::new().unwrap()).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    assert!(
        matches!(&error, Error::Transport { source, .. } if source.kind() == TransportErrorKind::Connect),
        "{error:?}"
    );
}

/// A refusal with facts of its own.
#[derive(Debug, PartialEq)]
struct NoCompany(u8);

impl std::fmt::Display for NoCompany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no company is bound")
    }
}

impl StdError for NoCompany {}

struct Refusing;

impl Authorize for Refusing {
    fn authorize<'a>(&'a self, _: &'a mut Request) -> Authorization<'a> {
        Authorization::Pending(Box::pin(async { Err(Refusal::new(NoCompany(7))) }))
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_type_and_nothing_is_sent() {
    let server = MockServer::start();
    let any = server.mock(|when, then| {
        when.any_request();
        then.status(200);
    });
    let client = Client::new(&server.base_url(), Refusing, ReqwestTransport::new().unwrap()).unwrap();
    let error = employees(&client).await;
    assert_quiet(&error);
    let Error::Refused { refusal, .. } = &error else { panic!("{error:?}") };
    assert_eq!(refusal.downcast_ref(), Some(&NoCompany(7)));
    any.assert_calls(0);
}

#[tokio::test]
async fn arguments_that_cannot_be_sent_are_named_before_anything_is_sent() {
    let client = Canned::client(200, "{}");
    let wrong = client.get_company("not-a-company").send().await.unwrap_err();
    assert!(
        matches!(
            &wrong,
            Error::InvalidArgument {
                argument: InvalidArgument::Conversion { name: "companyId", wanted: "Uuid" },
                ..
            }
        ),
        "{wrong:?}"
    );
    assert_eq!(wrong.to_string(), "get_company: the value given for `companyId` is not a valid Uuid");
    let wide = client.list_employees().limit(i64::MAX).send().await.unwrap_err();
    assert_eq!(wide.to_string(), "list_employees: the value given for `limit` is not a valid i32");
    let body = client.create_vendor(VendorBody::builder().name(CANARY)).send().await.unwrap_err();
    assert!(body.to_string().starts_with("create_vendor: the request body is incomplete: "), "{body}");
    assert!(!shown(&body).contains(CANARY));
}

#[tokio::test]
async fn the_last_value_of_each_name_counts_and_the_first_wrong_one_is_named() {
    let client = Canned::client(200, "{}");
    let id = uuid::Uuid::nil();
    let employees = || client.list_employees();
    let search = || client.search_vendors();
    let lacking = || VendorBody::builder().default_currency("DKK");
    let whole = || lacking().name("n");
    let (wide, no_id) = (
        "the value given for `limit` is not a valid i32",
        "the value given for `companyId` is not a valid Uuid",
    );
    let (no_path_id, no_currency) = (
        "the value given for `id` is not a valid Uuid",
        "the request body is incomplete: no value supplied for default_currency",
    );
    let unfit = "the request body is incomplete: nothing to search for";
    let no_name = "the request body is incomplete: no value supplied for name";
    let no_field = "the request body is incomplete: the value given for `company_id` is not a valid Uuid";
    let outcomes = [
        (refusal(employees().limit(1).send().await), None),
        (refusal(employees().limit(i64::MAX).limit(1).send().await), None),
        (refusal(employees().limit(1).limit(i64::MAX).send().await), Some(wide)),
        (refusal(employees().limit(i64::MAX).company_id("x").send().await), Some(wide)),
        (refusal(employees().company_id("x").limit(i64::MAX).send().await), Some(no_id)),
        (refusal(employees().company_id("x").limit(i64::MAX).company_id(id).send().await), Some(wide)),
        (refusal(client.create_vendor(whole()).send().await), None),
        (refusal(client.create_vendor(lacking()).send().await), Some(no_name)),
        (refusal(client.create_vendor(whole().company_id("x").company_id(id)).send().await), None),
        (refusal(client.create_vendor(whole().company_id("x")).send().await), Some(no_field)),
        (refusal(client.create_vendor(lacking().company_id("x")).send().await), Some(no_field)),
        (refusal(client.update_vendor("x", Change::builder()).send().await), Some(no_path_id)),
        (refusal(client.update_vendor(id, Change::builder()).send().await), Some(no_currency)),
        (refusal(search().body(Unfit).body(Search::default()).send().await), None),
        (refusal(search().body(Search::default()).body(Unfit).send().await), Some(unfit)),
        (refusal(search().body(Unfit).limit(i64::MAX).send().await), Some(unfit)),
    ];
    for (number, (refused, expected)) in outcomes.into_iter().enumerate() {
        assert_eq!(refused.as_deref(), expected, "number {number}");
    }
}

/// What no body can be made of.
struct Unfit;

impl TryFrom<Unfit> for Search {
    type Error = ConversionError;

    fn try_from(_: Unfit) -> Result<Self, ConversionError> {
        Err("nothing to search for".into())
    }
}

/// Why a call was not sent, if it was not.
fn refusal<T>(result: Result<T, Error>) -> Option<String> {
    match result {
        Err(Error::InvalidArgument { argument, .. }) => Some(argument.to_string()),
        _ => None,
    }
}

/// A value whose conversion quotes it.
struct Talkative;

impl TryFrom<Talkative> for uuid::Uuid {
    type Error = String;

    fn try_from(_: Talkative) -> Result<Self, String> {
        Err(format!("{CANARY} is not an id"))
    }
}

#[tokio::test]
async fn a_conversion_that_quotes_the_value_is_not_repeated() {
    let client = Canned::client(200, "{}");
    for error in [
        client.list_employees().company_id(CANARY).send().await.unwrap_err(),
        client.get_company(CANARY).send().await.unwrap_err(),
        client.create_vendor(VendorBody::builder().company_id(CANARY)).send().await.unwrap_err(),
        client.list_employees().company_id(Talkative).send().await.unwrap_err(),
        client.get_company(Talkative).send().await.unwrap_err(),
        client.create_vendor(VendorBody::builder().company_id(Talkative)).send().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error:?}");
        assert!(!shown(&error).contains("CANARY") && !shown(&error).contains("found"), "{error}");
    }
    let chain = employees(&Canned::client(500, "")).await;
    assert!(StdError::source(&chain).is_none(), "what is shown already is in the chain again");
}

#[test]
fn a_transport_error_of_ones_own_shows_its_kind() {
    let error = TransportError::new(TransportErrorKind::Timeout, "slow");
    assert_eq!(error.to_string(), "no complete response in time");
}
