//! What generated code is based on: requests, responses, errors, and the seam for authorisation and
//! transport.
//!
//! It replaces `progenitor_client`, see `docs/decisions/0002-own-runtime.md`.

#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, unused_imports, unused_macros, reason = "a family alone needs a part of it")
)]

mod argument;
mod base_url;
mod client;
mod debug_name;
mod decimal;
mod error;
#[cfg(feature = "reqwest")]
mod http_config;
mod identifier;
mod members;
pub(crate) mod object;
mod open_enum;
mod operation;
mod operation_call;
mod pages;
mod request;
mod response;
mod sensitive;
mod text;
mod time;
#[cfg(feature = "reqwest")]
mod transport_reqwest;

pub use argument::{ConversionError, IntoCursor, InvalidArgument};
pub(crate) use argument::{Problems, Required};
pub use base_url::InvalidBaseUrl;
pub use client::{Authorization, Authorize, Call, Client, Refusal, Transport, Unauthenticated};
pub(crate) use debug_name::debug_name;
pub use decimal::{Decimal, InvalidDecimal};
pub use error::{ApiError, DecodeError, Error, ErrorChain, TransportError, TransportErrorKind, retry_after};
#[cfg(feature = "reqwest")]
pub use http_config::HttpConfig;
pub use identifier::identifier;
pub(crate) use object::object;
pub(crate) use open_enum::open_enum;
pub use operation::{
    CompanyLocation, Operation, Parameter, ParameterLocation, RequestBody, Safety, SecurityScheme,
};
pub use operation_call::{JsonPage, OperationCall, ParameterError};
pub use pages::{Items, ListCall, ListPage, Pages, PagingError};
pub use request::Request;
pub(crate) use request::{RequestBuilder, UrlValue};
pub use response::{Attempts, Body, ResponseValue, read_success};
pub use sensitive::Sensitive;
pub use time::DateOrDateTime;
#[cfg(feature = "reqwest")]
pub use transport_reqwest::ReqwestTransport;

/// A boxed future, as the seam's traits return it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
