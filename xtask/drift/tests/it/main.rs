//! What changed between two states.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod diff;
mod diff_properties;
mod hostile;
mod rust_api;
