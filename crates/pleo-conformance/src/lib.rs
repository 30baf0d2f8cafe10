//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

mod case;
pub mod cli;
mod client_trial;
pub mod coverage;
pub mod engine;
mod evidence;
pub mod exit;
pub mod expected;
mod lab;
mod mask;
pub mod protocol;
pub mod report;
pub mod rule;
mod rules;
pub mod service;
pub mod subject;
pub mod verdict;

pub use client_trial::ClientTrial;
pub use rules::catalogue;
