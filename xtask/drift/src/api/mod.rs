//! What changed between two states of Pleo's published documents.
//!
//! [`source`] brings the two sides, [`compare()`] brings them into one form and finds what differs,
//! [`kinds`] says what each difference means, [`Report`] holds what was found and [`render`] shows it.

mod compare;
pub mod kinds;
mod model;
pub mod render;
mod report;
mod schema;
mod schemas;
pub mod source;

pub use compare::{Prose, compare};
pub use report::{Counts, Finding, Location, Report, RustApi};
