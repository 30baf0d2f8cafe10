//! Client for [Pleo's External API](https://developers.pleo.io/llms.txt): all of its operations, with credentials that
//! cannot go astray, retries, a steady pace, and lists as streams.
//!
//! Start here:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // PLEO_ENVIRONMENT=staging PLEO_API_KEY=… PLEO_COMPANY_ID=…
//! let client = pleo::ClientBuilder::from_env()?.build()?;
//! let mut vendors = client.search_vendors().limit(100).items();
//! while let Some(vendor) = vendors.next().await {
//!     println!("{}", vendor?.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | make a client | [`ClientBuilder`] |
//! | find an operation, also by Pleo's own name for it | [`Operations`]: a [`Client`] has all of them as methods |
//! | use keys and OAuth tokens | [`StandaloneApiKey`], [`IntegratedApiKey`], [`AccessToken`], [`oauth`] |
//! | find out whose a credential is | [`Client::identify`], [`Client::connect`] |
//! | read lists | [`Items`], [`Pages`] |
//! | calculate with amounts | [`Money`] |
//! | read a month of entries | [`Month`], `EntryPeriod` |
//! | download receipts | `receipts` |
//! | book what Pleo has queued for the accounting system | `export_run` |
//! | make a tag group equal to a list | `tag_sync` |
//! | receive webhooks | `webhook_delivery` |
//! | keep OAuth tokens, on one machine or on many | `stores` |
//! | understand an error | [`Error`], [`RequestRefused`], [`advice`] |
//! | change retries and pace | [`RetryPolicy`], [`Pace`] |
//!
//! Models are in one module for each API family, such as `vendors`. Numbers in brackets, such as Z3, say where
//! a fact comes from: see [`sources`].
//!
//! # Features
//!
//! Each API family is a feature: `accounting-entries`, `accounts`, `bookkeeping`, `companies`, `employees`,
//! `enrichment`, `export`, `marketplace`, `tags`, `tax-codes`, `vendors` and `webhooks`. All of them are on by default,
//! as `full`. A program that uses few of them compiles faster with those alone, for example with
//! `default-features = false, features = ["rustls", "export"]`.
//!
//! `rustls` enables TLS through rustls; `native-tls` uses the operating system's library: OpenSSL, SChannel or Secure
//! Transport. If both are on, `rustls` is used. If neither is, a client reaches a sandbox on this machine and nothing
//! else. `time-zones` has the zones of the IANA database, for months in local time. `webhook-verification` checks and
//! reads the deliveries of webhooks. `file-store` and `postgres-store` keep OAuth tokens in a file and in a PostgreSQL
//! database.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
#[cfg(feature = "accounting-entries")]
mod entry_period;
#[cfg(feature = "export")]
pub mod export_run;
mod money;
mod period;
#[cfg(feature = "accounting-entries")]
pub mod receipts;
#[cfg(any(feature = "file-store", feature = "postgres-store"))]
pub mod stores;
#[cfg(feature = "tags")]
pub mod tag_sync;
mod text;
mod transport;
#[cfg(feature = "webhook-verification")]
pub mod webhook_delivery;

pub use builder::{ClientBuilder, FromEnvError};
#[cfg(feature = "time-zones")]
pub use chrono_tz;
#[cfg(feature = "accounting-entries")]
pub use entry_period::{EntryDate, EntryPeriod};
pub use money::{Currency, InvalidCurrency, Money, MoneyError};
pub use period::{Month, PeriodError, TimeRange};
// The API families.
pub use pleo_auth::pleo_client::generated::*;
pub use pleo_auth::{
    AccessToken, AnyEnvironment, AuthenticationMethod, Client, CompanyId, ConnectError, Connection,
    Credential, Environment, EnvironmentMismatch, FromResponse, Identity, IntegratedApiKey, IntoCredential,
    InvalidCredential, InvalidSandbox, InvalidScope, InvalidSubject, LegacyToken, Mistake, NeededScopes,
    Operations, OrganizationId, Production, RequestRefused, RotateError, Sandbox, Scope, ScopeSet, Secret,
    SecretError, Session, Staging, StandaloneApiKey, Subject, UnknownEnvironment, advice, oauth,
    pleo_client::{
        ApiError, Body, BoxFuture, Call, CompanyLocation, ConversionError, DateOrDateTime, Decimal,
        DecodeError, Error, ErrorChain, HttpConfig, IntoCursor, InvalidArgument, InvalidBaseUrl,
        InvalidDecimal, Items, JsonPage, ListCall, ListPage, Operation, OperationCall, Pages, PagingError,
        Parameter, ParameterError, ParameterLocation, Refusal, Request, RequestBody, ReqwestTransport,
        ResponseValue, Safety, SecurityScheme, Sensitive, Transport, TransportError, TransportErrorKind,
        bytes, chrono, futures_core, http, operations, reqwest, rust_decimal, uuid,
    },
    sources,
};
pub use transport::{Pace, RetryPolicy, RetryTransport};

#[cfg(any(
    feature = "export",
    feature = "file-store",
    feature = "postgres-store",
    feature = "tags",
    feature = "webhook-verification"
))]
use pleo_auth::pleo_client::identifier;
use pleo_auth::pleo_client::{Attempts, debug_by_chain, read_success, retry_after};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
