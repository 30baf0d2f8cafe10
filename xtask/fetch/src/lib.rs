//! Bringing what Pleo publishes today: the index, the pages, one document an API.
//!
//! [`index`] says which pages there are, [`client`] reads them, [`page`] takes the OpenAPI block out
//! of each, [`prose`] leaves the sentences out, [`unite`] makes one document of its pages, [`mod@write`]
//! gives it a text, and [`lock`] records what was read where. Nothing is changed before all of it
//! is there.

pub mod client;
pub mod error;
pub mod index;
pub mod lock;
pub mod page;
pub mod prose;
pub mod unite;
pub mod write;

mod given;
mod partial;
mod site;
mod state;

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use url::Url;

pub use client::{Http, Manners, Pages};
pub use error::FetchError;

use xtask_tree::Change;

/// The index of Pleo's documentation.
pub const INDEX: &str = "https://developers.pleo.io/llms.txt";

/// What to bring, and what may come with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where the documents are.
    pub source: Source,
    /// Whether operations and documents may disappear.
    pub allow_removals: bool,
    /// Whether pages of one document may disagree; see [`unite::unite`] for what is then taken.
    pub allow_mixed: bool,
    /// Whether Pleo's wording is kept.
    pub keep_prose: bool,
    /// How the site is treated.
    pub manners: Manners,
}

impl Request {
    /// What Pleo's documentation shows today, with nothing allowed.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            allow_removals: false,
            allow_mixed: false,
            keep_prose: false,
            manners: Manners::default(),
        }
    }
}

impl Request {
    /// Whether this is [`Request::new`] of Pleo's documentation.
    pub fn is_default(&self) -> bool {
        INDEX.parse().is_ok_and(|index| *self == Self::new(Source::Site(index)))
    }
}

/// Where documents are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the pages of a site, by its index.
    Site(Url),
    /// Given as they are. One that stands later takes the place of an earlier one with its title.
    Given(Vec<Given>),
}

/// OpenAPI documents, given as they are, in YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A file, or a folder with files.
    Path(PathBuf),
    /// An address.
    Address(Url),
}

/// What was brought.
#[derive(Debug)]
pub struct Fetched {
    /// The change of the tree, which can be taken back. It is empty when nothing is new.
    pub change: Change,
    /// The titles of the documents that are new, other than before, or gone.
    pub changed: Vec<String>,
    /// How many documents there are now.
    pub documents: usize,
    /// How many operations there are now.
    pub operations: usize,
    /// How many pages and documents were read.
    pub read: usize,
    /// How many were not sent again, because they had not changed.
    pub unchanged: usize,
    /// What was left out or chosen, and why: one line each.
    pub notes: Vec<String>,
}

/// Brings what is published, over HTTP, and ends cleanly when it is interrupted (SIGINT, SIGTERM).
///
/// # Errors
/// See [`FetchError`]. The tree below `root` is then as it was.
pub fn run(root: &Path, request: &Request, progress: &ProgressBar) -> Result<Fetched, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| FetchError::files(root, &error))?;
    let http = Http::new(request.manners.clone())
        .map_err(|error| FetchError::Read { address: "the reader of pages".to_owned(), error })?;
    runtime.block_on(async {
        tokio::select! {
            // First, so that interrupts are caught from the start.
            biased;
            () = interrupt() => Err(FetchError::Interrupted),
            result = bring(root, request, &http, progress) => result,
        }
    })
}

/// Brings what is published from anything that pages can be read from.
///
/// # Errors
/// See [`FetchError`]. The tree below `root` is then as it was.
pub async fn bring(
    root: &Path,
    request: &Request,
    pages: &impl Pages,
    progress: &ProgressBar,
) -> Result<Fetched, FetchError> {
    let before = state::Before::read(root)?;
    let total = request.manners.total;
    let reading = async {
        match &request.source {
            Source::Site(index) => site::collect(index, root, &before, request, pages, progress).await,
            Source::Given(given) => given::collect(given, pages).await,
        }
    };
    let collected =
        tokio::time::timeout(total, reading).await.map_err(|_| FetchError::TotalTime(total))??;
    state::apply(root, &before, collected, request)
}

/// Waits until somebody wants the run to end. Once this has been called, an interrupt does not end
/// the process, so that none can fall into the writing of files.
async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals there is nothing to wait for.
        std::future::pending::<()>().await;
    }
}
