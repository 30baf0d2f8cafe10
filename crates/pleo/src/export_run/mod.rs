//! Export runs: booking what Pleo has queued for the accounting system.
//!
//! ```no_run
//! use pleo::export_run::{Booked, Booking, ExportRun, NotBooked};
//! use pleo::export::types::ExportJobItemFailureReasonType;
//!
//! # async fn example(client: pleo::Client<pleo::Staging>) -> Result<(), Box<dyn std::error::Error>> {
//! # async fn post(_: &pleo::export::types::ExportItemV3, _: bool) -> Result<String, std::io::Error> { Ok(String::new()) }
//! let summary = ExportRun::new(&client)
//!     .next_job(async |booking: Booking| {
//!         let look_first = booking.may_be_repeated;
//!         match post(&booking.item, look_first).await {
//!             Ok(voucher) => Ok(Booked::new().with_id(voucher)),
//!             Err(_) => Err(NotBooked::item(
//!                 ExportJobItemFailureReasonType::AccountingSystemTimeout,
//!                 "the accounting system did not respond",
//!             )),
//!         }
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`ExportRun::next_job`] works on one job from its claim to its end. What may happen to a job, and when, is in
//! [`check_event`].

mod booking;
mod error;
mod event;
mod run;

use std::{fmt, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};

use crate::{
    Error, Operations,
    chrono::{DateTime, TimeDelta, Utc},
    export::types::{
        CreateExportJobEvent, ExportItemV3, ExportJobEventType, ExportJobFailureReasonType, ExportJobItemV3,
        ExportJobStatus, ExportJobV3,
    },
    http::{HeaderMap, header},
    uuid::Uuid,
};

pub use booking::{Booked, Booking, NotBooked};
pub use error::ExportRunError;
pub use event::{IllegalEvent, check_event};

use error::{is_uncertain, may_have_happened};
use event::status_after;
use run::Run;

/// Works on export jobs, over version 3 of the Export API (X9 to X16).
///
/// It needs the scopes `export-jobs:read`, `export-jobs:write` and `export-items:read` (X22).
///
/// Nothing runs in the background. You can drop the future of a run at any time: the job stays in progress until
/// another run resumes it, or until it expires an hour after its last update (X16).
#[derive(Clone)]
#[must_use = "a run does nothing until it is started"]
pub struct ExportRun<'a> {
    client: &'a Operations,
    batch: usize,
    keep_alive: Duration,
    resume_after: Duration,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportSummary {
    /// The job.
    pub job_id: Uuid,
    /// The event that ended it.
    pub event: ExportJobEventType,
    /// How many items are booked, those of earlier runs included.
    pub successful: usize,
    /// How many items are not booked, those of earlier runs included.
    pub failed: usize,
    /// Accounting entries whose outcome Pleo refused to take. They count neither as booked nor as failed here, and Pleo
    /// shows them as abandoned.
    pub refused: Vec<Uuid>,
    /// Whether an earlier run had begun the job.
    pub resumed: bool,
}

/// A job that is in progress and ours.
struct Claimed {
    job: Uuid,
    resumed: bool,
    /// How long ago it was updated.
    quiet: Duration,
}

impl<'a> ExportRun<'a> {
    /// The most items that one report may have (E25).
    pub const LARGEST_BATCH: usize = 100;
    /// How long a job goes without an update at most while an item is booked, by default: one minute.
    pub const KEEP_ALIVE: Duration = Duration::from_secs(60);
    /// How long a job has to have been quiet before it is resumed, by default: five minutes.
    pub const RESUME_AFTER: Duration = Duration::from_secs(300);
    /// Entries of a page.
    const PAGE: i32 = 100;

    /// A run for the company, or the companies, of the client.
    pub fn new(client: &'a Operations) -> Self {
        Self {
            client,
            batch: Self::LARGEST_BATCH,
            keep_alive: Self::KEEP_ALIVE,
            resume_after: Self::RESUME_AFTER,
        }
    }

    /// Reports after this many items, from 1 to [`LARGEST_BATCH`](Self::LARGEST_BATCH). Smaller batches mean more
    /// requests, and fewer items that a run after a crash gets again.
    pub fn with_batch(self, items: usize) -> Self {
        Self { batch: items.clamp(1, Self::LARGEST_BATCH), ..self }
    }

