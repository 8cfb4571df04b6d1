//! What a provider allows, as settings.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Calls.
    Requests,
    /// Tokens, reserved before the call and settled after it.
    Tokens,
    /// Money, in millionths of a US dollar; reserved and settled like tokens.
    MicroUsd,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first to the first.
    Month,
    /// For ever: what is used does not come back.
    Total,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// At most so much in any window of this length.
    Rolling {
        /// What is counted.
        counted: Counted,
        /// How much; at least 1.
        limit: u64,
        /// The length of the window.
        window: Duration,
    },
    /// At most so much per day or month, which begin at midnight in a time zone, or in all.
    ///
    /// As exact as this machine's clock agrees with the provider's.
    Aligned {
        /// What is counted.
        counted: Counted,
        /// How much; at least 1.
        limit: u64,
        /// How long.
        period: Period,
        /// The zone's IANA name, such as `America/Los_Angeles`.
        zone: String,
    },
    /// So much time between the end of one call and the start of the next: one call at a time.
    Spacing(Duration),
    /// So many calls at once; at least 1.
    Concurrency(u64),
}

impl Quota {
    /// Whether both count the same in the same way, whatever their limits: then one's use means something to the other.
    pub(super) fn counts_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Rolling { counted, window, .. },
                Self::Rolling { counted: other, window: other_window, .. },
            ) => counted == other && window == other_window,
            (
                Self::Aligned { counted, period, zone, .. },
                Self::Aligned { counted: other, period: other_period, zone: other_zone, .. },
            ) => counted == other && period == other_period && zone == other_zone,
            (Self::Spacing(_), Self::Spacing(_)) | (Self::Concurrency(_), Self::Concurrency(_)) => true,
            _ => false,
        }
    }
}

/// What a budget assumes where it does not know what was sent before it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdStart {
    /// Nothing was: right where nobody used the credential for a while.
    #[default]
    Trust,
    /// The limit was, until a moment ago, and all of it is still on its way: the first call waits the longest flight and
    /// a window. Days and months are trusted even so; the provider says when one is used up ([`Budget::exhaust`]).
    ///
    /// [`Budget::exhaust`]: super::Budget::exhaust
    WaitAWindow,
}

/// A credential's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// All of them hold at once.
    pub quotas: Vec<Quota>,
    /// How long a call whose answer nobody saw may still be on its way.
    pub longest_flight: Duration,
    /// How many may wait; one more is refused. Whoever needs not wait is not refused.
    pub max_waiting: usize,
    /// A waiter gains one step of priority in so much time at the head of its user's line.
    pub ageing: Duration,
    /// What is assumed where no earlier state, or no complete one, is given to [`Budget::restore`].
    ///
    /// [`Budget::restore`]: super::Budget::restore
    pub cold_start: ColdStart,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            quotas: Vec::new(),
            longest_flight: Duration::from_secs(120),
            max_waiting: 65_536,
            ageing: Duration::from_secs(10),
            cold_start: ColdStart::Trust,
        }
    }
}

/// Settings that can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// A limit of nothing allows nothing.
    #[error("a limit must be at least 1")]
    ZeroLimit,
    /// A window of no length limits nothing.
    #[error("a window must have a length")]
    ZeroWindow,
    /// No zone has this name.
    #[error("there is no time zone {0}")]
    Zone(String),
}
