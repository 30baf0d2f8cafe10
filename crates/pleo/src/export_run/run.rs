//! The work on one job.

use std::{collections::HashSet, pin::pin};

use futures_util::TryStreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::{
    Booked, Booking, Claimed, ExportRun, ExportRunError, ExportSummary, NotBooked,
    booking::{Outcome, update},
    error::{is_uncertain, may_have_happened},
};
use crate::{
    Error,
    chrono::{DateTime, FixedOffset},
    export::types::{
        ExportJobEventType, ExportJobFailureReasonType, ExportJobItemFailureReasonType, ExportJobItemStatus,
        ExportJobItemUpdateV3, ExportJobStatus, ExportJobV3,
    },
    uuid::Uuid,
};

pub(super) struct Run<'r> {
    settings: &'r ExportRun<'r>,
    job: Uuid,
    resumed: bool,
    /// Items without an outcome at Pleo. Those of `outcomes` are among them.
    open: HashSet<Uuid>,
    successful: usize,
    failed: usize,
    refused: Vec<Uuid>,
    /// How many of `refused` are booked all the same.
    refused_booked: usize,
    /// What Pleo does not know yet.
    outcomes: Vec<(Uuid, Outcome)>,
    /// Whether a report of these outcomes may have arrived.
    maybe_reported: bool,
    /// When the job was last updated, as Pleo said when this run began or after its last report.
    last_update: Option<DateTime<FixedOffset>>,
    /// When the next update of the job is due.
    due: Instant,
}

impl<'r> Run<'r> {
    pub(super) fn new(settings: &'r ExportRun<'r>, claimed: Claimed) -> Self {
        Self {
            settings,
            job: claimed.job,
            resumed: claimed.resumed,
            open: HashSet::new(),
            successful: 0,
            failed: 0,
            refused: Vec::new(),
            refused_booked: 0,
            outcomes: Vec::new(),
            maybe_reported: false,
            last_update: None,
            due: Instant::now() + settings.keep_alive.saturating_sub(claimed.quiet),
        }
    }

    pub(super) async fn finish<F, B>(mut self, mut book: F) -> Result<ExportSummary, ExportRunError>
    where
        F: FnMut(Booking) -> B,
        B: Future<Output = Result<Booked, NotBooked>>,
    {
        match self.work(&mut book).await {
            Ok(event) => Ok(ExportSummary {
                job_id: self.job,
                event,
                successful: self.successful,
                failed: self.failed,
                refused: self.refused,
                resumed: self.resumed,
            }),
            Err(ExportRunError::Call { source, .. }) => {
                Err(ExportRunError::Call { booked: self.booked(), source })
            }
            Err(error) => Err(error),
        }
    }

    /// Everything from the first item to the event that ends the job.
    async fn work<F, B>(&mut self, book: &mut F) -> Result<ExportJobEventType, ExportRunError>
    where
        F: FnMut(Booking) -> B,
        B: Future<Output = Result<Booked, NotBooked>>,
    {
        self.read_items().await?;
        let failure = match self.book_all(book).await {
            Ok(()) => None,
            Err(Stop::Job(reason_type, reason)) => Some((reason_type, reason)),
            Err(Stop::Unread(error)) => {
                self.report().await?;
                return Err(error.into());
            }
            Err(Stop::Run(error)) => return Err(error),
        };
        self.report().await?;
        let (event, failure) = match failure {
            Some(failure) => (ExportJobEventType::Failed, Some(failure)),
            None => self.ending(),
        };
        self.read_open_job().await?;
        self.settings.happen(self.job, event.clone(), failure).await?;
        Ok(event)
    }

    /// Reads which items of the job have no outcome yet (P11, X14).
    async fn read_items(&mut self) -> Result<(), ExportRunError> {
        self.last_update = self.read_open_job().await?.last_updated_at;
        let mut items = self.settings.items(self.job);
        while let Some(item) = items.try_next().await? {
            match item.status {
                ExportJobItemStatus::Pending | ExportJobItemStatus::InProgress => {
                    self.open.insert(item.accounting_entry_id);
                }
                ExportJobItemStatus::Successful => self.successful += 1,
                _ => self.failed += 1,
            }
        }
        Ok(())
    }

