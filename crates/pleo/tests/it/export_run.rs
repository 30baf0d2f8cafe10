//! Export runs, against the sandbox.

use std::{
    collections::{HashMap, HashSet},
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use pleo::{
    Body, BoxFuture, Call, Client, CompanyId, Error, Secret, Session, Staging, StandaloneApiKey, Transport,
    TransportError, TransportErrorKind,
    accounting_entries::types::AccountingEntryBaseSearchRequest,
    bytes::Bytes,
    export::types::{
        CreateExportJob, ExportJobEventType, ExportJobFailureReasonType, ExportJobItemFailureReasonType,
        ExportJobV3,
    },
    export_run::{Booked, Booking, ExportRun, ExportRunError, ExportSummary, NotBooked},
    http,
    uuid::Uuid,
};
use pleo_sandbox::{Environment, Grant, Sandbox};
use tokio::time::Instant;

const KEY: &str = "FAKE-KEY-OF-EXPORTS";
const HOUR: Duration = Duration::from_secs(3600);

/// Ready the second time.
async fn pause() {
    let mut polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A response that never comes.
#[derive(Clone, Copy, PartialEq)]
enum Lost {
    /// The request does not arrive.
    Request,
    /// The request arrives.
    Response,
}

/// A sandbox in this process, whose time passes with tokio's.
#[derive(Clone)]
struct InProcess {
    sandbox: Sandbox,
    state: Arc<Mutex<State>>,
}

struct State {
    then: Instant,
    /// How much time each request takes.
    tick: Duration,
    /// Method, path, and the number of members of a body that is a list.
    requests: Vec<(String, usize)>,
    /// Which requests get no response, by their number.
    lose: Vec<(usize, Lost)>,
    /// A response instead of the sandbox's, by method and end of the path.
    instead: Option<([&'static str; 2], u16, String)>,
}

impl Transport for InProcess {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let operation = call.operation();
            let request = call.into_authorized().await?;
            pause().await;
            let (lost, instead) = {
                let mut state = self.state.lock().unwrap();
                self.sandbox.advance(state.then.elapsed() + state.tick);
                state.then = Instant::now();
                let number = state.requests.len();
                let path = request.uri().path();
                let updates = String::from_utf8_lossy(request.body()).matches("accountingEntryId\"").count();
                state.requests.push((format!("{} {path}", request.method()), updates));
                let is_meant = |[method, end]: &[&str; 2]| request.method() == *method && path.ends_with(end);
                let instead = state.instead.clone().filter(|(which, ..)| is_meant(which));
                let lost = state.lose.iter().find(|(lost, _)| *lost == number).map(|(_, lost)| *lost);
                (lost, instead)
            };
            let mut response = http::Response::new(Bytes::new());
            if let Some((_, status, body)) = instead {
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                *response.body_mut() = Bytes::from(body);
            } else if lost != Some(Lost::Request) {
                response = self.sandbox.handle(&request).response;
            }
            let date = self.sandbox.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            response.headers_mut().insert("date", date.parse().unwrap());
            pause().await;
            if lost.is_some() {
                let source = TransportError::new(TransportErrorKind::Timeout, "lost on purpose");
                return Err(Error::Transport { operation, source });
            }
            Ok(response.map(|body| {
                http_body_util::BodyExt::boxed_unsync(http_body_util::BodyExt::map_err(
                    http_body_util::Full::new(body),
                    |never| match never {},
                ))
            }))
        })
    }
}

/// A company with an export job of this many items.
struct Company {
    client: Client<Staging>,
    transport: InProcess,
    job: Uuid,
    entries: Vec<Uuid>,
    /// What cannot be booked.
    failing: [Uuid; 2],
}

impl Company {
    async fn with_items(count: usize) -> Self {
        let sandbox = Sandbox::with_seed(Environment::Staging, 1).with_entries(count + 10);
        sandbox.set_limit(None);
        let company = sandbox.companies()[0];
        sandbox.admit(KEY, Grant::standalone_key(company));
        let state = State {
            then: Instant::now(),
            tick: Duration::ZERO,
            requests: Vec::new(),
            lose: Vec::new(),
            instead: None,
        };
        let transport = InProcess { sandbox, state: Arc::new(Mutex::new(state)) };
        let key = StandaloneApiKey::new(Staging, Secret::from(KEY)).unwrap();
        let session = Session::new(key).with_company(CompanyId::from(company));
        let client = Client::with_transport(session, transport.clone()).unwrap();
        let search = AccountingEntryBaseSearchRequest::builder().include_deleted(false);
        let entries = client.search_accounting_entries(search).limit(100).items().all(usize::MAX).await;
        let mut entries: Vec<_> = entries.unwrap().into_iter().map(|entry| entry.id).collect();
        entries.truncate(count);
        assert_eq!(entries.len(), count, "the sandbox has too few entries");
        let mut company = Self {
            client,
            transport,
            job: Uuid::nil(),
            failing: [entries[count - 1], entries[count / 4]],
            entries,
        };
        company.queue().await;
        company.transport.state.lock().unwrap().requests.clear();
        company
    }

    /// Queues the entries in a new job.
    async fn queue(&mut self) {
        let job = CreateExportJob::builder().accounting_entry_ids(self.entries.clone());
        self.job = self.client.create_export_job_v3(job).send().await.unwrap().into_inner().data.id;
    }

    /// A run that takes no other run into account, and reports after five items.
    fn run(&self) -> ExportRun<'_> {
        ExportRun::new(&self.client).with_resume_after(Duration::ZERO).with_batch(5)
    }

    async fn job(&self) -> ExportJobV3 {
        self.client.get_export_job_v3(self.job).send().await.unwrap().into_inner().data
    }

    /// What Pleo shows of the job at the end.
    async fn shown(&self) -> String {
        let items = self.client.list_export_job_items_v3(self.job).limit(100).items();
        let items = items.all(usize::MAX).await.unwrap();
        format!("{:#?} {items:#?}", self.job().await)
    }

    fn requests(&self) -> Vec<(String, usize)> {
        self.transport.state.lock().unwrap().requests.clone()
    }
}

