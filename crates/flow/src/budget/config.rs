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
    /// At most so much per day or month, which begin at midnight in a time zone.
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

/// A credential's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetConfig {
    /// All of them hold at once.
    pub quotas: Vec<Quota>,
    /// How long a call whose answer nobody saw may still be on its way.
    pub longest_flight: Duration,
    /// How many may wait; one more is refused.
    pub max_waiting: usize,
    /// A waiter gains one step of priority in so much time.
    pub ageing: Duration,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            quotas: Vec::new(),
            longest_flight: Duration::from_secs(120),
            max_waiting: 65_536,
            ageing: Duration::from_secs(10),
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