    async fn book_all<F, B>(&mut self, book: &mut F) -> Result<(), Stop>
    where
        F: FnMut(Booking) -> B,
        B: Future<Output = Result<Booked, NotBooked>>,
    {
        let mut waiting = self.open.clone();
        // Without a sorting key that Pleo names, an item may change pages while they are read: so a second time.
        for _ in 0..2 {
            if waiting.is_empty() {
                return Ok(());
            }
            let mut items = self.settings.contents(self.job);
            while let Some(item) = items.try_next().await.map_err(Stop::of_items)? {
                let entry = item.accounting_entry_id;
                if waiting.remove(&entry) {
                    // The job may be about to expire, after it was quiet or its items took long to read.
                    if Instant::now() >= self.due {
                        self.keep_alive(entry).await?;
                    }
                    self.wait_for(entry, book(Booking::new(item, self.resumed))).await?;
                }
            }
        }
        for entry in waiting {
            let reason = "Pleo has returned nothing to book for this item".to_owned();
            self.settle(entry, Outcome::Failed(ExportJobItemFailureReasonType::UnexpectedFailure, reason))
                .await?;
        }
        Ok(())
    }

    /// Keeps the job alive while an item is booked.
    async fn wait_for(
        &mut self,
        entry: Uuid,
        booking: impl Future<Output = Result<Booked, NotBooked>>,
    ) -> Result<(), Stop> {
        let mut booking = pin!(booking);
        let booked = loop {
            match timeout_at(self.due, booking.as_mut()).await {
                Ok(booked) => break booked,
                // If it fails, the report after the booking tells why.
                Err(_) => drop(self.keep_alive(entry).await),
            }
        };
        let outcome = match booked {
            Ok(booked) => Outcome::Booked(booked),
            Err(NotBooked::Item { reason_type, reason }) => Outcome::Failed(reason_type, reason),
            Err(NotBooked::Job { reason_type, reason }) => return Err(Stop::Job(reason_type, reason)),
        };
        Ok(self.settle(entry, outcome).await?)
    }

    async fn settle(&mut self, entry: Uuid, outcome: Outcome) -> Result<(), ExportRunError> {
        self.outcomes.push((entry, outcome));
        if self.outcomes.len() >= self.settings.batch { self.report().await } else { Ok(()) }
    }

    /// Updates the job for an item that is not booked yet.
    async fn keep_alive(&mut self, entry: Uuid) -> Result<(), ExportRunError> {
        self.outcomes.push((entry, Outcome::UnderWay));
        // The next attempt is due after another interval in any case.
        self.due = Instant::now() + self.settings.keep_alive;
        let reported = self.report().await;
        self.outcomes.retain(|(_, outcome)| !matches!(outcome, Outcome::UnderWay));
        reported
    }

    /// Reports all outcomes: the largest batch, or fewer.
    async fn report(&mut self) -> Result<(), ExportRunError> {
        if self.outcomes.is_empty() {
            return Ok(());
        }
        self.check_that_no_other_run_reports().await?;
        let updates: Vec<_> =
            self.outcomes.iter().filter_map(|(entry, outcome)| update(*entry, outcome)).collect();
        let mut again = true;
        loop {
            let update = self.settings.client.update_export_job_items_v3(self.job, updates.clone());
            let error = match update.send().await {
                Ok(reported) => {
                    self.take(&reported);
                    // An update of another run that comes before this is noticed with its next one.
                    self.last_update = self.read_open_job().await?.last_updated_at;
                    return Ok(());
                }
                Err(error) => error,
            };
            self.maybe_reported |= is_uncertain(&error);
            if !may_have_happened(&error) {
                return Err(error.into());
            }
            self.read_open_job().await?;
            // The same report once more has no further effect.
            if !is_uncertain(&error) || !again {
                return Err(error.into());
            }
            again = false;
        }
    }

