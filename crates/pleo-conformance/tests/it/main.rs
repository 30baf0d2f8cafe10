//! The suite as its users see it, and the clients that it is tested on.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod faulty;
mod reference;
mod reference_client;
mod service;
