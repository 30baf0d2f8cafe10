//! Time limits of a future that may rest.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

/// Gives a future this much time, as long as somebody waits for it; `None` when it ran out. Nobody may have
/// waited, after the calls that did were dropped: then the result may have arrived since, and a pair with
/// it, so time starts anew.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    const UNATTENDED: Duration = Duration::from_secs(1);
    let mut future = std::pin::pin!(future);
    loop {
        let begin = Instant::now();
        if let Ok(result) = tokio::time::timeout(limit, future.as_mut()).await {
            return Some(result);
        }
        if begin.elapsed() < limit.saturating_add(UNATTENDED) {
            return None;
        }
    }
}
