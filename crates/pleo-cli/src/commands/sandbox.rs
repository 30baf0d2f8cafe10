//! `pleo sandbox`: a fake Pleo on this machine.

use std::error::Error as _;

use pleo_sandbox::program::{self, Arguments};

use crate::{exit::Exit, failure::Failure};

/// Serves until it is interrupted.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match program::serve(arguments) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            let failure = Failure::of(Exit::Local, &error);
            Err(match error.source() {
                Some(source) => Failure { what: format!("{}: {source}", failure.what), ..failure },
                None => failure,
            })
        }
    }
}
