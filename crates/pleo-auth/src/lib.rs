//! Environments, credentials, companies and scopes of Pleo's External API: decides whether and how a
//! request may leave.
//!
//! Start here:
//!
//! ```no_run
//! use pleo_auth::{Client, Secret, Session, StandaloneApiKey, Staging};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = StandaloneApiKey::new(Staging, Secret::from_env("PLEO_API_KEY")?)?;
//! let connection = Client::without_retries(Session::new(key))?.connect().await?;
//! println!("connected to {}", connection.subject());
//! let client = connection.into_client();
//! let jobs = client.list_export_jobs_v3().send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | use an API key | [`StandaloneApiKey`], [`IntegratedApiKey`] |
//! | use OAuth tokens | [`AccessToken`], [`oauth::RefreshingToken`] |
//! | bind a credential to a company and scopes | [`Session`] |
//! | choose the environment while the program runs | [`AnyEnvironment`] |
//! | find out whose a credential is | [`Client::identify`], [`Client::connect`] |
//! | find an operation, also by Pleo's own name for it | [`Operations`]: a [`Client`] has all of them as methods |
//! | understand why a request was not sent | [`RequestRefused`] |
//! | understand a response, or get access | [`advice`] |
//!
//! [`sources`] explains the numbers (`Z`, `A`, `N` and so on); `docs/authentication.md` of the project describes the
//! way to a first call.
//!
//! # What cannot happen
//!
//! - A credential carries its [`Environment`] as a type, so a staging key in a production client does
//!   not compile (Z7 to Z10). A choice at run time goes through [`AnyEnvironment`], and a credential
//!   still takes its environment along.
//! - A credential leaves only for its environment's own scheme, host and port, as the `Authorization`
//!   header, once (Z25 to Z30). Everything else is a [`RequestRefused`] before a byte is sent.
//! - A [`Session`] bound to a company puts it where each operation wants it. It refuses requests that name
//!   another company or anything wider (Z38, Z39); known scopes are checked before sending (Z47).
//! - A legacy token belongs to another API (Z13 to Z18). [`LegacyToken`] represents it,
//!   but nothing accepts it.
//!
//! # Features
//!
//! Each API family is a feature and is passed on to [`pleo_client`]: `accounting-entries`, `accounts`,
//! `bookkeeping`, `companies`, `employees`, `enrichment`, `export`, `marketplace`, `tags`, `tax-codes`,
//! `vendors`, `webhooks`. All of them are on by default, as `full`; a program that calls few of them
//! compiles faster with those alone, such as by
//! `default-features = false, features = ["rustls", "export"]`. The marketplace is always there, because
//! [`Client::connect`] asks it who the credential is.
//!
//! `reqwest` has the transport. `rustls` enables TLS through rustls; `native-tls` uses the operating system's library.
//! If both are on, `rustls` is used. If neither is, the transport reaches a sandbox on this machine and nothing else.
//! Without `reqwest`, a client needs transports of your own.
//!
//! # How far secrets are wiped
//!
//! A [`Secret`] and the header value made of it are overwritten when their last clone is dropped.
//! Rust cannot wipe what it does not own: the copy that the HTTP and TLS libraries write into their
//! buffers, the environment variable or file a secret came from, the response of the authorisation
//! server that brought a token, and what the operating system swaps out. Wiping reduces exposure; it is not a
//! guarantee.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod advice;
mod client;
mod company;
mod company_binding;
mod connect;
mod credential;
mod environment;
pub mod oauth;
mod refusal;
mod scope;
mod secret;
mod session;
pub mod sources;

pub use client::Client;
pub use company::{CompanyId, InvalidSubject, OrganizationId, Subject};
pub use connect::{ConnectError, Connection, FromResponse, Identity, RotateError};
pub use credential::{
    AccessToken, AuthenticationMethod, Credential, IntegratedApiKey, IntoCredential, InvalidCredential,
    LegacyToken, Mistake, StandaloneApiKey,
};
pub use environment::{
    AnyEnvironment, Environment, InvalidSandbox, Production, Sandbox, Staging, UnknownEnvironment,
};
pub use pleo_client;
/// The operations of the API, a method each. A [`Client`] has all of them.
#[doc(inline)]
pub use pleo_client::Client as Operations;
pub use refusal::RequestRefused;
pub use scope::{InvalidScope, NeededScopes, Scope, ScopeSet};
pub use secret::{Secret, SecretError};
pub use session::{EnvironmentMismatch, Session};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
