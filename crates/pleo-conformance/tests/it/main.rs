//! The suite as its users see it, and the clients that it is tested on.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod coverage;
mod faulty;
mod live;
mod reference;
mod reference_client;
mod reports;
mod service;
