//! The sandbox, seen from outside.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod client;
mod companies;
mod credentials;
mod faults;
mod httpmock;
mod limits;
mod oauth;
mod program;
mod readme;
mod receipts;
mod requests;
mod sharing;
mod strangers;
mod support;
mod webhooks;
