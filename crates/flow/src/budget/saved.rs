//! Where a budget stood, to be kept over a restart.
//!
//! Quotas are recognised by what they count, not by their place, so settings may change in between. Times are kept as
//! what is left of them: the next process has another monotonic clock, and learns from the wall clock how much has passed.

use super::amounts::Amounts;
use super::config::Quota;
use serde::{Deserialize, Serialize};

/// Where a budget stood, to be kept over a restart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BudgetState {
    /// When, in milliseconds since 1970.
    pub(super) at_unix_ms: i64,
    /// Nothing was sent after this: the budget was closed.
    pub(super) complete: bool,
    pub(super) meters: Vec<SavedMeter>,
    /// Calls that were on their way: how long they may still be, in milliseconds, and what each takes.
    pub(super) flights: Vec<(u64, Amounts)>,
    pub(super) paused_ms: u64,
    pub(super) allowance: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedMeter {
    pub(super) quota: Quota,
    /// How long in milliseconds, and how much.
    pub(super) held_ms: Vec<(u64, u64)>,
    pub(super) used: u64,
    pub(super) ends_at: i64,
}

impl SavedMeter {
    pub(super) const fn new(quota: Quota) -> Self {
        Self { quota, held_ms: Vec::new(), used: 0, ends_at: i64::MIN }
    }
}
