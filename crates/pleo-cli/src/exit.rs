//! Exit codes. They are part of the interface: see `docs/cli.md`.

use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was done.
    Success = 0,
    /// A file, the configuration or the terminal could not be read or written.
    Local = 1,
    /// The command line, a variable or the configuration is wrong.
    Usage = 2,
    /// Pleo could not be reached.
    Unreachable = 3,
    /// Pleo does not accept the credential, or it cannot be one.
    Refused = 4,
    /// The credential works, but lacks scopes or access.
    Scopes = 5,
    /// Pleo refused the request itself: something does not exist, or a value is wrong.
    Rejected = 6,
    /// Pleo cannot process requests now, or its response cannot be read.
    Service = 7,
    /// A part was done, and the rest was not.
    Partly = 8,
    /// The command was interrupted by Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What `--help` says about the codes.
macro_rules! exit_codes {
    () => {
        "Exit codes: 0 success, 1 a local file or the terminal, 2 wrong usage, 3 Pleo is unreachable,\n\
         4 the credential is refused, 5 scopes or access are missing, 6 the request is rejected, 7 Pleo\n\
         cannot process it now, 8 only a part is done, 130 interrupted."
    };
}
pub(crate) use exit_codes;
