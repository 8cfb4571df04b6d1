//! How a batcher is doing, under the names that its users know.

use super::BatchSettings;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// Below so many flushes, a share of them says nothing.
const LEAST_FLUSHES: u64 = 10;
const TIMER_SHARE: f64 = 0.8;
const AGE_SHARE: f64 = 0.9;

/// Counts since the start, and the queue as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BatchStatistics {
    /// Entries ever taken.
    pub total_queued: u64,
    /// Batches done that were due for their number or their bytes.
    pub size_flushes: u64,
    /// Batches done that were due for the age of their first entry.
    pub timer_flushes: u64,
    /// Entries that wait now. What the sink has in its hands is not among them.
    pub current_buffer_size: usize,
    /// How long the first of them has waited; in seconds when serialised.
    #[serde(serialize_with = "seconds")]
    pub first_entry_age: Option<Duration>,
}

/// What somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BatchWarning {
    /// More than 80 % of the flushes come from the timer: the size is too large for what comes in.
    MostlyTimerFlushes {
        /// Their share of all flushes by size or timer.
        share: f64,
    },
    /// The first entry has waited for more than 90 % of what it may: the gate is shut, or the sink is too slow.
    FirstEntryOld {
        /// How long it has waited.
        age: Duration,
        /// How long it may.
        bound: Duration,
    },
}

impl BatchStatistics {
    pub(super) fn warnings(&self, settings: &BatchSettings) -> Vec<BatchWarning> {
        let mut warnings = Vec::new();
        let flushes = self.size_flushes + self.timer_flushes;
        let share = self.timer_flushes as f64 / flushes.max(1) as f64;
        if flushes >= LEAST_FLUSHES && share > TIMER_SHARE {
            warnings.push(BatchWarning::MostlyTimerFlushes { share });
        }
        if let (Some(age), Some(bound)) = (self.first_entry_age, settings.age)
            && age > bound.mul_f64(AGE_SHARE)
        {
            warnings.push(BatchWarning::FirstEntryOld { age, bound });
        }
        warnings
    }
}

impl std::fmt::Display for BatchWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MostlyTimerFlushes { share } => {
                let percent = share * 100.0;
                write!(f, "{percent:.0} % of the batches were flushed by the timer: consider a smaller size")
            }
            Self::FirstEntryOld { age, bound } => {
                let (age, bound) = (age.as_secs_f64(), bound.as_secs_f64());
                write!(f, "the first entry has waited for {age:.1} s of {bound:.1} s")
            }
        }
    }
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn seconds<S: Serializer>(age: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    age.map(|age| age.as_secs_f64()).serialize(serializer)
}
