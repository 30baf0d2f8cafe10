//! What can be judged.

pub mod ours;
mod process;
pub mod service;

pub use ours::OurClient;
pub(crate) use process::outcome;
pub use process::{ProcessSubject, leave_credentials, take_charge};

use crate::{
    protocol::{Call, CallResult, Hello, Introduction, Refusal},
    words::counted,
};

/// A client that is judged: ours in this process, or any program.
pub trait Subject: Send {
    /// Greets the client, once, before any call.
    ///
    /// # Errors
    /// When it cannot be started, does not answer in time, or speaks another protocol.
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError>;

    /// Has the client do something.
    ///
    /// # Errors
    /// When the client does not answer in time, dies, or answers something else than a result or a refusal of
    /// this call. It may be called again afterwards.
    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError>;

    /// How many bytes of what it showed of the last call are not in the outcome, because nobody can keep
    /// everything. Nothing is known about what was in them.
    fn lost(&self) -> usize {
        0
    }
}

/// What a client made of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did it, or tried to.
    Result(CallResult),
    /// It declined.
    Refuse(Refusal),
}

/// Why nothing is known of a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It cannot be started.
    #[error("the client under test cannot be started: {0}")]
    Start(String),
    /// It ended.
    #[error("the client under test ended {0}")]
    Ended(String),
    /// It did not respond in time.
    #[error("the client under test did not respond within {}", counted(*.0, "second"))]
    Silent(u64),
    /// What it sent is not a message, or not one that belongs here.
    #[error("the client under test sent something unexpected: {0}")]
    Nonsense(String),
    /// It wrote more than the runner reads.
    #[error("the client under test wrote more than {0} bytes in one line")]
    Flood(usize),
}
