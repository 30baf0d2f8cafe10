//! What is sent again, after which wait, and what the error says in the end.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use http_body_util::{BodyExt as _, StreamBody};
use pleo::{
    Body, BoxFuture, Call, Client, CompanyId, Error, Pace, RetryPolicy, RetryTransport, Safety, Session,
    Staging, StandaloneApiKey, Transport, TransportError, TransportErrorKind,
    bytes::Bytes,
    http::{Request, Response},
    marketplace::types::CreateClientInstallationRequest,
    oauth::{MemoryStore, OAuthApp, OAuthTransport, RefreshPolicy, RefreshingToken, Tokens},
};
use tokio::time::Instant;

use crate::support::{Renews, Scripted, Step, respond};

const VENDOR: &str = "11111111-2222-4333-8444-555555555555";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Static,
    Refreshable,
}

fn session(kind: Kind) -> Session<Staging> {
    match kind {
        Kind::Static => Session::new(StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap()),
        Kind::Refreshable => Session::new(refreshing(Renews::default(), Duration::from_secs(3600))),
    }
}

/// Tokens of which the access token lives so long.
fn refreshing(server: impl OAuthTransport + 'static, lifetime: Duration) -> RefreshingToken<Staging> {
    let app = OAuthApp::with_transport(Staging, "FAKE-CLIENT", "https://app.test/callback", server).unwrap();
    let expires = SystemTime::now() + lifetime;
    let tokens = Tokens::new(Staging, "FAKE-A1", Some("FAKE-R1".into()), Some(expires));
    RefreshingToken::new(app, tokens, MemoryStore::default(), RefreshPolicy::default()).unwrap()
}

fn client(kind: Kind, http: &Scripted, policy: RetryPolicy, pace: Pace) -> Client<Staging> {
    let company: CompanyId = VENDOR.parse().unwrap();
    let transport = RetryTransport::new(http.clone(), policy, pace);
    Client::with_transport(session(kind).with_company(company), transport).unwrap()
}

fn usual(http: &Scripted) -> Client<Staging> {
    client(Kind::Static, http, RetryPolicy::default(), Pace::unlimited())
}

/// Calls an operation of this safety.
async fn call(client: &Client<Staging>, safety: Safety) -> Result<(), Error> {
    let operation;
    let result = match safety {
        Safety::Safe => {
            operation = "get_vendor";
            client.get_vendor(VENDOR).send().await.map(drop)
        }
        Safety::Idempotent => {
            operation = "complete_installation";
            #[expect(deprecated, reason = "it has neither arguments nor a company, and responds with JSON")]
            client.complete_installation().send().await.map(drop)
        }
        Safety::Neither => {
            operation = "create_installation";
            client.create_installation(CreateClientInstallationRequest::default()).send().await.map(drop)
        }
    };
    assert_eq!(pleo::operations::find(operation).unwrap().safety, safety);
    result
}

/// What happens to each request, how often safe, idempotent and other calls are sent, and the final error.
struct Row {
    name: &'static str,
    step: Step,
    sent: [usize; 3],
    /// The least and the most time that three waits take, in milliseconds.
    waits: (u64, u64),
    is_expected: fn(&Error) -> bool,
}

fn row(name: &'static str, step: Step, sent: [usize; 3], is_expected: fn(&Error) -> bool) -> Row {
    Row { name, step, sent, waits: (0, 3500), is_expected }
}

fn limited(name: &'static str, retry_after: String, waits: (u64, u64)) -> Row {
    let step = Step::Respond(429, vec![("retry-after", retry_after)], "");
    Row {
        waits,
        ..row(name, step, [4, 4, 1], |error| has_status(error, 429) && error.retry_after().is_some())
    }
}

fn has_status(error: &Error, status: u16) -> bool {
    error.api_error().is_some_and(|error| error.status() == status)
}

fn has_kind(error: &Error, kind: TransportErrorKind) -> bool {
    matches!(error, Error::Transport { source, .. } if source.kind() == kind)
}

