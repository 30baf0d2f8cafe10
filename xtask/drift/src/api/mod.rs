//! What changed between two states of Pleo's published documents.
//!
//! [`crate::source`] brings the two sides, [`compare()`] brings them into one form and finds what differs,
//! [`kinds`] says what each difference means, [`Report`] holds what was found and [`crate::render`] shows it.

mod compare;
pub mod kinds;
mod pairs;
mod report;
mod schema;
mod state;

pub use compare::{Prose, compare};
pub use report::{Counts, Finding, Location, Report, RustApi};
