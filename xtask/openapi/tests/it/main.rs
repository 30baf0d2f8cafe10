//! What becomes of documents, pass by pass.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod overlays;
mod passes;
