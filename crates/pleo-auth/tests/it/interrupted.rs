//! Renewals that are interrupted: by the end of their process, a time-out or a broken connection.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pleo_auth::{
    Staging,
    oauth::{
        LockedTokens, MemoryStore, RefreshPolicy, RefreshingToken, SessionEnd, StoreError, TokenError,
        TokenStore, Tokens,
    },
    pleo_client::{BoxFuture, TransportErrorKind},
};
use tokio::time::Instant;

use crate::support::{Script, Step, introspected, pair, refused};

/// A store that several processes could share: it keeps the note that a refresh token is being presented.
#[derive(Clone)]
struct Shared {
    tokens: MemoryStore<Staging>,
    note: Arc<Mutex<Option<Note>>>,
}

/// How old a note was, and since when.
type Note = (Duration, Instant);

impl Shared {
    /// Expired tokens, which a process that is gone presented so long ago.
    fn new(presented: Option<Duration>) -> Self {
        let expired =
            Tokens::new(Staging, "FAKE-A0", Some("FAKE-R0".into()), Some(std::time::SystemTime::UNIX_EPOCH));
        let note = presented.map(|presented| (presented, Instant::now()));
        Self { tokens: MemoryStore::new(expired), note: Arc::new(Mutex::new(note)) }
    }

    fn is_noted(&self) -> bool {
        self.note.lock().unwrap().is_some()
    }

    /// A process that uses the store.
    fn process(&self, script: &Script) -> RefreshingToken<Staging> {
        RefreshingToken::resume(script.app(), self.clone(), RefreshPolicy::default())
    }

    async fn access_token(&self) -> Option<String> {
        self.tokens.tokens().await.map(|tokens| tokens.access_token().expose().to_owned())
    }
}

impl TokenStore<Staging> for Shared {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
        Box::pin(async move {
            let tokens = self.tokens.lock(longest).await?;
            Ok(Box::new(Locked { tokens, note: Arc::clone(&self.note) }) as Box<dyn LockedTokens<Staging>>)
        })
    }
}

struct Locked {
    tokens: Box<dyn LockedTokens<Staging>>,
    note: Arc<Mutex<Option<Note>>>,
}

impl LockedTokens<Staging> for Locked {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        self.tokens.load()
    }

    fn save(self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.note.lock().unwrap() = None;
        self.tokens.save(tokens)
    }

    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        *self.note.lock().unwrap() = None;
        self.tokens.clear()
    }

    fn set_presented(&mut self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.note.lock().unwrap() = presented.then(|| (Duration::ZERO, Instant::now()));
        Box::pin(async { Ok(()) })
    }

    fn presented_for(&mut self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        let presented = self.note.lock().unwrap().map(|(age, since)| age + since.elapsed());
        Box::pin(async move { Ok(presented) })
    }
}

