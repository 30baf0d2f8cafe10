//! The command, run as a program against the sandbox.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod call;
mod check;
mod golden;
mod jobs;
mod login;
mod secrets;
mod support;
