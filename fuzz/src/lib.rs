//! Fuzz targets: whatever a server, a redirect or a user brings, the client neither panics nor leaks.
//!
//! Each [`Target`] has seeds and a check. `fuzz/README.md` says how to run them.

// A check that fails has to fail its test.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a check that fails has to fail its test")]

mod oauth;
mod responses;
mod seeds;
#[cfg(test)]
mod tests;
mod values;

use std::{error::Error, fmt::Debug};

pub use seeds::{Edit, Mutation};

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Inputs worth starting from. Each of them passes.
    pub seeds: &'static [&'static str],
    /// Panics if the client does anything with an input that it should not. The number chooses a status where
    /// there is one.
    pub check: fn(u8, &[u8]),
}

/// Responses of the token endpoint, to an exchange and to a renewal.
pub const TOKEN_RESPONSES: Target = Target { seeds: seeds::TOKEN_RESPONSES, check: oauth::token_response };
/// Redirects that end an authorisation.
pub const REDIRECTS: Target = Target { seeds: seeds::REDIRECTS, check: oauth::redirect };
/// Bodies of responses other than success.
pub const ERROR_BODIES: Target = Target { seeds: seeds::ERROR_BODIES, check: responses::error_body };
/// Pages of lists.
pub const PAGES: Target = Target { seeds: seeds::PAGES, check: responses::page };
/// Dates and times.
pub const TIMES: Target = Target { seeds: seeds::TIMES, check: values::time };
/// Decimal numbers.
pub const DECIMALS: Target = Target { seeds: seeds::DECIMALS, check: values::decimal };

/// Stands for secrets and personal data in what a server writes. It does not have the form of an identifier, so no
/// error may show it.
const PRIVATE: &str = "FAKE SECRET";

/// Nothing that is printed of an error shows what a server wrote.
fn shows_nothing_private(error: &dyn Error, debug: &dyn Debug) {
    let mut shown = format!("{debug:?} {debug:#?} {error}");
    let mut source = error.source();
    while let Some(error) = source {
        shown.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    assert!(!shown.contains(PRIVATE), "{shown}");
}
