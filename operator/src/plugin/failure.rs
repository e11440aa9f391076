//! What a command fails with: one sentence that says what to do, and the exit code.

use std::process::ExitCode;

/// How the program ends. docs/cli.md has the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Something isn't there, isn't allowed, or failed.
    Failed = 1,
    /// The command line makes no sense; clap's own code.
    Usage = 2,
    /// `wait`: nothing helps before somebody changes something.
    Stalled = 3,
    /// `wait`: the time is over.
    TimedOut = 4,
    /// `plan --exit-code`: something would change.
    Differs = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong and what to do.
    pub message: String,
}

impl Failure {
    /// An ordinary failure.
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    /// A command line that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
}
