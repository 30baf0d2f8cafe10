//! What to fetch, and what may come with it.

use std::path::PathBuf;

use url::Url;

use crate::manners::Manners;

/// The index of Pleo's documentation.
pub const INDEX: &str = "https://developers.pleo.io/llms.txt";

/// What to bring, and what may come with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Where the documents are.
    pub source: Source,
    /// Whether operations and documents may disappear.
    pub allow_removals: bool,
    /// Whether pages of one document may disagree; see [`unite`](crate::unite::unite) for what is then taken.
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
    /// Given as they are. A later one replaces an earlier one with its title.
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
