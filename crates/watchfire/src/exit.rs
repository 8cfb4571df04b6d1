//! How a command ends.

use std::fmt::Display;
use std::process::ExitCode;

/// The exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was done.
    Done,
    /// Something went wrong.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Done, but some records could not be read.
    DeadLetters,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Failed => Self::from(1),
            Status::Usage => Self::from(2),
            Status::DeadLetters => Self::from(3),
        }
    }
}

/// What a user is told when a command can't go on: what is wrong, why, and what to do.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: Status,
    pub(crate) message: String,
    /// What it was caused by, outermost first.
    pub(crate) causes: Vec<String>,
    pub(crate) hint: String,
}

impl Problem {
    pub(crate) fn new(status: Status, message: impl Display, hint: impl Display) -> Self {
        Self { status, message: message.to_string(), causes: Vec::new(), hint: hint.to_string() }
    }

    pub(crate) fn usage(message: impl Display, hint: impl Display) -> Self {
        Self::new(Status::Usage, message, hint)
    }

    /// A problem from an error, with the errors behind it.
    pub(crate) fn from_error(status: Status, error: &dyn std::error::Error, hint: impl Display) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self { causes, ..Self::new(status, error, hint) }
    }
}

impl From<watchfire_engine::EngineError> for Problem {
    fn from(error: watchfire_engine::EngineError) -> Self {
        let status = match &error {
            watchfire_engine::EngineError::NoSuchAlert(_) => Status::Usage,
            _ => Status::Failed,
        };
        Self::from_error(status, &error, error.hint())
    }
}

impl From<watchfire_store::StoreError> for Problem {
    fn from(error: watchfire_store::StoreError) -> Self {
        Self::from_error(Status::Failed, &error, error.hint())
    }
}
