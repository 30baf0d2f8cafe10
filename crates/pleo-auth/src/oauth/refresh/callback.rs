//! Finds code that waits for the renewal by which it was called.

use std::future::Future;

tokio::task_local! {
    /// The renewals that called the code that runs now, the last one last.
    static RUNNING: Vec<usize>;
}

/// Runs a future as called by a renewal.
pub(super) fn within<F: Future>(renewal: usize, future: F) -> impl Future<Output = F::Output> {
    with(current().into_iter().chain([renewal]).collect(), future)
}

/// Runs a future as called by these renewals, on whatever thread.
pub(super) fn with<F: Future>(renewals: Vec<usize>, future: F) -> impl Future<Output = F::Output> {
    RUNNING.scope(renewals, future)
}

/// The renewals that called the code that runs now.
pub(super) fn current() -> Vec<usize> {
    RUNNING.try_with(Clone::clone).unwrap_or_default()
}

/// Whether a renewal called the code that runs now.
pub(super) fn is_within(renewal: usize) -> bool {
    RUNNING.try_with(|running| running.contains(&renewal)).unwrap_or(false)
}
