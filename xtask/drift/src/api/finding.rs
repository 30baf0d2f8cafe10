//! One line of the report of what changed in Pleo's API.

use std::{cmp::Ordering, collections::BTreeSet, ops::Deref, sync::Arc};

use serde::{Serialize, Serializer};

use super::kinds::Direction;
use crate::Level;

/// One change of Pleo's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiFinding {
    /// The id of its [kind](super::kinds::Kind).
    pub kind: &'static str,
    /// How much it means.
    pub level: Level,
    /// Whether it is about what is sent or about responses.
    pub direction: Option<Direction>,
    /// The title of the document.
    pub api: String,
    /// The place in words, such as `Vendor.name`; empty if it is the document itself.
    pub place: String,
    /// The operations it touches, such as `GET /v1/vendors`; empty if it is about the document.
    pub operations: Operations,
    /// Where it was; `None` for what is new.
    pub old: Option<Location>,
    /// Where it is; `None` for what is gone.
    pub new: Option<Location>,
    /// What was there, as JSON, cut to 160 characters.
    pub before: Option<String>,
    /// What is there, as JSON, cut to 160 characters.
    pub after: Option<String>,
    /// The same as a sentence.
    pub text: String,
    /// 16 hexadecimal digits that stay the same from run to run, made of kind, API, place and
    /// values.
    pub fingerprint: String,
}

impl ApiFinding {
    /// The order of findings: by API, the gravest first, then by kind and place.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.api
            .cmp(&other.api)
            .then_with(|| other.level.cmp(&self.level))
            .then_with(|| self.kind.cmp(other.kind))
            .then_with(|| self.new.cmp(&other.new))
            .then_with(|| self.old.cmp(&other.old))
            .then_with(|| self.fingerprint.cmp(&other.fingerprint))
    }
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// File name of the document.
    pub file: String,
    /// JSON pointer (RFC 6901).
    pub pointer: String,
}

/// Names of operations, sorted. Many findings touch the same ones, so that they share the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operations(Arc<[Arc<str>]>);

impl Operations {
    /// Adds those of another list.
    pub(super) fn add(&mut self, other: &Self) {
        if !Arc::ptr_eq(&self.0, &other.0) && *self != *other {
            *self = self.0.iter().chain(other.0.iter()).cloned().collect();
        }
    }
}

impl Deref for Operations {
    type Target = [Arc<str>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromIterator<Arc<str>> for Operations {
    fn from_iter<T: IntoIterator<Item = Arc<str>>>(names: T) -> Self {
        Self(names.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
    }
}

impl<'n> FromIterator<&'n str> for Operations {
    fn from_iter<T: IntoIterator<Item = &'n str>>(names: T) -> Self {
        names.into_iter().map(Arc::from).collect()
    }
}

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|name| &**name))
    }
}
