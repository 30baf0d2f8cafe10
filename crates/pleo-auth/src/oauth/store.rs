//! Where tokens are kept.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use pleo_client::BoxFuture;

use super::Tokens;
use crate::Environment;

/// What a store says when it fails. It must name no secret.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps the tokens of one authorisation: a row of a database, an entry of a vault, a file.
///
/// Each renewal makes the pair before it useless (A47), so a pair that is not kept is an authorisation
/// that is lost. Both tokens have to be written as one (A52), encrypted at rest (N21).
///
/// No method can stop a renewal. Each has [`RefreshPolicy::timeout`](super::RefreshPolicy::timeout) and is
/// polled on threads of its own, so it may block. One that blocks for longer, panics, or waits for a call
/// with the very token that is being renewed, is an error: see [`StoreFault`](super::StoreFault) and
/// [`TokenError::CalledBack`](super::TokenError::CalledBack).
///
/// ```
/// use pleo_auth::{
///     Staging,
///     oauth::{StoreError, TokenStore, Tokens},
///     pleo_client::BoxFuture,
/// };
///
/// struct Database;
///
/// impl TokenStore<Staging> for Database {
///     fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<Staging>>, StoreError>> {
///         Box::pin(async { /* SELECT … */ Ok(None) })
///     }
///
///     fn save<'a>(&'a self, tokens: &'a Tokens<Staging>) -> BoxFuture<'a, Result<(), StoreError>> {
///         Box::pin(async move { /* one UPDATE with both tokens */ let _ = tokens; Ok(()) })
///     }
///
///     fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
///         Box::pin(async { /* one UPDATE */ Ok(()) })
///     }
/// }
/// ```
pub trait TokenStore<E: Environment>: Send + Sync + 'static {
    /// The tokens that were saved last, if any. It is asked before each renewal: where another process
    /// has renewed in the meantime, its pair is used.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>>;

    /// Keeps the tokens in the place of those before. They are used only once this has succeeded.
    fn save<'a>(&'a self, tokens: &'a Tokens<E>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Forgets the tokens, because the authorisation server has refused the refresh token for good
    /// (`invalid_grant`): it must not be presented again, by nobody (A48, A55). A store that wants to be
    /// able to look into it later may mark them instead; [`load`](Self::load) must not bring them back.
    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps others out until the returned guard is dropped, from loading over renewing to saving. Where
    /// several processes share an authorisation, this has to be a lock that they share (A52).
    ///
    /// It is held until the renewal ends, which calls drive: after a call that was dropped, until the next
    /// call, or [`RefreshingToken::prepare`](super::RefreshingToken::prepare). A lock that expires by itself
    /// should outlast the policy's attempts.
    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, StoreError>> {
        Box::pin(async { Ok(Box::new(()) as Box<dyn Send>) })
    }

    /// Notes that the stored refresh token is being presented to the authorisation server, or that it was
    /// not used after all. The note has to outlive the process. [`save`](Self::save) and
    /// [`clear`](Self::clear) remove it, in one step with what they write.
    ///
    /// A note that is found under the lock is from a process that was killed while it renewed: the refresh
    /// token may be used up, and presenting it again may end the whole authorisation (A48). So the
    /// authorisation server is asked first whether it is still active (A58). A store that only one process
    /// uses, and that ends with it, needs no note.
    fn set_presented(&self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = presented;
        Box::pin(async { Ok(()) })
    }

    /// How long ago the note of [`set_presented`](Self::set_presented) was made, if there is one.
    fn presented_for(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
}

/// Keeps tokens in memory: for tests, and for programs that authorise anew each time they start.
#[derive(Debug)]
pub struct MemoryStore<E>(Mutex<Option<Tokens<E>>>)
where
    E: Environment;

impl<E: Environment> MemoryStore<E> {
    /// A store that holds these tokens.
    pub fn new(tokens: impl Into<Option<Tokens<E>>>) -> Self {
        Self(Mutex::new(tokens.into()))
    }
}

impl<E: Environment> Default for MemoryStore<E> {
    fn default() -> Self {
        Self::new(None)
    }
}

impl<E: Environment> TokenStore<E> for MemoryStore<E> {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async { Ok(tokens) })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens<E>) -> BoxFuture<'a, Result<(), StoreError>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens.clone());
        Box::pin(async { Ok(()) })
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Box::pin(async { Ok(()) })
    }
}

impl<E: Environment, S: TokenStore<E> + ?Sized> TokenStore<E> for std::sync::Arc<S> {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens<E>>, StoreError>> {
        (**self).load()
    }

    fn save<'a>(&'a self, tokens: &'a Tokens<E>) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).save(tokens)
    }

    fn clear(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).clear()
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, StoreError>> {
        (**self).lock()
    }

    fn set_presented(&self, presented: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).set_presented(presented)
    }

    fn presented_for(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        (**self).presented_for()
    }
}
