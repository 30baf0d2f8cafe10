//! What the end-to-end tests share.
//!
//! [`published`] reads Pleo's documents on its own, without anything that the generator uses;
//! [`values`] makes values that fit their schemas; [`mod@call`] calls an operation by name through its
//! generated builder; [`transport`] answers without a network.

// The helpers of tests fail as tests do.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

pub mod call;
#[rustfmt::skip]
mod calls;
pub mod published;
pub mod transport;
pub mod values;

pub use calls::call;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Compiles the guide's examples.
#[cfg(doctest)]
#[doc = include_str!("../../docs/authentication.md")]
struct Authentication;
