//! What a run hands out, and what it gets back.

use std::fmt;

use crate::{
    chrono::{DateTime, FixedOffset},
    export::types::{
        ExportItemV3, ExportJobFailureReasonType, ExportJobItemFailureReasonType, ExportJobItemStatus,
        UpdateExportJobItemV3,
    },
    uuid::Uuid,
};

/// An item to be booked.
#[non_exhaustive]
pub struct Booking {
    /// Everything that a booking needs. Its [`accounting_entry_id`](ExportItemV3::accounting_entry_id) is what to
    /// recognise it by.
    pub item: ExportItemV3,
    /// Whether an earlier run may have booked it: it had claimed the job and did not report the item, so look before you
    /// book. If not, this run has claimed the job, and nobody has seen the item in it.
    ///
    /// This tells about this job only. An entry whose earlier job expired or failed before it was reported comes again
    /// in a later job, so keep `accounting_entry_id` with what you book.
    pub may_be_repeated: bool,
}

impl Booking {
    /// An item to be booked, for tests of what books it. A run makes its own.
    pub fn new(item: ExportItemV3, may_be_repeated: bool) -> Self {
        Self { item, may_be_repeated }
    }
}

/// Shows whose booking it is and nothing of what is booked.
impl fmt::Debug for Booking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booking")
            .field("accounting_entry_id", &self.item.accounting_entry_id)
            .field("may_be_repeated", &self.may_be_repeated)
            .finish_non_exhaustive()
    }
}

/// An item is in the accounting system.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Booked {
    external_id: Option<String>,
    external_url: Option<String>,
    at: Option<DateTime<FixedOffset>>,
}

impl Booked {
    /// Booked, with nothing more to say of it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with the booking's id in the accounting system.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { external_id: Some(id.into()), ..self }
    }

    /// The same with a link to the booking in the accounting system, which Pleo shows to people.
    #[must_use]
    pub fn with_url(self, url: impl Into<String>) -> Self {
        Self { external_url: Some(url.into()), ..self }
    }

    /// The same with the time of the booking. Pleo takes the time of the report otherwise.
    #[must_use]
    pub fn with_time(self, at: impl Into<DateTime<FixedOffset>>) -> Self {
        Self { at: Some(at.into()), ..self }
    }
}

/// Shows what is there, and no link.
impl fmt::Debug for Booked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booked").field("external_id", &self.external_id).finish_non_exhaustive()
    }
}

/// An item is not in the accounting system, for a reason that Pleo shows to people.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotBooked {
    /// The item fails, and the run goes on.
    Item {
        /// The kind of failure.
        reason_type: ExportJobItemFailureReasonType,
        /// What happened, for people.
        reason: String,
    },
    /// The whole job fails, because no further item could be booked either.
    Job {
        /// The kind of failure.
        reason_type: ExportJobFailureReasonType,
        /// What happened, for people.
        reason: String,
    },
}

impl NotBooked {
    /// This item fails, and the run goes on.
    pub fn item(reason_type: ExportJobItemFailureReasonType, reason: impl Into<String>) -> Self {
        Self::Item { reason_type, reason: reason.into() }
    }

    /// The whole job fails.
    pub fn job(reason_type: ExportJobFailureReasonType, reason: impl Into<String>) -> Self {
        Self::Job { reason_type, reason: reason.into() }
    }
}

/// Shows the kind of failure and not the text.
impl fmt::Debug for NotBooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item { reason_type, .. } => write!(f, "Item({reason_type})"),
            Self::Job { reason_type, .. } => write!(f, "Job({reason_type})"),
        }
    }
}

/// The outcome of an item, to be reported.
#[derive(Clone)]
pub(super) enum Outcome {
    Booked(Booked),
    Failed(ExportJobItemFailureReasonType, String),
    /// Nothing yet: the job is kept alive.
    UnderWay,
}

/// What Pleo is told about an entry. There is always something to tell, because all that a report needs is set.
pub(super) fn update(entry: Uuid, outcome: &Outcome) -> Option<UpdateExportJobItemV3> {
    let status = match outcome {
        Outcome::Booked(_) => ExportJobItemStatus::Successful,
        Outcome::Failed(..) => ExportJobItemStatus::Failed,
        Outcome::UnderWay => ExportJobItemStatus::InProgress,
    };
    let update = UpdateExportJobItemV3::builder().accounting_entry_id(entry).status(status);
    let mut update: UpdateExportJobItemV3 = update.try_into().ok()?;
    match outcome.clone() {
        Outcome::Booked(booked) => {
            update.external_id = booked.external_id;
            update.external_url = booked.external_url;
            update.exported_at = booked.at;
        }
        Outcome::Failed(reason_type, reason) => {
            update.failure_reason_type = Some(reason_type);
            update.failure_reason = Some(reason);
        }
        Outcome::UnderWay => {}
    }
    Some(update)
}
