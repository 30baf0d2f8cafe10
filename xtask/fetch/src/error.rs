//! Why nothing was fetched: what is refused, what could not be read.

use std::{fmt, io, path::Path, time::Duration};

use xtask_openapi::{SpecError, foreign::one_line};

use crate::{client::ReadError, page::PageError, unite::Disagreement};

/// Why the tree was left as it was. `Display` is several lines: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Operations or documents that are published here are not there any more.
    #[error(
        "{} would disappear:{}\n  = help: if Pleo took that out, run again with --allow-removals; if not, run again later",
        count(.0.len(), "operation or document", "operations and documents"), list(.0)
    )]
    Removals(Vec<String>),
    /// Documents were given, and operations or documents that are published here are in none of them.
    #[error(
        "what is given with --from replaces all of spec/published, and {} would disappear:{}\ngiven, and so to stay or \
         to be replaced:{}\n  = help: to keep the others, give them too, in front: --from spec/published {}; to lose them, run \
         again with --allow-removals",
        count(.lost.len(), "operation or document", "operations and documents"), list(.lost), list(.given), .again
    )]
    GivenRemovals {
        /// What is in none of them.
        lost: Vec<String>,
        /// What each document that was given means.
        given: Vec<String>,
        /// The arguments that gave them.
        again: String,
    },
    /// Operations that two documents have, so that neither is the one to generate from.
    #[error(
        "{} in more than one document:{}\n  = help: if Pleo renamed a document, its pages change one after the other: run again \
         later; of documents given with --from, leave one out",
        count(.0.len(), "operation is", "operations are"), list(&lines(.0))
    )]
    Duplicates(Vec<Duplicate>),
    /// Parts of one document say different things.
    #[error(
        "pages of {} disagree:{}\n  = help: the site may be in the middle of an update: run again later, or with --allow-mixed to \
         take what most pages say and, of equally many, what the newer version says",
        count(.0.len(), "document", "documents"), list(&disagreements(.0))
    )]
    Mixed(Vec<(String, Vec<Disagreement>)>),
    /// Pages that should describe an operation, but yield none.
    #[error(
        "{} cannot be used:{}\n  = help: look at what the page shows now: if it is missing or half published, run again later; if \
         its form has changed, xtask/fetch/src/page.rs has to learn it; whole documents can be given with --from",
        count(.0.len(), "page", "pages"), list(&pages(.0))
    )]
    Unusable(Vec<(String, PageError)>),
    /// Too many of the listed pages are not there.
    #[error(
        "only {read} of {listed} reference pages could be read, and at least 90 % are needed:{}\n  = help: run again later; \
         if it stays so, the index is wrong: give the documents with --from", list(&pages(.failed))
    )]
    TooFew {
        /// How many could be read.
        read: usize,
        /// How many are listed.
        listed: usize,
        /// Those that could not.
        failed: Vec<(String, ReadError)>,
    },
    /// More pages than one run is meant to read.
    #[error(
        "{} lists {listed} reference pages and documents, and at most {most} are read\n  = help: see what it lists; if it is \
         right, allow more with --most-pages and --total-seconds", one_line(.index)
    )]
    TooMany {
        /// The index.
        index: String,
        /// How many it lists.
        listed: usize,
        /// How many are allowed.
        most: usize,
    },
    /// No document at all, which no flag allows.
    #[error("{} leads to no document\n  = help: see what it holds, or name another with --index", one_line(.0))]
    NoDocument(String),
    /// Documents that are not OpenAPI documents: where they were read, and what is missing.
    #[error(
        "{} cannot be used as an OpenAPI document:{}\n  = help: see what it holds, or leave it out",
        count(.0.len(), "document", "documents"), list(&pages(.0))
    )]
    NotOpenApi(Vec<(String, String)>),
    /// A document whose title gives no file name of its own.
    #[error(
        "the document `{}` has no file of its own: {}\n  = help: rename it, or the other one, in what is given with --from",
        one_line(.title), one_line(.problem)
    )]
    Name {
        /// The title.
        title: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A document that cannot be read or written.
    #[error("{0}")]
    Spec(#[from] SpecError),
    /// One address that nothing can be done without.
    #[error("{} could not be read: {error}\n  = help: run again later, or give the documents with --from", one_line(.address))]
    Read {
        /// The address.
        address: String,
        /// Why.
        error: ReadError,
    },
    /// Pages that could not be read, though the site has them.
    #[error(
        "{} could not be read:{}\n  = help: run again: it goes on where it stopped; whole documents can be given with --from",
        count(.0.len(), "page", "pages"), list(&pages(.0))
    )]
    Unread(Vec<(String, ReadError)>),
    /// The whole run took too long.
    #[error(
        "not done within {} s\n  = help: run again: it goes on where it stopped; or allow more with --total-seconds",
        .0.as_secs_f64()
    )]
    TotalTime(Duration),
    /// Files that cannot be read or written.
    #[error("{}: {}\n  = help: check the path and its permissions", one_line(.path), one_line(.problem))]
    Files {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Somebody ended it.
    #[error("interrupted; nothing was changed\n  = help: run again: it goes on where it stopped")]
    Interrupted,
}

/// An operation that two or more documents have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Method and path, as the first document has them.
    pub operation: String,
    /// The documents, and where each was read.
    pub documents: Vec<(String, String)>,
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let documents = self.documents.iter().map(|(title, from)| format!("`{title}` ({from})"));
        write!(f, "{} is in {}", self.operation, documents.collect::<Vec<_>>().join(" and "))
    }
}

impl FetchError {
    pub(crate) fn files(path: &Path, error: &io::Error) -> Self {
        Self::Files { path: path.display().to_string(), problem: error.to_string() }
    }

    /// The exit code of the command: 1 refused, 3 could not read or write, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Removals(_)
            | Self::GivenRemovals { .. }
            | Self::Duplicates(_)
            | Self::Mixed(_)
            | Self::Unusable(_)
            | Self::TooFew { .. }
            | Self::TooMany { .. }
            | Self::NoDocument(_)
            | Self::NotOpenApi(_)
            | Self::Name { .. }
            | Self::Spec(_) => 1,
            Self::Read { .. } | Self::Unread(_) | Self::TotalTime(_) | Self::Files { .. } => 3,
            Self::Interrupted => 130,
        }
    }
}

/// How many lines of one kind a message shows.
const SHOWN: usize = 100;

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Lines below each other. What is foreign in them stays on its line.
fn list(lines: &[String]) -> String {
    let mut text: String = lines.iter().take(SHOWN).map(|line| format!("\n  {}", one_line(line))).collect();
    if lines.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", lines.len() - SHOWN));
    }
    text
}

fn lines<T: fmt::Display>(all: &[T]) -> Vec<String> {
    all.iter().map(T::to_string).collect()
}

fn pages<E: fmt::Display>(failed: &[(String, E)]) -> Vec<String> {
    failed.iter().map(|(page, error)| format!("{page}: {error}")).collect()
}

fn disagreements(documents: &[(String, Vec<Disagreement>)]) -> Vec<String> {
    let lines = documents
        .iter()
        .flat_map(|(title, places)| places.iter().map(move |place| format!("`{title}`, {place}")));
    lines.collect()
}
