//! What somebody should know about a run that succeeded.

use std::fmt;

use url::Url;
use xtask_openapi::foreign::one_line;

use crate::{client::ReadError, unite::Disagreement};

/// Something that was left out, chosen or replaced. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The index lists pages or documents on another host.
    Elsewhere(Vec<Url>),
    /// The index lists a page that the site does not have.
    NotThere(Url, ReadError),
    /// Pages were read for the first time and describe no operation.
    NoOperation(Vec<Url>),
    /// A page describes the webhook of this name.
    Webhook(Url, String),
    /// A whole document was left out.
    LeftOut {
        /// Where it is.
        document: String,
        /// Why.
        why: String,
    },
    /// Pages disagree, and one side was taken.
    Chosen {
        /// The title of the document.
        title: String,
        /// Where they disagree.
        place: Disagreement,
    },
    /// An operation or a document that was allowed to disappear.
    Gone(String),
    /// What became of a document that was given.
    Given {
        /// Its title.
        title: String,
        /// The file in `spec/published` that it has.
        file: String,
        /// Where it was read.
        from: String,
        /// What it means for what was published here.
        fate: Fate,
    },
}

/// What a document that was given means for what was published here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It replaces the document of its title.
    Replaces,
    /// It is the same as the document of its title.
    Same,
    /// No document has its title.
    New,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(addresses) => write!(f, "on another host, not followed: {}", some(addresses)),
            Self::NotThere(address, error) => {
                write!(f, "listed, but not there: {}: {error}", one_line(address.as_str()))
            }
            Self::NoOperation(addresses) => write!(f, "no operation on: {}", some(addresses)),
            Self::Webhook(address, name) => write!(
                f,
                "left out, because clients do not call webhooks: `{}` at {}",
                one_line(name),
                one_line(address.as_str())
            ),
            Self::LeftOut { document, why } => {
                write!(f, "{} was left out: {}", one_line(document), one_line(why))
            }
            Self::Chosen { title, place } => write!(f, "`{}`, {place}: the first was taken", one_line(title)),
            Self::Gone(what) => write!(f, "gone: {}", one_line(what)),
            Self::Given { title, file, from, fate } => {
                let (title, from) = (one_line(title), one_line(from));
                match fate {
                    Fate::Replaces => write!(f, "`{title}` ({file}) is replaced by {from}"),
                    Fate::Same => write!(f, "`{title}` ({file}) stays as it is: {from} says the same"),
                    Fate::New => write!(f, "`{title}` ({file}) is new, from {from}"),
                }
            }
        }
    }
}

/// How many addresses of one kind are named.
const NAMED: usize = 10;

fn some(addresses: &[Url]) -> String {
    let mut named: Vec<String> =
        addresses.iter().take(NAMED).map(|address| one_line(address.as_str())).collect();
    if addresses.len() > NAMED {
        named.push(format!("and {} more", addresses.len() - NAMED));
    }
    named.join(", ")
}
