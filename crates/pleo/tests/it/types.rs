//! What all public types have in common.

use std::fmt::Debug;

use pleo::{
    AnyEnvironment, ApiError, Client, ClientBuilder, ConnectError, Connection, DecodeError, Error,
    FromEnvError, HttpConfig, Identity, Pace, RequestRefused, ReqwestTransport, RetryPolicy, RetryTransport,
    RotateError, Secret, Session, TransportError,
    export_run::{Booked, Booking, ExportRun, ExportRunError, ExportSummary, IllegalEvent, NotBooked},
    oauth::{OAuthApp, OAuthError, RefreshingToken, Tokens},
    receipts::{ReceiptDownload, ReceiptError, ReceiptReport, ReceiptRunError, ReceiptSource},
};

/// Types that can be shared between threads and printed, and the same for errors that `main` can return.
#[test]
fn types_are_shared_between_threads_and_printed() {
    fn shared<T: Send + Sync + Debug + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}

    shared::<Booked>();
    shared::<Booking>();
    shared::<Client>();
    shared::<ClientBuilder>();
    shared::<Connection<AnyEnvironment>>();
    shared::<ExportRun<'_>>();
    shared::<ExportSummary>();
    shared::<HttpConfig>();
    shared::<Identity>();
    shared::<OAuthApp<AnyEnvironment>>();
    shared::<NotBooked>();
    shared::<Pace>();
    shared::<ReceiptDownload<'_>>();
    shared::<ReceiptReport>();
    shared::<ReceiptSource>();
    shared::<RefreshingToken<AnyEnvironment>>();
    shared::<RetryPolicy>();
    shared::<RetryTransport<ReqwestTransport>>();
    shared::<Secret>();
    shared::<Session>();
    shared::<Tokens<AnyEnvironment>>();
    error::<ApiError>();
    error::<ConnectError>();
    error::<DecodeError>();
    error::<Error>();
    error::<ExportRunError>();
    error::<FromEnvError>();
    error::<IllegalEvent>();
    error::<OAuthError>();
    error::<ReceiptError>();
    error::<ReceiptRunError>();
    error::<RequestRefused>();
    error::<RotateError>();
    error::<TransportError>();
}

#[test]
fn an_error_that_main_returns_is_a_sentence() {
    let company = "x".parse::<pleo::CompanyId>().unwrap_err();
    let environment = "legacy".parse::<AnyEnvironment>().unwrap_err();
    let key = pleo::StandaloneApiKey::new(pleo::Staging, "").unwrap_err();
    let errors: [Box<dyn std::error::Error>; 3] = [company.into(), environment.into(), key.into()];
    for error in errors {
        let (sentence, printed) = (error.to_string(), format!("{error:?}"));
        assert!(printed.starts_with(&sentence), "{printed}");
    }
}