    /// Counts what Pleo has taken.
    fn take(&mut self, reported: &ExportJobItemUpdateV3) {
        let refused: HashSet<Uuid> = reported.errors.iter().map(|error| error.accounting_entry_id).collect();
        for (entry, outcome) in self.outcomes.drain(..) {
            match outcome {
                Outcome::UnderWay => continue,
                outcome if refused.contains(&entry) => {
                    self.refused.push(entry);
                    self.refused_booked += usize::from(matches!(outcome, Outcome::Booked(_)));
                }
                Outcome::Booked(_) => self.successful += 1,
                Outcome::Failed(..) => self.failed += 1,
            }
            self.open.remove(&entry);
        }
        self.maybe_reported = false;
        self.due = Instant::now() + self.settings.keep_alive;
    }

    /// Looks whether Pleo knows an outcome of an item that only this run should know. The items, of which
    /// there may be thousands, are listed only if the time of the last update (X16) is not that of this run's own.
    async fn check_that_no_other_run_reports(&self) -> Result<(), ExportRunError> {
        if self.maybe_reported {
            return Ok(());
        }
        let last_update = self.read_open_job().await?.last_updated_at;
        if last_update.is_some() && last_update == self.last_update {
            return Ok(());
        }
        let mut items = self.settings.items(self.job);
        while let Some(item) = items.try_next().await? {
            let is_settled =
                matches!(item.status, ExportJobItemStatus::Successful | ExportJobItemStatus::Failed);
            if is_settled && self.open.contains(&item.accounting_entry_id) {
                return Err(ExportRunError::AnotherRun { job: self.job, booked: self.booked() });
            }
        }
        Ok(())
    }

    /// The job as it is now, if it has not ended.
    async fn read_open_job(&self) -> Result<ExportJobV3, ExportRunError> {
        let job = self.settings.read(self.job).await?;
        if job.status == ExportJobStatus::InProgress {
            return Ok(job);
        }
        Err(ExportRunError::Ended {
            job: self.job,
            expired: job.expired_at.is_some(),
            status: job.status,
            booked: self.booked(),
        })
    }

    /// What is in the accounting system and not known to Pleo.
    fn booked(&self) -> Vec<Uuid> {
        let booked = self.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Booked(_)));
        booked.map(|(entry, _)| *entry).collect()
    }

    /// The event that ends the job (X15).
    fn ending(&self) -> (ExportJobEventType, Option<(ExportJobFailureReasonType, String)>) {
        match (self.successful + self.refused_booked, self.failed + self.refused.len()) {
            (_, 0) => (ExportJobEventType::Completed, None),
            (0, _) => {
                let reason = "none of the items could be booked".to_owned();
                (ExportJobEventType::Failed, Some((ExportJobFailureReasonType::ValidationFailure, reason)))
            }
            _ => (ExportJobEventType::CompletedWithErrors, None),
        }
    }
}

/// Why no further item is booked.
enum Stop {
    /// The job fails by name.
    Job(ExportJobFailureReasonType, String),
    /// The rest of the items cannot be read. What is booked can still be reported.
    Unread(Error),
    /// The run stops, and the job stays.
    Run(ExportRunError),
}

impl Stop {
    /// Why the items cannot be read. Without contra accounts they never can (E14, X17).
    fn of_items(error: Error) -> Self {
        let kind = error.api_error().and_then(|error| error.kind()).unwrap_or_default();
        if kind.eq_ignore_ascii_case("missing_contra_accounts") {
            let reason = "contra accounts are missing in Pleo".to_owned();
            return Self::Job(ExportJobFailureReasonType::MissingConfiguration, reason);
        }
        Self::Unread(error)
    }
}

impl From<ExportRunError> for Stop {
    fn from(error: ExportRunError) -> Self {
        Self::Run(error)
    }
}