fn table() -> Vec<Row> {
    use TransportErrorKind::{Body, Connect, Connection, NotSent, Request, Timeout};

    let in_20_seconds = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(20));
    vec![
        row("not prepared", Step::Fail(Request), [1, 1, 1], |error| has_kind(error, Request)),
        row("not sent", Step::Fail(NotSent), [4, 4, 4], Error::is_timeout),
        row("refused, or reset before sending", Step::Fail(Connect), [4, 4, 4], Error::is_connect),
        row("reset after sending", Step::Fail(Connection), [4, 4, 1], |error| has_kind(error, Connection)),
        row("time-out", Step::Fail(Timeout), [4, 4, 1], Error::is_timeout),
        row("cut body", Step::Cut, [4, 4, 1], |error| has_kind(error, Body)),
        row("408", respond(408), [4, 4, 1], |error| has_status(error, 408)),
        row("429", respond(429), [4, 4, 1], |error| has_status(error, 429) && error.retry_after().is_none()),
        limited("429 with seconds", "7".to_owned(), (21_000, 22_500)),
        // The date is written in whole seconds, and each wait ends at it or up to half a second later.
        limited("429 with a date", in_20_seconds, (17_000, 62_000)),
        Row {
            sent: [1, 1, 1],
            waits: (0, 0),
            ..limited("429 with too long a pause", "61".to_owned(), (0, 0))
        },
        row("500", respond(500), [4, 1, 1], |error| has_status(error, 500)),
        row("502", respond(502), [4, 4, 1], |error| has_status(error, 502)),
        row("503", respond(503), [4, 4, 1], |error| has_status(error, 503)),
        row("504", respond(504), [4, 4, 1], |error| has_status(error, 504)),
        row("401", respond(401), [1, 1, 1], |error| has_status(error, 401)),
        row("403", respond(403), [1, 1, 1], |error| has_status(error, 403)),
        row("404", respond(404), [1, 1, 1], |error| has_status(error, 404)),
        row("409", respond(409), [1, 1, 1], |error| has_status(error, 409)),
        row("501", respond(501), [1, 1, 1], |error| has_status(error, 501)),
        row("redirect", respond(307), [1, 1, 1], |error| has_status(error, 307)),
        row("invalid JSON", Step::Respond(200, Vec::new(), "{\"da"), [1, 1, 1], |error| {
            matches!(error, Error::Decode(_))
        }),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_tried_again_as_often_as_the_operation_allows() {
    for row in table() {
        for (safety, expected) in
            [Safety::Safe, Safety::Idempotent, Safety::Neither].into_iter().zip(row.sent)
        {
            for kind in [Kind::Static, Kind::Refreshable] {
                let case = format!("{}, {safety:?}, {kind:?}", row.name);
                let http = Scripted::new([row.step.clone()]);
                let client = client(kind, &http, RetryPolicy::default(), Pace::unlimited());
                let start = Instant::now();
                let error = call(&client, safety).await.expect_err(&case);
                // A token that is refused is renewed once, and the call repeated where that may be.
                let renewed = row.name == "401" && kind == Kind::Refreshable && safety != Safety::Neither;
                assert_eq!(http.requests(), expected + usize::from(renewed), "{case}");
                assert!((row.is_expected)(&error), "{case}: {error}");
                assert_eq!(error.attempts() as usize, http.requests(), "{case}");
                let (least, most) = if expected == 4 { row.waits } else { (0, 0) };
                let took = start.elapsed();
                let bounds = Duration::from_millis(least)..=Duration::from_millis(most + 10);
                assert!(bounds.contains(&took), "{case}: {took:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_not_seen_by_the_caller() {
    for step in [respond(503), Step::Cut, Step::Fail(TransportErrorKind::Connect)] {
        let vendor = r#"{"data":{}}"#;
        let http = Scripted::new([step.clone(), step, Step::Respond(404, Vec::new(), vendor)]);
        let error = call(&usual(&http), Safety::Safe).await.unwrap_err();
        assert_eq!((error.attempts(), http.requests()), (3, 3));
        assert!(error.to_string().contains("404 Not Found to the last of 3 attempts; "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_token_of_its_time() {
    let http = Scripted::new([respond(401), respond(503), respond(404)]);
    let client = client(Kind::Refreshable, &http, RetryPolicy::default(), Pace::unlimited());
    call(&client, Safety::Safe).await.unwrap_err();
    assert_eq!(http.credentials(), ["Bearer FAKE-A1", "Bearer FAKE-A2", "Bearer FAKE-A2"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_repeated_with_a_renewed_token_has_one_budget_and_one_deadline() {
    // Two attempts before the 401, and two after it.
    let http = Scripted::new([respond(503), respond(401), respond(503)]);
    let client = |http: &Scripted, policy| client(Kind::Refreshable, http, policy, Pace::unlimited());
    let error = call(&client(&http, RetryPolicy::default()), Safety::Safe).await.unwrap_err();
    assert_eq!((http.requests(), error.attempts()), (4, 4), "{error}");

    // Without an attempt left, the renewed token is tried once.
    let http = Scripted::new([respond(401), respond(503)]);
    let error = call(&client(&http, RetryPolicy::never()), Safety::Safe).await.unwrap_err();
    assert_eq!((http.requests(), error.attempts()), (2, 2), "{error}");

    // The time goes on, too.
    let policy = RetryPolicy::default()
        .with_max_attempts(100)
        .with_total_timeout(Duration::from_secs(10))
        .with_waits(Duration::ZERO, Duration::ZERO);
    let six_seconds = Step::Respond(429, vec![("retry-after", "6".to_owned())], "");
    let http = Scripted::new([six_seconds, respond(401), Step::Hang]);
    let start = Instant::now();
    let error = call(&client(&http, policy), Safety::Safe).await.unwrap_err();
    assert!(error.is_timeout() && error.attempts() == 3, "{error}");
    assert!(start.elapsed() <= Duration::from_millis(10_010), "{:?}", start.elapsed());
}

/// An authorisation server that never responds.
struct Silent;

impl OAuthTransport for Silent {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_after_a_401_takes_no_longer_than_the_call_has() {
    let http = Scripted::new([respond(401)]);
    let policy = RetryPolicy::default().with_total_timeout(Duration::from_secs(5));
    let transport = RetryTransport::new(http.clone(), policy, Pace::unlimited());
    let session = Session::new(refreshing(Silent, Duration::from_secs(3600)));
    let client = Client::with_transport(session, transport).unwrap();
    let start = Instant::now();
    let error = client.get_vendor(VENDOR).send().await.unwrap_err();
    assert!(has_status(&error, 401) && error.attempts() == 1, "{error}");
    assert!(start.elapsed() <= Duration::from_millis(5010), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_does_not_count_is_counted_for() {
    let error = TransportErrorKind::Connection;
    for (second, is_expected) in [
        (respond(401), (|error| has_status(error, 401)) as fn(&Error) -> bool),
        (Step::Fail(error), |error| has_kind(error, TransportErrorKind::Connection)),
        (Step::Respond(200, Vec::new(), "{"), |error| matches!(error, Error::Decode(_))),
    ] {
        let http = Scripted::new([respond(401), second]);
        let client = Client::with_transport(session(Kind::Refreshable), http.clone()).unwrap();
        let error = client.get_vendor(VENDOR).send().await.unwrap_err();
        assert!(is_expected(&error), "{error}");
        assert_eq!((error.attempts(), http.requests()), (2, 2), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_whatever_the_error() {
    let success = |body| Step::Respond(200, Vec::new(), body);
    for (step, is_expected) in [
        (success("{\"da"), (|error| matches!(error, Error::Decode(_))) as fn(&Error) -> bool),
        (respond(404), |error| has_status(error, 404)),
        (Step::Fail(TransportErrorKind::Request), |error| matches!(error, Error::Transport { .. })),
    ] {
        let http = Scripted::new([respond(503), respond(503), step]);
        let error = call(&usual(&http), Safety::Safe).await.unwrap_err();
        assert!(is_expected(&error), "{error}");
        assert_eq!((error.attempts(), http.requests()), (3, 3), "{error}");
    }
    // A body that is too long, and a success.
    let http = Scripted::new([respond(503), success("{\"data\":{}}")]);
    let transport = RetryTransport::new(Small(http.clone()), RetryPolicy::default(), Pace::unlimited());
    let small = Client::with_transport(session(Kind::Static), transport).unwrap();
    let error = small.get_vendor(VENDOR).send().await.unwrap_err();
    assert!(matches!(error, Error::BodyTooLong { .. }) && error.attempts() == 2, "{error}");
    let http = Scripted::new([respond(503), success("")]);
    assert_eq!(usual(&http).delete_installation().send().await.unwrap().attempts(), 2);
}

/// An authorisation server that renews nothing.
struct RenewsNothing;

impl OAuthTransport for RenewsNothing {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let refusal = Response::builder().status(400).body(r#"{"error":"invalid_grant"}"#.into()).unwrap();
        Box::pin(async { Ok(refusal) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_before_its_second_attempt_had_one() {
    let token = refreshing(RenewsNothing, Duration::from_secs(40));
    let http = Scripted::new([Step::Respond(503, vec![("retry-after", "50".to_owned())], "")]);
    let transport = RetryTransport::new(http.clone(), RetryPolicy::default(), Pace::unlimited());
    let client = Client::with_transport(Session::new(token), transport).unwrap();
    let error = client.get_vendor(VENDOR).send().await.unwrap_err();
    assert_eq!((error.attempts(), http.requests()), (1, 1), "{error}");
    assert!(error.to_string().contains("refused before sending again: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_in_time_whatever_happens() {
    let policy = RetryPolicy::default().with_total_timeout(Duration::from_secs(5)).with_max_attempts(100);
    for (step, sent) in [(Step::Hang, 1..2), (respond(503), 3..101)] {
        let http = Scripted::new([step]);
        let client = client(Kind::Static, &http, policy, Pace::unlimited());
        let start = Instant::now();
        let error = call(&client, Safety::Safe).await.unwrap_err();
        assert!(start.elapsed() <= Duration::from_millis(5010), "{:?}", start.elapsed());
        assert!(sent.contains(&http.requests()), "{}", http.requests());
        assert!(error.is_timeout() || has_status(&error, 503), "{error}");
    }
    // A pause that does not fit is not begun.
    let http = Scripted::new([Step::Respond(429, vec![("retry-after", "6".to_owned())], "")]);
    let client = client(Kind::Static, &http, policy, Pace::unlimited());
    let start = Instant::now();
    let error = call(&client, Safety::Safe).await.unwrap_err();
    assert_eq!((error.retry_after(), start.elapsed()), (Some(Duration::from_secs(6)), Duration::ZERO));
    // Nor is a call sent that has no turn in time, and the error says why.
    let error = call(&client, Safety::Neither).await.unwrap_err();
    assert_eq!((error.attempts(), http.requests()), (0, 1));
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert!(format!("{error:?}").contains("waiting for their turn"), "{error:?}");
    // A limit of time that no clock reaches is none.
    let policy = RetryPolicy::default().with_total_timeout(Duration::MAX);
    let client = self::client(Kind::Static, &Scripted::new([respond(404)]), policy, Pace::unlimited());
    assert_eq!(call(&client, Safety::Safe).await.unwrap_err().attempts(), 1);
    // Where an attempt has failed and there is no turn for another, the failure is the error.
    let policy = RetryPolicy::default().with_total_timeout(Duration::from_secs(5));
    let http = Scripted::new([respond(503)]);
    let client = self::client(Kind::Static, &http, policy, Pace::per_minute(1));
    let error = call(&client, Safety::Safe).await.unwrap_err();
    assert!(has_status(&error, 503) && error.attempts() == 1 && http.requests() == 1, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn clones_share_pace_pause_and_budget() {
    let http = Scripted::new([
        Step::Respond(429, vec![("retry-after", "10".to_owned())], ""),
        Step::Respond(404, Vec::new(), ""),
    ]);
    let one = usual(&http);
    let other = one.clone();
    let (first, second) = tokio::join!(call(&one, Safety::Safe), async {
        tokio::task::yield_now().await;
        call(&other, Safety::Safe).await
    });
    assert!(first.is_err() && second.is_err());
    assert_eq!(http.requests(), 3);
    assert!(http.waits()[0] >= Duration::from_secs(10), "{:?}", http.waits());

    let http = Scripted::new([respond(503)]);
    let down = client(Kind::Static, &http, RetryPolicy::default(), Pace::unlimited());
    for _ in 0..50 {
        call(&down.clone(), Safety::Safe).await.unwrap_err();
    }
    assert_eq!(http.requests(), 50 + 20, "the budget has 20 retries");

    let http = Scripted::new([respond(404)]);
    let paced = client(Kind::Static, &http, RetryPolicy::default(), Pace::per_minute(60).with_burst(1));
    for _ in 0..10 {
        call(&paced.clone(), Safety::Safe).await.unwrap_err();
    }
    assert!(http.waits().iter().all(|wait| *wait >= Duration::from_millis(999)), "{:?}", http.waits());
}

/// Responds with a body without end, and counts the bytes that are read of it.
struct Endless(Arc<AtomicUsize>);

impl Transport for Endless {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        let read = Arc::clone(&self.0);
        let frames = futures_util::stream::repeat_with(move || {
            read.fetch_add(1024, Ordering::Relaxed);
            Ok(http_body::Frame::data(Bytes::from_static(&[b' '; 1024])))
        });
        Box::pin(async move {
            call.into_authorized().await?;
            Ok(Response::new(StreamBody::new(frames).boxed_unsync()))
        })
    }
}

#[tokio::test]
async fn a_body_that_means_nothing_is_not_read_beyond_its_own_limit() {
    let read = Arc::default();
    let transport =
        RetryTransport::new(Endless(Arc::clone(&read)), RetryPolicy::default(), Pace::unlimited());
    let client = Client::with_transport(session(Kind::Static), transport).unwrap();
    let error = client.delete_installation().send().await.unwrap_err();
    assert!(matches!(error, Error::BodyTooLong { limit: 65_536, .. }), "{error}");
    assert_eq!(read.load(Ordering::Relaxed), 65_536 + 1024);
}

/// Reads bodies of up to three bytes.
struct Small(Scripted);

impl Transport for Small {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        self.0.send(call)
    }

    fn body_limit(&self) -> usize {
        3
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_is_reported_as_such_and_not_sent_for_again() {
    let http = Scripted::new([Step::Respond(200, Vec::new(), "{\"data\":{}}")]);
    let transport = RetryTransport::new(Small(http.clone()), RetryPolicy::default(), Pace::unlimited());
    let client = Client::with_transport(session(Kind::Static), transport).unwrap();
    let error = client.get_vendor(VENDOR).send().await.unwrap_err();
    assert!(matches!(error, Error::BodyTooLong { limit: 3, .. }), "{error}");
    assert_eq!(http.requests(), 1);
}

/// Fails each attempt, and remembers how long it might have taken.
#[derive(Debug, Clone, Default)]
struct Limits(Arc<Mutex<Vec<Option<Duration>>>>);

impl Transport for Limits {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Response<Body>, Error>> {
        self.0.lock().unwrap().push(call.timeout());
        let source = TransportError::new(TransportErrorKind::Connect, "as the test wants it");
        Box::pin(std::future::ready(Err(Error::Transport { operation: call.operation(), source })))
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_limit_of_its_own_ends_there_whatever_the_limits_of_the_client_are() {
    for (kind, steps) in [
        (Kind::Static, vec![Step::Hang]),
        (Kind::Static, vec![respond(503), Step::Hang]),
        (Kind::Refreshable, vec![respond(401), Step::Hang]),
    ] {
        for seconds in [3, 1000] {
            let http = Scripted::new(steps.clone());
            let client = client(kind, &http, RetryPolicy::default(), Pace::unlimited());
            let start = Instant::now();
            let limit = Duration::from_secs(seconds);
            let error = call(&client.with_timeout(limit), Safety::Safe).await.unwrap_err();
            assert!(error.is_timeout(), "{error:?}");
            assert_eq!(start.elapsed().as_secs(), seconds, "{kind:?} {steps:?}");
            assert_eq!(http.requests(), steps.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_time_that_is_left_of_its_call() {
    let http = Limits::default();
    let transport = RetryTransport::new(http.clone(), RetryPolicy::default(), Pace::unlimited());
    let client = Client::with_transport(session(Kind::Static), transport).unwrap();
    let limit = Duration::from_secs(60);
    let limited = client.with_timeout(limit).for_company(VENDOR.parse::<CompanyId>().unwrap());
    for client in [client, limited] {
        call(&client, Safety::Safe).await.unwrap_err();
    }
    let seen = http.0.lock().unwrap();
    let (without, with) = seen.split_at(4);
    assert_eq!(without, [None; 4]);
    assert!(with.is_sorted_by(|earlier, later| earlier > later) && with[0] == Some(limit), "{with:?}");
}
