//! The server's clock, as far as is known here: days and months end by it for everybody, however wrong a worker's own is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use watchfire_flow::Clock;

/// Nothing was heard yet.
const UNKNOWN: i64 = i64::MIN;

pub(super) struct ServerClock {
    own: Arc<dyn Clock>,
    /// The server's time less the time elapsed here, in milliseconds.
    ahead: AtomicI64,
}

impl ServerClock {
    pub(super) fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead: AtomicI64::new(UNKNOWN) }
    }

    /// The server said just now that it is this late, in milliseconds since 1970.
    pub(super) fn hear(&self, unix_ms: i64) {
        self.ahead.store(unix_ms.saturating_sub(self.elapsed_ms()), Ordering::Relaxed);
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.own.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Clock for ServerClock {
    fn elapsed(&self) -> Duration {
        self.own.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        match self.ahead.load(Ordering::Relaxed) {
            UNKNOWN => self.own.unix_millis(),
            ahead => self.elapsed_ms().saturating_add(ahead),
        }
    }
}
