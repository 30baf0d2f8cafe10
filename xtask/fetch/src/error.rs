//! Why nothing was brought: what is refused, what could not be read.

use std::{io, path::Path, time::Duration};

use super::{client::ReadError, page::PageError, unite::Disagreement};
use xtask_openapi::SpecError;

/// Why the tree was left as it was. `Display` is several lines: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Operations or documents that are published here are not there any more.
    #[error(
        "{} would disappear:{}\nif Pleo took that out, run again with --allow-removals; if not, run again later",
        count(.0.len(), "operation or document", "operations and documents"), list(.0)
    )]
    Removals(Vec<String>),
    /// Parts of one document say different things.
    #[error(
        "the pages of `{title}` disagree:{}\nthe site may be in the middle of an update: run again later, or with \
         --allow-mixed to take what most pages say and, of equally many, what the newer version says", list(&disagreements(.places))
    )]
    Mixed {
        /// The document.
        title: String,
        /// Where its parts disagree.
        places: Vec<Disagreement>,
    },
    /// Pages that look like reference pages, but yield no operation.
    #[error(
        "{} cannot be used:{}\nlook at what the page holds now; if its form has changed, xtask/fetch/src/page.rs has to \
         learn it; whole documents can be given with --from", count(.0.len(), "page", "pages"), list(&pages(.0))
    )]
    Unusable(Vec<(String, PageError)>),
    /// Too many of the listed pages are not there.
    #[error(
        "only {read} of {listed} reference pages could be read, and at least 90 % are needed:{}\nrun again later; \
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
    /// No document at all, which no flag allows.
    #[error("{0} leads to no document\nsee what it holds, or name another with --index")]
    NoDocument(String),
    /// A document that is no OpenAPI document.
    #[error(
        "{document} cannot be used as an OpenAPI document: {problem}\nsee what it holds, or leave it out"
    )]
    NotOpenApi {
        /// Where it was read.
        document: String,
        /// What is missing.
        problem: String,
    },
    /// A document whose title gives no file name of its own.
    #[error(
        "the document `{title}` has no file of its own: {problem}\nrename it, or the other one, in what is given with --from"
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
    #[error("{address} could not be read: {error}\nrun again later, or give the documents with --from")]
    Read {
        /// The address.
        address: String,
        /// Why.
        error: ReadError,
    },
    /// Pages that could not be read, though the site has them.
    #[error(
        "{} could not be read:{}\nrun again: it goes on where it stopped; whole documents can be given with --from",
        count(.0.len(), "page", "pages"), list(&pages(.0))
    )]
    Unread(Vec<(String, ReadError)>),
    /// The whole run took too long.
    #[error(
        "not done within {} s\nrun again: it goes on where it stopped; or allow more with --total-seconds",
        .0.as_secs_f64()
    )]
    TotalTime(Duration),
    /// Files that cannot be read or written.
    #[error("{path}: {problem}\ncheck the path and its permissions")]
    Files {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Somebody ended it.
    #[error("interrupted; nothing was changed\nrun again: it goes on where it stopped")]
    Interrupted,
}

impl FetchError {
    pub(super) fn files(path: &Path, error: &io::Error) -> Self {
        Self::Files { path: path.display().to_string(), problem: error.to_string() }
    }

    /// The exit code of the command: 1 refused, 3 could not read or write, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Removals(_)
            | Self::Mixed { .. }
            | Self::Unusable(_)
            | Self::TooFew { .. }
            | Self::NoDocument(_)
            | Self::NotOpenApi { .. }
            | Self::Name { .. }
            | Self::Spec(_) => 1,
            Self::Read { .. } | Self::Unread(_) | Self::TotalTime(_) | Self::Files { .. } => 3,
            Self::Interrupted => 130,
        }
    }
}

/// How many lines of one kind a message shows.
const SHOWN: usize = 10;

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

fn list(lines: &[String]) -> String {
    let mut text: String = lines.iter().take(SHOWN).map(|line| format!("\n  {line}")).collect();
    if lines.len() > SHOWN {
        text.push_str(&format!("\n  and {} more", lines.len() - SHOWN));
    }
    text
}

fn pages<E: std::fmt::Display>(failed: &[(String, E)]) -> Vec<String> {
    failed.iter().map(|(page, error)| format!("{page}: {error}")).collect()
}

fn disagreements(places: &[Disagreement]) -> Vec<String> {
    places.iter().map(Disagreement::to_string).collect()
}
