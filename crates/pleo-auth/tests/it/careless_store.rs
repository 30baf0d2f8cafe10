//! Stores that do what a store should not: each is an error by name, in time.

use std::{
    sync::{Arc, Mutex, OnceLock, mpsc},
    time::Duration,
};

use pleo_auth::{
    Client, RequestRefused, Session, Staging,
    oauth::{
        LockedTokens, MemoryStore, RefreshPolicy, RefreshingToken, StoreError, StoreFault, TokenError,
        TokenStore, Tokens,
    },
    pleo_client::{BoxFuture, Error},
};

use crate::support::{Recorder, Script, client, pair};

/// What a store does in one of its methods, before it does its work.
type Does = dyn Fn() -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync;

struct Careless {
    kept: MemoryStore<Staging>,
    method: &'static str,
    does: Arc<Does>,
}

/// The tokens, locked. It does it when it is dropped without having saved or cleared, if that is the method.
struct Locked {
    kept: Option<Box<dyn LockedTokens<Staging>>>,
    method: &'static str,
    does: Arc<Does>,
}

impl Locked {
    async fn act(&mut self, method: &str) -> Result<(), StoreError> {
        if method == self.method { (self.does)().await } else { Ok(()) }
    }
}

impl TokenStore<Staging> for Careless {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
        Box::pin(async move {
            if self.method == "lock" {
                (self.does)().await?;
            }
            let kept = Some(self.kept.lock(longest).await?);
            let locked = Locked { kept, method: self.method, does: Arc::clone(&self.does) };
            Ok(Box::new(locked) as Box<dyn LockedTokens<Staging>>)
        })
    }
}

impl LockedTokens<Staging> for Locked {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
        Box::pin(async {
            self.act("load").await?;
            self.kept.as_mut().unwrap().load().await
        })
    }

    fn save(mut self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.act("save").await?;
            self.kept.take().unwrap().save(tokens).await
        })
    }

    fn clear(mut self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            self.act("clear").await?;
            self.kept.take().unwrap().clear().await
        })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if self.kept.take().is_some() && self.method == "unlock" {
            drop((self.does)());
        }
    }
}

fn expired() -> Tokens<Staging> {
    Tokens::new(Staging, "FAKE-A0", Some("FAKE-R0".into()), Some(std::time::SystemTime::UNIX_EPOCH))
}

/// A client whose store is careless, and has 1.5 seconds for each method: enough for those that answer. Nobody answers
/// before a lock that does not, which has more than eight times the limit.
fn careless(method: &'static str, does: Arc<Does>) -> (Client<Staging>, Script) {
    careless_for(Duration::from_millis(if method == "lock" { 150 } else { 1_500 }), method, does)
}

fn careless_for(limit: Duration, method: &'static str, does: Arc<Does>) -> (Client<Staging>, Script) {
    let script = Script::new([pair(1, 3600), pair(2, 3600)]);
    let store = Careless { kept: MemoryStore::new(expired()), method, does };
    let policy = RefreshPolicy::default().with_timeout(limit).with_settle_after(limit).with_attempts(1);
    let token = RefreshingToken::resume(script.app(), store, policy);
    (client(Session::new(token), &Recorder::status(204)), script)
}

async fn call(client: &Client<Staging>) -> Result<(), Error> {
    client.delete_installation().send().await.map(drop)
}

/// What becomes of a method that takes too long.
fn too_late(method: &str) -> StoreFault {
    if method == "lock" { StoreFault::Locked } else { StoreFault::TimedOut }
}

fn fault(result: Result<(), Error>) -> (&'static str, Option<StoreFault>) {
    match RequestRefused::of(&result.unwrap_err()) {
        Some(RequestRefused::Token(TokenError::NotStored { source })) => {
            ("not stored", source.downcast_ref().copied())
        }
        Some(RequestRefused::Token(TokenError::StoreFailed { source })) => {
            ("failed", source.downcast_ref().copied())
        }
        other => panic!("{other:?}"),
    }
}

/// Runs a test in both kinds of runtime, and says if it hangs.
fn without_hanging<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
    for builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let mut builder = builder;
        let (done, ended) = mpsc::channel();
        let test = test();
        let thread = std::thread::spawn(move || {
            let runtime = builder.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(test);
            // A thread that a store blocks keeps no runtime from ending.
            drop(runtime);
            let _ = done.send(());
        });
        match ended.recv_timeout(Duration::from_secs(600)) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
            _ => thread.join().unwrap(),
        }
    }
}

