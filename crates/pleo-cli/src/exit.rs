//! Exit codes. They are part of the interface: see `docs/cli.md`.

use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Success,
    /// A file, the configuration or the terminal could not be read or written.
    Local,
    /// The command line, a variable or the configuration is wrong.
    Usage,
    /// Pleo could not be reached.
    Unreachable,
    /// Pleo does not accept the credential, or it cannot be one.
    Refused,
    /// The credential works, but lacks scopes or access.
    Scopes,
    /// Pleo refused the request itself: something does not exist, or a value is wrong.
    Rejected,
    /// Pleo cannot process requests now, or its response cannot be read.
    Service,
    /// A part was done, and the rest was not.
    Partly,
    /// The command was interrupted by Ctrl-C.
    Interrupted,
    /// What a command ended with that was run.
    OfCommand(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Local => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Refused => 4,
            Exit::Scopes => 5,
            Exit::Rejected => 6,
            Exit::Service => 7,
            Exit::Partly => 8,
            Exit::Interrupted => 130,
            Exit::OfCommand(code) => code,
        })
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
