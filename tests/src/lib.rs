//! What the end-to-end tests share.
//!
//! [`published`] reads Pleo's documents on its own, without anything that the generator uses;
//! [`values`] makes values that fit their schemas; [`call`] calls an operation by name through its
//! generated builder; [`transport`] responds without a network; [`setup`] is for the guides.

// The helpers of tests fail as tests do.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

#[cfg(doctest)]
mod guides;
pub mod published;
pub mod setup;
pub mod transport;
pub mod values;

use pleo_conformance::subject::ours::{self, CallError};
pub use pleo_conformance::subject::ours::{Answer, Arguments};

/// Calls the operation of this name through its generated builder.
///
/// # Panics
/// For a name that no operation has, or an argument that does not decode to its type.
pub async fn call(
    client: &pleo_client::Client,
    operation: &str,
    arguments: &Arguments,
) -> Result<Answer, pleo_client::Error> {
    match ours::call(client, operation, arguments).await {
        Ok(answer) => Ok(answer),
        Err(CallError::Failed(error)) => Err(error),
        Err(other) => panic!("{operation}: {other}"),
    }
}
