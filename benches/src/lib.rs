//! What the benches share.
//!
//! [`requests`] and [`pages`] hold what is measured, each way of doing it beside the others; [`Run`]
//! brings what was measured together in one table. The benches take the times, and the binary
//! `count-allocations` counts allocations: an allocator that counts would falsify the times.

// A bench that cannot be set up, or whose ways differ, has to stop.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a bench that cannot be set up has to stop")]

pub mod by_hand;
pub mod pages;
pub mod requests;
mod run;
mod transport;

pub use run::{AllocationTable, Allocations, Run, print_table};
pub use transport::Nowhere;

/// A standalone key of about the usual length; obviously none.
pub const KEY: &str = "FAKE-KEY-of-forty-characters-or-so-000000";

/// An access token of the length of a signed one; obviously none.
pub fn token() -> String {
    format!("FAKE-TOKEN-{}", "0123456789abcdef".repeat(38))
}
