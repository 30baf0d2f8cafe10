//! The crate as its users see it, over a recording transport, scripted servers and httpmock.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod careless_store;
mod company;
mod connect;
mod destination;
mod explain;
mod flow;
mod interleavings;
mod interrupted;
mod oauth_transport;
mod refresh;
mod rotation;
mod scopes;
mod support;
mod wire;
