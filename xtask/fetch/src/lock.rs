//! `spec/lock.toml`: what was read where, so that the next run can ask for what has changed.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::client::Validators;

/// Where the lock is, from the root of the project.
pub const LOCK: &str = "spec/lock.toml";

const HEADER: &str = "# Written by `cargo xtask fetch`: what spec/published was made of.\n\n";
const FORM: u32 = 1;

/// What the published documents were made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lock {
    /// The form of this file.
    form: u32,
    /// Whether the documents hold Pleo's prose.
    pub prose: bool,
    /// The index that the pages were found in; none where whole documents were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// The documents, by title.
    #[serde(default, rename = "document")]
    pub documents: Vec<LockedDocument>,
    /// SHA-256 of `spec/guides.lock.toml` as it was written with this file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub guides_sha256: String,
    /// All that was asked for, in the order of addresses.
    #[serde(default, rename = "page")]
    pub pages: Vec<LockedPage>,
    /// The guide pages that were read, in the order of addresses.
    #[serde(default, rename = "guide", skip_serializing_if = "Vec::is_empty")]
    pub guides: Vec<LockedGuide>,
}

/// The index of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Index {
    /// Its address.
    pub address: String,
    /// The title of the site.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What to ask with next time.
    #[serde(flatten)]
    pub validators: Validators,
}

/// One published document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockedDocument {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// The file in `spec/published`.
    pub file: String,
    /// SHA-256 of the file's content, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Method and path of each operation, such as `GET /v1/things`.
    pub operations: Vec<String>,
    /// Where its parts were read.
    pub sources: Vec<String>,
}

/// One page, or whole document, that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockedPage {
    /// Its address.
    pub address: String,
    /// What kind of address it is.
    pub kind: Kind,
    /// What to ask with next time.
    #[serde(flatten)]
    pub validators: Validators,
    /// The title of the document that it is a part of; none for pages without an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Method and path of the operations that it describes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// SHA-256 of a page without an operation, by which it is known again at another address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

/// A guide page that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockedGuide {
    /// Its address.
    pub address: String,
    /// What to ask with next time.
    #[serde(flatten)]
    pub validators: Validators,
}

/// What an address was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A page of the index that may describe an operation.
    Page,
    /// A whole document that the index lists.
    Whole,
    /// `openapi.json` beside the index, which no index needs to list.
    Beside,
}

impl Lock {
    /// An empty lock.
    pub fn new(prose: bool) -> Self {
        Self { form: FORM, prose, ..Self::default() }
    }

    /// Reads a lock. `None` for one of another form, or none at all: all pages are then read anew.
    pub fn parse(text: &str) -> Option<Self> {
        toml::from_str(text).ok().filter(|lock: &Self| lock.form == FORM)
    }

    /// Reads the lock below the root of the project.
    pub fn read(root: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(root.join(LOCK)).ok()?)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// For a text that TOML cannot hold, or that would be read differently.
    pub fn to_toml(&self) -> Result<String, String> {
        read_back(HEADER, toml::to_string(self), |text| Self::parse(text).as_ref() == Some(self))
    }

    /// The pages by address.
    pub fn by_address(&self) -> BTreeMap<&str, &LockedPage> {
        self.pages.iter().map(|page| (page.address.as_str(), page)).collect()
    }
}

/// SHA-256 in lower-case hexadecimal digits.
pub fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The text of a lock file, once it is known to be read as what was written.
pub(crate) fn read_back(
    header: &str,
    written: Result<String, toml::ser::Error>,
    is_same: impl FnOnce(&str) -> bool,
) -> Result<String, String> {
    let text = format!("{header}{}", written.map_err(|error| error.to_string())?);
    if is_same(&text) { Ok(text) } else { Err("would be read differently from what was written".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        let validators = Validators { etag: Some("W/\"a\"".to_owned()), last_modified: None };
        Lock {
            index: Some(Index {
                address: "https://a.example/llms.txt".to_owned(),
                title: "A".to_owned(),
                validators: validators.clone(),
            }),
            documents: vec![LockedDocument {
                title: "A API".to_owned(),
                version: "1.0.0".to_owned(),
                file: "a.yaml".to_owned(),
                sha256: sha256("a"),
                operations: vec!["GET /v1/a".to_owned()],
                sources: vec!["https://a.example/reference/a.md".to_owned()],
            }],
            pages: vec![LockedPage {
                address: "https://a.example/reference/a.md".to_owned(),
                kind: Kind::Page,
                validators,
                document: Some("A API".to_owned()),
                operations: vec!["GET /v1/a".to_owned()],
                sha256: String::new(),
            }],
            ..Lock::new(false)
        }
    }

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        let text = lock().to_toml().unwrap();
        assert!(text.starts_with("# Written by `cargo xtask fetch`"), "{text}");
        assert_eq!(Lock::parse(&text), Some(lock()));
    }

    #[test]
    fn texts_of_others_stay_texts() {
        for text in ["a\"\n[[page]]\nform = 2", "'''\n\"\"\"", "\u{0}\u{1b}\u{202e}", "\\u0022", "#"] {
            let mut lock = lock();
            text.clone_into(&mut lock.documents[0].title);
            lock.documents[0].operations.push(text.to_owned());
            lock.pages[0].validators.etag = Some(text.to_owned());
            assert_eq!(Lock::parse(&lock.to_toml().unwrap()), Some(lock), "{text:?}");
        }
    }

    #[test]
    fn a_lock_of_another_form_or_none_at_all_says_nothing() {
        let text = lock().to_toml().unwrap();
        for broken in [
            "".to_owned(),
            "<<<<<<<".to_owned(),
            text.replace("form = 1", "form = 2"),
            text.replace("kind", "sort"),
        ] {
            assert_eq!(Lock::parse(&broken), None, "{broken}");
        }
    }
}
