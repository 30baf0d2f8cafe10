//! What a run has read, before anything is made of it.

use std::collections::BTreeSet;

use crate::{
    lock::{self, LockedPage},
    notes::Note,
    partial::Partial,
    unite::Part,
};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// Documents and parts of them.
    pub(crate) parts: Vec<Part>,
    /// Titles of the documents that stay as they are.
    pub(crate) kept: BTreeSet<String>,
    /// Where the pages were found.
    pub(crate) index: Option<lock::Index>,
    /// The pages, for the lock.
    pub(crate) pages: Vec<LockedPage>,
    /// How many pages and documents were read.
    pub(crate) read: usize,
    /// How many were not sent again.
    pub(crate) unchanged: usize,
    /// What somebody should know.
    pub(crate) notes: Vec<Note>,
    /// The paths of the pages that the index lists and that describe no operation, without `.md`; none where the
    /// index has not changed.
    pub(crate) listed: Option<BTreeSet<String>>,
    /// What a run that is cut short leaves.
    pub(crate) partial: Option<Partial>,
}
