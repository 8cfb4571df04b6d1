//! Percentiles of durations, in fixed memory.

use hdrhistogram::Histogram as Hdr;
use std::time::Duration;

/// The longest duration that is told apart from longer ones: one hour.
const MAX_NANOS: u64 = 3_600_000_000_000;

/// A histogram of durations from one nanosecond to one hour, exact to two digits. Takes about 30 kB however many
/// durations are recorded, and nothing before the first.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    inner: Option<Hdr<u64>>,
}

impl Histogram {
    /// An empty histogram.
    pub const fn new() -> Self {
        Self { inner: None }
    }

    fn counts(&mut self) -> Option<&mut Hdr<u64>> {
        if self.inner.is_none() {
            self.inner = Hdr::new_with_bounds(1, MAX_NANOS, 2).ok();
        }
        self.inner.as_mut()
    }

    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_n(duration, 1);
    }

    /// Counts a duration several times.
    pub fn record_n(&mut self, duration: Duration, times: u64) {
        if let Some(counts) = self.counts() {
            counts.saturating_record_n((duration.as_nanos().min(u128::from(MAX_NANOS)) as u64).max(1), times);
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        if let Some(other) = &other.inner
            && let Some(counts) = self.counts()
        {
            // Both have the same bounds, so nothing can fall outside.
            let added = counts.add(other);
            debug_assert!(added.is_ok());
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.inner.as_ref().map_or(0, Hdr::len)
    }

    /// How many of them were at most so long, to within a hundredth.
    pub fn at_most(&self, duration: Duration) -> u64 {
        let nanos = (duration.as_nanos().min(u128::from(MAX_NANOS)) as u64).max(1);
        self.inner.as_ref().map_or(0, |inner| inner.count_between(1, nanos))
    }

    /// The duration that `share` (0–1) of all stay at or below; zero when there are none.
    pub fn quantile(&self, share: f64) -> Duration {
        let nanos = self
            .inner
            .as_ref()
            .map_or(0, |inner| if inner.is_empty() { 0 } else { inner.value_at_quantile(share) });
        Duration::from_nanos(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;
    use std::time::Duration;

    #[test]
    fn quantiles_are_exact_to_two_digits() {
        let mut histogram = Histogram::new();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        let p99 = histogram.quantile(0.99).as_micros();
        assert!((980..=1000).contains(&p99), "{p99}");
        assert_eq!(histogram.count(), 1000);
        assert_eq!(Histogram::new().quantile(0.5), Duration::ZERO);
    }
}
