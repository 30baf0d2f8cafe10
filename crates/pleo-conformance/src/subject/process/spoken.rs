//! A program as those see it who look at the messages themselves.

use std::time::Duration;

use serde::Serialize;

use super::{ProcessSubject, SubjectError, program::Program, written};

impl ProcessSubject {
    /// Writes a message and returns the line that comes back, whatever it says, and what the program wrote to
    /// standard error meanwhile.
    ///
    /// # Errors
    /// When no line comes back: [`SubjectError::Silent`], [`SubjectError::Ended`] and [`SubjectError::Flood`]; and
    /// [`SubjectError::Start`] when the program has ended before.
    pub(crate) fn exchange(&mut self, message: &impl Serialize) -> Result<(Vec<u8>, String), SubjectError> {
        let program = self.running()?;
        let (program, line) = program.ask(written(message)?, self.limit)?;
        let log = program.take_log().text();
        self.program = Some(program);
        Ok((line, log))
    }

    /// Writes the last message, and waits until the program has ended by itself. Returns how it ended, or nothing if
    /// it had to be killed because it took longer than an answer may take.
    ///
    /// # Errors
    /// [`SubjectError::Start`] when the program has ended before.
    pub(crate) fn end(&mut self, message: &impl Serialize) -> Result<Option<String>, SubjectError> {
        Ok(self.running()?.dismiss(written(message)?, self.limit))
    }

    /// How long the program may take for an answer.
    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    fn running(&mut self) -> Result<Program, SubjectError> {
        self.program.take().ok_or_else(|| SubjectError::Start("it has ended before".to_owned()))
    }
}
