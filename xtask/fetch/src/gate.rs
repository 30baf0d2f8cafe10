//! Lets files be written until the run is to end, and the end wait for a file that is being written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether files may be written. Clones are one gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Open,
    /// The run is over: nothing is written any more.
    Closed,
    /// The tree was changed: the run cannot be ended any more.
    Done,
}

/// Leave to write, as long as it is held.
pub(crate) struct Leave<'g>(MutexGuard<'g, State>);

impl Gate {
    /// Leave to write, unless the gate is closed.
    pub(crate) fn enter(&self) -> Option<Leave<'_>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (*state != State::Closed).then(|| Leave(state))
    }

    /// Closes the gate, once what is being written is written. Says whether nothing was changed.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Open {
            *state = State::Closed;
        }
        *state == State::Closed
    }
}

impl Leave<'_> {
    /// Says that the tree was changed.
    pub(crate) fn done(mut self) {
        *self.0 = State::Done;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_behind_a_closed_gate() {
        let gate = Gate::default();
        assert!(gate.enter().is_some());
        assert!(gate.clone().close());
        assert!(gate.enter().is_none());
    }

    #[test]
    fn a_change_that_was_made_cannot_be_ended() {
        let gate = Gate::default();
        gate.enter().unwrap().done();
        assert!(!gate.close());
    }
}
