//! Renewal, with a paused clock and a scripted authorisation server.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use pleo_auth::{
    Client, Environment, Production, RequestRefused, Sandbox, Session, Staging,
    oauth::{
        LockedTokens, MemoryStore, OAuthApp, RefreshPolicy, RefreshingToken, SessionEnd, StoreError,
        StoreFault, TokenError, TokenStore, Tokens,
    },
    pleo_client::{
        self, Authorization, Authorize, Body, BoxFuture, Call, Error, Request, Transport, TransportError,
        TransportErrorKind,
    },
};
use tokio::{
    sync::Notify,
    time::{Instant, advance, sleep},
};

use crate::support::{Adds, Recorder, Script, Step, answer, client, introspected, pair, refused};

const HOUR: Duration = Duration::from_secs(3600);

/// A store that can fail and remembers everything.
#[derive(Default)]
struct Ledger {
    saved: Mutex<Vec<Tokens<Staging>>>,
    save_fails: AtomicBool,
    load_fails: AtomicBool,
    lock_fails: AtomicBool,
    lock_hangs: AtomicBool,
    load_hangs: AtomicBool,
    panics: AtomicBool,
    panics_when_saving: AtomicBool,
    locked: AtomicBool,
    loads: AtomicUsize,
}

/// The ledger, locked.
struct Open(Arc<Ledger>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.locked.store(false, Ordering::SeqCst);
    }
}

#[derive(Clone, Default)]
struct Shelf(Arc<Ledger>);

impl Shelf {
    fn names(&self) -> Vec<String> {
        self.0.saved.lock().unwrap().iter().map(|tokens| tokens.access_token().expose().to_owned()).collect()
    }

    fn put(&self, tokens: Tokens<Staging>) {
        self.0.saved.lock().unwrap().push(tokens);
    }
}

fn unless(fails: &AtomicBool) -> Result<(), StoreError> {
    if fails.load(Ordering::SeqCst) { Err("the database is away".into()) } else { Ok(()) }
}

impl TokenStore<Staging> for Shelf {
    fn lock(&self, _: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
        assert!(!self.0.panics.load(Ordering::SeqCst), "a bug of the store");
        if self.0.lock_hangs.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        let result = unless(&self.0.lock_fails).map(|()| {
            assert!(!self.0.locked.swap(true, Ordering::SeqCst), "two renewals at once");
            Box::new(Open(Arc::clone(&self.0))) as Box<dyn LockedTokens<Staging>>
        });
        Box::pin(async { result })
    }
}

impl LockedTokens<Staging> for Open {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        if self.0.load_hangs.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        let result = unless(&self.0.load_fails).map(|()| self.0.saved.lock().unwrap().last().cloned());
        Box::pin(async { result })
    }

    fn save(self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
        assert!(!self.0.panics_when_saving.load(Ordering::SeqCst), "a bug of the store");
        let result = unless(&self.0.save_fails).map(|()| self.0.saved.lock().unwrap().push(tokens.clone()));
        Box::pin(async move {
            sleep(Duration::from_millis(1)).await;
            drop(self);
            result
        })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        let result = unless(&self.0.save_fails).map(|()| self.0.saved.lock().unwrap().clear());
        Box::pin(async { result })
    }
}

fn tokens(number: u32, lifetime: Duration) -> Tokens<Staging> {
    let refresh = format!("FAKE-R{number}").as_str().into();
    Tokens::new(Staging, format!("FAKE-A{number}"), Some(refresh), Some(SystemTime::now() + lifetime))
}

struct World {
    script: Script,
    shelf: Shelf,
    recorder: Recorder,
    token: RefreshingToken<Staging>,
    client: Client<Staging>,
}

/// Tokens 0 in the store, living so long, and a service that takes every token.
fn world(lifetime: Duration, steps: impl IntoIterator<Item = Step>) -> World {
    world_with(lifetime, steps, Recorder::status(200))
}

fn world_with(lifetime: Duration, steps: impl IntoIterator<Item = Step>, recorder: Recorder) -> World {
    let (script, shelf) = (Script::new(steps), Shelf::default());
    shelf.put(tokens(0, lifetime));
    let token = RefreshingToken::resume(script.app(), shelf.clone(), RefreshPolicy::default());
    let client = client(Session::new(token.clone()), &recorder);
    World { script, shelf, recorder, token, client }
}

impl World {
    /// A call that is neither safe nor idempotent.
    async fn post(&self) -> Result<(), pleo_client::Error> {
        self.client.archive_vendor(uuid::Uuid::nil()).send().await.map(drop)
    }

    /// An idempotent call.
    async fn delete(&self) -> Result<(), pleo_client::Error> {
        self.client.delete_installation().send().await.map(drop)
    }

    /// The tokens that were sent to the API.
    fn sent(&self) -> Vec<String> {
        let name = |value: String| value.strip_prefix("Bearer FAKE-").unwrap().to_owned();
        self.recorder.authorizations().into_iter().map(name).collect()
    }
}

/// What the store did.
fn fault(source: &Arc<dyn std::error::Error + Send + Sync>) -> StoreFault {
    *source.downcast_ref().unwrap()
}

