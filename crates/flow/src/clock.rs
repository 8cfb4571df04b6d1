//! Time as an input.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where time comes from. Everything that needs to know the time takes one of these.
pub trait Clock: Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Milliseconds since 1970-01-01T00:00:00Z by the wall clock; may jump.
    fn unix_millis(&self) -> i64;
}

/// The machine's clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] starts at zero now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn unix_millis(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
    }
}

/// Measures how long something took.
pub struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    last: Duration,
}

impl<'a> Stopwatch<'a> {
    /// Starts measuring.
    pub fn start(clock: &'a dyn Clock) -> Self {
        Self { clock, last: clock.elapsed() }
    }

    /// The time since the start or the last lap.
    pub fn lap(&mut self) -> Duration {
        let now = self.clock.elapsed();
        let lap = now.saturating_sub(self.last);
        self.last = now;
        lap
    }
}
