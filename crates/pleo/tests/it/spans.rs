//! What traces show of calls.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use pleo::{ClientBuilder, Pace, RetryPolicy, RetryTransport, Session, Staging, StandaloneApiKey};
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::{Scripted, Step, respond};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn calls_and_attempts_are_spans_that_hold_no_value_of_a_request() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    let http = Scripted::new([
        Step::Respond(503, vec![("x-trace", "FAKE-HEADER".to_owned())], "FAKE-BODY"),
        Step::Fail(pleo::TransportErrorKind::Connect),
        respond(404),
    ]);
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    let transport = RetryTransport::new(http, RetryPolicy::default(), Pace::unlimited());
    let client = pleo::Client::with_transport(Session::new(key), transport).unwrap();
    let id = "11111111-2222-4333-8444-555555555555";
    client.get_receipt(id, id).send().with_subscriber(subscriber).await.unwrap_err();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in [
        r#"pleo_call{otel.name="get_receipt"}"#,
        r#"http.request.method="GET""#,
        r#"url.template="/v1/accounting-entries/{accountingEntryId}/receipts/{receiptId}""#,
        r#"server.address="external.staging.pleo.io" server.port=443"#,
        r#"http.response.status_code=503 error.type="503""#,
        "http.request.resend_count=1",
        "error.type=Connect",
        "http.request.resend_count=2",
        "http.response.status_code=404",
    ] {
        assert!(log.contains(expected), "{expected} is not in\n{log}");
    }
    assert_eq!(log.matches("the call is sent again").count(), 2, "{log}");
    for hidden in ["FAKE", id, "RkFLRS", "Basic"] {
        assert!(!log.contains(hidden), "{hidden} is in\n{log}");
    }
}

#[test]
fn a_builder_shows_neither_key_nor_proxy_password() {
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY").unwrap();
    let proxy = pleo::reqwest::Proxy::all("http://user:FAKE-PASSWORD@proxy.test:3128").unwrap();
    let builder = ClientBuilder::new(key).http(pleo::HttpConfig::default().with_proxy(proxy));
    for shown in [format!("{builder:?}"), format!("{builder:#?}"), format!("{:?}", builder.build().unwrap())]
    {
        assert!(!shown.contains("FAKE") && !shown.contains("RkFLRS"), "{shown}");
    }
}