#[test]
fn a_store_that_blocks_is_left_behind() {
    without_hanging(|| async {
        for (method, expected) in
            [("lock", "failed"), ("load", "failed"), ("save", "not stored"), ("unlock", "")]
        {
            // Blocks its thread for longer than anybody waits.
            let does: Arc<Does> = Arc::new(|| {
                std::thread::sleep(Duration::from_secs(3600));
                Box::pin(async { Ok(()) })
            });
            let (client, _) = careless(method, does);
            let result = call(&client).await;
            match expected {
                "" => result.unwrap(),
                _ => assert_eq!(fault(result), (expected, Some(too_late(method))), "{method}"),
            }
        }
    });
}

#[test]
fn a_store_that_never_answers_is_given_up_also_when_it_saves() {
    without_hanging(|| async {
        for (method, expected) in [("lock", "failed"), ("load", "failed"), ("save", "not stored")] {
            let (client, script) = careless(method, Arc::new(|| Box::pin(std::future::pending())));
            for _ in 0..2 {
                assert_eq!(fault(call(&client).await), (expected, Some(too_late(method))), "{method}");
            }
            assert!(script.presented().len() <= 1, "no token is renewed twice");
        }
    });
}

#[test]
fn a_store_that_panics_is_told_and_breaks_nothing() {
    without_hanging(|| async {
        for (method, expected) in
            [("lock", "failed"), ("load", "failed"), ("save", "not stored"), ("unlock", "")]
        {
            let at_once: Arc<Does> = Arc::new(|| panic!("a bug of the store"));
            let later: Arc<Does> = Arc::new(|| {
                Box::pin(async {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    panic!("a bug of the store")
                })
            });
            for does in [at_once, later] {
                // Printing where it panicked takes its time.
                let (client, _) = careless_for(Duration::from_secs(10), method, does);
                let result = call(&client).await;
                match expected {
                    "" => result.unwrap(),
                    _ => assert_eq!(fault(result), (expected, Some(StoreFault::Panicked)), "{method}"),
                }
            }
        }
    });
}

/// How a store calls its own client.
#[derive(Debug, Clone, Copy)]
enum Calls {
    /// Awaits the call.
    Awaited,
    /// Awaits a task that makes the call.
    Spawned,
    /// Blocks until the call has ended.
    Blocking,
    /// Blocks until a thread has made the call.
    Thread,
}

#[test]
fn a_store_that_calls_its_own_client_is_told_and_hangs_nobody() {
    without_hanging(|| async {
        for how in [Calls::Awaited, Calls::Spawned, Calls::Blocking, Calls::Thread] {
            for method in ["lock", "load", "save", "unlock"] {
                let own: Arc<OnceLock<Client<Staging>>> = Arc::default();
                let inner: Arc<Mutex<Vec<String>>> = Arc::default();
                let (its, told) = (Arc::clone(&own), Arc::clone(&inner));
                let does: Arc<Does> = Arc::new(move || {
                    let client = its.get().unwrap().clone();
                    let told = Arc::clone(&told);
                    let calling = async move {
                        let result = call(&client).await;
                        told.lock().unwrap().push(format!("{result:?}"));
                        result.map_err(|error| error.to_string().into())
                    };
                    let runtime = tokio::runtime::Handle::current();
                    match how {
                        Calls::Awaited => Box::pin(calling),
                        Calls::Spawned => Box::pin(async { tokio::spawn(calling).await? }),
                        Calls::Blocking => {
                            let result = runtime.block_on(calling);
                            Box::pin(async { result })
                        }
                        Calls::Thread => {
                            let result =
                                std::thread::spawn(move || runtime.block_on(calling)).join().unwrap();
                            Box::pin(async { result })
                        }
                    }
                });
                let (client, _) = careless(method, does);
                let _ = own.set(client.clone());
                let result = call(&client).await;
                if method == "unlock" {
                    result.unwrap();
                    continue;
                }
                let error = result.unwrap_err();
                assert!(matches!(
                    RequestRefused::of(&error),
                    Some(RequestRefused::Token(
                        TokenError::NotStored { .. } | TokenError::StoreFailed { .. }
                    ))
                ));
                // Where the call can be told from others, it says at once what is wrong.
                if matches!(how, Calls::Awaited | Calls::Blocking) {
                    let told = inner.lock().unwrap().clone();
                    assert!(told[0].contains("would wait for itself"), "{how:?} {method}: {told:?}");
                }
            }
        }
    });
}

#[test]
fn a_store_may_use_a_client_with_another_token() {
    without_hanging(|| async {
        let (other, _) = careless("none", Arc::new(|| Box::pin(async { Ok(()) })));
        let does: Arc<Does> = Arc::new(move || {
            let other = other.clone();
            Box::pin(async move { call(&other).await.map_err(|error| error.to_string().into()) })
        });
        let (client, script) = careless("save", does);
        call(&client).await.unwrap();
        assert_eq!(script.presented(), ["FAKE-R0"]);
    });
}
