//! Where tokens are kept.

use std::{sync::Arc, time::Duration};

use pleo_client::BoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Tokens;
use crate::Environment;

/// What a store says when it fails. It must name no secret.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Where the tokens of one authorisation are kept: a row of a database, an entry of a vault, a file.
///
/// Everything that a store does happens under its lock, so reading and writing are methods of what
/// [`lock`](Self::lock) returns: nobody can write between a renewal's reading and its writing. Where several
/// processes share an authorisation, it has to be a lock that they share (A52).
///
/// A store cannot stop a renewal. Its methods, and those of [`LockedTokens`], are polled on threads of their own, so
/// they may block. Each has [`RefreshPolicy::timeout`](super::RefreshPolicy::timeout), and waiting for the lock has
/// [`RefreshPolicy::longest_renewal`](super::RefreshPolicy::longest_renewal) as well. One that takes longer, panics,
/// or waits for a call with the very token that is being renewed, is an error: see
/// [`StoreFault`](super::StoreFault) and [`TokenError::CalledBack`](super::TokenError::CalledBack).
///
/// ```
/// use std::time::Duration;
///
/// use pleo_auth::{
///     Staging,
///     oauth::{LockedTokens, StoreError, TokenStore, Tokens},
///     pleo_client::BoxFuture,
/// };
///
/// struct Database;
///
/// impl TokenStore<Staging> for Database {
///     fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<Staging>>, StoreError>> {
///         Box::pin(async move {
///             /* BEGIN; SELECT … FOR UPDATE */
///             # let _ = longest;
///             Ok(Box::new(Transaction) as Box<dyn LockedTokens<Staging>>)
///         })
///     }
/// }
///
/// /// Rolls back when it is dropped.
/// struct Transaction;
///
/// impl LockedTokens<Staging> for Transaction {
///     fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
///         Box::pin(async { /* SELECT … */ Ok(None) })
///     }
///
///     fn save(self: Box<Self>, tokens: &Tokens<Staging>) -> BoxFuture<'_, Result<(), StoreError>> {
///         Box::pin(async move { /* one UPDATE with both tokens; COMMIT */ let _ = (self, tokens); Ok(()) })
///     }
///
///     fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
///         Box::pin(async move { /* one UPDATE; COMMIT */ let _ = self; Ok(()) })
///     }
/// }
/// ```
///
/// Saving ends the lock, so nothing can be written after it:
///
/// ```compile_fail,E0382
/// # use pleo_auth::{Staging, oauth::{LockedTokens, StoreError, Tokens}};
/// # async fn twice(locked: Box<dyn LockedTokens<Staging>>, tokens: Tokens<Staging>) -> Result<(), StoreError> {
/// locked.save(&tokens).await?;
/// locked.save(&tokens).await
/// # }
/// ```
pub trait TokenStore<E: Environment>: Send + Sync + 'static {
    /// Waits until nobody else has the lock, and keeps others out until what it returns is used up or dropped.
    ///
    /// `longest` is how long a renewal may hold the lock. Wait that long for another holder, and let a lock that
    /// expires by itself expire no sooner. A `RefreshingToken` gives up a little later, with
    /// [`StoreFault::Locked`](super::StoreFault::Locked).
    ///
    /// It is held until the renewal ends, which calls drive: after a call that was dropped, until the next
    /// call, or [`RefreshingToken::prepare`](super::RefreshingToken::prepare).
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<E>>, StoreError>>;
}

/// The tokens of a [`TokenStore`], locked. Others are kept out until it is dropped.
///
/// Each renewal makes the pair before it useless (A47), so a pair that is not kept is an authorisation
/// that is lost. Both tokens have to be written as one (A52), encrypted at rest (N21).
pub trait LockedTokens<E: Environment>: Send + 'static {
    /// The tokens that were saved last, if any. It is asked before each renewal: where another process
    /// has renewed in the meantime, its pair is used.
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>>;

    /// Replaces the stored tokens, and ends the lock. The new ones are used only once this has succeeded.
    fn save(self: Box<Self>, tokens: &Tokens<E>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Forgets the tokens, because the authorisation server has refused the refresh token for good
    /// (`invalid_grant`), and ends the lock. It must not be presented again, by nobody (A48, A55). A store that wants
    /// to be able to look into it later may mark them instead; [`load`](Self::load) must not bring them back.
    fn clear(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Notes that the stored refresh token is being presented to the authorisation server, or that it was
    /// not used after all. The note has to outlive the process. [`save`](Self::save) and
    /// [`clear`](Self::clear) remove it, in one step with what they write.
    ///
    /// A note that is found under the lock is of a renewal that was interrupted, for instance because its process was
    /// killed: the refresh token may be used up, and presenting it again may end the whole authorisation (A48). So the
    /// authorisation server is asked first whether it is still active (A58). A store that only one process
    /// uses, and that ends with it, needs no note.
    fn set_presented(&mut self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = presented;
        Box::pin(async { Ok(()) })
    }

    /// How long ago the note of [`set_presented`](Self::set_presented) was made, if there is one.
    fn presented_for(&mut self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
}

/// Keeps tokens in memory: for tests, and for programs that authorise anew each time they start. Clones share them.
#[derive(Debug, Clone)]
pub struct MemoryStore<E>(Arc<Mutex<Option<Tokens<E>>>>)
where
    E: Environment;

impl<E: Environment> MemoryStore<E> {
    /// A store that holds these tokens.
    pub fn new(tokens: impl Into<Option<Tokens<E>>>) -> Self {
        Self(Arc::new(Mutex::new(tokens.into())))
    }

    /// The tokens that were saved last, if any.
    pub async fn tokens(&self) -> Option<Tokens<E>> {
        self.0.lock().await.clone()
    }
}

impl<E: Environment> Default for MemoryStore<E> {
    fn default() -> Self {
        Self::new(None)
    }
}

impl<E: Environment> TokenStore<E> for MemoryStore<E> {
    fn lock(&self, _: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<E>>, StoreError>> {
        Box::pin(async {
            let locked: Box<dyn LockedTokens<E>> =
                Box::new(LockedMemory(Arc::clone(&self.0).lock_owned().await));
            Ok(locked)
        })
    }
}

struct LockedMemory<E: Environment>(OwnedMutexGuard<Option<Tokens<E>>>);

impl<E: Environment> LockedTokens<E> for LockedMemory<E> {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn save(mut self: Box<Self>, tokens: &Tokens<E>) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.0 = Some(tokens.clone());
        Box::pin(async { Ok(()) })
    }

    fn clear(mut self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        *self.0 = None;
        Box::pin(async { Ok(()) })
    }
}

impl<E: Environment, S: TokenStore<E> + ?Sized> TokenStore<E> for Arc<S> {
    fn lock(&self, longest: Duration) -> BoxFuture<'_, Result<Box<dyn LockedTokens<E>>, StoreError>> {
        (**self).lock(longest)
    }
}
