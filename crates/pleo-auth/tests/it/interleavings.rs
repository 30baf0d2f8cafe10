//! Random interleavings of calls, expiries, failures and rotations.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use pleo_auth::{
    Client, RequestRefused, Session, Staging,
    oauth::{
        LockedTokens, OAuthApp, OAuthTransport, RefreshPolicy, RefreshingToken, StoreError, TokenError,
        TokenStore, Tokens,
    },
    pleo_client::{Body, BoxFuture, Call, Error, Transport, TransportError, TransportErrorKind},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tokio::time::{Instant, sleep};

use crate::support::{answer, authorization};

/// How long an access token lives, in seconds.
const LIFETIME: u64 = 60;

#[derive(Debug, Clone)]
enum Event {
    /// A call begins. It may be repeated or not, and may be dropped after this many milliseconds.
    Call { idempotent: bool, dropped_after: Option<u64> },
    /// This many milliseconds pass.
    Pass(u64),
    /// The service no longer takes the present access token.
    Revoke,
    /// The authorisation server refuses the next refresh token.
    End,
    /// The authorisation server fails so often, before it has done anything.
    Fail(u32),
    /// The store fails to save so often.
    StoreFails(u32),
    /// Another authorisation replaces the session's.
    Replace,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        10 => (any::<bool>(), proptest::option::weighted(0.2, 0u64..40))
            .prop_map(|(idempotent, dropped_after)| Event::Call { idempotent, dropped_after }),
        6 => prop_oneof![0u64..30, 0u64..2_000, 10_000u64..70_000].prop_map(Event::Pass),
        2 => Just(Event::Revoke),
        1 => Just(Event::End),
        2 => (1u32..6).prop_map(Event::Fail),
        2 => (1u32..3).prop_map(Event::StoreFails),
        1 => Just(Event::Replace),
    ];
    proptest::collection::vec(event, 1..60)
}

/// One authorisation: what its server has issued, and what its store has.
#[derive(Debug, Default)]
struct Authorisation {
    issued: u32,
    /// The number of the access token that the service takes, and until when.
    live: Option<(u32, Instant)>,
    ends: bool,
    ended: bool,
    fails: u32,
    store_fails: u32,
    stored: Vec<u32>,
    cleared: bool,
    /// Refresh tokens that were presented with success, or refused.
    spent: BTreeSet<u32>,
}

#[derive(Debug, Default)]
struct World {
    authorisations: Vec<Authorisation>,
    /// Access tokens that were answered with 401, by authorisation and number.
    dead: BTreeSet<(usize, u32)>,
    broken_rules: Vec<String>,
    answered: usize,
}

#[derive(Clone)]
struct Fake {
    world: Arc<Mutex<World>>,
    authorisation: usize,
}

impl Fake {
    fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.world.lock().unwrap())
    }

    fn mine<T>(&self, change: impl FnOnce(&mut Authorisation) -> T) -> T {
        self.with(|world| change(&mut world.authorisations[self.authorisation]))
    }

    /// A new authorisation whose first pair has just been exchanged.
    fn begin(world: &Arc<Mutex<World>>) -> (Self, RefreshingToken<Staging>) {
        let authorisation = {
            let mut world = world.lock().unwrap();
            let expires = Instant::now() + Duration::from_secs(LIFETIME);
            world.authorisations.push(Authorisation { live: Some((0, expires)), ..Default::default() });
            world.authorisations.len() - 1
        };
        let fake = Self { world: Arc::clone(world), authorisation };
        let app =
            OAuthApp::with_transport(Staging, "FAKE", "https://app.test/callback", fake.clone()).unwrap();
        let token =
            RefreshingToken::new(app, fake.tokens(0), fake.clone(), RefreshPolicy::default()).unwrap();
        (fake, token)
    }

    fn tokens(&self, number: u32) -> Tokens<Staging> {
        let name = format!("{}-{number}", self.authorisation);
        let refresh = format!("R{name}").as_str().into();
        let expires_at = SystemTime::now() + Duration::from_secs(LIFETIME);
        Tokens::new(Staging, format!("A{name}"), Some(refresh), Some(expires_at))
    }
}