    /// Updates the job at least this often, however long an item takes: from one second to half an hour. It should be
    /// well below what other runs have as [`with_resume_after`](Self::with_resume_after).
    pub fn with_keep_alive(self, interval: Duration) -> Self {
        Self { keep_alive: interval.clamp(Duration::from_secs(1), Duration::from_secs(1_800)), ..self }
    }

    /// Resumes a job in progress only after it has not been updated for this long.
    ///
    /// Pleo does not tell who has claimed a job, so a recent update is the sign that another run is at work. Give zero
    /// if you know that there is none, because you hold a lock of your own for instance.
    pub fn with_resume_after(self, quiet: Duration) -> Self {
        Self { resume_after: quiet, ..self }
    }

    /// Works on the oldest job that is pending or was left in progress, from its claim to its end. `None` if there is no
    /// such job.
    ///
    /// `book` gets one item at a time, in no particular order. An item that it cannot book fails alone. To give up the whole job, return
    /// [`NotBooked::Job`]: what is booked until then is reported, and the rest is left to a later job.
    ///
    /// The job ends as `completed` if all its items are booked, as `failed` if none is, and as `completed_with_errors`
    /// otherwise (X15). If Pleo refuses the report of a booked item, the item still counts as booked, and the job does not
    /// end as `completed`. A job without contra accounts in Pleo (E14) is failed as `missing_configuration`.
    ///
    /// # Errors
    /// See [`ExportRunError`]. After [`ExportRunError::Call`] the job stays in progress, and the next run resumes it. What
    /// is booked is reported first; if that fails too, the error lists it.
    pub async fn next_job<F, B>(&self, book: F) -> Result<Option<ExportSummary>, ExportRunError>
    where
        F: FnMut(Booking) -> B,
        B: Future<Output = Result<Booked, NotBooked>>,
    {
        match self.claim().await? {
            Some(claimed) => Run::new(self, claimed).finish(book).await.map(Some),
            None => Ok(None),
        }
    }

    /// Fails a job that is pending or in progress, for a reason that Pleo shows to people: because a setting is missing
    /// in the accounting system, for instance.
    ///
    /// # Errors
    /// [`ExportRunError::Illegal`] if the job has ended; nothing is sent then.
    pub async fn fail(
        &self,
        job: Uuid,
        reason_type: ExportJobFailureReasonType,
        reason: impl Into<String>,
    ) -> Result<(), ExportRunError> {
        self.end(job, ExportJobEventType::Failed, Some((reason_type, reason.into()))).await
    }

    /// Takes the oldest job that is nobody else's (X11, X12).
    async fn claim(&self) -> Result<Option<Claimed>, ExportRunError> {
        let mut jobs: Vec<_> = self.open_jobs().try_collect().await?;
        jobs.sort_by_key(|job| (job.created_at, job.id));
        let mut in_use: Vec<(Uuid, ExportRunError)> = Vec::new();
        for job in jobs {
            // A company's jobs are worked on one after the other.
            if in_use.iter().any(|(company, _)| *company == job.company_id) {
                continue;
            }
            let claimed = match job.status {
                ExportJobStatus::Pending => self.start(job.id).await,
                ExportJobStatus::InProgress => self.resume(job.id).await,
                _ => continue,
            };
            match claimed {
                Ok(Some(claimed)) => return Ok(Some(claimed)),
                Ok(None) => {}
                Err(error @ ExportRunError::InUse { .. }) => in_use.push((job.company_id, error)),
                Err(error) => return Err(error),
            }
        }
        in_use.into_iter().next().map_or(Ok(None), |(_, error)| Err(error))
    }

    /// Claims a pending job: of several runs that try, Pleo lets one. `None` if it has ended meanwhile.
    async fn start(&self, job: Uuid) -> Result<Option<Claimed>, ExportRunError> {
        match self.happen(job, ExportJobEventType::Started, None).await? {
            Happened::Sent => Ok(Some(Claimed { job, resumed: false, quiet: Duration::ZERO })),
            // It may have been this run's event, but another run's looks the same.
            Happened::Found => self.resume(job).await,
        }
    }

