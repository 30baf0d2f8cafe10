//! Giving the same documents the same names in both states.
//!
//! The code that is generated from a document is named after its file, and so is the overlay that
//! belongs to it. A document that has another file name now is the same document.

use std::collections::{BTreeMap, BTreeSet};

use xtask_openapi::{Document, Refusals, SpecError, names, overlay::Overlay};

use super::state::State;
use crate::pairing;

/// A state whose documents are named as in the other one.
#[derive(Debug)]
pub(super) struct Aligned {
    pub(super) documents: Vec<Document>,
    pub(super) overlays: Vec<Overlay>,
    /// The names that documents have themselves, by the new ones.
    own: BTreeMap<String, String>,
}

impl Aligned {
    /// Whether the same client is made of both.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.overlays == other.overlays && self.documents == other.documents
    }

    /// Refusals that name documents as they are named on disk.
    pub(super) fn own_names(&self, refusals: impl Into<Refusals>) -> Refusals {
        refusals.into().map(|error| self.own_name(error))
    }

    /// An error that names its document as it is named on disk.
    pub(super) fn own_name(&self, mut error: SpecError) -> SpecError {
        if let Some(own) = self.own.get(&error.document) {
            error.document.clone_from(own);
        }
        error
    }

    fn of(state: State<'_>, names: Vec<String>) -> Self {
        let mut documents = state.documents.to_vec();
        let mut overlays = state.overlays.to_vec();
        let mut own = BTreeMap::new();
        for (document, name) in documents.iter_mut().zip(names) {
            if document.name == name {
                continue;
            }
            // The document's own overlay goes with it, and comes before one of the other name.
            if let Some(index) = overlays.iter().position(|overlay| overlay.is_of(document)) {
                let overlay = overlays.remove(index);
                overlays.retain(|other| stem(other.name()) != stem(&name));
                overlays.push(overlay.renamed(&name));
            }
            own.insert(name.clone(), std::mem::replace(&mut document.name, name));
        }
        documents.sort_by(|a, b| a.name.cmp(&b.name));
        overlays.sort_by(|a, b| a.name().cmp(b.name()));
        Self { documents, overlays, own }
    }
}

/// Both states, with one name for each document that is in both, and names that code can be named after.
pub(super) fn aligned(old: State<'_>, new: State<'_>) -> (Aligned, Aligned) {
    let has_overlay = |state: State<'_>, name: &str| {
        state.overlays.iter().any(|overlay| stem(overlay.name()) == stem(name))
    };
    let own = |state: State<'_>| -> Vec<String> {
        state.documents.iter().map(|document| document.name.clone()).collect()
    };
    let fit = |name: &String| match has_overlay(old, name) || has_overlay(new, name) {
        true => name.clone(),
        false => names::family_file(name),
    };
    let (mut was, mut is): (Vec<String>, Vec<String>) =
        (own(old).iter().map(fit).collect(), own(new).iter().map(fit).collect());
    for (x, y) in pairing::pairs(old.documents, new.documents) {
        let (before, after) = (&old.documents[x].name, &new.documents[y].name);
        if has_overlay(old, before) || has_overlay(new, before) || !has_overlay(new, after) {
            is[y].clone_from(&was[x]);
        } else {
            was[x].clone_from(&is[y]);
        }
    }
    (Aligned::of(old, distinct(was, own(old))), Aligned::of(new, distinct(is, own(new))))
}

/// The names, or those on disk where two would be the same.
fn distinct(names: Vec<String>, own: Vec<String>) -> Vec<String> {
    let different: BTreeSet<&String> = names.iter().collect();
    if different.len() == names.len() { names } else { own }
}

/// A file name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
