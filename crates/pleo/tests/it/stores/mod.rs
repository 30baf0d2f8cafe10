//! Token stores: several processes, processes that are killed, and tokens that somebody has changed.

mod database;
mod file;
mod pleo_server;
mod postgres;
mod process;
mod proxy;

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use pleo::{
    Environment, Sandbox,
    oauth::{StoreError, TokenStore, Tokens},
    stores::{
        FileStore, InvalidSealingKey, PostgresStore, PostgresTokens, SealingKey, SealingKeys, TokenStoreError,
    },
};
use pleo_server::PleoServer;
use process::{Moment, Orders, Place, Process};

/// The key of all stores here.
fn keys() -> SealingKeys {
    SealingKeys::new(SealingKey::from_bytes([7; 32]))
}

fn other_key() -> SealingKey {
    SealingKey::from_bytes([8; 32])
}

/// The pair that every test begins with, the access token of which has expired.
fn expired(environment: Sandbox) -> Tokens<Sandbox> {
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    Tokens::new(environment, "FAKE-A0", Some("FAKE-R0".into()), Some(an_hour_ago))
}

/// How long somebody else may have a store's lock here.
const LONGEST: Duration = Duration::from_secs(60);

async fn load<S: TokenStore<E>, E: Environment>(store: &S) -> Result<Option<Tokens<E>>, StoreError> {
    store.lock(LONGEST).await?.load().await
}

async fn save<S: TokenStore<E>, E: Environment>(store: &S, tokens: &Tokens<E>) -> Result<(), StoreError> {
    store.lock(LONGEST).await?.save(tokens).await
}

async fn clear<S: TokenStore<E>, E: Environment>(store: &S) -> Result<(), StoreError> {
    store.lock(LONGEST).await?.clear().await
}

async fn set_presented(store: &impl TokenStore<Sandbox>, presented: bool) {
    store.lock(LONGEST).await.unwrap().set_presented(presented).await.unwrap();
}

async fn presented_for(store: &impl TokenStore<Sandbox>) -> Option<Duration> {
    store.lock(LONGEST).await.unwrap().presented_for().await.unwrap()
}

/// What a store says when it fails.
fn store_error<T: std::fmt::Debug>(result: Result<T, StoreError>) -> TokenStoreError {
    *result.unwrap_err().downcast().unwrap()
}

/// While one store has the lock, another one of the same tokens waits, and not for ever.
async fn is_kept_out(store: &impl TokenStore<Sandbox>, other: &impl TokenStore<Sandbox>) {
    let locked = store.lock(LONGEST).await.unwrap();
    let error = store_error(other.lock(Duration::from_millis(20)).await.map(drop));
    assert!(matches!(error, TokenStoreError::Locked), "{error:?}");
    drop(locked);
    other.lock(LONGEST).await.map(drop).unwrap();
}

#[test]
fn stores_and_their_errors_are_shared_between_threads_and_printed() {
    fn shared<T: Send + Sync + std::fmt::Debug + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}

    shared::<FileStore<Sandbox>>();
    shared::<PostgresStore<Sandbox>>();
    shared::<PostgresTokens>();
    shared::<SealingKey>();
    shared::<SealingKeys>();
    error::<InvalidSealingKey>();
    error::<TokenStoreError>();
}

/// Three processes with a thousand calls in all, none of which has a token that works.
async fn renew_once(pleo: &PleoServer, place: &Place, store: &impl TokenStore<Sandbox>) {
    save(store, &expired(pleo.environment())).await.unwrap();
    let calls = [334, 333, 333];
    let mut processes: Vec<_> = calls
        .iter()
        .map(|calls| Process::start(&Orders { calls: *calls, ..Orders::new(pleo, place) }))
        .collect();
    for process in &mut processes {
        process.go();
    }
    for (process, calls) in processes.iter_mut().zip(calls) {
        let result = process.result();
        assert_eq!((result.succeeded, &result.errors), (calls, &BTreeSet::new()));
    }
    assert_eq!(pleo.presented(), ["FAKE-R0 200"]);
    assert_eq!(pleo.api_calls(), vec![200; 1000], "no call was sent with the expired token");
    assert!(pleo.is_alive(&load(store).await.unwrap().unwrap()).await);
}

/// What becomes of the authorisation after a process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The next process goes on with a pair that is alive.
    Kept,
    /// The server has issued a pair that reached nobody: the user authorises again.
    Lost,
}

/// The next process after one was killed. Whatever has happened, the refresh token is presented once.
async fn goes_on(
    pleo: &PleoServer,
    place: &Place,
    store: &impl TokenStore<Sandbox>,
    moment: Moment,
    fate: Fate,
) {
    let mut process = Process::start(&Orders::new(pleo, place));
    process.go();
    let result = process.result();
    match fate {
        Fate::Kept => {
            assert_eq!((result.succeeded, &result.errors), (1, &BTreeSet::new()), "{moment:?}");
            assert!(pleo.is_alive(&load(store).await.unwrap().unwrap()).await, "{moment:?}");
        }
        Fate::Lost => {
            let ended = |error: &String| error.contains("expired, used or revoked; ask the user");
            assert!(result.errors.iter().any(ended), "{moment:?}: {result:?}");
            assert!(load(store).await.unwrap().is_none(), "{moment:?}: it is forgotten");
        }
    }
    assert_eq!(pleo.presented(), ["FAKE-R0 200"], "{moment:?}");
}