    /// Takes over a job in progress, unless another run seems to be at work on it. `None` if it has ended meanwhile.
    async fn resume(&self, job: Uuid) -> Result<Option<Claimed>, ExportRunError> {
        let response = self.client.get_export_job_v3(job).send().await?;
        if response.data.status != ExportJobStatus::InProgress {
            return Ok(None);
        }
        let now = server_time(response.headers()).unwrap_or_else(|| std::time::SystemTime::now().into());
        let quiet = response.data.last_updated_at.map_or(TimeDelta::MAX, |last| now - last.to_utc());
        let quiet = quiet.to_std().unwrap_or_default();
        if quiet < self.resume_after {
            return Err(ExportRunError::InUse { job, quiet, resume_after: self.resume_after });
        }
        Ok(Some(Claimed { job, resumed: true, quiet }))
    }

    /// Ends a job.
    async fn end(
        &self,
        job: Uuid,
        event: ExportJobEventType,
        failure: Option<(ExportJobFailureReasonType, String)>,
    ) -> Result<(), ExportRunError> {
        let status = self.read(job).await?.status;
        check_event(&status, &event).map_err(|source| ExportRunError::Illegal { job, source })?;
        self.happen(job, event, failure).await.map(drop)
    }

    /// Sends an event. It is neither safe nor idempotent, so after a response that never came the job tells whether
    /// the event arrived; if it did not, the event is sent once more.
    async fn happen(
        &self,
        job: Uuid,
        event: ExportJobEventType,
        failure: Option<(ExportJobFailureReasonType, String)>,
    ) -> Result<Happened, ExportRunError> {
        let mut body = CreateExportJobEvent::builder().job_id(job).event(event.clone());
        if let Some((reason_type, reason)) = failure {
            body = body.failure_reason_type(reason_type).failure_reason(reason);
        }
        let mut again = true;
        loop {
            let error = match self.client.create_export_job_event_v3(body.clone()).send().await {
                Ok(_) => return Ok(Happened::Sent),
                Err(error) if may_have_happened(&error) => error,
                Err(error) => return Err(error.into()),
            };
            let status = self.read(job).await?.status;
            match check_event(&status, &event) {
                Ok(()) if is_uncertain(&error) && again => again = false,
                Ok(()) => return Err(error.into()),
                Err(_) if is_uncertain(&error) && Some(&status) == status_after(&event).as_ref() => {
                    return Ok(Happened::Found);
                }
                Err(_) if event == ExportJobEventType::Started && status == ExportJobStatus::InProgress => {
                    return Err(ExportRunError::Taken { job });
                }
                Err(source) => return Err(ExportRunError::Illegal { job, source }),
            }
        }
    }

    /// The jobs that have not ended, in any order.
    fn open_jobs(&self) -> BoxStream<'_, Result<ExportJobV3, Error>> {
        let open = vec![ExportJobStatus::Pending, ExportJobStatus::InProgress];
        let jobs = self.client.list_export_jobs_v3().statuses(open).limit(Self::PAGE);
        jobs.items().unique_by(|job| job.id).boxed()
    }

    /// The items of a job, each with its status.
    fn items(&self, job: Uuid) -> BoxStream<'_, Result<ExportJobItemV3, Error>> {
        let items = self.client.list_export_job_items_v3(job).limit(Self::PAGE);
        items.items().unique_by(|item| item.accounting_entry_id).boxed()
    }

    /// What there is to book for each item of a job.
    fn contents(&self, job: Uuid) -> BoxStream<'_, Result<ExportItemV3, Error>> {
        self.client.list_export_items_v3().job_id(job).limit(Self::PAGE).items().boxed()
    }

    /// The job as it is now.
    async fn read(&self, job: Uuid) -> Result<ExportJobV3, Error> {
        Ok(self.client.get_export_job_v3(job).send().await?.into_inner().data)
    }
}

/// How it is known that an event happened.
enum Happened {
    /// Pleo said so.
    Sent,
    /// The job says so, and not who sent it.
    Found,
}

/// The time at which a response was made (RFC 9110, section 6.6.1).
fn server_time(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}

impl fmt::Debug for ExportRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportRun")
            .field("batch", &self.batch)
            .field("keep_alive", &self.keep_alive)
            .field("resume_after", &self.resume_after)
            .finish_non_exhaustive()
    }
}
