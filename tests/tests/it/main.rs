//! The client as its users call it, against the published documents, a mock server and canned responses.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

mod answers;
mod command_lines;
mod company;
mod coverage;
mod documentation;
mod errors;
mod every_operation;
mod guides;
mod judges;
mod lists;
mod plain_english;
mod protocol;
mod requests;
mod results;
mod workflow;
