//! A fake Pleo on loopback.
//!
//! [`Sandbox`] is one environment of Pleo's External API with its authorisation server: a function from
//! request to response over the operation catalogue, `spec/openapi.json` and a small state. [`Server`]
//! serves it, or any other [`Handler`], over HTTP.
//!
//! ```
//! use pleo_sandbox::{Environment, Grant, Sandbox, Server};
//!
//! let sandbox = Sandbox::new(Environment::Staging);
//! let company = sandbox.companies()[0];
//! sandbox.admit("FAKE-KEY", Grant::standalone_key(company));
//! let server = Server::start(sandbox)?;
//! println!("point your client at {}", server.url());
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod assumptions;
mod authentication;
mod clock;
mod company;
mod credential;
mod data;
mod document;
mod fault;
mod installation;
mod limit;
mod log;
mod oauth;
pub mod program;
mod request;
mod route;
mod sample;
mod sandbox;
mod scope;
mod server;
mod webhook;

pub use assumptions::{ASSUMPTIONS, Assumption};
pub use credential::{CredentialKind, Grant, InvalidSubject, OAuthClient, Subject};
pub use document::{Mismatch, conforms};
pub use fault::{Fault, InvalidFault};
pub use sample::{Optional, Sampler};
pub use sandbox::{Environment, Sandbox};
pub use server::{Exchange, Extent, Handler, MAX_BODY, Reply, Server};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
