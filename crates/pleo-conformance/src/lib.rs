//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

pub mod cli;
pub mod coverage;
pub mod engine;
pub mod exit;
pub mod expected;
pub mod protocol;
pub mod report;
pub mod rule;
mod rules;
pub mod subject;
mod trial;
pub mod verdict;

pub use rules::catalogue;
pub use trial::{ClientTrial, ServiceTrial};
