//! The commands, run as a user runs them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod commands;
mod corpus;
mod diff_command;
mod fetch;
mod fetch_bad_days;
mod fetch_foreign;
mod fetch_guides;
mod measure;
mod nightly;
mod regenerating;
mod release;
mod site;
mod usage;
