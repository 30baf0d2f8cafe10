//! Why a run stops.

use std::time::Duration;

use super::IllegalEvent;
use crate::{
    Error, Safety, TransportErrorKind, export::types::ExportJobStatus, http::StatusCode, identifier,
    uuid::Uuid,
};

/// Why a run stops before its job has ended.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ExportRunError {
    /// The only jobs in progress were updated a moment ago. This is also the error if the response to the claim of a job
    /// was lost: the job does not tell whether this run or another one claimed it.
    #[error(
        "the export job {job} was updated {} seconds ago, so another run may be working on it; run again after {} seconds \
         without an update",
        .quiet.as_secs(),
        .resume_after.as_secs()
    )]
    InUse {
        /// The job.
        job: Uuid,
        /// How long ago it was updated.
        quiet: Duration,
        /// How long it has to be quiet.
        resume_after: Duration,
    },
    /// Another run claimed the job in the same moment. This one has booked nothing.
    #[error("another run has claimed the export job {job}; leave it to that run")]
    Taken {
        /// The job.
        job: Uuid,
    },
    /// Items that this run has booked were reported by something else.
    #[error(
        "another run is working on the export job {job} and has reported items that this run has booked as well; check \
         {} entries for double bookings, and start one run at a time",
        .booked.len()
    )]
    AnotherRun {
        /// The job.
        job: Uuid,
        /// The accounting entries that this run has booked and not reported.
        booked: Vec<Uuid>,
    },
    /// The job ended while the run was at work: it expired, for instance.
    #[error(
        "the export job {job} ended as `{status}` while the run was at work{why}; {booked} entries are booked and not \
         reported, and may come again in a later job",
        status = identifier(.status.as_str()).unwrap_or("unknown"),
        why = if *.expired { " because it expired" } else { "" },
        booked = .booked.len()
    )]
    Ended {
        /// The job.
        job: Uuid,
        /// How it ended.
        status: ExportJobStatus,
        /// Whether it ended because nothing had updated it for an hour (X16).
        expired: bool,
        /// The accounting entries that this run has booked and not reported.
        booked: Vec<Uuid>,
    },
    /// An event that cannot happen to the job. It was not sent.
    #[error("the export job {job} cannot be moved on")]
    Illegal {
        /// The job.
        job: Uuid,
        /// The event and the status.
        source: IllegalEvent,
    },
    /// A request failed. The job stays as it is, and the next run goes on with it.
    #[error(
        "the export run stopped, and the next one can go on{}",
        match .booked.len() {
            0 => String::new(),
            count => format!("; {count} entries are booked and not reported"),
        }
    )]
    Call {
        /// The accounting entries that this run has booked and not reported. The next run gets them again.
        booked: Vec<Uuid>,
        /// Why the request failed.
        source: Error,
    },
}

impl From<Error> for ExportRunError {
    fn from(source: Error) -> Self {
        Self::Call { booked: Vec::new(), source }
    }
}

crate::debug_by_chain!(ExportRunError);

/// Whether nobody can tell from the response if the request had its effect.
pub(super) fn is_uncertain(error: &Error) -> bool {
    match error {
        Error::Transport { operation, source } => match source.kind() {
            // Nothing was sent, unless an attempt before the last one was sent again after it may have arrived.
            TransportErrorKind::Settings
            | TransportErrorKind::Request
            | TransportErrorKind::NotSent
            | TransportErrorKind::Connect => source.attempts() > 1 && operation.safety != Safety::Neither,
            _ => true,
        },
        Error::Api(error) => {
            error.status().is_server_error() || error.status() == StatusCode::REQUEST_TIMEOUT
        }
        Error::Decode(_) | Error::BodyTooLong { .. } => true,
        _ => false,
    }
}

/// Whether the job may have a status other than the one that the request was made for.
pub(super) fn may_have_happened(error: &Error) -> bool {
    const IN_THE_WAY: [StatusCode; 4] = [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    is_uncertain(error) || error.status().is_some_and(|status| IN_THE_WAY.contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TransportError, operations};

    #[test]
    fn what_was_never_sent_had_no_effect() {
        use TransportErrorKind::{Body, Connect, Connection, NotSent, Request, Timeout};

        let [event, report] = ["create_export_job_event_v3", "update_export_job_items_v3"]
            .map(|operation| operations::find(operation).unwrap());
        assert_eq!((event.safety, report.safety), (Safety::Neither, Safety::Idempotent));
        for (kinds, operation, attempts, expected) in [
            ([Request, NotSent, Connect], event, 1, false),
            ([Request, NotSent, Connect], event, 4, false),
            ([Request, NotSent, Connect], report, 1, false),
            ([Request, NotSent, Connect], report, 2, true),
            ([Timeout, Connection, Body], event, 1, true),
            ([Timeout, Connection, Body], report, 1, true),
        ] {
            for kind in kinds {
                let source = TransportError::new(kind, "as the test wants it").with_attempts(attempts);
                let error = Error::Transport { operation, source };
                assert_eq!(is_uncertain(&error), expected, "{error:?} of {}", operation.id);
                assert_eq!(may_have_happened(&error), expected);
            }
        }
    }
}
