//! What a command prints: one aligned line a step, and a spinner while a long one runs.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Runs a step and prints its name and what it says it did.
pub(crate) fn step<T, E>(
    name: &str,
    doing: &str,
    work: impl FnOnce() -> Result<(T, String), E>,
) -> Result<T, E> {
    // Hidden where standard error is no terminal.
    let spinner = ProgressBar::new_spinner().with_message(format!("{name:<10} {doing}"));
    if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let start = Instant::now();
    let result = work();
    spinner.finish_and_clear();
    let (value, done) = result?;
    println!("{name:<10} {done} ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(value)
}
