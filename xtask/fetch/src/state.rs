//! From what is published here to what was read: names, refusals, and the change of the tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use heck::ToKebabCase as _;
use serde_json::Value;

use super::{
    FetchError, Fetched, Request,
    lock::{self, LOCK, Lock, LockedDocument, LockedPage, sha256},
    partial::Partial,
    prose,
    unite::{self, Disagreement, Part},
    write,
};
use xtask_openapi::{Document, PUBLISHED, SpecError, walk};
use xtask_tree::{Change, Files};

/// What is published here before anything is read.
#[derive(Debug)]
pub(super) struct Before {
    documents: Vec<Published>,
    /// What it was made of.
    pub(super) lock: Option<Lock>,
}

/// A file in `spec/published`.
#[derive(Debug)]
struct Published {
    file: String,
    text: String,
    title: String,
    operations: Vec<String>,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Documents and parts of them.
    pub(super) parts: Vec<Part>,
    /// Titles of the documents that stay as they are.
    pub(super) kept: BTreeSet<String>,
    /// Where the pages were found.
    pub(super) index: Option<lock::Index>,
    /// The pages, for the lock.
    pub(super) pages: Vec<LockedPage>,
    /// How many pages and documents were read.
    pub(super) read: usize,
    /// How many were not sent again.
    pub(super) unchanged: usize,
    /// What somebody should know.
    pub(super) notes: Vec<String>,
    /// What a run that is cut short leaves.
    pub(super) partial: Option<Partial>,
}

impl Before {
    /// Reads what is published below `root`.
    pub(super) fn read(root: &Path) -> Result<Self, FetchError> {
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
    pub(super) fn intact(&self, title: &str) -> bool {
        let locked = self.lock.iter().flat_map(|lock| &lock.documents).find(|locked| locked.title == title);
        locked.is_some_and(|locked| {
            self.documents.iter().any(|here| here.file == locked.file && sha256(&here.text) == locked.sha256)
        })
    }

    /// Method and path of the operations of a document.
    pub(super) fn operations(&self, title: &str) -> impl Iterator<Item = &str> {
        let documents = self.documents.iter().filter(move |document| document.title == title);
        documents.flat_map(|document| &document.operations).map(String::as_str)
    }

    /// What is published here and not in `now`, one line each.
    fn removals(&self, now: &BTreeMap<String, New>) -> Vec<String> {
        let present: BTreeSet<_> = now.values().flat_map(|new| &new.locked.operations).collect();
        let mut lines = Vec::new();
        for document in &self.documents {
            if !now.contains_key(&document.title) {
                lines.push(format!("the document `{}` ({})", document.title, document.file));
            }
            for operation in document.operations.iter().filter(|operation| !present.contains(operation)) {
                let page = self
                    .lock
                    .iter()
                    .flat_map(|lock| &lock.pages)
                    .find(|page| page.operations.contains(operation));
                let page = page.map(|page| format!(", last seen at {}", page.address)).unwrap_or_default();
                lines.push(format!("{operation} of `{}`{page}", document.title));
            }
        }
        lines
    }

    /// The file of a document: the one it has, or one by its title that no other of `titles` has.
    fn file(
        &self,
        title: &str,
        titles: &BTreeSet<String>,
        taken: &BTreeMap<String, New>,
    ) -> Result<String, FetchError> {
        if let Some(here) = self.documents.iter().find(|here| here.title == title) {
            return Ok(here.file.clone());
        }
        let problem = |problem: String| FetchError::Name { title: title.to_owned(), problem };
        let slug: String = title.strip_suffix(" API").unwrap_or(title).to_kebab_case();
        let slug: String = slug.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if !slug.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Err(problem("its title has no letter or digit to make one of".to_owned()));
        }
        let file = format!("{slug}.yaml");
        let here = self.documents.iter().find(|here| here.file == file && titles.contains(&here.title));
        let here = here.map(|here| here.title.as_str());
        let new = taken.iter().find(|(_, new)| new.locked.file == file).map(|(title, _)| title.as_str());
        match here.or(new) {
            Some(other) => Err(problem(format!("{file} is that of `{other}`"))),
            None => Ok(file),
        }
    }
}

/// A document as it will be published.
struct New {
    text: String,
    locked: LockedDocument,
}

