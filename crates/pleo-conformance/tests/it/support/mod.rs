//! What tests of programs share.

pub(crate) mod adapters;

use std::{collections::BTreeMap, fs, path::Path, sync::mpsc, time::Duration};

use pleo_conformance::{
    engine::Options,
    protocol::{Addresses, Hello, VERSION},
};

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

/// So many cases, and no search for the smallest that fails: for tests that ask only whether one does.
pub(crate) fn without_search(cases: u32) -> Options {
    Options { cases, shrinks: 0, ..Options::default() }
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

/// The processes whose ids a script has written into a file are gone: not there, or dead and not yet
/// reaped by the process that adopted them.
pub(crate) fn all_gone(pids: &Path) -> bool {
    let text = fs::read_to_string(pids).unwrap();
    assert!(!text.trim().is_empty(), "the script did not run");
    text.split_whitespace().all(|pid| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat"));
        state.map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
    })
}