/// An accounting system.
#[derive(Default)]
struct Ledger {
    handed_out: Mutex<Vec<(Uuid, bool)>>,
}

impl Ledger {
    /// Books an item, unless it is one of these.
    async fn book(&self, booking: Booking, failing: &[Uuid]) -> Result<Booked, NotBooked> {
        let entry = booking.item.accounting_entry_id;
        self.handed_out.lock().unwrap().push((entry, booking.may_be_repeated));
        pause().await;
        if failing.contains(&entry) {
            let kind = ExportJobItemFailureReasonType::AccountUnknown;
            return Err(NotBooked::item(kind, "the account is closed"));
        }
        Ok(Booked::new().with_id(format!("voucher-{entry}")))
    }

    /// Every item was handed out, and those that were handed out again with a warning.
    fn check(&self, entries: &[Uuid]) {
        let mut seen = HashSet::new();
        for (entry, may_be_repeated) in self.handed_out.lock().unwrap().iter() {
            assert!(seen.insert(*entry) || *may_be_repeated, "{entry} came again as if it were new");
        }
        assert_eq!(seen, entries.iter().copied().collect());
    }
}

/// Polls a future so often, and tells what it ended with.
async fn polled<F: Future>(mut future: Pin<&mut F>, times: usize) -> Option<F::Output> {
    for _ in 0..times {
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            return Some(output);
        }
    }
    None
}

async fn run(company: &Company, ledger: &Ledger) -> Result<Option<ExportSummary>, ExportRunError> {
    let failing = company.failing;
    company.run().next_job(async |booking: Booking| ledger.book(booking, &failing).await).await
}

