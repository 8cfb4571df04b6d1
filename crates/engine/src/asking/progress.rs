//! How far asking has come, readable at any time from another thread.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

/// Counters of what is asked.
#[derive(Debug, Default)]
pub struct AskProgress {
    pub(crate) questions: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) given_up: AtomicU64,
    pub(crate) calls: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) rate_limited: AtomicU64,
    pub(crate) cost_nano: AtomicI64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) next_slot_ms: AtomicU64,
    pub(crate) predicted_ms: AtomicU64,
    /// The breaker's state: 0 closed, 1 half-open, 2 open.
    pub(crate) breaker: AtomicU8,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AskSnapshot {
    /// Questions in all.
    pub questions: u64,
    /// Questions answered.
    pub answered: u64,
    /// Questions that were asked in vain.
    pub given_up: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls made again.
    pub retries: u64,
    /// Times that the provider said *too many*.
    pub rate_limited: u64,
    /// Cost so far, in billionths of a US dollar.
    pub cost_nano: i64,
    /// Calls that are on their way.
    pub in_flight: u64,
    /// Until the next call may be made, in milliseconds; 0 if it may be made now.
    pub next_slot_ms: u64,
    /// Until every call that waits will have been made, by what the limits allow, in milliseconds.
    pub predicted_ms: u64,
}

impl AskProgress {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of the provider's breaker: closed, half_open or open.
    pub fn breaker(&self) -> &'static str {
        match self.breaker.load(Ordering::Relaxed) {
            0 => "closed",
            1 => "half_open",
            _ => "open",
        }
    }

    /// How far it has come.
    pub fn snapshot(&self) -> AskSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AskSnapshot {
            questions: read(&self.questions),
            answered: read(&self.answered),
            given_up: read(&self.given_up),
            calls: read(&self.calls),
            retries: read(&self.retries),
            rate_limited: read(&self.rate_limited),
            cost_nano: self.cost_nano.load(Ordering::Relaxed),
            in_flight: read(&self.in_flight),
            next_slot_ms: read(&self.next_slot_ms),
            predicted_ms: read(&self.predicted_ms),
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
