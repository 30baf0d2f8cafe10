//! Low-level client for Pleo's External API.

#[rustfmt::skip]
#[allow(clippy::all, missing_docs)]
mod generated;
pub mod runtime;

pub use generated::*;
pub use runtime::*;
