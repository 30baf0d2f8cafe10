//! The sandbox, seen from outside.

mod client;
mod companies;
mod credentials;
mod faults;
mod httpmock;
mod limits;
mod oauth;
mod readme;
mod requests;
mod sharing;
mod strangers;
mod support;
