//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

pub mod cli;
pub mod engine;
pub mod protocol;
pub mod report;
pub mod rules;
pub mod subject;
mod trial;
pub mod verdict;

pub use rules::catalogue;
pub use trial::{ClientTrial, ServiceTrial};
