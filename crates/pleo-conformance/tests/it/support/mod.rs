//! What tests of programs share.

pub(crate) mod adapters;

use std::{collections::BTreeMap, sync::mpsc, time::Duration};

use pleo_conformance::protocol::{Addresses, Hello, VERSION};

/// Runs a test, and fails it if it does not come to an end.
pub(crate) fn guarded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let value = test();
        let _ = done.send(());
        value
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = finished.recv_timeout(Duration::from_secs(60)) {
        panic!("the test hangs");
    }
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A hello whose environments have these addresses.
pub(crate) fn hello(staging: &str, production: &str) -> Hello {
    let at = |url: &str| Addresses { base_url: url.into(), authorization_server: url.into() };
    Hello {
        protocol: VERSION,
        environments: BTreeMap::from([
            ("staging".into(), at(staging)),
            ("production".into(), at(production)),
        ]),
        legacy_base_url: "http://127.0.0.1:9".into(),
    }
}
