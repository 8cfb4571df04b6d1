//! How fast something comes, now and usually.

/// Half-life of *now*: five minutes, in milliseconds.
const FAST_MS: f64 = 300_000.0;
/// Half-life of *usually*: one day.
const SLOW_MS: f64 = 86_400_000.0;

/// Two exponentially decaying counters over the alerts' own time, whose quotient tells a burst from a habit.
///
/// Each counter holds `Σ 2^(−age / half-life)`. Divided by the half-life (times ln 2) that is a rate; for a steady
/// stream both give the same. What is late counts with the time of the latest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    fast: f64,
    slow: f64,
    /// When the first came, in milliseconds since 1970.
    pub first: i64,
    /// When the latest came.
    pub last: i64,
    /// How many there were.
    pub count: u64,
}

impl Rate {
    /// Counts one at this moment.
    pub fn add(&mut self, time: i64) {
        if self.count == 0 {
            (self.first, self.last) = (time, time);
        }
        let age = (time - self.last).max(0) as f64;
        if age > 0.0 {
            self.fast *= (-age / FAST_MS).exp2();
            self.slow *= (-age / SLOW_MS).exp2();
        }
        self.fast += 1.0;
        self.slow += 1.0;
        self.last = self.last.max(time);
        self.first = self.first.min(time);
        self.count += 1;
    }

    /// How many times faster than usual it comes now; 1 when there is no *usual* yet.
    ///
    /// *Usual* is over the time it has been known, at least an hour, so that ten alerts in their first minute are not
    /// called steady.
    pub fn burst(&self) -> f64 {
        let known_ms = (self.last - self.first) as f64;
        if self.count < 3 || known_ms < FAST_MS {
            return 1.0;
        }
        let window = |half_life: f64| (half_life / std::f64::consts::LN_2).min(known_ms.max(3_600_000.0));
        let now = self.fast / window(FAST_MS);
        let usual = self.slow / window(SLOW_MS);
        now / usual
    }

    /// About how many came in the last minutes.
    pub fn recent(&self) -> f64 {
        self.fast
    }

    /// How long it has been known, in milliseconds.
    pub fn span(&self) -> i64 {
        self.last - self.first
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn a_steady_stream_is_no_burst_and_a_flood_after_quiet_is() {
        let mut rate = Rate::default();
        for minute in 0..2880 {
            rate.add(minute * 60_000);
        }
        assert!((0.5..2.0).contains(&rate.burst()), "{}", rate.burst());
        for second in 0..600 {
            rate.add(2880 * 60_000 + second * 1000);
        }
        assert!(rate.burst() > 5.0, "{}", rate.burst());
    }

    #[test]
    fn what_is_late_does_not_upset_it() {
        let mut rate = Rate::default();
        rate.add(1_000_000);
        rate.add(0);
        rate.add(1_000_000);
        assert_eq!((rate.first, rate.last, rate.count), (0, 1_000_000, 3));
        assert!(rate.burst().is_finite());
    }
}
