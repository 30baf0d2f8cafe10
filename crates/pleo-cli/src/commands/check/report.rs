//! What a check found, for people and as JSON.

use anstyle::Style;
use serde::Serialize;

use super::family::Family;
use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, shown, style, written},
};

/// Everything that a check found: see `schemas/check.json`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Whether the credential works and is enough for what was asked.
    pub(super) works: bool,
    pub(super) profile: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) credential: Option<Credential>,
    pub(super) identity: Option<Identity>,
    pub(super) clock_difference_seconds: Option<u64>,
    pub(super) families: Vec<Family>,
    pub(super) asked: Vec<Asked>,
    pub(super) problems: Vec<Problem>,
}

/// What was given as a credential.
#[derive(Debug, Serialize)]
pub(super) struct Credential {
    pub(super) kind: String,
    /// Where it comes from.
    pub(super) source: String,
}

/// What Pleo says about the credential.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    pub(super) method: String,
    pub(super) client_id: String,
    pub(super) application: Option<String>,
    /// `None` where Pleo names none.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) subject: Option<String>,
    pub(super) company_id: Option<String>,
    pub(super) company_name: Option<String>,
}

/// Whether the credential is enough for an operation.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) operation: String,
    pub(super) missing_scopes: Vec<String>,
    /// Whether both the operation's scopes and the credential's are known.
    pub(super) is_known: bool,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// A name that stays the same, for programs.
    cause: &'static str,
    #[serde(flatten)]
    failure: Failure,
    pub(super) is_warning: bool,
}

impl Problem {
    pub(super) fn new(cause: &'static str, exit: Exit, what: impl Into<String>) -> Self {
        Self::of(cause, Failure::new(exit, what))
    }

    /// The problem that a failure is.
    pub(super) fn of(cause: &'static str, failure: Failure) -> Self {
        Self { cause, failure, is_warning: false }
    }

    /// The same with one more thing to do.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { failure: self.failure.help(help), ..self }
    }

    /// The same as a warning, which does not make the check fail.
    pub(super) fn warning(self) -> Self {
        Self { is_warning: true, ..self }
    }
}

impl Report {
    /// The exit code: that of the first problem that is not a warning.
    pub(super) fn exit(&self) -> Exit {
        let first = self.problems.iter().find(|problem| !problem.is_warning);
        first.map_or(Exit::Success, |problem| problem.failure.exit)
    }

    /// Prints the report for people.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut lines = Vec::new();
        let mut line = |name: &str, value: String| lines.push(format!("{name:<12} {}", shown(&value)));
        if let Some(profile) = &self.profile {
            line("profile", profile.clone());
        }
        if let (Some(environment), Some(base_url)) = (&self.environment, &self.base_url) {
            line(
                "environment",
                if environment == base_url { base_url.clone() } else { format!("{environment}, {base_url}") },
            );
        }
        if let Some(credential) = &self.credential {
            line("credential", format!("{} from {}", credential.kind, credential.source));
        }
        if let Some(identity) = &self.identity {
            line("Pleo sees", format!("{} of the client {}", identity.method, identity.client_id));
            if let Some(application) = &identity.application {
                line("application", application.clone());
            }
            if let Some(subject) = &identity.subject {
                line("stands for", subject.clone());
            }
            if let Some(company) = &identity.company_id {
                let name = identity.company_name.as_deref().unwrap_or("its name is not known");
                line("company", format!("{name} ({company})"));
            }
            let scopes = match &identity.scopes {
                Some(scopes) => scopes.join(" "),
                None => "Pleo does not name them".to_owned(),
            };
            line("scopes", scopes);
        }
        let mut output = Output::new();
        lines.iter().try_for_each(|line| output.line(line))?;
        if !self.families.is_empty() {
            output.line("")?;
        }
        for family in &self.families {
            let (word, colour) = match family.may_read {
                Some(true) => ("yes", style::good()),
                Some(false) => ("no", style::bad()),
                None => ("?", style::unknown()),
            };
            mark(&mut output, colour, word, family.family, family.reason.as_deref())?;
        }
        if !self.asked.is_empty() {
            output.line("")?;
        }
        for asked in &self.asked {
            let (word, colour, reason) = match (&*asked.missing_scopes, asked.is_known) {
                ([], true) => ("yes", style::good(), None),
                ([], false) => ("?", style::unknown(), Some("its scopes are not known".to_owned())),
                (missing, _) => ("no", style::bad(), Some(format!("missing {}", missing.join(", ")))),
            };
            mark(&mut output, colour, word, &asked.operation, reason.as_deref())?;
        }
        output.finish()?;
        for problem in &self.problems {
            let (word, colour) =
                if problem.is_warning { ("warning", style::unknown()) } else { ("error", style::error()) };
            problem.failure.print_as(word, colour);
        }
        if self.works {
            let good = style::good();
            anstream::eprintln!("{good}The credential works.{good:#}");
        }
        Ok(())
    }
}

/// A line with yes, no or a question mark in front.
fn mark(
    output: &mut Output,
    colour: Style,
    word: &str,
    name: &str,
    reason: Option<&str>,
) -> Result<(), Failure> {
    use std::io::Write as _;

    let reason = reason.map(|reason| format!("  {}", shown(reason))).unwrap_or_default();
    let line = format!("{colour}{word:<4}{colour:#} {name:<20}{reason}");
    let line = line.trim_end();
    // Standard output is a terminal, or it gets no colours.
    let line =
        if output.has_colours() { line.to_owned() } else { anstream::adapter::strip_str(line).to_string() };
    written(writeln!(output, "{line}"))
}