fn numbers(token: &str) -> (usize, u32) {
    let (authorisation, number) = token.split_once('-').unwrap();
    (authorisation[1..].parse().unwrap(), number.parse().unwrap())
}

impl OAuthTransport for Fake {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(5)).await;
            let token = form_urlencoded::parse(request.body())
                .find(|(name, _)| name == "refresh_token")
                .map(|(_, token)| token.into_owned())
                .unwrap();
            let (authorisation, number) = numbers(&token);
            assert_eq!(authorisation, self.authorisation);
            let (status, body) = self.with(|world| {
                let mine = &mut world.authorisations[authorisation];
                if mine.spent.contains(&number) {
                    world.broken_rules.push(format!("refresh token {token} was presented again"));
                    return (400, r#"{"error":"invalid_grant"}"#.to_owned());
                }
                if mine.fails > 0 {
                    mine.fails -= 1;
                    return (503, String::new());
                }
                mine.spent.insert(number);
                if mine.ends {
                    mine.ended = true;
                    return (400, r#"{"error":"invalid_grant"}"#.to_owned());
                }
                mine.issued += 1;
                mine.live = Some((mine.issued, Instant::now() + Duration::from_secs(LIFETIME)));
                let name = format!("{authorisation}-{}", mine.issued);
                (
                    200,
                    format!(
                        r#"{{"access_token":"A{name}","refresh_token":"R{name}","expires_in":{LIFETIME}}}"#
                    ),
                )
            });
            // The response is on its way for a while.
            sleep(Duration::from_millis(5)).await;
            if status == 503 {
                return Err(TransportError::new(TransportErrorKind::Connect, "broken"));
            }
            Ok(http::Response::builder().status(status).body(body.into()).unwrap())
        })
    }
}

impl TokenStore<Staging> for Fake {
    fn lock(&self, _: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
        Box::pin(async { Ok(Box::new(self.clone()) as Box<dyn LockedTokens<Staging>>) })
    }
}

impl LockedTokens<Staging> for Fake {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        let stored = self.mine(|mine| mine.stored.last().copied().filter(|_| !mine.cleared));
        let stored = stored.map(|number| self.tokens(number));
        Box::pin(async { Ok(stored) })
    }

    fn save(self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(3)).await;
            let (_, number) = numbers(tokens.access_token().expose());
            self.mine(|mine| {
                if mine.store_fails > 0 {
                    mine.store_fails -= 1;
                    return Err("the store is away".into());
                }
                mine.stored.push(number);
                Ok(())
            })
        })
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.mine(|mine| mine.cleared = true);
        Box::pin(async { Ok(()) })
    }
}

/// The API. It takes the live token of each authorisation.
struct Api(Arc<Mutex<World>>);

impl Transport for Api {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            let token = authorization(&request).strip_prefix("Bearer ").unwrap().to_owned();
            let (authorisation, number) = numbers(&token);
            {
                let mut world = self.0.lock().unwrap();
                if world.dead.contains(&(authorisation, number)) {
                    world.broken_rules.push(format!("{token} was sent after its 401"));
                }
                if !world.authorisations[authorisation].stored.contains(&number) {
                    world.broken_rules.push(format!("{token} was sent before it was stored"));
                }
            }
            sleep(Duration::from_millis(2)).await;
            let taken = {
                let world = self.0.lock().unwrap();
                let live = world.authorisations[authorisation].live;
                live.is_some_and(|(live, until)| live == number && Instant::now() < until)
            };
            sleep(Duration::from_millis(2)).await;
            let mut world = self.0.lock().unwrap();
            world.answered += 1;
            if !taken {
                world.dead.insert((authorisation, number));
            }
            Ok(answer(if taken { 204 } else { 401 }, ""))
        })
    }
}

