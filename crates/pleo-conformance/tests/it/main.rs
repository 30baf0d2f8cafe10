//! The suite as its users see it, and the clients that it is tested on.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a helper that fails has to fail its test")]

#[cfg(target_os = "linux")]
mod adapter_check;
#[cfg(target_os = "linux")]
mod adapters;
mod command_line;
mod faulty;
mod httpmock_judges;
mod httpmock_servers;
mod layers;
#[cfg(target_os = "linux")]
mod leaks;
mod live;
mod mistakes;
mod partial;
#[cfg(target_os = "linux")]
mod process;
mod reference;
mod reference_client;
mod reports;
mod rules;
#[cfg(target_os = "linux")]
mod runner;
mod service;
#[cfg(target_os = "linux")]
mod strangers;
#[cfg(target_os = "linux")]
mod support;
