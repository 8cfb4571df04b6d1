//! Why a store of records can't do what was asked, in the words that a caller acts on: again later, look first, or never.

use crate::StoreError;
use rusqlite::ErrorCode;
use std::error::Error;

/// What was behind a failure.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a store of records did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Nothing was done, and trying again may help: no connection, a lock that is held, a full disk, a server that starts.
    #[error("the store of records can't do it now")]
    Unavailable(#[source] Cause),
    /// It is not known whether it was done: the answer was lost. Reading tells.
    #[error("the answer of the store of records was lost")]
    Lost(#[source] Cause),
    /// It was not done, and trying again does not help: a value that can't be stored, tables that are not there, a bug.
    #[error("the store of records refuses it")]
    Refused(#[source] Cause),
}

impl RecordError {
    /// A refusal with nothing behind it but this reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into().into())
    }

    /// Whether the same may be done again later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Lost(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// What the user can do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "see that the store is there and has room, then do the same again",
            Self::Lost(_) => "do the same again: what was done is not done twice",
            Self::Refused(_) => {
                "see whether the store is of this version of Watchfire; what stands behind says more"
            }
        }
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        match &error {
            // Where the disk fails as the log is brought to it, nobody can say what a restart will find there.
            StoreError::Full(source) if source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                Self::Lost(Box::new(error))
            }
            StoreError::Full(_) | StoreError::Busy(_) => Self::Unavailable(Box::new(error)),
            StoreError::Open { .. }
            | StoreError::Folder { .. }
            | StoreError::Newer { .. }
            | StoreError::Foreign { .. }
            | StoreError::Sqlite(_)
            | StoreError::Corrupt { .. } => Self::Refused(Box::new(error)),
        }
    }
}

impl From<rusqlite::Error> for RecordError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}
