//! What a batch is answered with.

use super::statistics::Counts;
use crate::filter::Outcome;
use crate::measurement::Measurement;
use std::time::Duration;

/// What came of one measurement.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was judged, and what was said is durable.
    Judged(Outcome),
    /// Its user could not be read or written. It is not known to be applied; sent again, it is not applied twice.
    Failed {
        /// How often it was tried.
        attempts: u32,
        /// Why it is given up.
        reason: Failure,
    },
}

impl Answer {
    /// What was said of it, if it was judged.
    pub const fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Judged(outcome) => Some(outcome),
            Self::Failed { .. } => None,
        }
    }
}

/// Why a user's measurements are given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Somebody else wrote the user each time.
    #[error("the user was written by somebody else each time")]
    Conflict,
    /// The store wanted less each time.
    #[error("the store has no room now")]
    Throttled,
    /// The store failed, or its answers were lost.
    #[error("the store failed: {0}")]
    Store(String),
    /// Trying again does not help.
    #[error("the store refuses it: {0}")]
    Refused(String),
    /// The time for the user or the batch was up. The last write may have been done or not.
    #[error("there was not enough time")]
    Timeout,
    /// What is stored of the user can't be read; it was left as it is.
    #[error("what is stored of the user can't be read: {0}")]
    Unreadable(crate::state::StateError),
    /// The user has as many metrics as one may have.
    #[error("{0}")]
    TooManyMetrics(crate::state::TooManySeries),
    /// A name is empty or too long.
    #[error("{0}")]
    Name(&'static str),
}

impl Failure {
    /// Whether sending it again can help.
    pub const fn is_worth_replaying(&self) -> bool {
        match self {
            Self::Conflict | Self::Throttled | Self::Store(_) | Self::Timeout | Self::Unreadable(_) => true,
            Self::Refused(_) | Self::TooManyMetrics(_) | Self::Name(_) => false,
        }
    }
}

/// A measurement that could not be judged, for whoever keeps such.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its place in the batch.
    pub index: usize,
    /// Itself.
    pub measurement: Measurement,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: Failure,
}

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// One answer for each measurement, in the order of the input.
    pub answers: Vec<Answer>,
    /// Those that failed, in the order of the input.
    pub dead: Vec<DeadLetter>,
    /// What was counted.
    pub counts: Counts,
    /// From its coming to its end.
    pub took: Duration,
}

/// A batch that is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It has too many measurements; nothing was done.
    #[error("a batch has at most {most} measurements, this one has {found}")]
    TooMany {
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// The lanes' runner is gone; nothing was done.
    #[error("measurements are not taken any more")]
    Closed,
}
