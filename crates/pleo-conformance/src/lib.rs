//! Judges whether a client of Pleo's External API keeps the rules of Pleo's documents.

mod case;
pub mod client_trial;
pub mod engine;
mod evidence;
mod lab;
mod mask;
pub mod protocol;
pub mod report;
pub mod rule;
mod rules;
pub mod service;
pub mod subject;

pub use rules::catalogue;