/// Makes the documents of what was read, refuses what is not allowed, and changes the tree.
pub(super) fn apply(
    root: &Path,
    before: &Before,
    mut collected: Collected,
    request: &Request,
) -> Result<Fetched, FetchError> {
    let mut now = kept(before, &collected.kept);
    let mut parts: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for mut part in collected.parts {
        if !request.keep_prose {
            prose::leave_out(&mut part.document);
        }
        parts.entry(part.title().to_owned()).or_default().push(part);
    }
    let titles: BTreeSet<String> = now.keys().chain(parts.keys()).cloned().collect();
    for (title, parts) in parts {
        let (document, places) = unite::unite(&parts);
        if !places.is_empty() {
            if !request.allow_mixed {
                return Err(FetchError::Mixed { title, places });
            }
            collected.notes.extend(places.iter().map(|place| chosen(&title, place)));
        }
        unite::check(&document)
            .map_err(|problem| FetchError::NotOpenApi { document: title.clone(), problem })?;
        let file = before.file(&title, &titles, &now)?;
        let text = write::to_yaml(&file, &document)?;
        let sources: BTreeSet<_> = parts.into_iter().map(|part| part.source).collect();
        let locked = LockedDocument {
            title: title.clone(),
            version: text_at(&document, "/info/version").to_owned(),
            sha256: sha256(&text),
            operations: operations(&document),
            sources: sources.into_iter().collect(),
            file,
        };
        now.insert(title, New { text, locked });
    }
    if now.is_empty() {
        let place = collected.index.map_or("what was given".to_owned(), |index| index.address);
        return Err(FetchError::NoDocument(place));
    }
    let removals = before.removals(&now);
    if !removals.is_empty() {
        if !request.allow_removals {
            return Err(FetchError::Removals(removals));
        }
        collected.notes.extend(removals.into_iter().map(|line| format!("gone: {line}")));
    }
    let changed = changed(before, &now);
    let mut lock = Lock::new(request.keep_prose);
    lock.index = collected.index;
    lock.documents = now.values().map(|new| new.locked.clone()).collect();
    lock.pages = collected.pages;
    let (documents, operations) =
        (lock.documents.len(), lock.documents.iter().map(|document| document.operations.len()).sum());
    let lock = lock
        .to_toml()
        .map_err(|error| FetchError::Files { path: LOCK.to_owned(), problem: error.to_string() })?;
    let mut files: Files =
        now.into_values().map(|new| (format!("{PUBLISHED}/{}", new.locked.file), new.text)).collect();
    files.insert(LOCK.to_owned(), lock);
    let change = Change::apply(root, PUBLISHED, &files)
        .map_err(|error| FetchError::files(&root.join(PUBLISHED), &error))?;
    if let Some(partial) = &collected.partial {
        partial.remove();
    }
    Ok(Fetched {
        change,
        changed,
        documents,
        operations,
        read: collected.read,
        unchanged: collected.unchanged,
        notes: collected.notes,
    })
}

/// The documents that stay as they are.
fn kept(before: &Before, titles: &BTreeSet<String>) -> BTreeMap<String, New> {
    let locked = before.lock.iter().flat_map(|lock| &lock.documents);
    locked
        .filter(|locked| titles.contains(&locked.title))
        .filter_map(|locked| {
            let here = before.documents.iter().find(|here| here.file == locked.file)?;
            Some((locked.title.clone(), New { text: here.text.clone(), locked: locked.clone() }))
        })
        .collect()
}

fn changed(before: &Before, now: &BTreeMap<String, New>) -> Vec<String> {
    let same = |title: &str, new: &New| {
        before.documents.iter().any(|here| here.title == title && here.text == new.text)
    };
    let new = now.iter().filter(|(title, new)| !same(title, new)).map(|(title, _)| title.clone());
    let gone =
        before.documents.iter().map(|here| here.title.clone()).filter(|title| !now.contains_key(title));
    new.chain(gone).collect()
}

fn chosen(title: &str, place: &Disagreement) -> String {
    format!("`{title}`, {place}: the first was taken")
}

fn title(document: &Value) -> &str {
    text_at(document, "/info/title")
}

fn text_at<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Method and path of each operation, such as `GET /v1/things`.
pub(super) fn operations(document: &Value) -> Vec<String> {
    walk::operations(document).map(|(place, _)| walk::operation_name(place.method, &place.path)).collect()
}
