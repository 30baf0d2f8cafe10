//! From published documents to one clean OpenAPI document.
//!
//! The order of things: [`document`] reads, [`shape`] refuses what no pass knows, [`overlay`] adds
//! what is ours, [`passes`] mend what is wrong, [`merge`] makes one document of many, [`report`]
//! says what was done where.

pub mod document;
pub mod error;
pub mod merge;
pub mod names;
pub mod normalise;
pub mod overlay;
pub mod passes;
pub mod pointer;
pub mod report;
pub mod shape;
pub mod walk;

pub use document::Document;
pub use error::SpecError;
pub use normalise::{Normalised, normalise};
