//! Tests of the public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

mod builder;
mod entry_period;
#[cfg(all(
    feature = "full",
    feature = "file-store",
    feature = "time-zones",
    feature = "webhook-verification"
))]
mod examples;
mod export_run;
mod in_process;
mod lists;
mod money;
mod period;
mod receipts;
mod retry;
mod spans;
#[cfg(all(unix, feature = "file-store", feature = "postgres-store"))]
mod stores;
mod support;
mod tag_sync;
mod types;
#[cfg(all(feature = "full", feature = "webhook-verification"))]
mod webhook_delivery;
