//! Any program as the client under test, spoken to over its standard input and output.

mod descendants;
mod environment;
mod program;
mod spoken;

use std::{ffi::OsString, time::Duration};

pub use self::{descendants::take_charge, environment::leave_credentials};

use serde::Serialize;

use self::program::{GRACE, Program};
use super::{Outcome, Subject, SubjectError};
use crate::{
    protocol::{self, Action, Call, FromSubject, Hello, Introduction, ToSubject},
    words::{beginning, counted},
};

/// How often a program that failed is started again.
const MAX_RESTARTS: u32 = 5;

/// A program that speaks the [protocol](crate::protocol), in whatever language it is written.
///
/// What it writes to standard error is kept, the last 8 MiB of each call, and stands in the `shown` of the next
/// outcome under `stderr`: logs may hold secrets. It inherits the environment without what may be a real
/// credential, see `docs/conformance.md`.
///
/// After any error the program is killed, on Unix with its process group, and with all that it started where
/// [`take_charge`] was called. The next call starts it again and greets it, five times at most; then every call
/// fails at once. Dropping says bye, waits half a second for the program to end and kills it otherwise.
#[derive(Debug)]
pub struct ProcessSubject {
    command: Vec<OsString>,
    limit: Duration,
    hello: Option<Hello>,
    /// The running program; none after a failure.
    program: Option<Program>,
    failures: u32,
    last_failure: Option<SubjectError>,
    /// How many bytes of the last call's log were not kept.
    lost: usize,
}

impl ProcessSubject {
    /// Starts a program: its name or path, followed by its arguments. It has `limit` for each answer.
    ///
    /// # Errors
    /// [`SubjectError::Start`] when there is no such program or it cannot be run.
    pub fn start(
        command: impl IntoIterator<Item = impl Into<OsString>>,
        limit: Duration,
    ) -> Result<Self, SubjectError> {
        let command: Vec<OsString> = command.into_iter().map(Into::into).collect();
        let program = Some(Program::start(&command)?);
        Ok(Self { command, limit, hello: None, program, failures: 0, last_failure: None, lost: 0 })
    }

    /// Takes the running program, or starts it again.
    fn program(&mut self) -> Result<Program, SubjectError> {
        if let Some(program) = self.program.take() {
            return Ok(program);
        }
        if let (true, Some(last)) = (self.failures > MAX_RESTARTS, &self.last_failure) {
            return Err(SubjectError::Start(format!(
                "it failed {} times and is not started again; the last time: {last}",
                self.failures
            )));
        }
        Program::start(&self.command)
    }

