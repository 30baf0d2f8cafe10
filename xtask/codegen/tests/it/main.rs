//! The generated files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod cursed;
mod determinism;
mod families;
mod features;
mod hostile;
mod mutations;
mod stock;
