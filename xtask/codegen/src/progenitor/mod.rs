//! From the lowered document to progenitor's code, taken apart.

mod attempt;
mod culprit;
mod parts;

use serde_json::Value;

use crate::plan::Wrappers;
pub(crate) use parts::{Raw, RawCall};
use xtask_openapi::SpecError;

/// Runs progenitor on the lowered document.
///
/// # Errors
/// Where progenitor refuses or panics, the operation or schema that it cannot take.
pub(crate) fn run(lowered: &Value, wrappers: &Wrappers) -> Result<Raw, SpecError> {
    match attempt::attempt(lowered, wrappers) {
        Ok(file) => Ok(parts::take_apart(file)),
        Err(problem) => Err(culprit::culprit(lowered, wrappers, &problem)),
    }
}
