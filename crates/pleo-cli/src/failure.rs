//! Why a command failed: what happened, and what to do.

use std::{error::Error as StdError, fmt, io};

use anstyle::Style;
use pleo::{
    ConnectError, Error, ErrorChain, RequestRefused,
    advice::{self, Advice},
    http::StatusCode,
    oauth::TokenError,
};
use serde::Serialize;

use crate::{
    exit::Exit,
    output::{shown, style},
};

/// Why a command failed, in two parts.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The exit code.
    #[serde(skip)]
    pub(crate) exit: Exit,
    /// What happened: a fragment in lower case.
    pub(crate) what: String,
    /// What to do.
    pub(crate) help: Vec<String>,
}

impl Failure {
    /// A failure without a remedy yet.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), help: Vec::new() }
    }

    /// A failure of a sentence that may name the remedy behind a semicolon, as the errors of `pleo` do.
    pub(crate) fn of(exit: Exit, error: impl fmt::Display) -> Self {
        let sentence = error.to_string();
        match sentence.split_once("; ") {
            Some((what, help)) => Self::new(exit, what).help(capitalised(help)),
            None => Self::new(exit, sentence),
        }
    }

    /// Wrong usage.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A local file that cannot be read or written.
    pub(crate) fn file(doing: &str, path: impl AsRef<std::path::Path>, error: &io::Error) -> Self {
        Self::new(Exit::Local, format!("cannot {doing} {}: {error}", path.as_ref().display()))
    }

    /// Standard output is closed because its reader has stopped. The command ends without an error.
    pub(crate) fn closed() -> Self {
        Self::new(Exit::Success, "")
    }

    /// The same with one more thing to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    fn advice(mut self, advice: &Advice) -> Self {
        let points = advice.points.iter().map(|point| format!("{} {}", point.cause, point.remedy));
        self.help.extend(points);
        self
    }

    /// Prints both parts on standard error.
    pub(crate) fn print(&self) {
        if self.exit != Exit::Success {
            self.print_as("error", style::error());
        }
    }

    /// Prints both parts on standard error, the first after a word in a colour.
    pub(crate) fn print_as(&self, word: &str, colour: Style) {
        let help = style::hint();
        anstream::eprintln!("{colour}{word}:{colour:#} {}", shown(&self.what));
        for line in &self.help {
            anstream::eprintln!("{help}help:{help:#} {}", shown(line));
        }
    }
}

/// The text with a capital letter at its beginning and a full stop at its end.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

/// The exit code of a call's error.
pub(crate) fn exit_of(error: &Error) -> Exit {
    match error {
        Error::InvalidArgument { .. } => Exit::Usage,
        Error::Refused { .. } => match RequestRefused::of(error) {
            Some(RequestRefused::MissingScopes { .. }) => Exit::Scopes,
            Some(RequestRefused::Token(TokenError::Ended { .. } | TokenError::NothingStored)) => {
                Exit::Refused
            }
            Some(RequestRefused::Token(TokenError::NotRenewed { .. })) => Exit::Unreachable,
            Some(RequestRefused::Token(_)) => Exit::Local,
            _ => Exit::Usage,
        },
        Error::Transport { .. } => Exit::Unreachable,
        Error::Api(api) => match api.status() {
            StatusCode::UNAUTHORIZED => Exit::Refused,
            StatusCode::FORBIDDEN => Exit::Scopes,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Exit::Service,
            status if status.is_server_error() || status.is_redirection() => Exit::Service,
            _ => Exit::Rejected,
        },
        _ => Exit::Service,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // A person at a terminal may see Pleo's own explanation.
        let sentence = format!("{error:#}");
        let causes = causes(&error);
        let failure = match remedy(&error) {
            Some(help) => {
                let what = sentence.split("; ").next().unwrap_or_default();
                Self::new(exit_of(&error), what).help(help)
            }
            None => Self::of(exit_of(&error), sentence + &causes),
        };
        match advice::explain(&error) {
            Some(advice) => failure.advice(advice),
            None => failure,
        }
    }
}

/// What to do about a refusal, where the error's own remedy is about Rust.
fn remedy(error: &Error) -> Option<&'static str> {
    match RequestRefused::of(error)? {
        RequestRefused::CompanyNeeded { .. } => {
            Some("Give --company ID, or set PLEO_COMPANY_ID; `pleo companies` lists the ids.")
        }
        RequestRefused::OtherCompany { .. } | RequestRefused::NoCompanyId { .. } => {
            Some("Leave the company out of the request: --company and PLEO_COMPANY_ID put it in.")
        }
        RequestRefused::WiderThanCompany { .. } | RequestRefused::OtherOrganization { .. } => {
            Some("Leave the parameter out, or name no company by --company, PLEO_COMPANY_ID or the profile.")
        }
        RequestRefused::Token(TokenError::Ended { .. } | TokenError::NothingStored) => {
            Some("Run `pleo login` again.")
        }
        _ => None,
    }
}

/// What lies behind an error, as far as its sentence does not say it: ` (cause: cause)`.
fn causes(error: &Error) -> String {
    match error.source() {
        Some(source) => format!(" ({})", ErrorChain(source)),
        None => String::new(),
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Call(error) => error.into(),
            ConnectError::MissingScopes { .. } => Self::of(Exit::Scopes, error),
            error => Self::of(Exit::Refused, error),
        }
    }
}
