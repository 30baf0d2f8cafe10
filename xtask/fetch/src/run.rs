//! A run from beginning to end, and what may end it before.

use std::{
    panic,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use tokio::{runtime, sync::oneshot};

use crate::{
    apply::{Fetched, apply},
    client::{Http, Pages, ReadError},
    error::FetchError,
    gate::Gate,
    given,
    guides::Plan,
    interrupt,
    published::Before,
    request::{Request, Source},
    site::{self, Site},
};

/// Fetches what is published, over HTTP. SIGINT, SIGTERM and the limit of time end it whatever it is doing: reading,
/// waiting, or taking apart what it has read.
///
/// # Errors
/// See [`FetchError`]. The tree below `root` is then as it was.
pub fn run(root: &Path, request: &Request, progress: &ProgressBar) -> Result<Fetched, FetchError> {
    // The work has a thread of its own: what only computes cannot be interrupted otherwise.
    interrupt::watch();
    let runtime = runtime().map_err(|error| FetchError::files(root, &error))?;
    let gate = Gate::default();
    let (tell, mut told) = oneshot::channel();
    let worker = {
        let (root, request, progress, gate) =
            (root.to_owned(), request.clone(), progress.clone(), gate.clone());
        thread::spawn(move || {
            let Ok(runtime) = self::runtime() else { return };
            let _ = tell.send(runtime.block_on(over_http(&root, &request, &progress, &gate)));
            // A look-up of a name may still be under way.
            runtime.shutdown_background();
        })
    };
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            result = &mut told => Err(result),
            () = interrupt::wait() => Ok(FetchError::Interrupted),
            () = tokio::time::sleep(request.manners.total) => Ok(FetchError::TotalTime(request.manners.total)),
        }
    });
    let result = match ended {
        Ok(why) if gate.close() => return Err(why),
        // The tree is changed already, so that the run is as good as over.
        Ok(_) => runtime.block_on(told),
        Err(result) => result,
    };
    match result {
        Ok(result) => result,
        Err(_) => match worker.join() {
            Err(problem) => panic::resume_unwind(problem),
            Ok(()) => Err(FetchError::Files {
                path: root.display().to_string(),
                problem: "the system gave no means to read pages".to_owned(),
            }),
        },
    }
}

fn runtime() -> std::io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

async fn over_http(
    root: &Path,
    request: &Request,
    progress: &ProgressBar,
    gate: &Gate,
) -> Result<Fetched, FetchError> {
    let unreadable = |error: ReadError| FetchError::Read { address: "the reader of pages".to_owned(), error };
    let http = Http::new(request.manners.clone()).map_err(unreadable)?;
    work(root, request, &http, progress, gate).await
}

/// Fetches what is published from anything that pages can be read from.
///
/// # Errors
/// See [`FetchError`]. The tree below `root` is then as it was.
pub async fn bring(
    root: &Path,
    request: &Request,
    pages: &impl Pages,
    progress: &ProgressBar,
) -> Result<Fetched, FetchError> {
    work(root, request, pages, progress, &Gate::default()).await
}

async fn work(
    root: &Path,
    request: &Request,
    pages: &impl Pages,
    progress: &ProgressBar,
    gate: &Gate,
) -> Result<Fetched, FetchError> {
    let start = Instant::now();
    let before = Before::read(root)?;
    let total = request.manners.total;
    let (collected, guides) = match &request.source {
        Source::Given(given) => (within(total, given::collect(given, pages)).await?, None),
        Source::Site(index) => {
            let lock = before.lock.as_ref();
            let plan =
                Plan::read(root, lock.map(|lock| (lock.guides.as_slice(), lock.guides_sha256.as_str())));
            let site = Site { root, before: &before, request, pages, progress, gate };
            let whole_index = plan.as_ref().is_some_and(Plan::needs_index);
            let mut collected = within(total, site::collect(&site, index, whole_index)).await?;
            let listed = collected.listed.take();
            let guides = match plan {
                // Half of the time that is left, so that what was read of the documents is not lost.
                Some(plan) => {
                    let time = total.saturating_sub(start.elapsed()) / 2;
                    let at_once = request.manners.at_once.max(1);
                    Some(plan.carry_out(root, index, listed, pages, at_once, time).await)
                }
                None => None,
            };
            (collected, guides)
        }
    };
    apply(root, &before, collected, guides, request, gate)
}

async fn within<T>(
    total: Duration,
    reading: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::time::timeout(total, reading).await.map_err(|_| FetchError::TotalTime(total))?
}
