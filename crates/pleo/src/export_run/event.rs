//! Which events may happen to a job.

use crate::export::types::{ExportJobEventType, ExportJobStatus};

/// The events that end or start a job, the statuses that they may happen in, and the status after them (X1, X2, X15).
/// `failed` of a pending job is an assumption; Pleo names no order for it.
const EVENTS: [(ExportJobEventType, &[ExportJobStatus], ExportJobStatus); 4] = [
    (ExportJobEventType::Started, &[ExportJobStatus::Pending], ExportJobStatus::InProgress),
    (
        ExportJobEventType::Failed,
        &[ExportJobStatus::Pending, ExportJobStatus::InProgress],
        ExportJobStatus::Failed,
    ),
    (ExportJobEventType::Completed, &[ExportJobStatus::InProgress], ExportJobStatus::Completed),
    (
        ExportJobEventType::CompletedWithErrors,
        &[ExportJobStatus::InProgress],
        ExportJobStatus::CompletedWithErrors,
    ),
];

/// An event that cannot happen to a job. It was not sent.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event `{event}` cannot happen to an export job that is `{status}`", event = shown(.event.as_str()), status = shown(.status.as_str()))]
pub struct IllegalEvent {
    /// The event.
    pub event: ExportJobEventType,
    /// The status of the job.
    pub status: ExportJobStatus,
}

crate::debug_by_chain!(IllegalEvent);

/// A value, unless it is one that Pleo has made up since.
fn shown(value: &str) -> &str {
    crate::identifier(value).unwrap_or("unknown")
}

/// Whether an event may happen to a job in this status: `started` to a pending one, `completed` and
/// `completed_with_errors` to one in progress, and `failed` to both. A job that has ended stays as it is.
///
/// # Errors
/// [`IllegalEvent`] if it may not.
pub fn check_event(status: &ExportJobStatus, event: &ExportJobEventType) -> Result<(), IllegalEvent> {
    let mut events = EVENTS.iter();
    if events.any(|(known, statuses, _)| known == event && statuses.contains(status)) {
        return Ok(());
    }
    Err(IllegalEvent { event: event.clone(), status: status.clone() })
}

/// The status of a job after an event.
pub(super) fn status_after(event: &ExportJobEventType) -> Option<ExportJobStatus> {
    EVENTS.iter().find(|(known, ..)| known == event).map(|(.., status)| status.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_has_ended_stays_as_it_is() {
        let mut legal = Vec::new();
        for status in ExportJobStatus::KNOWN.iter().chain(&["new"]) {
            for event in ExportJobEventType::KNOWN.iter().chain(&["new"]) {
                match check_event(&(*status).into(), &(*event).into()) {
                    Ok(()) => legal.push((*status, *event)),
                    Err(error) => assert!(error.to_string().contains(event), "{error}"),
                }
            }
        }
        legal.sort_unstable();
        assert_eq!(
            legal,
            [
                ("in_progress", "completed"),
                ("in_progress", "completed_with_errors"),
                ("in_progress", "failed"),
                ("pending", "failed"),
                ("pending", "started"),
            ]
        );
    }
}
