//! From what was read to what is published here: refusals, and the change of the tree.

use std::path::Path;

use xtask_openapi::PUBLISHED;
use xtask_tree::{Change, Files};

use crate::{
    collected::Collected,
    draft::{self, Draft, Drafts},
    error::FetchError,
    gate::Gate,
    guides::{self, GuideReport, files::GUIDES_LOCK},
    lock::{LOCK, Lock, sha256},
    notes::{Fate, Note},
    published::Before,
    refusals,
    request::{Request, Source},
};

/// What was fetched.
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
    /// What was left out, chosen or replaced.
    pub notes: Vec<Note>,
    /// What the guide pages say; none where no site was read, or no statement depends on a page.
    pub guides: Option<GuideReport>,
}

/// Makes the documents of what was read, refuses what is not allowed, and changes the tree.
pub(crate) fn apply(
    root: &Path,
    before: &Before,
    mut collected: Collected,
    guides: Option<guides::Read>,
    request: &Request,
    gate: &Gate,
) -> Result<Fetched, FetchError> {
    refusals::duplicates(before, &collected)?;
    let mut notes = std::mem::take(&mut collected.notes);
    let now =
        draft::make(before, &collected.kept, std::mem::take(&mut collected.parts), request, &mut notes)?;
    if now.is_empty() {
        let place = collected.index.map_or("what was given".to_owned(), |index| index.address);
        return Err(FetchError::NoDocument(place));
    }
    refusals::removals(before, &now, request, &mut notes)?;
    if matches!(request.source, Source::Given(_)) {
        let fates = refusals::fates(before, &now).into_iter();
        notes.extend(
            fates.filter(|note| now.len() < FEW || !matches!(note, Note::Given { fate: Fate::Same, .. })),
        );
    }
    let changed = changed(before, &now);
    let mut lock = Lock::new(request.keep_prose);
    lock.index = collected.index;
    lock.documents = now.values().map(|draft| draft.locked.clone()).collect();
    lock.pages = collected.pages;
    let (documents, operations) =
        (lock.documents.len(), lock.documents.iter().map(|document| document.operations.len()).sum());
    let mut files: Files =
        now.into_values().map(|draft| (format!("{PUBLISHED}/{}", draft.locked.file), draft.text)).collect();
    let guides = guides.map(|read| {
        if let Some(text) = read.lock {
            lock.guides_sha256 = sha256(&text);
            lock.guides = read.pages;
            files.insert(GUIDES_LOCK.to_owned(), text);
        }
        read.report
    });
    let lock = lock.to_toml().map_err(|problem| FetchError::Files { path: LOCK.to_owned(), problem })?;
    files.insert(LOCK.to_owned(), lock);
    // The code that closed it says why; nothing was changed.
    let leave = gate.enter().ok_or(FetchError::Interrupted)?;
    let change = Change::apply(root, PUBLISHED, &files)
        .map_err(|error| FetchError::files(&root.join(PUBLISHED), &error))?;
    if let Some(partial) = &collected.partial {
        partial.remove();
    }
    leave.done();
    Ok(Fetched {
        change,
        changed,
        documents,
        operations,
        read: collected.read,
        unchanged: collected.unchanged,
        notes,
        guides,
    })
}

/// Of so few documents also those are named that stay as they are.
const FEW: usize = 4;

fn changed(before: &Before, now: &Drafts) -> Vec<String> {
    let same = |title: &str, new: &Draft| {
        before.documents.iter().any(|here| here.title == title && here.text == new.text)
    };
    let new = now.iter().filter(|(title, new)| !same(title, new)).map(|(title, _)| title.clone());
    let gone =
        before.documents.iter().map(|here| here.title.clone()).filter(|title| !now.contains_key(title));
    new.chain(gone).collect()
}
