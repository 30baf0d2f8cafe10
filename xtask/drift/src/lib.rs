//! What changed between two states of Pleo's documents: in the API, and in the client.
//!
//! [`Level`] is below everything. [`api`] compares the documents, [`rust`] the code that is generated
//! from them; neither needs the other. [`Report`] puts together what both found, and [`render`] shows it.

pub mod api;
mod level;
mod pairing;
mod quote;
pub mod render;
mod report;
pub mod rust;
pub mod source;

pub use level::{Counts, Level};
pub use report::Report;
