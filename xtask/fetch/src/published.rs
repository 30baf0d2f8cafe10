//! What is published here, and what it was made of.

use std::{fs, path::Path};

use serde_json::Value;
use xtask_openapi::{Document, PUBLISHED, SpecError, walk};

use crate::{
    error::FetchError,
    lock::{Lock, sha256},
};

/// What is published here before anything is read.
#[derive(Debug)]
pub(crate) struct Before {
    /// The documents.
    pub(crate) documents: Vec<Published>,
    /// What it was made of.
    pub(crate) lock: Option<Lock>,
}

/// A file in `spec/published`.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) title: String,
    /// Method and path of each operation, such as `GET /v1/things`.
    pub(crate) operations: Vec<String>,
}

impl Before {
    /// Reads what is published below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, FetchError> {
        let folder = root.join(PUBLISHED);
        let mut published = Vec::new();
        if folder.is_dir() && fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
            let read = |(file, text): (String, String)| {
                let document = Document::parse(&file, &text)?.value;
                let (title, operations) = (title(&document).to_owned(), operations(&document));
                Ok(Published { file, text, title, operations })
            };
            published = Document::texts(&folder)
                .and_then(|texts| texts.into_iter().map(read).collect())
                .map_err(|error| SpecError {
                    help: "restore it with `git restore spec/published`".to_owned(),
                    ..error
                })?;
        }
        Ok(Self { documents: published, lock: Lock::read(root) })
    }

    /// Whether a document is published here as the lock says.
    pub(crate) fn intact(&self, title: &str) -> bool {
        let locked = self.lock.iter().flat_map(|lock| &lock.documents).find(|locked| locked.title == title);
        locked.is_some_and(|locked| {
            self.documents.iter().any(|here| here.file == locked.file && sha256(&here.text) == locked.sha256)
        })
    }

    /// Method and path of the operations of a document.
    pub(crate) fn operations(&self, title: &str) -> impl Iterator<Item = &str> {
        let documents = self.documents.iter().filter(move |document| document.title == title);
        documents.flat_map(|document| &document.operations).map(String::as_str)
    }
}

fn title(document: &Value) -> &str {
    text_at(document, "/info/title")
}

pub(crate) fn text_at<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Method and path of each operation, such as `GET /v1/things`.
pub(crate) fn operations(document: &Value) -> Vec<String> {
    walk::operations(document).map(|(place, _)| walk::operation_name(place.method, &place.path)).collect()
}
