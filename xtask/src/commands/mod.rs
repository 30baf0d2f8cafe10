//! One module per command, and how each prints its steps: one aligned line per step, and a spinner
//! while a long one runs.

pub(crate) mod check;
pub(crate) mod compare_clients;
pub(crate) mod corpus;
pub(crate) mod diff;
pub(crate) mod fetch;
pub(crate) mod generate;
pub(crate) mod measure;
pub(crate) mod release;
pub(crate) mod sync;
pub(crate) mod test;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use xtask_codegen::compile::heard;

/// What cargo says of the packages of this project.
fn metadata(root: &Path) -> Result<Value> {
    let text = heard(root, &["metadata", "--no-deps", "--format-version", "1"], &|_| (), &|| false)?;
    serde_json::from_str(&text).context("cannot read what `cargo metadata` prints")
}

/// Runs a step and prints its name and what it says it did.
fn step<T, E>(name: &str, doing: &str, work: impl FnOnce() -> Result<(T, String), E>) -> Result<T, E> {
    long_step(name, doing, |_| work())
}

/// Runs a step that takes long, and shows what `work` says while it runs: in the spinner on a terminal,
/// otherwise as lines on standard error.
fn long_step<T, E>(
    name: &str,
    doing: &str,
    work: impl FnOnce(&dyn Fn(&str)) -> Result<(T, String), E>,
) -> Result<T, E> {
    // Hidden where standard error is not a terminal.
    let spinner = ProgressBar::new_spinner().with_message(format!("{name:<10} {doing}"));
    if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let start = Instant::now();
    let result = work(&|now| match spinner.is_hidden() {
        true => eprintln!("{name:<10} {now}"),
        false => spinner.set_message(format!("{name:<10} {now}")),
    });
    spinner.finish_and_clear();
    let (value, done) = result?;
    println!("{name:<10} {done} ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(value)
}
