//! Exit codes. They are part of the interface: see `docs/cli.md`.

use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Success,
    /// A local file or the terminal could not be read or written.
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
        Self::from(exit.code())
    }
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Local => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Scopes => 5,
            Self::Rejected => 6,
            Self::Service => 7,
            Self::Partly => 8,
            Self::Interrupted => 130,
            Self::OfCommand(code) => code,
        }
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
