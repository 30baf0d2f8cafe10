//! Runs rules against a subject.

use std::time::Duration;

use crate::{report::Report, rule::Rule, subject::SubjectError};

/// What is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectUnderTest {
    /// Our client, in this process.
    InProcess,
    /// A program that speaks the suite's protocol.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// How long it may take for one answer.
        timeout: Duration,
    },
    /// A live service, which gets read-only requests.
    Service {
        /// Its base URL.
        base_url: String,
        /// How long it may take for one answer.
        timeout: Duration,
    },
}

/// How the rules are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases a rule.
    pub cases: u32,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// A rule's turn has come.
    Began(&'static Rule),
    /// A rule is done.
    Ended(&'static Rule),
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The subject could not be had.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The part that runs rules is not there yet.
    #[error("the engine is not built yet")]
    NotBuilt,
}

/// Runs rules against a subject.
///
/// # Errors
/// When nothing can be learnt of any rule: the subject does not start, say.
pub fn run(
    _selection: &[&'static Rule],
    _subject: SubjectUnderTest,
    _options: &Options,
    _progress: &mut dyn FnMut(Progress),
) -> Result<Report, RunError> {
    Err(RunError::NotBuilt)
}

/// The requests that a live service would get, one a line, without sending any.
pub fn plan(_selection: &[&'static Rule], _base_url: &str) -> Vec<String> {
    Vec::new()
}
