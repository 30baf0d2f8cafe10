//! What changed between two states of Pleo's documents: in the API, and in the client.
//!
//! [`api`] compares the documents, [`rust`] the code that is generated from them.

pub mod api;
mod level;
pub mod render;
pub mod rust;
pub mod source;

pub use level::Level;