fn token_error<T: std::fmt::Debug>(result: Result<T, pleo_client::Error>) -> TokenError {
    match RequestRefused::of(&result.unwrap_err()) {
        Some(RequestRefused::Token(error)) => error.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_with_an_expired_token_cause_one_renewal() {
    let world = Arc::new(world(Duration::ZERO, [pair(1, 3600)]));
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.delete().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.script.presented(), ["FAKE-R0"]);
    assert_eq!(world.sent(), vec!["A1"; 1000]);
    assert_eq!(world.shelf.names(), ["FAKE-A0", "FAKE-A1"]);
}

#[tokio::test(start_paused = true)]
async fn no_token_is_renewed_or_sent_for_a_request_that_has_a_credential_already() {
    for lifetime in [Duration::ZERO, HOUR] {
        let world = world(lifetime, []);
        let adds = Adds("Bearer FAKE-OTHER", Session::new(world.token.clone()));
        let client = pleo_client::Client::new(Staging.base_url(), adds, world.recorder.clone()).unwrap();
        let error = client.delete_installation().send().await.unwrap_err();
        assert!(matches!(RequestRefused::of(&error), Some(RequestRefused::AlreadyAuthorized)));
        assert!(world.recorder.sent().is_empty() && world.script.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_asks_as_rfc_6749_wants() {
    let world = world(Duration::ZERO, [pair(1, 3600)]);
    world.delete().await.unwrap();
    let request = &world.script.requests()[0];
    assert_eq!(request.uri(), "https://auth.staging.pleo.io/oauth/token");
    assert_eq!(request.method(), "POST");
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    let form = world.script.forms().remove(0);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        form,
        [("grant_type", "refresh_token"), ("refresh_token", "FAKE-R0"), ("client_id", "FAKE-CLIENT")]
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_early_but_not_too_early() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
    world.delete().await.unwrap();
    // At most 5 minutes before, at least half of that.
    advance(HOUR - Duration::from_secs(301)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A1"]);
    advance(Duration::from_secs(301 - 149)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_short_is_not_renewed_before_half_its_life() {
    let world = world(Duration::ZERO, [pair(1, 60), pair(2, 60)]);
    world.delete().await.unwrap();
    advance(Duration::from_secs(29)).await;
    world.delete().await.unwrap();
    advance(Duration::from_secs(17)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_renewal_is_spread() {
    let mut times = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
        world.delete().await.unwrap();
        let start = Instant::now();
        advance(HOUR - Duration::from_secs(301)).await;
        while world.script.presented().len() < 2 {
            advance(Duration::from_secs(1)).await;
            world.delete().await.unwrap();
        }
        times.insert((Instant::now() - start).as_secs());
    }
    assert!(times.len() > 5, "{times:?}");
    let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
    assert!(first >= 3600 - 301 && last <= 3600 - 148, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_lifetime_counts_as_five_minutes_so_no_call_renews_by_itself() {
    let values = ["18446744073709551615", "1e300", "0", "-1", "0.5", "\"0\"", "\"soon\"", "null", "[]"];
    let members = values.iter().map(|value| format!(r#","expires_in":{value}"#));
    for lifetime in members.chain([String::new()]) {
        let answer = format!(r#"{{"access_token":"FAKE-A1","refresh_token":"FAKE-R1"{lifetime}}}"#);
        let world = world(Duration::ZERO, [Step::Answer(200, answer), pair(2, 3600)]);
        world.delete().await.unwrap();
        advance(Duration::from_secs(149)).await;
        world.delete().await.unwrap();
        advance(Duration::from_secs(152)).await;
        world.delete().await.unwrap();
        assert_eq!(world.sent(), ["A1", "A1", "A2"], "{lifetime}");
    }
}

/// A store that takes as long to save.
struct Slow(MemoryStore<Staging>, Duration);

struct LockedSlow(Box<dyn LockedTokens<Staging>>, Duration);

impl TokenStore<Staging> for Slow {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
        Box::pin(async move {
            Ok(Box::new(LockedSlow(self.0.lock(longest).await?, self.1)) as Box<dyn LockedTokens<Staging>>)
        })
    }
}

impl LockedTokens<Staging> for LockedSlow {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        self.0.load()
    }

    fn save(self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            sleep(self.1).await;
            self.0.save(tokens).await
        })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.0.clear()
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_whose_life_is_over_when_it_is_stored_is_used_for_the_calls_that_wait_for_it() {
    let script = Script::new([pair(1, 1), pair(2, 3600)]);
    let store = Slow(MemoryStore::new(tokens(0, Duration::ZERO)), Duration::from_secs(2));
    let token = RefreshingToken::resume(script.app(), store, RefreshPolicy::default());
    let recorder = Recorder::status(200);
    let client = client(Session::new(token), &recorder);
    let call = || async { client.delete_installation().send().await.map(drop) };
    let (first, second) = tokio::join!(call(), call());
    first.unwrap();
    second.unwrap();
    call().await.unwrap();
    let sent = recorder.authorizations();
    assert_eq!(sent, ["Bearer FAKE-A1", "Bearer FAKE-A1", "Bearer FAKE-A2"]);
}

#[tokio::test(start_paused = true)]
async fn time_that_the_machine_sleeps_counts() {
    // Tokio's clock stands still, as the monotonic clock does while a machine sleeps.
    let world = world(Duration::ZERO, [pair(1, 1), pair(2, 3600)]);
    world.delete().await.unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn time_before_a_sleep_is_not_forgotten_over_it() {
    let (script, shelf) = (Script::new([pair(1, 31), pair(2, 3600)]), Shelf::default());
    shelf.put(tokens(0, Duration::ZERO));
    let policy = RefreshPolicy::default().with_early(Duration::ZERO);
    let recorder = Recorder::status(200);
    let client = client(Session::new(RefreshingToken::resume(script.app(), shelf, policy)), &recorder);
    client.delete_installation().send().await.unwrap();
    advance(Duration::from_secs(30)).await;
    client.delete_installation().send().await.unwrap();
    // Only the wall clock goes on while a machine sleeps, and by itself it has shown no more than this.
    std::thread::sleep(Duration::from_millis(1100));
    client.delete_installation().send().await.unwrap();
    assert_eq!(recorder.authorizations(), ["Bearer FAKE-A1", "Bearer FAKE-A1", "Bearer FAKE-A2"]);
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_is_counted_from_before_the_request() {
    // The answer takes 10 ms, and storing 1 ms more.
    let world = world(Duration::ZERO, [pair(1, 1), pair(2, 3600)]);
    let asked = Instant::now();
    world.delete().await.unwrap();
    advance(Duration::from_secs(1) - (Instant::now() - asked)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_old_token_is_valid_a_failed_renewal_fails_no_call() {
    for failure in [Step::Answer(503, String::new()), Step::Break(TransportErrorKind::Connect), Step::Hang] {
        let world = world(Duration::ZERO, [pair(1, 3600), failure.clone()]);
        // Whether a request without a response has used the refresh token up is asked first.
        if matches!(failure, Step::Hang) {
            world.script.push([introspected(true)]);
        }
        world.script.push([pair(2, 3600)]);
        world.delete().await.unwrap();
        advance(HOUR - Duration::from_secs(140)).await;
        world.delete().await.unwrap();
        assert_eq!(world.script.presented().len(), 2, "asked once, not again and again");
        // Not asked again at once either.
        world.delete().await.unwrap();
        assert_eq!((world.sent(), world.script.presented().len()), (vec!["A1".to_owned(); 3], 2));
        advance(Duration::from_millis(501)).await;
        world.delete().await.unwrap();
        assert_eq!(world.sent()[3], "A2", "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_between_early_renewals_grow() {
    let failures = std::iter::repeat_n(Step::Answer(503, String::new()), 12);
    let world = world(Duration::ZERO, std::iter::once(pair(1, 3600)).chain(failures));
    world.delete().await.unwrap();
    advance(HOUR - Duration::from_secs(140)).await;
    let mut pauses = Vec::new();
    let mut last = Instant::now();
    while pauses.len() < 9 {
        let before = world.script.presented().len();
        world.delete().await.unwrap();
        if world.script.presented().len() > before {
            pauses.push((Instant::now() - last).as_secs_f64());
            last = Instant::now();
        }
        advance(Duration::from_millis(50)).await;
    }
    for (number, pause) in pauses.iter().enumerate().skip(1) {
        let longest = (0.5 * f64::from(1 << (number - 1))).min(30.0);
        assert!((longest / 2.0..longest + 0.3).contains(pause), "{number}: {pauses:?}");
    }
    assert_eq!(world.sent().iter().filter(|token| *token != "A1").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_succeeds_ends_the_slow_pace_of_those_that_failed() {
    let failed = || Step::Answer(503, String::new());
    let failures = std::iter::repeat_with(failed).take(6);
    let steps = [pair(1, 3600)].into_iter().chain(failures).chain([pair(2, 3600), failed(), pair(3, 3600)]);
    let world = world(Duration::ZERO, steps);
    world.delete().await.unwrap();
    advance(HOUR - Duration::from_secs(140)).await;
    for _ in 0..6 {
        world.delete().await.unwrap();
        advance(Duration::from_secs(16)).await;
    }
    world.delete().await.unwrap();
    advance(HOUR - Duration::from_secs(140)).await;
    world.delete().await.unwrap();
    // The pause after the first failure, not after the seventh.
    advance(Duration::from_millis(501)).await;
    world.delete().await.unwrap();
    let sent = world.sent();
    assert_eq!(sent, [vec!["A1"; 7], vec!["A2"; 2], vec!["A3"]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_an_older_token_left_behind_holds_up_no_newer_one() {
    let revoked = Arc::new(AtomicBool::new(false));
    let is_revoked = Arc::clone(&revoked);
    let taken = move |request: &http::Request<bytes::Bytes>| {
        let second = crate::support::authorization(request).ends_with("A2");
        answer(if second && is_revoked.load(Ordering::SeqCst) { 401 } else { 200 }, "")
    };
    let steps = [pair(1, 20), Step::Answer(503, String::new()), pair(2, 3600), pair(3, 3600)];
    let (script, shelf, recorder) = (Script::new(steps), Shelf::default(), Recorder::new(taken));
    shelf.put(tokens(0, Duration::ZERO));
    let policy = RefreshPolicy::default().with_backoff(RefreshPolicy::MAX_BACKOFF);
    let client = client(Session::new(RefreshingToken::resume(script.app(), shelf, policy)), &recorder);
    client.delete_installation().send().await.unwrap();
    // It fails to be renewed in good time, and is not tried again for at least 15 seconds.
    advance(Duration::from_secs(16)).await;
    client.delete_installation().send().await.unwrap();
    // It expires before that.
    advance(Duration::from_secs(4)).await;
    client.delete_installation().send().await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    let start = Instant::now();
    client.delete_installation().send().await.unwrap();
    let sent = recorder.authorizations();
    assert_eq!(sent, ["A1", "A1", "A2", "A2", "A3"].map(|name| format!("Bearer FAKE-{name}")));
    assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn transient_failures_back_off_and_end() {
    let failing = [
        Step::Answer(503, String::new()),
        Step::Break(TransportErrorKind::Connect),
        Step::Answer(500, "<html>".to_owned()),
        Step::Answer(429, String::new()),
    ];
    let world = world(Duration::ZERO, failing);
    let start = Instant::now();
    let error = token_error(world.delete().await);
    let TokenError::NotRenewed { attempts: 4, error } = error else { panic!("{error:?}") };
    assert_eq!(
        error.to_string(),
        "the authorisation server answered 429 Too Many Requests without an OAuth error"
    );
    // Four answers of 10 ms with pauses of up to 0.5, 1 and 2 seconds between them.
    let took = Instant::now() - start;
    assert!(took >= Duration::from_millis(1790) && took <= Duration::from_millis(3540), "{took:?}");
    assert!(world.sent().is_empty());
    // Errors are not kept: the next call asks again.
    world.script.push([pair(1, 3600)]);
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
    assert_eq!(world.script.presented(), vec!["FAKE-R0"; 5]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    // It does not tell either what became of the refresh token, which is presented once.
    let world = world(Duration::ZERO, std::iter::repeat_n(Step::Hang, 4));
    let start = Instant::now();
    let TokenError::NotRenewed { attempts: 4, error } = token_error(world.delete().await) else { panic!() };
    assert_eq!(error.to_string(), "the authorisation server did not answer in time");
    assert!(Instant::now() - start >= 4 * RefreshPolicy::default().timeout);
    assert_eq!((world.script.presented().len(), world.script.requests().len()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_made_is_not_tried_again() {
    let world = world(Duration::ZERO, [Step::Break(TransportErrorKind::Request), pair(1, 3600)]);
    assert!(matches!(token_error(world.delete().await), TokenError::NotRenewed { attempts: 1, .. }));
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_ends_the_session_and_is_never_sent_again() {
    for (dead, end) in [
        (refused("invalid_grant"), SessionEnd::RefreshTokenRefused),
        (
            Step::Answer(400, r#"{"message":"invalid_refresh_token"}"#.to_owned()),
            SessionEnd::RefreshTokenRefused,
        ),
        (refused("invalid_client"), SessionEnd::Refused(pleo_auth::oauth::OAuthErrorCode::InvalidClient)),
        (
            refused("unauthorized_client"),
            SessionEnd::Refused(pleo_auth::oauth::OAuthErrorCode::UnauthorizedClient),
        ),
    ] {
        let world = world(Duration::ZERO, [dead]);
        assert_eq!(world.token.ended(), None);
        for _ in 0..3 {
            let error = token_error(world.delete().await);
            assert!(matches!(&error, TokenError::Ended(found) if *found == end), "{error:?}");
            let text = error.to_string();
            assert_eq!(
                text.ends_with("ask the user to authorise again"),
                end == SessionEnd::RefreshTokenRefused
            );
            advance(HOUR).await;
        }
        // A dead refresh token is forgotten; one that met a wrong client secret is still good.
        assert_eq!(world.shelf.names().is_empty(), end == SessionEnd::RefreshTokenRefused);
        assert_eq!(world.token.ended(), Some(end));
        assert_eq!(world.script.presented(), ["FAKE-R0"]);
        assert!(world.sent().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_names_what_is_wrong_with_a_response_that_cannot_be_read() {
    for (body, problem) in [
        ("<html>", "it is not a JSON object with an access_token"),
        (r#"{"access_token":"FAKE-A1","token_type":"mac"}"#, "its token_type is not Bearer"),
    ] {
        let world = world(Duration::ZERO, [Step::Answer(200, body.to_owned()), pair(1, 3600)]);
        for _ in 0..2 {
            let error = token_error(world.delete().await);
            let end = SessionEnd::Unreadable { problem };
            assert!(matches!(&error, TokenError::Ended(found) if *found == end), "{error:?}");
            assert!(error.to_string().contains(problem), "{error}");
        }
        // The store keeps the pair: a person may know more than the response says.
        assert_eq!((world.shelf.names().len(), world.script.presented().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_leaves_the_valid_access_token_until_it_expires() {
    let world = world(Duration::ZERO, [pair(1, 3600), refused("invalid_grant")]);
    world.delete().await.unwrap();
    advance(HOUR - Duration::from_secs(140)).await;
    world.delete().await.unwrap();
    assert_eq!(world.token.ended(), Some(SessionEnd::RefreshTokenRefused));
    world.delete().await.unwrap();
    assert_eq!((world.sent().len(), world.script.presented().len()), (3, 2));
    advance(Duration::from_secs(141)).await;
    assert!(matches!(token_error(world.delete().await), TokenError::Ended(SessionEnd::RefreshTokenRefused)));
    assert_eq!(world.script.presented().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_is_not_presented_after_a_restart_either() {
    let world = world(Duration::ZERO, [refused("invalid_grant")]);
    token_error(world.delete().await);
    let again = RefreshingToken::resume(world.script.app(), world.shelf.clone(), RefreshPolicy::default());
    assert!(matches!(again.prepare().await, Err(TokenError::NothingStored)));
    assert_eq!(world.script.presented(), ["FAKE-R0"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_forget_changes_nothing_and_a_newer_pair_is_kept() {
    let world = world(Duration::ZERO, [refused("invalid_grant")]);
    world.shelf.0.save_fails.store(true, Ordering::SeqCst);
    assert!(matches!(token_error(world.delete().await), TokenError::Ended(SessionEnd::RefreshTokenRefused)));
    assert_eq!(world.shelf.names(), ["FAKE-A0"]);

    let shelf = Shelf::default();
    shelf.put(tokens(0, Duration::ZERO));
    let script = Script::new([refused("invalid_grant")]);
    let token = RefreshingToken::resume(script.app(), shelf.clone(), RefreshPolicy::default());
    let other = async {
        // Another process, which ignores the lock, stores a pair while the response is on its way.
        sleep(Duration::from_millis(5)).await;
        shelf.put(tokens(7, HOUR));
    };
    let (ended, ()) = tokio::join!(token.prepare(), other);
    assert!(matches!(ended, Err(TokenError::Ended(_))));
    assert_eq!(shelf.names(), ["FAKE-A0", "FAKE-A7"]);
}

#[tokio::test(start_paused = true)]
async fn preparing_stores_the_first_pair_at_once() {
    let (script, shelf) = (Script::default(), Shelf::default());
    let token =
        RefreshingToken::new(script.app(), tokens(0, HOUR), shelf.clone(), RefreshPolicy::default()).unwrap();
    token.prepare().await.unwrap();
    assert_eq!(shelf.names(), ["FAKE-A0"]);
    assert!(token.unsaved().is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_refresh_token_the_session_ends_with_the_access_token() {
    let script = Script::default();
    let tokens = Tokens::new(Staging, "FAKE-A0", None, Some(SystemTime::now() + HOUR));
    let token =
        RefreshingToken::new(script.app(), tokens, MemoryStore::default(), RefreshPolicy::default()).unwrap();
    let client = client(Session::new(token), &Recorder::status(200));
    client.delete_installation().send().await.unwrap();
    advance(HOUR + Duration::from_secs(1)).await;
    let error = token_error(client.delete_installation().send().await);
    assert!(matches!(error, TokenError::Ended(SessionEnd::NoRefreshToken)));
    assert!(script.presented().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_a_new_refresh_token_keeps_the_old_one() {
    let answer =
        |number| Step::Answer(200, format!(r#"{{"access_token":"FAKE-A{number}","expires_in":3600}}"#));
    let world = world(Duration::ZERO, [answer(1), answer(2)]);
    world.delete().await.unwrap();
    advance(HOUR).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
    assert_eq!(world.script.presented(), ["FAKE-R0", "FAKE-R0"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_pair_is_stored_before_any_request_uses_it() {
    let (script, shelf) = (Script::new([pair(1, 3600)]), Shelf::default());
    let seen = shelf.clone();
    let recorder = Recorder::new(move |request| {
        let token = crate::support::authorization(request);
        let stored = seen.names().last().cloned().unwrap();
        assert_eq!(token, format!("Bearer {stored}"));
        answer(200, "")
    });
    // The pair of the code exchange is not an exception.
    let token =
        RefreshingToken::new(script.app(), tokens(0, HOUR), shelf.clone(), RefreshPolicy::default()).unwrap();
    assert!(token.unsaved().is_some());
    let client = client(Session::new(token.clone()), &recorder);
    client.delete_installation().send().await.unwrap();
    assert!(token.unsaved().is_none());
    advance(HOUR).await;
    client.delete_installation().send().await.unwrap();
    assert_eq!(shelf.names(), ["FAKE-A0", "FAKE-A1"]);
    assert_eq!(recorder.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_reported_and_loses_no_pair() {
    let world = world(Duration::ZERO, [pair(1, 3600)]);
    world.shelf.0.save_fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let error = token_error(world.delete().await);
        assert!(
            matches!(&error, TokenError::NotStored { source } if source.to_string() == "the database is away")
        );
        assert_eq!(world.token.unsaved().unwrap().access_token().expose(), "FAKE-A1");
        assert_eq!(world.token.unsaved().unwrap().refresh_token().unwrap().expose(), "FAKE-R1");
    }
    assert!(world.sent().is_empty());
    world.shelf.0.save_fails.store(false, Ordering::SeqCst);
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
    assert_eq!(world.script.presented(), ["FAKE-R0"], "renewed once, whatever the store did");
    assert!(world.token.unsaved().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_old_token_is_not_used_once_a_new_pair_has_come() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
    world.delete().await.unwrap();
    advance(HOUR - Duration::from_secs(140)).await;
    world.shelf.0.save_fails.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        // By its own time the old token is valid; by Pleo's word it is not (A47).
        assert!(matches!(token_error(world.delete().await), TokenError::NotStored { .. }));
    }
    world.shelf.0.save_fails.store(false, Ordering::SeqCst);
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_was_stored_too_late_is_renewed_before_it_is_used() {
    let world = world(Duration::ZERO, [pair(1, 60), pair(2, 3600)]);
    world.shelf.0.save_fails.store(true, Ordering::SeqCst);
    token_error(world.delete().await);
    world.shelf.0.save_fails.store(false, Ordering::SeqCst);
    advance(Duration::from_secs(61)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A2"]);
    assert_eq!(world.shelf.names(), ["FAKE-A0", "FAKE-A1", "FAKE-A2"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_nothing_is_renewed() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
    world.delete().await.unwrap();
    for fails in [&world.shelf.0.load_fails, &world.shelf.0.lock_fails] {
        fails.store(true, Ordering::SeqCst);
        advance(HOUR).await;
        assert!(matches!(token_error(world.delete().await), TokenError::StoreFailed { .. }));
        assert_eq!(world.script.presented().len(), 1);
        fails.store(false, Ordering::SeqCst);
    }
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_renewed_is_used_and_its_refresh_token_left_alone() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(8, 3600)]);
    world.delete().await.unwrap();
    world.shelf.put(tokens(5, 10 * HOUR));
    advance(HOUR).await;
    world.delete().await.unwrap();
    assert_eq!((world.sent(), world.script.presented().len()), (vec!["A1".to_owned(), "A5".to_owned()], 1));
    // An expired one is renewed with its own refresh token.
    world.shelf.put(tokens(6, Duration::ZERO));
    advance(10 * HOUR).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent()[2], "A8");
    assert_eq!(world.script.presented(), ["FAKE-R0", "FAKE-R6"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_back_in_time_brings_no_used_refresh_token_back() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
    world.delete().await.unwrap();
    world.shelf.put(tokens(0, 10 * HOUR));
    advance(HOUR).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
    assert_eq!(world.script.presented(), ["FAKE-R0", "FAKE-R1"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_store_is_said_to_be_empty_until_it_is_filled() {
    let (script, shelf) = (Script::default(), Shelf::default());
    let token = RefreshingToken::resume(script.app(), shelf.clone(), RefreshPolicy::default());
    let recorder = Recorder::status(200);
    let client = client(Session::new(token), &recorder);
    let error = token_error(client.delete_installation().send().await);
    assert!(matches!(error, TokenError::NothingStored));
    shelf.put(tokens(3, HOUR));
    client.delete_installation().send().await.unwrap();
    client.delete_installation().send().await.unwrap();
    assert_eq!(recorder.authorizations(), vec!["Bearer FAKE-A3"; 2]);
    assert_eq!(shelf.0.loads.load(Ordering::SeqCst), 2, "a valid token is not loaded for each call");
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_once_and_replays_what_is_idempotent_once() {
    let world = world_with(HOUR, [pair(1, 3600)], Recorder::refusing_a0(200));
    let start = Instant::now();
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A0", "A1"]);
    assert!(start.elapsed() < Duration::from_millis(50), "no pause: {:?}", start.elapsed());
    world.delete().await.unwrap();
    assert_eq!((world.sent().len(), world.script.presented().len()), (3, 1));
}

/// Answers the first request with 401 and breaks the connection at the second. If it says how often it has sent that
/// one, it counts.
#[derive(Clone)]
struct Breaks(Recorder, Option<u32>);

impl Transport for Breaks {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let operation = call.operation();
            let answer = self.0.send(call).await?;
            if self.0.sent().len() == 1 {
                return Ok(answer);
            }
            let source = TransportError::new(TransportErrorKind::Connection, "broken");
            let source = source.with_attempts(self.1.unwrap_or(1));
            Err(Error::Transport { operation, source })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_repeated_after_a_401_counts_as_sent_twice_or_as_often_as_the_transport_says() {
    let world = world_with(HOUR, [pair(1, 3600)], Recorder::refusing_a0(204));
    assert_eq!(world.client.delete_installation().send().await.unwrap().attempts(), 2);
    for (says, attempts) in [(None, 2), (Some(5), 5)] {
        let (script, shelf) = (Script::new([pair(1, 3600)]), Shelf::default());
        shelf.put(tokens(0, HOUR));
        let token = RefreshingToken::resume(script.app(), shelf, RefreshPolicy::default());
        let breaks = Breaks(Recorder::status(401), says);
        let client = Client::with_transport(Session::new(token), breaks.clone()).unwrap();
        let error = client.delete_installation().send().await.unwrap_err();
        assert_eq!((error.attempts(), breaks.0.sent().len()), (attempts, 2), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_on_what_is_not_idempotent_is_returned_and_the_next_call_renews() {
    let world = world_with(HOUR, [pair(1, 3600)], Recorder::refusing_a0(204));
    assert_eq!(world.post().await.unwrap_err().status().map(|status| status.as_u16()), Some(401));
    assert_eq!((world.sent(), world.script.presented().len()), (vec!["A0".to_owned()], 0));
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A0", "A1"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_always_answers_401_causes_no_loop_and_no_storm() {
    let steps = (1..=20).map(|number| pair(number, 3600));
    let world = world_with(HOUR, steps, Recorder::status(401));
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(world.delete().await.unwrap_err().status().map(|status| status.as_u16()), Some(401));
    }
    // No token is sent again after its 401, so each call but the first renews twice, ever more slowly:
    // pauses of at least 0.25, 0.5, 1, 2, 4, 8, 15 and 15 seconds.
    let sent = world.sent();
    assert_eq!(sent.len(), 10);
    assert_eq!(sent.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
    assert!(Instant::now() - start > Duration::from_secs(45), "{:?}", Instant::now() - start);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_accepted_before_is_renewed_without_a_pause() {
    let revoked = Arc::new(AtomicBool::new(false));
    let is_revoked = Arc::clone(&revoked);
    let taken = move |request: &http::Request<bytes::Bytes>| {
        let first = crate::support::authorization(request).ends_with("A1");
        answer(if first && is_revoked.load(Ordering::SeqCst) { 401 } else { 200 }, "")
    };
    let world = world_with(Duration::ZERO, [pair(1, 3600), pair(2, 3600)], Recorder::new(taken));
    world.delete().await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    let start = Instant::now();
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A1", "A2"]);
    assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_no_longer_valid_in_the_moment_of_its_expiry() {
    // Its refresh token is dead, so nothing ends it but its own time.
    let world = world(Duration::ZERO, [pair(1, 60), refused("invalid_grant")]);
    let asked = Instant::now();
    world.delete().await.unwrap();
    advance(Duration::from_secs(59) - asked.elapsed()).await;
    world.delete().await.unwrap();
    advance(Duration::from_secs(60) - asked.elapsed()).await;
    assert!(matches!(token_error(world.delete().await), TokenError::Ended(SessionEnd::RefreshTokenRefused)));
    assert_eq!(world.sent(), ["A1", "A1"]);
}

/// Says how its session answers.
struct Watches(Session<Staging>, Mutex<Vec<&'static str>>);

impl Authorize for Watches {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> Authorization<'a> {
        let authorization = self.0.authorize(request);
        let how = match &authorization {
            Authorization::Ready(_) => "at once",
            Authorization::Pending(_) => "later",
        };
        self.1.lock().unwrap().push(how);
        authorization
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_token_is_attached_at_once() {
    let world = world(HOUR, []);
    let watches = Arc::new(Watches(Session::new(world.token.clone()), Mutex::default()));
    let client =
        pleo_client::Client::new(Staging.base_url(), Arc::clone(&watches), Recorder::status(200)).unwrap();
    for _ in 0..3 {
        client.delete_installation().send().await.unwrap();
    }
    assert_eq!(*watches.1.lock().unwrap(), ["later", "at once", "at once"]);
}

#[tokio::test(start_paused = true)]
async fn an_accepted_token_ends_the_slow_pace() {
    let taken = |request: &http::Request<bytes::Bytes>| {
        let number: u32 = crate::support::authorization(request).rsplit('A').next().unwrap().parse().unwrap();
        answer(if number.is_multiple_of(2) { 401 } else { 200 }, "")
    };
    // Tokens of uneven number are taken; each is revoked before the next call.
    let world = world_with(HOUR, (1..=40).map(|number| pair(number, 60)), Recorder::new(taken));
    let start = Instant::now();
    for _ in 0..10 {
        world.delete().await.unwrap();
        advance(Duration::from_secs(61)).await;
    }
    let took = Instant::now() - start - 10 * Duration::from_secs(61);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// Takes every token but the first. Two calls go out with that one: the response to the first waits until
/// the second is sent, and the response to the second until the first was repeated with a new token.
#[derive(Clone)]
struct Late {
    recorder: Recorder,
    second_sent: Arc<Notify>,
    first_repeated: Arc<Notify>,
}

impl Transport for Late {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let answer = self.recorder.send(call).await?;
            match self.recorder.sent().len() {
                1 => self.second_sent.notified().await,
                2 => {
                    self.second_sent.notify_one();
                    self.first_repeated.notified().await;
                }
                _ => self.first_repeated.notify_one(),
            }
            Ok(answer)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_401_does_not_end_the_token_that_came_after() {
    let (script, shelf) = (Script::new([pair(1, 3600)]), Shelf::default());
    let recorder = Recorder::refusing_a0(200);
    let late =
        Late { recorder: recorder.clone(), second_sent: Arc::default(), first_repeated: Arc::default() };
    shelf.put(tokens(0, HOUR));
    let token = RefreshingToken::resume(script.app(), shelf, RefreshPolicy::default());
    token.prepare().await.unwrap();
    let client = Client::with_transport(Session::new(token), late).unwrap();
    let (first, second) =
        tokio::join!(client.delete_installation().send(), client.delete_installation().send());
    first.unwrap();
    second.unwrap();
    let sent: Vec<_> =
        recorder.authorizations().iter().map(|value| value[value.len() - 2..].to_owned()).collect();
    assert_eq!(sent, ["A0", "A0", "A1", "A1"]);
    assert_eq!(script.presented(), ["FAKE-R0"]);
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_outlives_the_old_token_is_tried_as_often_as_any() {
    // The last half of 40 seconds; the server hangs for 30 of them.
    let world = world(
        Duration::ZERO,
        [pair(1, 40), Step::Hang, introspected(true), Step::Answer(503, String::new())],
    );
    world.script.push([pair(2, 3600)]);
    world.delete().await.unwrap();
    advance(Duration::from_secs(31)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A2"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_loses_no_pair_and_breaks_nothing() {
    let world = world(Duration::ZERO, [pair(1, 3600), pair(2, 3600)]);
    world.shelf.0.panics.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = token_error(world.delete().await);
        assert!(
            matches!(&error, TokenError::StoreFailed { source } if fault(source) == StoreFault::Panicked)
        );
    }
    assert!(world.script.presented().is_empty(), "the store panics when it is asked first");
    world.shelf.0.panics.store(false, Ordering::SeqCst);
    world.shelf.0.panics_when_saving.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = token_error(world.delete().await);
        assert!(matches!(&error, TokenError::NotStored { source } if fault(source) == StoreFault::Panicked));
        assert_eq!(world.token.unsaved().unwrap().access_token().expose(), "FAKE-A1");
    }
    assert!(format!("{:?}", world.token).contains("not stored"));
    world.shelf.0.panics_when_saving.store(false, Ordering::SeqCst);
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
    assert_eq!(world.script.presented(), ["FAKE-R0"]);
    // While a token is valid, a panic is not a reason to fail.
    world.shelf.0.panics.store(true, Ordering::SeqCst);
    advance(HOUR - Duration::from_secs(140)).await;
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1", "A1"]);
}

#[test]
fn a_renewal_that_was_left_in_a_runtime_that_is_gone_breaks_off_and_the_next_one_works() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (script, shelf) = (Script::new([Step::Hang, introspected(true), pair(1, 3600)]), Shelf::default());
    shelf.put(tokens(0, Duration::ZERO));
    let token = RefreshingToken::resume(script.app(), shelf.clone(), RefreshPolicy::default());
    let waits = || token.prepare();
    let first = runtime();
    assert!(
        first.block_on(async { tokio::time::timeout(Duration::from_millis(50), waits()).await }).is_err()
    );
    drop(first);
    let second = runtime();
    assert!(matches!(second.block_on(waits()), Err(TokenError::BrokeOff)));
    second.block_on(waits()).unwrap();
    assert_eq!(shelf.names(), ["FAKE-A0", "FAKE-A1"]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_limits_is_one() {
    let (script, shelf) = (Script::new([pair(1, u64::MAX), pair(2, 3600)]), Shelf::default());
    shelf.put(tokens(0, Duration::ZERO));
    let policy = RefreshPolicy::default()
        .with_early(Duration::MAX)
        .with_attempts(u32::MAX)
        .with_backoff(Duration::MAX)
        .with_timeout(Duration::MAX)
        .with_settle_after(Duration::MAX);
    assert_eq!((policy.early, policy.attempts), (Duration::MAX, u32::MAX));
    assert_eq!([policy.backoff, policy.timeout, policy.settle_after], [Duration::MAX; 3]);
    let token = RefreshingToken::resume(script.app(), shelf.clone(), policy);
    token.prepare().await.unwrap();
    advance(HOUR).await;
    token.prepare().await.unwrap();
    assert_eq!(shelf.names(), ["FAKE-A0", "FAKE-A1", "FAKE-A2"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_given_up() {
    let world = world(Duration::ZERO, [pair(1, 3600)]);
    let policy = RefreshPolicy::default();
    for (hangs, expected, after) in [
        // Somebody may have the lock for as long as a renewal takes.
        (&world.shelf.0.lock_hangs, StoreFault::Locked, policy.longest_renewal() + policy.timeout),
        (&world.shelf.0.load_hangs, StoreFault::TimedOut, policy.timeout),
    ] {
        hangs.store(true, Ordering::SeqCst);
        let start = Instant::now();
        let error = token_error(world.delete().await);
        assert!(
            matches!(&error, TokenError::StoreFailed { source } if fault(source) == expected),
            "{error:?}"
        );
        let took = start.elapsed();
        assert!(after <= took && took < after + Duration::from_secs(1), "{took:?}");
        hangs.store(false, Ordering::SeqCst);
    }
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_speaks_of_a_dead_token_in_its_own_form_ends_nothing() {
    let steps = [
        Step::Answer(503, r#"{"message":"invalid_refresh_token"}"#.to_owned()),
        Step::Answer(404, "invalid_refresh_token".to_owned()),
        Step::Answer(502, r#"{"error":"Bad Gateway"}"#.to_owned()),
        pair(1, 3600),
    ];
    let world = world(Duration::ZERO, steps);
    world.delete().await.unwrap();
    assert_eq!((world.sent(), world.token.ended()), (vec!["A1".to_owned()], None));
}

/// What is done with a response to a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Its tokens are used.
    Renewed,
    /// The session ends, and the store forgets the refresh token.
    Dead,
    /// The session ends; the refresh token may still be good.
    Ended,
    /// The call fails; the next one asks again.
    Failed,
    /// The request is repeated.
    Repeated,
}

#[tokio::test(start_paused = true)]
async fn each_response_to_a_renewal_has_one_consequence() {
    const PAIR: &str =
        r#"{"access_token":"FAKE-A1","refresh_token":"FAKE-R1","token_type":"Bearer","expires_in":3600}"#;
    let bom = |text: &str| format!("\u{feff}{text}");
    let with = |member: &str| PAIR.replace(r#""token_type":"Bearer""#, member);
    let success = [200, 201, 202, 203, 206];
    let refusal = [400, 401];
    let other = [302, 403, 404, 405, 422];
    let failure = [408, 429, 500, 502, 503, 504];
    let of = |done: [Done; 4]| done;
    use Done::{Dead, Ended, Failed, Renewed, Repeated};
    for (body, [on_success, on_refusal, on_other, on_failure]) in [
        (PAIR.to_owned(), of([Renewed, Ended, Ended, Ended])),
        (bom(PAIR), of([Renewed, Ended, Ended, Ended])),
        (with(r#""token_type":"bearer""#), of([Renewed, Ended, Ended, Ended])),
        (with(r#""x":1"#), of([Renewed, Ended, Ended, Ended])),
        // Success, so the refresh token is taken to be used up; but there is no token to use.
        (with(r#""token_type":"BearerToken""#), of([Ended, Ended, Ended, Ended])),
        (with(r#""token_type":"mac""#), of([Ended, Ended, Ended, Ended])),
        (with(r#""access_token":"FAKE-A9""#), of([Ended, Ended, Ended, Ended])),
        (with(r#""refresh_token":"FAKE-R9""#), of([Ended, Ended, Ended, Ended])),
        (PAIR.replace("FAKE-A1", "FAKE A1"), of([Ended, Ended, Ended, Ended])),
        (PAIR.replace("\"FAKE-A1\"", "1"), of([Ended, Ended, Ended, Ended])),
        (PAIR[..60].to_owned(), of([Ended, Failed, Repeated, Repeated])),
        (String::new(), of([Ended, Failed, Repeated, Repeated])),
        ("<html>".to_owned(), of([Ended, Failed, Repeated, Repeated])),
        ("[]".to_owned(), of([Ended, Failed, Repeated, Repeated])),
        ("{}".to_owned(), of([Ended, Failed, Repeated, Repeated])),
        (r#"{"message":"no"}"#.to_owned(), of([Ended, Failed, Repeated, Repeated])),
        (r#"{"message":"invalid_refresh_token"}"#.to_owned(), of([Ended, Dead, Repeated, Repeated])),
        // An error and no access token: a refusal, whatever the status.
        (r#"{"error":"invalid_grant"}"#.to_owned(), of([Dead, Dead, Dead, Dead])),
        (bom(r#"{"error":"invalid_grant"}"#), of([Dead, Dead, Dead, Dead])),
        (r#"{"error":"invalid_grant","error":"invalid_grant"}"#.to_owned(), of([Dead, Dead, Dead, Dead])),
        (r#"{"error":"invalid_refresh_token"}"#.to_owned(), of([Dead, Dead, Dead, Dead])),
        (r#"{"error":"invalid_client"}"#.to_owned(), of([Ended, Ended, Ended, Ended])),
        (r#"{"error":"invalid_request"}"#.to_owned(), of([Ended, Ended, Ended, Ended])),
        (r#"{"error":"access_denied"}"#.to_owned(), of([Ended, Ended, Ended, Ended])),
        // A reason that RFC 6749 does not list: where the status says that something failed, it may pass.
        (r#"{"error":"bad_refresh_token"}"#.to_owned(), of([Ended, Ended, Ended, Repeated])),
        (r#"{"error":"Try Later"}"#.to_owned(), of([Ended, Ended, Ended, Repeated])),
        (r#"{"error":{"code":"x"}}"#.to_owned(), of([Ended, Ended, Ended, Repeated])),
        // What RFC 6749 allows to repeat.
        (r#"{"error":"temporarily_unavailable"}"#.to_owned(), of([Repeated, Repeated, Repeated, Repeated])),
        (r#"{"error":"server_error"}"#.to_owned(), of([Repeated, Repeated, Repeated, Repeated])),
    ] {
        for (statuses, expected) in [
            (&success[..], on_success),
            (&refusal[..], on_refusal),
            (&other[..], on_other),
            (&failure[..], on_failure),
        ] {
            for status in statuses {
                let what = format!("{status} {body}");
                let answer = Step::Answer(*status, body.clone());
                // A second try gets tokens.
                let world = world(Duration::ZERO, [answer]);
                // A gateway that got no response does not tell what became of the refresh token, so the server is asked.
                if *status == 504
                    && expected == Repeated
                    && !body.contains("unavailable")
                    && !body.contains("server")
                {
                    world.script.push([introspected(true)]);
                }
                world.script.push([pair(2, 3600), pair(3, 3600)]);
                let first = world.delete().await;
                let presented = world.script.presented().len();
                let done = match &first {
                    Ok(()) if presented == 1 => Renewed,
                    Ok(()) => Repeated,
                    Err(_) if world.token.ended().is_none() => Failed,
                    Err(_) if world.shelf.names().is_empty() => Dead,
                    Err(_) => Ended,
                };
                assert_eq!(done, expected, "{what}: {first:?}");
                let _ = world.delete().await;
                let presented = world.script.presented();
                let times = if matches!(done, Failed | Repeated) { 2 } else { 1 };
                assert_eq!(presented, vec!["FAKE-R0"; times], "{what}: how often it is presented");
                if let Err(error) = first {
                    let text = format!("{error} {error:?}");
                    assert!(!text.contains("FAKE"), "{text}");
                    let listed = body.contains("bad_refresh_token");
                    assert!(
                        !listed || text.contains("bad_refresh_token"),
                        "the code is in the error: {text}"
                    );
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_may_pass_is_asked_again() {
    let world =
        world(Duration::ZERO, [refused("temporarily_unavailable"), refused("server_error"), pair(1, 3600)]);
    world.delete().await.unwrap();
    assert_eq!(world.sent(), ["A1"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_is_opaque() {
    // Base64 of "opaque-token:", which would be a mistake in a key.
    let answer = r#"{"access_token":"b3BhcXVlLXRva2VuOg==","refresh_token":"FAKE-R1","expires_in":3600}"#;
    let world = world(Duration::ZERO, [Step::Answer(200, answer.to_owned())]);
    world.delete().await.unwrap();
    assert_eq!(world.recorder.authorizations(), ["Bearer b3BhcXVlLXRva2VuOg=="]);
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_failure_is_in_the_chain_of_errors() {
    use std::error::Error as _;

    let world = world(Duration::ZERO, std::iter::repeat_n(Step::Break(TransportErrorKind::Connect), 4));
    let error = world.delete().await.unwrap_err();
    let mut chain = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        chain.push(error.to_string());
        source = error.source();
    }
    assert_eq!(
        chain[1..],
        ["the authorisation server did not answer", "no connection to the service", "broken"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_403_or_any_other_answer_never_renews() {
    for status in [200, 302, 400, 403, 404, 407, 419, 429, 500] {
        let world = world_with(HOUR, [], Recorder::status(status));
        let _ = world.delete().await;
        let _ = world.delete().await;
        assert_eq!(world.sent(), ["A0", "A0"], "{status}");
        assert!(world.script.presented().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_that_renewing_does_not_mend_is_pleos_own_answer() {
    let world = world_with(HOUR, [refused("invalid_grant")], Recorder::status(401));
    assert_eq!(world.delete().await.unwrap_err().status().map(|status| status.as_u16()), Some(401));
    assert!(matches!(token_error(world.delete().await), TokenError::Ended(_)));
    assert_eq!(world.sent(), ["A0"]);
}

#[tokio::test(start_paused = true)]
async fn a_static_token_is_not_replayed() {
    let recorder = Recorder::status(401);
    let token = pleo_auth::AccessToken::new(Staging, "FAKE").unwrap();
    let client = client(Session::new(token), &recorder);
    assert!(client.delete_installation().send().await.is_err());
    assert_eq!(recorder.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_dropped_take_no_renewal_with_them() {
    let world = world(Duration::ZERO, [pair(1, 3600)]);
    for _ in 0..3 {
        let dropped = tokio::time::timeout(Duration::from_millis(3), world.delete()).await;
        assert!(dropped.is_err());
    }
    world.delete().await.unwrap();
    assert_eq!(world.script.presented(), ["FAKE-R0"]);
    assert_eq!(world.sent(), ["A1"]);
}

#[test]
fn building_a_session_needs_no_runtime_and_using_it_says_so() {
    let token = RefreshingToken::resume(Script::default().app(), Shelf::default(), RefreshPolicy::default());
    let client = client(Session::new(token), &Recorder::status(200));
    let error = futures_executor(client.delete_installation().send());
    assert!(matches!(token_error(error), TokenError::NoRuntime));
}

/// Runs a future that never waits, without any runtime.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the future waits"),
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_another_environment_are_refused() {
    use pleo_auth::AnyEnvironment;

    let app = |environment: AnyEnvironment| {
        OAuthApp::with_transport(environment, "FAKE", "https://app.test/callback", Script::default()).unwrap()
    };
    let tokens = Tokens::new(AnyEnvironment::from(Production), "FAKE-A", None, None);
    let sandbox = Sandbox::new("http://127.0.0.1:9").unwrap();
    let store = || MemoryStore::new(tokens.clone());
    for environment in [AnyEnvironment::Staging, sandbox.into()] {
        let made =
            RefreshingToken::new(app(environment.clone()), tokens.clone(), store(), RefreshPolicy::default());
        assert!(matches!(made, Err(TokenError::OtherEnvironment(_))));
        let resumed = RefreshingToken::resume(app(environment), store(), RefreshPolicy::default());
        assert_ne!(resumed.environment().base_url(), Production.base_url());
        let client = client(Session::new(resumed), &Recorder::status(200));
        let error = token_error(client.delete_installation().send().await);
        assert!(matches!(error, TokenError::OtherEnvironment(_)), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stored_text_that_is_no_token_is_refused() {
    let odd = Tokens::new(Staging, "FAKE TOKEN", None, None);
    let made =
        RefreshingToken::new(Script::default().app(), odd, MemoryStore::default(), RefreshPolicy::default());
    let error = made.unwrap_err();
    assert!(matches!(error, TokenError::Invalid(_)));
    assert!(!error.to_string().contains("FAKE TOKEN"));
}

#[tokio::test(start_paused = true)]
async fn debug_tells_the_state() {
    let world = world_with(HOUR, [refused("invalid_grant")], Recorder::refusing_a0(200));
    let shown = |state: &str| format!("RefreshingToken {{ environment: Staging, state: \"{state}\", .. }}");
    assert_eq!(format!("{:?}", world.token), shown("not loaded"));
    world.token.prepare().await.unwrap();
    assert_eq!(format!("{:?}", world.token), shown("live"));
    assert!(world.post().await.is_err());
    assert_eq!(format!("{:?}", world.token), shown("rejected"));
    token_error(world.delete().await);
    token_error(world.delete().await);
    assert_eq!(format!("{:?}", world.token), shown("ended"));
}

/// A log that looks at a token with each line: the message, and what the token said of itself then.
struct Looks(RefreshingToken<Staging>, Mutex<Vec<(String, String)>>);

struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl tracing::Subscriber for Looks {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("pleo_auth")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let state = format!("{:?}", self.0);
        self.1.lock().unwrap().push((message.0, state));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_logged_and_the_log_may_look_at_the_token() {
    // While there is one subscriber alone, `tracing` asks the first thread that comes to an event whether somebody
    // listens, and takes its word for all threads. Another test's thread, which has no subscriber, says no. While there
    // are two, both are asked.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let world = world_with(HOUR, [pair(1, 3600)], Recorder::refusing_a0(200));
    let log = Arc::new(Looks(world.token.clone(), Mutex::default()));
    let subscriber = tracing::subscriber::set_default(Arc::clone(&log));
    world.delete().await.unwrap();
    drop(subscriber);
    let lines = log.1.lock().unwrap();
    let message = "an access token was answered with 401 and is not used again";
    let (_, state) = lines.iter().find(|(text, _)| text == message).unwrap();
    assert!(state.contains("rejected"), "{state}");
}
