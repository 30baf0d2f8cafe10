//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

pub mod protocol;
pub mod report;
pub mod subject;