    /// Keeps the program for the next call, or notes how it failed.
    fn keep<T>(&mut self, attempt: Result<(Program, T), SubjectError>) -> Result<T, SubjectError> {
        match attempt {
            Ok((program, value)) => {
                self.program = Some(program);
                Ok(value)
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.last_failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn greet(&self, program: Program, hello: &Hello) -> Result<(Program, Introduction), SubjectError> {
        let (program, answer) = self.ask(program, &ToSubject::Hello(hello.clone()))?;
        match answer {
            FromSubject::Hello(introduction) if introduction.protocol == protocol::VERSION => {
                Ok((program, introduction))
            }
            FromSubject::Hello(introduction) => Err(SubjectError::Nonsense(format!(
                "it speaks version {} of the protocol, not {}",
                introduction.protocol,
                protocol::VERSION
            ))),
            FromSubject::Result(_) => Err(SubjectError::Nonsense("a result instead of a hello".into())),
            FromSubject::Refuse(_) => Err(SubjectError::Nonsense("a refusal instead of a hello".into())),
        }
    }

    fn ask(&self, program: Program, message: &ToSubject) -> Result<(Program, FromSubject), SubjectError> {
        let (program, line) = program.ask(written(message)?, self.limit)?;
        let answer = serde_json::from_slice(&line).map_err(|error| {
            SubjectError::Nonsense(format!("no message of the protocol ({error}): {}", excerpt(&line)))
        })?;
        Ok((program, answer))
    }

    fn attempt_hello(&mut self, hello: &Hello) -> Result<(Program, Introduction), SubjectError> {
        let program = self.program()?;
        self.greet(program, hello)
    }

    fn attempt_call(&mut self, call: &Call) -> Result<(Program, Outcome), SubjectError> {
        let restarted = self.program.is_none();
        let mut program = self.program()?;
        if let (true, Some(hello)) = (restarted, &self.hello) {
            (program, _) = self.greet(program, hello)?;
        }
        let (program, answer) = self.ask(program, &ToSubject::Call(Box::new(call.clone())))?;
        let mut outcome = outcome(call, answer)?;
        let log = program.take_log();
        self.lost = log.lost;
        let log = log.text();
        if !log.is_empty() {
            let shown = match &mut outcome {
                Outcome::Result(result) => &mut result.shown,
                Outcome::Refuse(refusal) => &mut refusal.shown,
            };
            shown.entry("stderr".into()).or_default().push_str(&log);
        }
        Ok((program, outcome))
    }
}

impl Subject for ProcessSubject {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.hello = Some(hello.clone());
        let attempt = self.attempt_hello(hello);
        self.keep(attempt)
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        self.lost = 0;
        let attempt = self.attempt_call(call);
        self.keep(attempt)
    }

    fn lost(&self) -> usize {
        self.lost
    }
}

impl Drop for ProcessSubject {
    fn drop(&mut self) {
        if let (Some(program), Ok(bye)) = (self.program.take(), written(&ToSubject::Bye)) {
            program.dismiss(bye, GRACE);
        }
    }
}

/// The line of a message.
fn written(message: &impl Serialize) -> Result<Vec<u8>, SubjectError> {
    let mut line = serde_json::to_vec(message)
        .map_err(|error| SubjectError::Start(format!("a message for it cannot be written: {error}")))?;
    line.push(b'\n');
    Ok(line)
}

/// What an answer to this call says; an error if it answers something else.
pub(crate) fn outcome(call: &Call, answer: FromSubject) -> Result<Outcome, SubjectError> {
    let (id, outcome) = match answer {
        FromSubject::Result(result) => (result.id, Outcome::Result(result)),
        FromSubject::Refuse(refusal) => (refusal.id, Outcome::Refuse(refusal)),
        FromSubject::Hello(_) => {
            return Err(SubjectError::Nonsense("a hello instead of a result or a refusal".into()));
        }
    };
    if id != call.id {
        return Err(SubjectError::Nonsense(format!("an answer to call {id} instead of {}", call.id)));
    }
    if let (Action::Send(send), Outcome::Result(result)) = (&call.action, &outcome)
        && usize::try_from(send.times) != Ok(result.answers.len())
    {
        return Err(SubjectError::Nonsense(format!(
            "{} to {} in the result of call {id}",
            counted(result.answers.len(), "answer"),
            counted(send.times, "request")
        )));
    }
    Ok(outcome)
}

/// The beginning of a text, on one line and printable.
fn excerpt(text: &[u8]) -> String {
    const LENGTH: usize = 200;
    let text = String::from_utf8_lossy(text.get(..4 * LENGTH).unwrap_or(text));
    let text = text.trim();
    let shown = beginning(text, LENGTH);
    let ellipsis = if shown.len() < text.len() { "…" } else { "" };
    shown.chars().flat_map(printable).chain(ellipsis.chars()).collect()
}

fn printable(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt(b"  \x1b[31mred\nblue\xff \n"), "\\u{1b}[31mred\\nblue\u{fffd}");
        assert_eq!(excerpt("é".repeat(1000).as_bytes()), "é".repeat(200) + "…");
        assert_eq!(excerpt("x".repeat(200).as_bytes()), "x".repeat(200));
    }
}
