//! Being asked to end: SIGINT and SIGTERM, or what stands for them elsewhere.
//!
//! From the first call of [`watch`] on, neither ends the process by itself: the code that does the work ends it
//! where nothing is half done.

use std::{
    sync::{OnceLock, mpsc},
    thread,
};

use tokio::sync::watch::{Receiver, Sender};

/// Starts watching, unless that is done already.
pub fn watch() {
    let _ = watched();
}

/// Whether somebody asked for the end since [`watch`] was called.
pub fn happened() -> bool {
    *watched().borrow()
}

/// Waits until somebody asks for the end.
pub(crate) async fn wait() {
    let mut watched = watched().clone();
    if watched.wait_for(|happened| *happened).await.is_err() {
        // Without signals there is nothing to wait for.
        std::future::pending::<()>().await;
    }
}

fn watched() -> &'static Receiver<bool> {
    static WATCHED: OnceLock<Receiver<bool>> = OnceLock::new();
    WATCHED.get_or_init(|| {
        let (tell, watched) = tokio::sync::watch::channel(false);
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || listen(&tell, &ready));
        // Until signals are caught, one would end the process. Where they cannot be, the other end is dropped.
        let _ = is_ready.recv();
        watched
    })
}

fn listen(tell: &Sender<bool>, ready: &mpsc::Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    runtime.block_on(async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            let _ = ready.send(());
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let _ = tell.send(true);
        }
        #[cfg(not(unix))]
        {
            let _ = ready.send(());
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = tell.send(true);
            }
        }
    });
}
