//! What is on a page, or in a whole document, that was read from a site.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;
use xtask_openapi::Document;

use crate::{
    error::FetchError,
    lock::{Kind, sha256},
    page::{self, Page, PageError},
    unite::{self, Part},
};

/// The host of the legacy API, which is kept apart wherever it is described.
const LEGACY_HOST: &str = "openapi.pleo.io";

/// What is on a page that was read.
pub(crate) enum Content {
    /// A part of a document, or a whole one.
    Part(Part),
    /// A webhook of this name.
    Webhook(String),
    /// Text: the title and the hash of all of it.
    Text { title: String, hash: String },
    /// Nothing that is taken: an operation of the legacy API, or a document that only was tried.
    Nothing,
}

impl Content {
    /// The hash of a text; empty for everything else.
    pub(crate) fn hash(&self) -> &str {
        match self {
            Self::Text { hash, .. } => hash,
            _ => "",
        }
    }

    /// The part of a document that it is.
    pub(crate) fn part(&self) -> Option<&Part> {
        match self {
            Self::Part(part) => Some(part),
            _ => None,
        }
    }
}

/// What a page, or a whole document, describes. The legacy API is kept apart.
pub(crate) fn content(address: &Url, kind: Kind, text: &str) -> Result<Content, PageError> {
    let document = if kind == Kind::Page {
        match page::parse(text)? {
            Page::Operation(reference) => reference.document,
            Page::Webhook(name) => return Ok(Content::Webhook(name)),
            Page::Text(title) => return Ok(Content::Text { title, hash: sha256(text.trim()) }),
        }
    } else {
        let document =
            Document::parse(address.as_str(), text).map_err(|error| PageError::Block(error.problem))?;
        unite::check(&document.value).map_err(PageError::Block)?;
        document.value
    };
    if is_legacy(&document) {
        return Ok(Content::Nothing);
    }
    Ok(Content::Part(Part { source: address.to_string(), document }))
}

/// Refuses what a site shows for pages that it does not have, with a status of success: the same text at several
/// addresses, or a page that has the title of the site. `known` are pages that have not changed, with their hashes.
pub(crate) fn are_pages<'c>(
    site: &str,
    known: impl IntoIterator<Item = (&'c Url, &'c str)>,
    read: impl IntoIterator<Item = (&'c Url, &'c Content)>,
) -> Result<(), FetchError> {
    let mut first: HashMap<&str, &Url> = known.into_iter().map(|(address, hash)| (hash, address)).collect();
    let mut refused = Vec::new();
    for (address, content) in read {
        let Content::Text { title, hash } = content else { continue };
        if let Some(other) = first.get(hash.as_str()) {
            refused.push((address.to_string(), PageError::SameAs(other.to_string())));
        } else if !site.is_empty() && title == site {
            refused.push((address.to_string(), PageError::SameAs("the index of the site".to_owned())));
        }
        first.entry(hash).or_insert(address);
    }
    if refused.is_empty() { Ok(()) } else { Err(FetchError::Unusable(refused)) }
}

fn is_legacy(document: &Value) -> bool {
    let servers = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    let hosts = servers.filter_map(|server| Url::parse(server.get("url")?.as_str()?).ok());
    hosts.into_iter().any(|host| host.host_str() == Some(LEGACY_HOST))
}
