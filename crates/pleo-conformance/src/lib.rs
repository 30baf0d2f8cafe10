//! Judges whether a client of Pleo's External API follows the rules of Pleo's documents.
//!
//! [`catalogue`] has the rules, [`mistakes`] says which of them catch what programmers get wrong.

pub mod cli;
pub mod engine;
pub mod mistakes;
pub mod protocol;
pub mod report;
pub mod rules;
pub mod subject;
mod trial;
pub mod verdict;
mod words;

pub use rules::catalogue;
pub use trial::{ClientTrial, ServiceTrial};
