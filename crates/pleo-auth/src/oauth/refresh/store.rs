//! Calls of a store, none of which can stop a renewal.

use std::{sync::Arc, time::Duration};

use pleo_client::BoxFuture;

use super::{TokenError, aside::Aside, callback, error::StoreFault, limit::within};
use crate::{
    Environment,
    oauth::{LockedTokens, StoreError, TokenStore, Tokens},
};

/// A store that may block, panic, never answer, or wait for the renewal that called it: each is an error by
/// name, in time.
pub(super) struct Store<E: Environment> {
    store: Arc<dyn TokenStore<E>>,
    limit: Duration,
}

/// What a store's lock returned. The same holds for its methods.
pub(super) struct Locked<E: Environment> {
    /// Nothing, while one of its methods runs and once one of them has ended the lock or has not come back.
    tokens: Option<Box<dyn LockedTokens<E>>>,
    limit: Duration,
}

type Called<T> = Result<T, StoreError>;
/// What a method of the locked tokens returns, and the tokens if the lock goes on.
type StillLocked<E, T> = (Option<Box<dyn LockedTokens<E>>>, Called<T>);

impl<E: Environment> Store<E> {
    pub(super) fn new(store: Arc<dyn TokenStore<E>>, limit: Duration) -> Self {
        Self { store, limit }
    }

    /// Waits for the lock as long as another holder may keep it. A store that gives up by itself does so first.
    pub(super) async fn lock(&self, longest: Duration) -> Result<Locked<E>, TokenError> {
        let store = Arc::clone(&self.store);
        let locking = async move { store.lock(longest).await };
        let locked = call(longest.saturating_add(self.limit), locking).await;
        let tokens = read(locked.unwrap_or_else(|fault| match fault {
            StoreFault::TimedOut => Err(StoreFault::Locked.into()),
            fault => Err(fault.into()),
        }))?;
        Ok(Locked { tokens: Some(tokens), limit: self.limit })
    }
}

impl<E: Environment> Locked<E> {
    pub(super) async fn load(&mut self) -> Result<Option<Tokens<E>>, TokenError> {
        read(
            self.call(|mut tokens| {
                Box::pin(async move {
                    let loaded = tokens.load().await;
                    (Some(tokens), loaded)
                })
            })
            .await,
        )
    }

    pub(super) async fn save(&mut self, new: Tokens<E>) -> Result<(), TokenError> {
        let saving = self.call(|tokens| Box::pin(async move { (None, tokens.save(&new).await) }));
        saving.await.map_err(|error| TokenError::NotStored { source: error.into() })
    }

    pub(super) async fn clear(&mut self) -> Result<(), TokenError> {
        read(self.call(|tokens| Box::pin(async { (None, tokens.clear().await) })).await)
    }

    pub(super) async fn set_presented(&mut self, presented: bool) -> Result<(), TokenError> {
        read(
            self.call(move |mut tokens| {
                Box::pin(async move {
                    let noted = tokens.set_presented(presented).await;
                    (Some(tokens), noted)
                })
            })
            .await,
        )
    }

    pub(super) async fn presented_for(&mut self) -> Result<Option<Duration>, TokenError> {
        read(
            self.call(|mut tokens| {
                Box::pin(async move {
                    let presented = tokens.presented_for().await;
                    (Some(tokens), presented)
                })
            })
            .await,
        )
    }

    /// Ends the lock, if it has not ended. Dropping what the store returned may do anything.
    pub(super) async fn release(&mut self) {
        let Some(tokens) = self.tokens.take() else { return };
        if let Err(fault) = call(self.limit, async { drop(tokens) }).await {
            tracing::warn!(%fault, "the token store's lock was not released");
        }
    }

    async fn call<T: Send + 'static>(
        &mut self,
        method: impl FnOnce(Box<dyn LockedTokens<E>>) -> BoxFuture<'static, StillLocked<E, T>> + Send + 'static,
    ) -> Called<T> {
        // A method that has not come back still has them.
        let tokens = self.tokens.take().ok_or(StoreFault::TimedOut)?;
        let (tokens, result) = call(self.limit, async { method(tokens).await }).await?;
        self.tokens = tokens;
        result
    }
}

async fn call<T: Send + 'static>(
    limit: Duration,
    call: impl Future<Output = T> + Send + 'static,
) -> Result<T, StoreFault> {
    // Another thread does not know who called it.
    let call: BoxFuture<'static, _> = Box::pin(callback::with(callback::current(), call));
    within(limit, Aside::new(limit, call)).await.unwrap_or(Err(StoreFault::TimedOut))
}

/// Nothing was renewed before the store was asked.
fn read<T>(called: Called<T>) -> Result<T, TokenError> {
    called.map_err(|error| TokenError::StoreFailed { source: error.into() })
}
