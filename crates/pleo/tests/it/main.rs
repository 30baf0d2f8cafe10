//! Tests of the public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

mod builder;
mod retry;
mod spans;
mod support;
mod types;