const LONG_AGO: Option<Duration> = Some(Duration::from_secs(60));

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_a_killed_process_presented_is_used_only_if_the_server_says_that_it_is_active() {
    let script = Script::new([introspected(true), pair(1, 3600)]);
    let store = Shared::new(LONG_AGO);
    store.process(&script).prepare().await.unwrap();
    assert_eq!(script.requests()[0].uri(), "https://auth.staging.pleo.io/oauth/token/introspect");
    assert_eq!(script.presented(), ["FAKE-R0"]);
    assert_eq!((store.access_token().await.as_deref(), store.is_noted()), (Some("FAKE-A1"), false));

    for (answer, expected, kept) in [
        (introspected(false), SessionEnd::RefreshTokenRefused, false),
        // A public client may not ask.
        (Step::Answer(401, r#"{"error":"invalid_client"}"#.to_owned()), SessionEnd::Interrupted, true),
        (Step::Answer(200, "<html>".to_owned()), SessionEnd::Interrupted, true),
    ] {
        let script = Script::new([answer.clone(), answer]);
        let store = Shared::new(LONG_AGO);
        for _ in 0..2 {
            let process = store.process(&script);
            let error = process.prepare().await.unwrap_err();
            match (&error, kept) {
                // The next process finds nothing.
                (TokenError::NothingStored, false) => {}
                (TokenError::Ended(end), _) => assert_eq!(end, &expected),
                _ => panic!("{error:?}"),
            }
        }
        assert!(script.presented().is_empty(), "{expected:?}: it is not presented");
        assert_eq!((store.access_token().await.is_some(), store.is_noted()), (kept, kept), "{expected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_tell_now_is_asked_again() {
    let unavailable = Step::Answer(503, String::new());
    let script = Script::new(std::iter::repeat_n(unavailable, 4));
    let store = Shared::new(LONG_AGO);
    let process = store.process(&script);
    assert!(matches!(process.prepare().await, Err(TokenError::NotRenewed { attempts: 4, .. })));
    assert!(script.presented().is_empty() && store.is_noted());
    script.push([Step::Hang, introspected(true), pair(1, 3600)]);
    process.prepare().await.unwrap();
    assert_eq!(script.presented(), ["FAKE-R0"]);
}

/// What is done after an attempt to renew without a response that tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The refresh token is presented again at once.
    Repeated,
    /// The server is asked what became of it.
    Asked,
}

#[tokio::test(start_paused = true)]
async fn after_a_time_out_or_a_broken_connection_the_server_is_asked_before_the_token_is_presented_again() {
    let gateway = |body: &str| Step::Answer(504, body.to_owned());
    for (failure, then) in [
        (Step::Hang, Then::Asked),
        (Step::Break(TransportErrorKind::Timeout), Then::Asked),
        (Step::Break(TransportErrorKind::Connection), Then::Asked),
        (Step::Break(TransportErrorKind::Body), Then::Asked),
        (gateway("<html>"), Then::Asked),
        (gateway(r#"{"error":"Gateway Timeout"}"#), Then::Asked),
        // Nothing was sent, or a response tells.
        (Step::Break(TransportErrorKind::Connect), Then::Repeated),
        (Step::Break(TransportErrorKind::NotSent), Then::Repeated),
        (Step::Answer(503, String::new()), Then::Repeated),
        (Step::Answer(502, String::new()), Then::Repeated),
        (refused("temporarily_unavailable"), Then::Repeated),
    ] {
        // Both with a store that keeps the note, and with one that does not.
        for notes in [true, false] {
            let renewed = async |rest: Vec<Step>| {
                let script = Script::new([failure.clone()]);
                script.push(rest);
                let store = Shared::new(None);
                let token = if notes {
                    store.process(&script)
                } else {
                    RefreshingToken::resume(script.app(), store.tokens.clone(), RefreshPolicy::default())
                };
                let start = Instant::now();
                let result = token.prepare().await;
                (result, script, store, start.elapsed())
            };
            if then == Then::Repeated {
                let (result, script, store, took) = renewed(vec![pair(1, 3600)]).await;
                result.unwrap();
                assert!(took < Duration::from_secs(1), "{failure:?}: {took:?}");
                assert_eq!((script.presented().len(), store.is_noted()), (2, false), "{failure:?}");
                continue;
            }
            // It was not used, as nothing arrived.
            let (result, script, store, took) = renewed(vec![introspected(true), pair(1, 3600)]).await;
            result.unwrap();
            assert!(took >= Duration::from_secs(30), "{failure:?}: the request may be on its way");
            assert_eq!(script.requests()[1].uri().path(), "/oauth/token/introspect", "{failure:?}");
            assert_eq!((script.presented().len(), store.is_noted()), (2, false), "{failure:?}");
            assert_eq!(store.access_token().await.as_deref(), Some("FAKE-A1"));

            // It is used up.
            let (result, script, store, _) = renewed(vec![introspected(false)]).await;
            let end = |result| match result {
                Err(TokenError::Ended(end)) => end,
                other => panic!("{failure:?}: {other:?}"),
            };
            assert_eq!(end(result), SessionEnd::RefreshTokenRefused, "{failure:?}");
            assert_eq!((script.presented().len(), store.access_token().await), (1, None), "{failure:?}");

            // The server does not tell this client.
            let (result, script, store, _) = renewed(vec![refused("invalid_client")]).await;
            assert_eq!(end(result), SessionEnd::Interrupted, "{failure:?}");
            assert_eq!((script.presented().len(), store.is_noted()), (1, notes), "{failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_for_a_doubtful_token_to_be_settled_while_the_old_one_is_valid() {
    let script = Script::new([
        pair(1, 3600),
        Step::Break(TransportErrorKind::Connection),
        introspected(true),
        pair(2, 3600),
    ]);
    let token = Shared::new(None).process(&script);
    token.prepare().await.unwrap();
    tokio::time::advance(Duration::from_secs(3600 - 140)).await;
    for second in 0..29 {
        let start = Instant::now();
        token.prepare().await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(500), "{second}");
        assert_eq!(script.requests().len(), 2);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    token.prepare().await.unwrap();
    assert_eq!(script.presented(), ["FAKE-R0", "FAKE-R1", "FAKE-R1"]);
}

#[tokio::test(start_paused = true)]
async fn the_server_is_asked_only_once_no_request_can_be_on_its_way() {
    for (presented, waits) in [(0, 30), (10, 20), (30, 0), (3600, 0)] {
        let script = Script::new([introspected(true), pair(1, 3600)]);
        let store = Shared::new(Some(Duration::from_secs(presented)));
        let start = Instant::now();
        store.process(&script).prepare().await.unwrap();
        assert_eq!(start.elapsed().as_secs(), waits, "{presented}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_refresh_token_is_not_presented_by_another_process_either() {
    for (answer, doubtful) in [
        (Step::Answer(200, "<html>".to_owned()), true),
        (refused("consent_required"), true),
        // The server refused the client, and the token was not looked at.
        (refused("invalid_client"), false),
        (Step::Answer(400, String::new()), false),
    ] {
        let script = Script::new([answer.clone()]);
        let store = Shared::new(None);
        assert!(store.process(&script).prepare().await.is_err());
        assert_eq!(store.is_noted(), doubtful, "{answer:?}");
        let inactive = introspected(false);
        script.push(if doubtful { vec![inactive] } else { vec![pair(1, 3600)] });
        let renewed = store.process(&script).prepare().await;
        assert_eq!(renewed.is_ok(), !doubtful, "{answer:?}");
        assert_eq!(script.presented().len(), if doubtful { 1 } else { 2 }, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_another_process_found_dead_is_not_presented_again() {
    let script = Script::new([refused("invalid_grant")]);
    let store = Shared::new(None);
    let (one, other) = (store.process(&script), store.process(&script));
    // Both know the tokens.
    let live = Tokens::new(Staging, "FAKE-A0", Some("FAKE-R0".into()), None);
    let longest = RefreshPolicy::default().longest_renewal();
    store.lock(longest).await.unwrap().save(&live).await.unwrap();
    one.prepare().await.unwrap();
    other.prepare().await.unwrap();
    tokio::time::advance(RefreshPolicy::DEFAULT_LIFETIME).await;
    let end = |result| match result {
        Err(TokenError::Ended(end)) => end,
        other => panic!("{other:?}"),
    };
    assert_eq!(end(one.prepare().await), SessionEnd::RefreshTokenRefused);
    assert_eq!(end(other.prepare().await), SessionEnd::Forgotten);
    assert_eq!(script.presented(), ["FAKE-R0"]);
}
