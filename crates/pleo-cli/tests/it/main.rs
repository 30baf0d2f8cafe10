//! The command, run as a program against the sandbox.

mod call;
mod check;
mod golden;
mod jobs;
mod login;
mod secrets;
mod support;
