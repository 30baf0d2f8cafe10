//! What all public types have in common.

use std::fmt::Debug;

use pleo::{
    AccessToken, AnyEnvironment, ApiError, Client, ClientBuilder, CompanyId, ConnectError, Connection,
    Credential, Currency, DecodeError, EntryDate, EntryPeriod, Error, FromEnvError, HttpConfig, Identity,
    IntegratedApiKey, InvalidArgument, InvalidCredential, InvalidCurrency, InvalidScope, InvalidSubject,
    Items, LegacyToken, Money, MoneyError, Month, Operation, Operations, OrganizationId, Pace, Pages,
    PagingError, PeriodError, RequestRefused, ReqwestTransport, ResponseValue, RetryPolicy, RetryTransport,
    RotateError, Sandbox, Scope, ScopeSet, Secret, SecretError, Sensitive, Session, StandaloneApiKey,
    Subject, TimeRange, TransportError, UnknownEnvironment,
    export_run::{Booked, Booking, ExportRun, ExportRunError, ExportSummary, IllegalEvent, NotBooked},
    oauth::{MemoryStore, OAuthApp, OAuthError, RefreshPolicy, RefreshingToken, TokenError, Tokens},
    receipts::{ReceiptDownload, ReceiptError, ReceiptReport, ReceiptRunError, ReceiptSource},
    tag_sync::{LocalTag, TagChange, TagFailure, TagPlan, TagReport, TagSyncError, TagsFailed},
    vendors::{
        builder::{ListCsvImportJobErrors, SearchVendors},
        types::{VendorCreateRequest, builder},
    },
};

fn shared<T: Send + Sync + Debug>() {}

fn error<T: std::error::Error + Send + Sync + 'static>() {}

/// Types that can be shared between threads and printed, and the same for errors that `main` can return.
#[test]
fn types_are_shared_between_threads_and_printed() {
    macro_rules! all {
        ($check:ident: $($type:ty),* $(,)?) => {
            $($check::<$type>();)*
        };
    }
    all!(shared:
        AccessToken<AnyEnvironment>, AnyEnvironment, Booked, Booking, Client, ClientBuilder, CompanyId,
        Connection<AnyEnvironment>, Credential<AnyEnvironment>, Currency, EntryDate, EntryPeriod, ExportRun<'_>, ExportSummary,
        HttpConfig, Identity, IntegratedApiKey<AnyEnvironment>, LegacyToken, ListCsvImportJobErrors<'_>, LocalTag,
        MemoryStore<Sandbox>, Money, Month, NotBooked, OAuthApp<AnyEnvironment>, Operation, Operations,
        OrganizationId, Pace, ReceiptDownload<'_>, ReceiptReport, ReceiptSource,
        RefreshPolicy, RefreshingToken<AnyEnvironment>, ResponseValue<()>, RetryPolicy,
        RetryTransport<ReqwestTransport>, Sandbox, Scope, ScopeSet, SearchVendors<'_>, Secret, Sensitive, Session,
        StandaloneApiKey<AnyEnvironment>, Subject, TagChange, TagFailure, TagPlan, TagReport, TimeRange, Tokens<AnyEnvironment>,
        VendorCreateRequest, builder::VendorCreateRequest,
    );
    all!(error:
        ApiError, ConnectError, DecodeError, Error, ExportRunError, FromEnvError, IllegalEvent, InvalidArgument,
        InvalidCredential, InvalidCurrency, InvalidScope, InvalidSubject, MoneyError, OAuthError, PagingError,
        PeriodError, ReceiptError, ReceiptRunError, RequestRefused, RotateError, SecretError, TagSyncError,
        TagsFailed, TokenError, TransportError, UnknownEnvironment,
    );
    // One thread reads a list: neither the request on its way nor the filters are shared.
    fn moved<T: Send + Debug>() {}
    moved::<Items<'_, SearchVendors<'_>>>();
    moved::<Pages<SearchVendors<'_>>>();
    #[cfg(all(feature = "file-store", feature = "postgres-store"))]
    {
        use pleo::stores::{
            FileStore, InvalidSealingKey, PostgresStore, PostgresTokens, SealingKey, SealingKeys,
            TokenStoreError,
        };
        all!(shared: FileStore<Sandbox>, PostgresStore<Sandbox>, PostgresTokens, SealingKey, SealingKeys);
        all!(error: InvalidSealingKey, TokenStoreError);
    }
    #[cfg(feature = "webhook-verification")]
    {
        use pleo::webhook_delivery::{
            Arrival, ArrivedDelivery, Delivery, DeliveryError, EnsuredSubscription, InvalidSecret,
            RecentDeliveries, SignedMessage, StandardWebhooks, Verifier,
        };
        all!(shared:
            Arrival, ArrivedDelivery<'_>, Delivery, EnsuredSubscription, RecentDeliveries, SignedMessage<'_>,
            StandardWebhooks, Verifier,
        );
        all!(error: DeliveryError, InvalidSecret);
    }
}

/// What is given to a call, or to the builder of a body, is anybody's data.
#[test]
fn calls_and_builders_show_their_names_alone() {
    let client =
        ClientBuilder::new(StandaloneApiKey::new(pleo::Staging, "FAKE-KEY").unwrap()).build().unwrap();
    let builder = VendorCreateRequest::builder().name("FAKE-NAME");
    assert_eq!(format!("{builder:?}"), "VendorCreateRequest { .. }");
    assert_eq!(format!("{:?}", client.create_vendor(builder)), "CreateVendor { .. }");
    let vendors = client.search_vendors().after("FAKE-CURSOR").items();
    let shown = format!("{vendors:?}");
    assert!(shown.contains("search_vendors") && !shown.contains("FAKE"), "{shown}");
}

/// A page's cursor can be passed on as it is.
#[tokio::test]
async fn a_cursor_is_a_text_or_an_option_of_one() {
    let pleo = crate::in_process::Pleo::new();
    let first =
        pleo.client.search_vendors().limit(1).after(None::<String>).send().await.unwrap().into_inner();
    let cursor = first.pagination.end_cursor.unwrap();
    for call in [
        pleo.client.search_vendors().after(&*cursor),
        pleo.client.search_vendors().after(&cursor),
        pleo.client.search_vendors().after(Some(&cursor)),
        pleo.client.search_vendors().after(Some(cursor.as_str())),
        pleo.client.search_vendors().after(Some(cursor.clone())),
        pleo.client.search_vendors().after("taken back").after(cursor.clone()),
    ] {
        let second = call.limit(1).send().await.unwrap();
        assert_ne!(second.data[0].id, first.data[0].id);
    }
    let again =
        pleo.client.search_vendors().after(&cursor).after(None::<&str>).limit(1).send().await.unwrap();
    assert_eq!(again.data[0].id, first.data[0].id);
    assert!(pleo.client.search_vendors().before(Some(&cursor)).limit(1).send().await.is_ok());
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