async fn call(client: Client<Staging>, idempotent: bool, dropped_after: Option<u64>) -> Result<(), Error> {
    let call = async {
        if idempotent {
            client.delete_installation().send().await.map(drop)
        } else {
            client.archive_vendor(uuid::Uuid::nil()).send().await.map(drop)
        }
    };
    match dropped_after {
        None => call.await,
        Some(time) => tokio::time::timeout(Duration::from_millis(time), call).await.unwrap_or(Ok(())),
    }
}

/// What a call may end with, whatever happened.
fn is_allowed(result: &Result<(), Error>) -> bool {
    match result {
        Ok(()) => true,
        Err(error @ Error::Refused { .. }) => matches!(
            RequestRefused::of(error),
            Some(RequestRefused::Token(
                TokenError::Ended(_) | TokenError::NotRenewed { .. } | TokenError::NotStored { .. }
            ))
        ),
        Err(error) => error.status().is_some_and(|status| status == 401),
    }
}

async fn play(events: Vec<Event>) -> Result<usize, TestCaseError> {
    let world = Arc::<Mutex<World>>::default();
    let (fake, token) = Fake::begin(&world);
    let session = Session::new(token.clone());
    let client = Client::with_transport(session.clone(), Api(Arc::clone(&world))).unwrap();
    let mut authorisations = vec![(fake, token)];
    let mut calls = Vec::new();
    for event in events {
        let (fake, _) = authorisations.last().unwrap();
        match event {
            Event::Call { idempotent, dropped_after } => {
                calls.push(tokio::spawn(call(client.clone(), idempotent, dropped_after)));
            }
            Event::Pass(time) => sleep(Duration::from_millis(time)).await,
            Event::Revoke => fake.mine(|mine| mine.live = None),
            Event::End => fake.mine(|mine| mine.ends = true),
            Event::Fail(times) => fake.mine(|mine| mine.fails = times),
            Event::StoreFails(times) => fake.mine(|mine| mine.store_fails = times),
            Event::Replace => {
                let next = Fake::begin(&world);
                session.replace_credential(next.1.clone()).unwrap();
                authorisations.push(next);
            }
        }
    }
    for call in calls {
        let result = tokio::time::timeout(Duration::from_secs(3600), call).await;
        let Ok(result) = result else { return Err(TestCaseError::fail("a call never ended")) };
        let result = result.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(is_allowed(&result), "{:?}", result);
    }
    for (fake, token) in &authorisations {
        fake.mine(|mine| (mine.fails, mine.store_fails) = (0, 0));
        // A renewal that everybody had dropped is still there to be finished.
        let last = Client::with_transport(Session::new(token.clone()), Api(Arc::clone(&world))).unwrap();
        let result = call(last, true, None).await;
        let (issued, stored, ended) = fake.mine(|mine| (mine.issued, mine.stored.clone(), mine.ended));
        prop_assert_eq!(fake.mine(|mine| mine.cleared), ended, "the store forgets dead tokens and no others");
        prop_assert!(
            result.is_ok() || ended || token.ended().is_some() || is_allowed(&result),
            "{:?}",
            result
        );
        prop_assert!(token.unsaved().is_none());
        // Every pair that was issued arrived at the store, in order, once.
        prop_assert_eq!(stored, (0..=issued).collect::<Vec<_>>());
    }
    let world = world.lock().unwrap();
    prop_assert!(world.broken_rules.is_empty(), "{:?}", world.broken_rules);
    Ok(world.answered)
}

#[test]
fn no_interleaving_sends_a_dead_token_or_loses_a_pair() {
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let answered = std::cell::Cell::new(0);
    let outcome = runner.run(&events(), |events| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        answered.set(answered.get() + runtime.block_on(play(events))?);
        Ok(())
    });
    outcome.unwrap();
    assert!(answered.get() > 2000, "only {answered:?} requests were answered");
}
