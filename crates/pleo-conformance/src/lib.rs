//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

pub mod cli;
pub mod coverage;
pub mod engine;
pub mod exit;
pub mod expected;
pub mod protocol;
pub mod report;
pub mod rule;
pub mod subject;

/// All rules, in the order of their areas and numbers.
pub fn catalogue() -> &'static [rule::Rule] {
    &[]
}
