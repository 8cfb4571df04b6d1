//! How far a run has come, readable at any time from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a run.
#[derive(Debug, Default)]
pub struct Progress {
    pub(crate) total_bytes: AtomicU64,
    pub(crate) read_bytes: Arc<AtomicU64>,
    pub(crate) received: AtomicU64,
    pub(crate) judged: AtomicU64,
    pub(crate) set_aside: AtomicU64,
    pub(crate) dead: AtomicU64,
    pub(crate) decisions: AtomicU64,
    pub(crate) hostile: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Bytes to be read in all, as they lie there; 0 if that can't be known.
    pub total_bytes: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Records received.
    pub received: u64,
    /// Alerts judged.
    pub judged: u64,
    /// Records set aside.
    pub set_aside: u64,
    /// Dead letters.
    pub dead: u64,
    /// Decisions made.
    pub decisions: u64,
    /// Alerts found hostile.
    pub hostile: u64,
}

impl Progress {
    /// Nothing done yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it has come. The counters are read one after another, so while a run goes on they may differ by a chunk.
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            total_bytes: read(&self.total_bytes),
            read_bytes: read(&self.read_bytes),
            received: read(&self.received),
            judged: read(&self.judged),
            set_aside: read(&self.set_aside),
            dead: read(&self.dead),
            decisions: read(&self.decisions),
            hostile: read(&self.hostile),
        }
    }
}