/// What Pleo shows after a run that nothing disturbs.
async fn undisturbed() -> (String, ExportSummary, usize) {
    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    let summary = run(&company, &ledger).await.unwrap().unwrap();
    let requests = company.requests().len();
    ledger.check(&company.entries);
    assert!(ledger.handed_out.lock().unwrap().iter().all(|(_, may_be_repeated)| !may_be_repeated));
    (company.shown().await, summary, requests)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_anywhere_and_restarted_ends_as_if_nothing_had_happened() {
    let (shown, summary, _) = undisturbed().await;
    assert_eq!(
        (summary.event, summary.successful, summary.failed),
        (ExportJobEventType::CompletedWithErrors, 10, 2)
    );
    let mut resumed = 0;
    for polls in 1.. {
        let (company, ledger) = (Company::with_items(12).await, Ledger::default());
        let ended = polled(pin!(run(&company, &ledger)), polls).await;
        let again = run(&company, &ledger).await.unwrap();
        match &again {
            Some(again) => {
                assert_eq!((again.successful, again.failed), (10, 2), "after {polls} polls");
                resumed += usize::from(again.resumed);
            }
            None => assert_eq!(company.job().await.status, "completed_with_errors"),
        }
        ledger.check(&company.entries);
        assert_eq!(company.shown().await, shown, "after {polls} polls");
        if ended.is_some() {
            assert!(again.is_none() && polls > 30 && resumed > 25, "{polls} {resumed}");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_never_comes_is_looked_up_and_nothing_happens_twice() {
    let (shown, _, requests) = undisturbed().await;
    for number in 0..requests {
        for lost in [Lost::Request, Lost::Response] {
            let (company, ledger) = (Company::with_items(12).await, Ledger::default());
            company.transport.state.lock().unwrap().lose = vec![(number, lost)];
            let outcome = run(&company, &ledger).await;
            let sent = company.requests();
            let lost_request = &sent[number].0;
            // What changes something is not left to the next run.
            assert_eq!(outcome.is_ok(), !lost_request.starts_with("GET "), "{lost_request}: {outcome:?}");
            if outcome.is_err() {
                run(&company, &ledger).await.unwrap();
            }
            ledger.check(&company.entries);
            assert_eq!(company.shown().await, shown, "{lost_request}");
            let events = sent.iter().filter(|(request, _)| request == "POST /v3/export-job-events").count();
            let repeated = lost == Lost::Request && lost_request == "POST /v3/export-job-events";
            assert!(events <= 2 + usize::from(repeated), "{events} events after {lost_request}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_that_claim_a_job_at_once_one_stops() {
    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    let (one, other) = futures_util::future::join(run(&company, &ledger), run(&company, &ledger)).await;
    assert_eq!(one.unwrap().unwrap().successful, 10);
    let error = other.unwrap_err();
    assert!(matches!(error, ExportRunError::Taken { job } if job == company.job), "{error}");
    let job = company.job;
    assert_eq!(
        error.to_string(),
        format!("another run has claimed the export job {job}; leave it to that run")
    );
    assert_eq!(ledger.handed_out.lock().unwrap().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_left_alone_if_the_response_to_its_claim_is_lost() {
    // Requests 0 and 1 are the lists of jobs, 2 and 3 the claims.
    for lost in [(3, Lost::Request), (3, Lost::Response)] {
        let (company, ledger) = (Company::with_items(12).await, Ledger::default());
        company.transport.state.lock().unwrap().lose = vec![lost];
        let careful = ExportRun::new(&company.client);
        let book = async |booking: Booking| ledger.book(booking, &[]).await;
        let (one, other) = futures_util::future::join(careful.next_job(book), careful.next_job(book)).await;
        assert_eq!(one.unwrap().unwrap().successful, 12);
        let error = other.unwrap_err();
        assert!(matches!(error, ExportRunError::InUse { job, .. } if job == company.job), "{error}");
        assert_eq!(ledger.handed_out.lock().unwrap().len(), 12);
    }

    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    company.transport.state.lock().unwrap().lose = vec![(1, Lost::Response)];
    let careful = ExportRun::new(&company.client);
    let book = async |booking: Booking| ledger.book(booking, &[]).await;
    let error = careful.next_job(book).await.unwrap_err();
    assert!(matches!(error, ExportRunError::InUse { .. }), "{error}");
    tokio::time::advance(ExportRun::RESUME_AFTER).await;
    assert!(careful.next_job(book).await.unwrap().unwrap().resumed);
    ledger.check(&company.entries);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_another_run_keeps_alive_is_left_alone_until_it_is_quiet() {
    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    let careful = ExportRun::new(&company.client);
    assert!(polled(pin!(run(&company, &ledger)), 20).await.is_none());
    tokio::time::advance(Duration::from_secs(12)).await;
    let book = async |booking: Booking| ledger.book(booking, &[]).await;
    let error = careful.next_job(book).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the export job {} was updated 12 seconds ago, so another run may be working on it; run again after 300 \
             seconds without an update",
            company.job
        )
    );
    tokio::time::advance(Duration::from_secs(288)).await;
    assert!(careful.next_job(book).await.unwrap().unwrap().resumed);
    ledger.check(&company.entries);
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_on_one_job_one_stops_when_the_other_reports() {
    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    company.transport.state.lock().unwrap().tick = Duration::from_millis(1);
    let mut first = pin!(run(&company, &ledger));
    assert!(polled(first.as_mut(), 8).await.is_none());
    let second = pin!(run(&company, &ledger));
    let (one, other) = futures_util::future::join(first, second).await;
    assert_eq!(one.unwrap().unwrap().successful, 10);
    let error = other.unwrap_err();
    let ExportRunError::AnotherRun { job, booked } = &error else { panic!("{error}") };
    assert!(*job == company.job && !booked.is_empty() && booked.len() <= 5, "{error}");
    assert!(error.to_string().contains("start one run at a time"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_expires_in_the_middle_ends_the_run_with_what_is_not_reported() {
    let (mut company, ledger) = (Company::with_items(12).await, Ledger::default());
    let booked = Mutex::new(0);
    let book = async |booking: Booking| {
        *booked.lock().unwrap() += 1;
        if *booked.lock().unwrap() == 7 {
            company.transport.sandbox.advance(HOUR);
        }
        ledger.book(booking, &[]).await
    };
    let error = company.run().next_job(book).await.unwrap_err();
    let ExportRunError::Ended { expired: true, booked, .. } = &error else { panic!("{error}") };
    let handed_out: Vec<_> = ledger.handed_out.lock().unwrap().iter().map(|(entry, _)| *entry).collect();
    assert_eq!((handed_out.len(), &handed_out[5..]), (10, &booked[..]));
    assert!(
        error.to_string().contains("because it expired; 5 entries are booked and not reported"),
        "{error}"
    );
    assert_eq!(format!("{error:?}"), error.to_string());

    // What was not reported comes again in the next job.
    company.entries.retain(|entry| !handed_out[..5].contains(entry));
    company.queue().await;
    let again = run(&company, &Ledger::default()).await;
    assert_eq!(again.unwrap().unwrap().job_id, company.job);
}

#[tokio::test(start_paused = true)]
async fn three_hundred_items_are_reported_in_batches_and_seven_fail_alone() {
    let (company, ledger) = (Company::with_items(300).await, Ledger::default());
    let failing: Vec<_> = company.entries.iter().copied().step_by(43).collect();
    assert_eq!(failing.len(), 7);
    let run = ExportRun::new(&company.client);
    let summary = run.next_job(async |booking: Booking| ledger.book(booking, &failing).await).await;
    let summary = summary.unwrap().unwrap();
    assert_eq!((summary.successful, summary.failed, summary.refused.len()), (293, 7, 0));
    let reports: Vec<_> =
        company.requests().into_iter().filter(|(request, _)| request.starts_with("PUT ")).collect();
    assert_eq!(reports.iter().map(|(_, items)| *items).collect::<Vec<_>>(), [100; 3]);
    let is_list = |request: &str| request.starts_with("GET ") && request.ends_with("/items");
    let lists = company.requests().iter().filter(|(request, _)| is_list(request)).count();
    assert_eq!(lists, 3, "the items are listed once, in three pages");
    let items = company.client.list_export_job_items_v3(company.job).limit(100).items();
    for item in items.all(usize::MAX).await.unwrap() {
        let fails = failing.contains(&item.accounting_entry_id);
        assert_eq!(item.status.as_str(), if fails { "failed" } else { "successful" });
        assert_eq!(item.failure_reason.is_some(), fails);
        assert_eq!(item.external_id.is_some(), !fails);
    }
    assert_eq!(company.job().await.status, "completed_with_errors");
}

/// Six hours of booking, with an hour to live.
#[tokio::test(start_paused = true)]
async fn a_job_is_kept_alive_while_its_items_are_booked() {
    let (company, ledger) = (Company::with_items(3).await, Ledger::default());
    let book = async |booking: Booking| {
        tokio::time::sleep(2 * HOUR).await;
        ledger.book(booking, &[]).await
    };
    let summary = company.run().next_job(book).await.unwrap().unwrap();
    assert_eq!((summary.event, summary.successful), (ExportJobEventType::Completed, 3));
    ledger.check(&company.entries);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_about_to_expire_is_updated_before_its_next_item_is_booked() {
    let (company, ledger) = (Company::with_items(12).await, Ledger::default());
    assert!(polled(pin!(run(&company, &ledger)), 12).await.is_none());
    tokio::time::advance(HOUR - Duration::from_secs(30)).await;
    let book = async |booking: Booking| {
        assert!(company.requests().iter().any(|(request, _)| request.starts_with("PUT ")), "not updated yet");
        tokio::time::sleep(Duration::from_secs(40)).await;
        ledger.book(booking, &[]).await
    };
    let summary = company.run().next_job(book).await.unwrap().unwrap();
    assert!(summary.resumed && summary.successful == 12, "{summary:?}");
    ledger.check(&company.entries);
}

/// The first item is booked and reported while the second takes long, and no response to the report comes.
#[tokio::test(start_paused = true)]
async fn a_report_that_may_have_arrived_is_not_taken_for_one_of_another_run() {
    let (company, ledger) = (Company::with_items(6).await, Ledger::default());
    let is_report = |number: usize, company: &Company| company.requests()[number].0.starts_with("PUT ");
    company.transport.state.lock().unwrap().lose = vec![(6, Lost::Response), (8, Lost::Response)];
    let slow = company.entries.len() / 2;
    let book = async |booking: Booking| {
        if ledger.handed_out.lock().unwrap().len() == slow {
            tokio::time::sleep(ExportRun::KEEP_ALIVE + Duration::from_secs(1)).await;
        }
        ledger.book(booking, &[]).await
    };
    assert_eq!(company.run().next_job(book).await.unwrap().unwrap().successful, 6);
    assert!(is_report(6, &company) && is_report(8, &company), "{:?}", company.requests());
    ledger.check(&company.entries);
}

#[tokio::test(start_paused = true)]
async fn what_is_booked_is_reported_or_named_when_the_next_page_cannot_be_read() {
    // After the page, the request that the report begins with.
    for (lost, unreported) in [(1, 0), (2, 30)] {
        let (company, ledger) = (Company::with_items(120).await, Ledger::default());
        let book = async |booking: Booking| {
            let booked = ledger.book(booking, &[]).await;
            if ledger.handed_out.lock().unwrap().len() == 100 {
                let mut state = company.transport.state.lock().unwrap();
                let next = state.requests.len();
                state.lose = (next..next + lost).map(|number| (number, Lost::Request)).collect();
            }
            booked
        };
        let error = company.run().with_batch(70).next_job(book).await.unwrap_err();
        let ExportRunError::Call { booked, .. } = &error else { panic!("{error}") };
        let handed_out: Vec<_> = ledger.handed_out.lock().unwrap().iter().map(|(entry, _)| *entry).collect();
        assert_eq!(booked, &handed_out[100 - unreported..], "{error}");
        let said = error.to_string();
        assert_eq!(said.contains("; 30 entries are booked and not reported"), unreported == 30, "{said}");
        let again = run(&company, &ledger).await.unwrap().unwrap();
        assert_eq!(again.successful + again.failed, 120);
        let repeated = ledger.handed_out.lock().unwrap().len() - 120;
        assert_eq!(repeated, unreported, "only what was not reported comes again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_go_on_fails_by_name_and_keeps_what_is_booked() {
    let company = Company::with_items(12).await;
    let booked = Mutex::new(0);
    let book = async |_: Booking| {
        *booked.lock().unwrap() += 1;
        let kind = ExportJobFailureReasonType::AccountingSystemUnreachable;
        if *booked.lock().unwrap() == 8 { Err(NotBooked::job(kind, "no network")) } else { Ok(Booked::new()) }
    };
    let summary = company.run().next_job(book).await.unwrap().unwrap();
    assert_eq!((summary.event, summary.successful), (ExportJobEventType::Failed, 7));
    let job = company.job().await;
    assert_eq!(job.failure_reason_type.unwrap(), "accounting_system_unreachable");
    let items = company.client.list_export_job_items_v3(company.job).limit(100).items();
    let mut statuses = HashMap::new();
    for item in items.all(usize::MAX).await.unwrap() {
        *statuses.entry(item.status.as_str().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(statuses, HashMap::from([("successful".to_owned(), 7), ("abandoned".to_owned(), 5)]));
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_reports_are_refused_fails_only_if_nothing_is_booked() {
    for (failing, event) in [(0, ExportJobEventType::CompletedWithErrors), (3, ExportJobEventType::Failed)] {
        let (company, ledger) = (Company::with_items(3).await, Ledger::default());
        let kind = "ACCOUNTING_ENTRY_DOES_NOT_EXIST";
        let refusal =
            |id: &Uuid| format!(r#"{{"accountingEntryId":"{id}","type":"{kind}","message":"FAKE"}}"#);
        let refusals: Vec<_> = company.entries.iter().map(refusal).collect();
        let body = format!(r#"{{"data":[],"errors":[{}]}}"#, refusals.join(","));
        company.transport.state.lock().unwrap().instead = Some((["PUT", "/items"], 200, body));
        let failing = &company.entries[..failing];
        let book = async |booking: Booking| ledger.book(booking, failing).await;
        let summary = company.run().next_job(book).await.unwrap().unwrap();
        assert_eq!((summary.event, summary.refused.len()), (event, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_without_contra_accounts_fails_as_missing_configuration() {
    let company = Company::with_items(3).await;
    let body = r#"{"type":"MISSING_CONTRA_ACCOUNTS","message":"FAKE"}"#.to_owned();
    company.transport.state.lock().unwrap().instead = Some((["GET", "/export-items"], 400, body));
    let summary = company.run().next_job(async |_: Booking| Ok(Booked::new())).await.unwrap().unwrap();
    assert_eq!(summary.event, ExportJobEventType::Failed);
    assert_eq!(company.job().await.failure_reason_type.unwrap(), "missing_configuration");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_happen_is_not_sent() {
    let company = Company::with_items(3).await;
    let run = company.run();
    let why = || (ExportJobFailureReasonType::MissingConfiguration, "no ledger is chosen");
    run.fail(company.job, why().0, why().1).await.unwrap();
    let before = company.requests().len();
    let error = run.fail(company.job, why().0, why().1).await.unwrap_err();
    assert!(matches!(&error, ExportRunError::Illegal { .. }), "{error}");
    assert!(
        format!("{error:?}").ends_with("the event `failed` cannot happen to an export job that is `failed`")
    );
    let sent: Vec<_> = company.requests().split_off(before);
    assert!(sent.iter().all(|(request, _)| request.starts_with("GET ")), "{sent:?}");
}

/// As programs of many tasks do.
#[tokio::test(start_paused = true)]
async fn a_run_can_be_spawned() {
    let company = Company::with_items(3).await;
    let client = company.client.clone();
    let run = tokio::spawn(async move {
        let ledger = Ledger::default();
        ExportRun::new(&client).next_job(async |booking: Booking| ledger.book(booking, &[]).await).await
    });
    assert_eq!(run.await.unwrap().unwrap().unwrap().successful, 3);
}
