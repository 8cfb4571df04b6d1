//! Bounds of batches.

use std::time::Duration;
use watchfire_flow::Backoff;

/// Bounds of batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchSettings {
    /// Measurements of a batch at most.
    pub most_measurements: usize,
    /// Users that are worked on at once at most, by all batches together. A batch of more goes in parts.
    pub users_in_flight: usize,
    /// Tasks that judge the users of one batch at once, where it is large enough to be worth it.
    pub parallel: usize,
    /// The time for a batch; who is not done then is given up.
    pub batch_time: Duration,
    /// The time for a user, with all retries.
    pub user_time: Duration,
    /// How far ahead of the clock a measurement's time may be; what is later is out of range. One sender's wrong clock would make
    /// everything else stale.
    pub most_ahead: Duration,
    /// How often a user is tried, and how far apart.
    pub backoff: Backoff,
    /// Bytes of states kept at hand, roughly; 0 for none.
    pub cache_bytes: usize,
    /// Where the chance in waits begins.
    pub seed: u64,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            most_measurements: 500,
            users_in_flight: 1_000,
            parallel: 4,
            batch_time: Duration::from_secs(30),
            user_time: Duration::from_secs(10),
            most_ahead: Duration::from_secs(300),
            backoff: Backoff {
                base: Duration::from_millis(10),
                cap: Duration::from_secs(1),
                attempts: 8,
                patience: Duration::from_secs(5),
            },
            cache_bytes: 16 << 20,
            seed: 0,
        }
    }
}
