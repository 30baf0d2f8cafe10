//! Several processes with one store, one of which ends in the middle of a renewal.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pleo_auth::{
    Staging,
    oauth::{
        MemoryStore, RefreshPolicy, RefreshingToken, SessionEnd, StoreError, TokenError, TokenStore, Tokens,
    },
    pleo_client::BoxFuture,
};
use tokio::time::Instant;

use crate::support::{Script, Step, pair, refused};

/// A store that several processes could share: it keeps the note that a refresh token is being presented.
#[derive(Clone)]
struct Shared(Arc<(MemoryStore<Staging>, Mutex<Option<Note>>)>);

/// How old a note was, and since when.
type Note = (Duration, Instant);

impl Shared {
    /// Expired tokens, which a process that is gone presented so long ago.
    fn new(presented: Option<Duration>) -> Self {
        let expired =
            Tokens::new(Staging, "FAKE-A0", Some("FAKE-R0".into()), Some(std::time::SystemTime::UNIX_EPOCH));
        let note = presented.map(|presented| (presented, Instant::now()));
        Self(Arc::new((MemoryStore::new(expired), Mutex::new(note))))
    }

    fn is_noted(&self) -> bool {
        self.0.1.lock().unwrap().is_some()
    }

    /// A process that uses the store.
    fn process(&self, script: &Script) -> RefreshingToken<Staging> {
        RefreshingToken::resume(script.app(), self.clone(), RefreshPolicy::default())
    }

    async fn access_token(&self) -> Option<String> {
        self.0.0.load().await.unwrap().map(|tokens| tokens.access_token().expose().to_owned())
    }
}

impl TokenStore<Staging> for Shared {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        self.0.0.load()
    }

    fn save<'a>(&'a self, tokens: &'a Tokens<Staging>) -> BoxFuture<'a, Result<(), StoreError>> {
        *self.0.1.lock().unwrap() = None;
        self.0.0.save(tokens)
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.0.1.lock().unwrap() = None;
        self.0.0.clear()
    }

    fn set_presented(&self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.0.1.lock().unwrap() = presented.then(|| (Duration::ZERO, Instant::now()));
        Box::pin(async { Ok(()) })
    }

    fn presented_for(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        let presented = self.0.1.lock().unwrap().map(|(age, since)| age + since.elapsed());
        Box::pin(async move { Ok(presented) })
    }
}

fn introspected(active: bool) -> Step {
    Step::Answer(200, format!(r#"{{"active":{active}}}"#))
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
async fn a_server_that_cannot_tell_now_is_asked_again_by_the_next_call() {
    let script = Script::new([Step::Answer(503, String::new()), introspected(true), pair(1, 3600)]);
    let store = Shared::new(LONG_AGO);
    let process = store.process(&script);
    assert!(matches!(process.prepare().await, Err(TokenError::NotRenewed { .. })));
    assert!(script.presented().is_empty());
    process.prepare().await.unwrap();
    assert_eq!(script.presented(), ["FAKE-R0"]);
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
    store.save(&live).await.unwrap();
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
