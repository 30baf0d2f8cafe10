//! From the lowered document to progenitor's code, taken apart.

mod attempt;
mod culprit;
mod parts;

use serde_json::Value;

use crate::plan::Wrappers;
pub(crate) use parts::{Raw, RawCall};
use xtask_openapi::SpecError;

/// How much of the types is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it.
    Whole,
    /// What a caller can see: no bodies of functions, and no documentation.
    Signatures,
}

/// Runs progenitor on the lowered document.
///
/// # Errors
/// Where progenitor refuses or panics, the operation or schema that it cannot take.
pub(crate) fn run(lowered: &Value, wrappers: &Wrappers, reading: Reading) -> Result<Raw, SpecError> {
    attempt::attempt(lowered, wrappers, reading)
        .map_err(|problem| culprit::culprit(lowered, wrappers, &problem))
}
