//! How long something waited, counted by how much of it did.

use serde::Serialize;

/// The shortest wait that is told from none, in seconds.
const SHORTEST: f64 = 0.001;
/// Each bucket is so many times as wide as the one before it.
const GROWTH: f64 = 1.02;
/// Up to 30 years.
const BUCKETS: usize = 1_400;

/// A histogram whose buckets grow by 2 %: every percentile is right to 1 %.
#[derive(Debug, Clone)]
pub(super) struct Waits {
    buckets: Vec<f64>,
    count: f64,
    sum: f64,
    longest: f64,
}

/// What is said of waits, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// The mean.
    pub mean: f64,
    /// Half wait less.
    pub p50: f64,
    /// 95 of 100 wait less.
    pub p95: f64,
    /// 99 of 100 wait less.
    pub p99: f64,
    /// Nobody waited longer.
    pub longest: f64,
}

impl Waits {
    pub(super) fn new() -> Self {
        Self { buckets: vec![0.0; BUCKETS], count: 0.0, sum: 0.0, longest: 0.0 }
    }

    /// So much waited for so long.
    pub(super) fn add(&mut self, seconds: f64, weight: f64) {
        let bucket = if seconds <= SHORTEST {
            0
        } else {
            (((seconds / SHORTEST).ln() / GROWTH.ln()) as usize + 1).min(BUCKETS - 1)
        };
        self.buckets[bucket] += weight;
        self.count += weight;
        self.sum += seconds * weight;
        self.longest = self.longest.max(seconds);
    }

    /// So much waited for anything up to so long, all lengths alike: those that came while another one waited.
    pub(super) fn add_up_to(&mut self, seconds: f64, weight: f64) {
        const PARTS: u32 = 8;
        for part in 0..PARTS {
            let share = (f64::from(part) + 0.5) / f64::from(PARTS);
            self.add(seconds * share, weight / f64::from(PARTS));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.longest = self.longest.max(other.longest);
    }

    fn quantile(&self, share: f64) -> f64 {
        let target = share * self.count;
        let mut seen = 0.0;
        for (bucket, weight) in self.buckets.iter().enumerate() {
            seen += weight;
            if *weight > 0.0 && seen >= target {
                let middle = SHORTEST * GROWTH.powf(bucket as f64 - 0.5);
                return if bucket == 0 { 0.0 } else { middle.min(self.longest) };
            }
        }
        self.longest
    }

    pub(super) fn percentiles(&self) -> Percentiles {
        if self.count <= 0.0 {
            return Percentiles::default();
        }
        Percentiles {
            mean: self.sum / self.count,
            p50: self.quantile(0.5),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            longest: self.longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Waits;

    #[test]
    fn percentiles_are_right_to_a_hundredth() {
        let mut waits = Waits::new();
        (1..=10_000).for_each(|n| waits.add(f64::from(n) / 100.0, 1.0));
        let told = waits.percentiles();
        for (found, right) in [(told.p50, 50.0), (told.p95, 95.0), (told.p99, 99.0), (told.longest, 100.0)] {
            assert!((found / right - 1.0).abs() < 0.011, "{found} for {right}");
        }
        assert!((told.mean - 50.005).abs() < 1e-6);
    }

    #[test]
    fn nobody_waited_is_no_wait() {
        assert_eq!(Waits::new().percentiles(), super::Percentiles::default());
    }
}
