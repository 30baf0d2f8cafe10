//! Low-level client for Pleo's External API: one method for each of its operations, generated from
//! the OpenAPI documents that Pleo publishes.
//!
//! Start here:
//!
//! ```no_run
//! use pleo_client::{Client, ReqwestTransport, Unauthenticated};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("https://external.staging.pleo.io", Unauthenticated, ReqwestTransport::new()?)?;
//! let page = client.list_companies().limit(20).send().await?;
//! for company in &page.data {
//!     println!("{} {}", company.id, company.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | make a client | [`Client::new`] |
//! | find an operation, also by Pleo's own name for it | [`Client`], [`operations`] |
//! | call it | [Making a call](#making-a-call) |
//! | read lists | [Reading a list](#reading-a-list), [`Items`], [`Pages`] |
//! | understand an error | [`Error`] |
//! | attach a credential to requests | [`Authorize`] |
//! | send requests in your own way | [`Transport`] |
//!
//! # Making a call
//!
//! Required values are arguments of the operation's method: first those in the path, then other parameters, and a
//! required body last. Everything else is set on the call, which sends nothing until you call `send`. A company is set
//! on the call, too, because authorisation may add it. All of them take any value that converts to the type, such as
//! the text of an id, or the builder of a body.
//!
//! ```no_run
//! # use pleo_client::{Client, uuid::Uuid};
//! use pleo_client::vendors::types::ActivateVendorEventRequest;
//!
//! # async fn example(client: Client, id: Uuid) -> Result<(), pleo_client::Error> {
//! let activation = ActivateVendorEventRequest::builder().external_id("4711").code("4711");
//! client.activate_vendor(id, activation).send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Reading a list
//!
//! An operation that returns a list returns it in pages. `items` on its call reads all of them, one request at a
//! time, and `pages` returns whole pages. Both are [`Stream`](futures_core::Stream)s with a method `next` of their
//! own; see [`Items`] for limits, duplicates, and continuing later.
//!
//! ```no_run
//! # use pleo_client::{Client, Error};
//! # async fn example(client: Client) -> Result<(), Error> {
//! let mut companies = client.list_companies().limit(100).items();
//! while let Some(company) = companies.next().await {
//!     println!("{}", company?.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Give a sorting key where the operation takes one: without it, the service may change the order between pages,
//! so that entries are missed or repeated.
//!
//! # Finding an operation
//!
//! Operations are methods of [`Client`], grouped by family there, with one module per family here.
//! A search for Pleo's own name of an operation, such as `getExportJobsListV3`, finds it as well.
//! [`operations`] lists all of them with what is known of each.
//!
//! Numbers in brackets, such as Z3, say where a fact comes from: see [`sources`].
//!
//! # Features
//!
//! Each API family is a feature: `accounting-entries`, `accounts`, `bookkeeping`, `companies`, `employees`,
//! `enrichment`, `export`, `marketplace`, `tags`, `tax-codes`, `vendors`, `webhooks`. All of them are on
//! by default, as `full`. A program that calls few of them compiles faster with those alone, such as
//! by `default-features = false, features = ["rustls", "export"]`: methods, types and catalogue of the
//! others are left out then.
//!
//! `reqwest` has a transport. `rustls` enables TLS through rustls; `native-tls` uses the operating system's library. If
//! both are on, `rustls` is used. If neither is, the transport sends plain HTTP to this machine and nothing else.
//! Without `reqwest`, a client needs a transport of your own.
//!
//! # How responses are decoded
//!
//! - Unknown fields are ignored, and enums keep values that they do not know.
//! - A field that the documents call optional or nullable is an `Option`; null and absent are both `None`.
//!   In a request, `None` is left out of the body, or sent as null where the field is required. You cannot send
//!   an explicit null for an optional field; see `docs/decisions/0006-no-explicit-null.md`.
//! - Times keep their offset. Decimal amounts are exact, see [`Decimal`]; amounts in minor units are
//!   integers.
//! - Signing secrets and signed links are [`Sensitive`]: `Debug` does not show them.
//! - Published patterns and bounds are in the field's documentation and are not enforced.
//!
//! # The seam
//!
//! A client is made of a base URL, an [`Authorize`] that brings the credential and may refuse a
//! request, and a [`Transport`] that sends it. Credentials, environments and companies are not this
//! crate's business, nor are retries.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[rustfmt::skip]
#[allow(clippy::all, missing_docs)]
#[doc(hidden)]
pub mod generated;
pub mod operations;
mod runtime;
pub mod sources;

pub use bytes;
pub use chrono;
pub use futures_core;
pub use http;
#[cfg(feature = "reqwest")]
pub use reqwest;
pub use rust_decimal;
pub use uuid;

pub use generated::*;
pub use runtime::*;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
