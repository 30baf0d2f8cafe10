//! What differs at one place, before it is put into words: plain data.

use serde_json::Value;

use super::{
    cursor::At,
    kinds::{Direction, Kind},
    schema::Id,
};

/// A difference at one place, whichever operations it touches.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) kind: &'static Kind,
    /// Where it was; `None` for what is new.
    pub(super) old: Option<At>,
    /// Where it is; `None` for what is gone.
    pub(super) new: Option<At>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl Difference {
    /// Something that is in both states, and not the same.
    pub(super) fn changed(
        kind: &'static Kind,
        at: (&At, &At),
        values: (impl Into<Option<Value>>, impl Into<Option<Value>>),
    ) -> Self {
        let (before, after) = (values.0.into(), values.1.into());
        Self { kind, old: Some(at.0.clone()), new: Some(at.1.clone()), before, after }
    }

    /// Something that is gone.
    pub(super) fn gone(kind: &'static Kind, at: &At, before: impl Into<Option<Value>>) -> Self {
        Self { kind, old: Some(at.clone()), new: None, before: before.into(), after: None }
    }

    /// Something that is new.
    pub(super) fn come(kind: &'static Kind, at: &At, after: impl Into<Option<Value>>) -> Self {
        Self { kind, old: None, new: Some(at.clone()), before: None, after: after.into() }
    }
}

/// What differs at one place, and the pairs of schemas that are to be compared because of it.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) found: Vec<Difference>,
    pub(super) next: Vec<(Id, Id, Direction)>,
}

/// The kind for what is required, or the one for what is optional.
pub(super) fn of_need(required: bool, [for_required, for_optional]: [&'static Kind; 2]) -> &'static Kind {
    if required { for_required } else { for_optional }
}
