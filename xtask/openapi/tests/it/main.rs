//! What becomes of documents, pass by pass.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod documents;
mod overlays;
mod passes;
mod published_values;
mod refusals;
