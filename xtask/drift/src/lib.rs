//! What changed between two states of Pleo's documents: in the API, and in the client.
//!
//! [`api`] compares the documents, [`rust`] the code that is generated from them.

pub mod api;
mod level;
pub mod rust;

pub use level::Level;
