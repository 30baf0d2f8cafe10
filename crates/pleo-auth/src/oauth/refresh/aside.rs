//! Runs a future on other threads, so that one which blocks stops nobody else.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use pleo_client::BoxFuture;
use tokio::task::JoinHandle;

use super::error::StoreFault;

/// Each poll of the future happens on a thread of its own, which knows the caller's runtime and tracing
/// subscriber. A poll that takes longer than the limit is left to its thread.
///
/// Another task of the runtime would not do: in a runtime of one thread it would stop everything. Nor would
/// a thread of the runtime's pool for blocking code: the runtime waits for those when it ends.
pub(super) struct Aside<T> {
    limit: Duration,
    woken: Arc<Woken>,
    step: Step<T>,
}

enum Step<T> {
    Resting(BoxFuture<'static, T>),
    Polled(JoinHandle<Result<Polled<T>, StoreFault>>),
    Done,
}

enum Polled<T> {
    Ready(T),
    Pending(BoxFuture<'static, T>),
}

/// Whether the future asked to be polled, and who polls it.
struct Woken {
    woken: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.outer.wake();
    }
}

impl<T: Send + 'static> Aside<T> {
    pub(super) fn new(limit: Duration, future: BoxFuture<'static, T>) -> Self {
        let woken = Arc::new(Woken { woken: AtomicBool::new(true), outer: AtomicWaker::new() });
        Self { limit, woken, step: Step::Resting(future) }
    }
}

impl<T: Send + 'static> Future for Aside<T> {
    type Output = Result<T, StoreFault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            self.woken.outer.register(context.waker());
            match std::mem::replace(&mut self.step, Step::Done) {
                Step::Resting(future) => {
                    if !self.woken.woken.swap(false, Ordering::AcqRel) {
                        self.step = Step::Resting(future);
                        return Poll::Pending;
                    }
                    self.step = Step::Polled(poll_aside(self.limit, future, Arc::clone(&self.woken).into()));
                }
                Step::Polled(mut polled) => {
                    let Poll::Ready(polled) = Pin::new(&mut polled).poll(context) else {
                        self.step = Step::Polled(polled);
                        return Poll::Pending;
                    };
                    match polled.unwrap_or(Err(StoreFault::RuntimeGone))? {
                        Polled::Ready(value) => return Poll::Ready(Ok(value)),
                        Polled::Pending(future) => self.step = Step::Resting(future),
                    }
                }
                Step::Done => return Poll::Pending,
            }
        }
    }
}

/// Polls the future once. A task of the pool for blocking code waits for the thread that does, and no longer
/// than the limit; with it, a paused clock of tokio's waits as well.
fn poll_aside<T: Send + 'static>(
    limit: Duration,
    mut future: BoxFuture<'static, T>,
    waker: Waker,
) -> JoinHandle<Result<Polled<T>, StoreFault>> {
    let runtime = tokio::runtime::Handle::current();
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    tokio::task::spawn_blocking(move || {
        let (done, result) = mpsc::sync_channel(1);
        let poll = move || {
            let _runtime = runtime.enter();
            tracing::dispatcher::with_default(&subscriber, || {
                let poll = AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker)));
                let polled = match std::panic::catch_unwind(poll) {
                    Ok(Poll::Ready(value)) => Ok(Polled::Ready(value)),
                    Ok(Poll::Pending) => Ok(Polled::Pending(future)),
                    Err(_) => Err(StoreFault::Panicked),
                };
                let _ = done.send(polled);
            });
        };
        let thread = std::thread::Builder::new().name("pleo-token-store".to_owned()).spawn(poll);
        thread.map_err(|_| StoreFault::NoThread)?;
        match result.recv_timeout(limit) {
            Ok(polled) => polled,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(StoreFault::TimedOut),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(StoreFault::Panicked),
        }
    })
}
