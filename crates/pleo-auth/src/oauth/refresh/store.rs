//! Calls of a store, none of which can stop a renewal.

use std::{sync::Arc, time::Duration};

use pleo_client::BoxFuture;

use super::{TokenError, aside::Aside, callback, error::StoreFault, limit::within};
use crate::{
    Environment,
    oauth::{StoreError, TokenStore, Tokens},
};

/// A store that may block, panic, never answer, or wait for the renewal that called it: each is an error by
/// name, in time.
pub(super) struct Store<E: Environment> {
    store: Arc<dyn TokenStore<E>>,
    limit: Duration,
}

type Called<T> = Result<T, StoreError>;

impl<E: Environment> Store<E> {
    pub(super) fn new(store: Arc<dyn TokenStore<E>>, limit: Duration) -> Self {
        Self { store, limit }
    }

    pub(super) async fn lock(&self) -> Result<Box<dyn Send>, TokenError> {
        let store = Arc::clone(&self.store);
        read(self.call(async move { store.lock().await }).await)
    }

    /// Drops what [`lock`](Self::lock) returned, which may do anything.
    pub(super) async fn unlock(&self, guard: Box<dyn Send>) {
        let dropped = self.call(async move {
            drop(guard);
            Ok(())
        });
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "the token store's lock was not released");
        }
    }

    pub(super) async fn load(&self) -> Result<Option<Tokens<E>>, TokenError> {
        let store = Arc::clone(&self.store);
        read(self.call(async move { store.load().await }).await)
    }

    pub(super) async fn save(&self, tokens: Tokens<E>) -> Result<(), TokenError> {
        let store = Arc::clone(&self.store);
        let saved = self.call(async move { store.save(&tokens).await }).await;
        saved.map_err(|error| TokenError::NotStored { source: error.into() })
    }

    pub(super) async fn clear(&self) -> Result<(), TokenError> {
        let store = Arc::clone(&self.store);
        read(self.call(async move { store.clear().await }).await)
    }

    pub(super) async fn set_presented(&self, presented: bool) -> Result<(), TokenError> {
        let store = Arc::clone(&self.store);
        read(self.call(async move { store.set_presented(presented).await }).await)
    }

    pub(super) async fn presented_for(&self) -> Result<Option<Duration>, TokenError> {
        let store = Arc::clone(&self.store);
        read(self.call(async move { store.presented_for().await }).await)
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = Called<T>> + Send + 'static,
    ) -> Called<T> {
        // Another thread does not know who called it.
        let call: BoxFuture<'static, _> = Box::pin(callback::with(callback::current(), call));
        match within(self.limit, Aside::new(self.limit, call)).await {
            None => Err(StoreFault::TimedOut.into()),
            Some(Err(fault)) => Err(fault.into()),
            Some(Ok(result)) => result,
        }
    }
}

/// Nothing was renewed before the store was asked.
fn read<T>(called: Called<T>) -> Result<T, TokenError> {
    called.map_err(|error| TokenError::StoreFailed { source: error.into() })
}
