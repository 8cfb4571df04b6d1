//! How much of the limit on calls is made use of: less after refusals or when the provider becomes slow, and more again,
//! bit by bit, when it is quiet. Additive increase, multiplicative decrease, as in TCP (RFC 5681) and AIMD limiters.
//!
//! Refusals that come together are one: calls that were on their way at once tell of the same moment. Latencies are
//! compared with the least that their average has been; each time it doubles costs once, or a provider that stays slow
//! would be left with nothing though it refuses nothing.

use std::time::Duration;
use tokio::time::Instant;

/// What comes back, as a share of the limit, for every [`QUIET`] without trouble.
const RECOVERY: f64 = 0.1;
/// See [`RECOVERY`].
pub(super) const QUIET: Duration = Duration::from_secs(6);
/// Trouble that follows trouble in less than this is the same.
const TOGETHER: Duration = Duration::from_secs(1);
/// Less than this is not made of it; at least one call is always allowed.
const LEAST: f64 = 0.01;
/// The weight of a latency in the average.
const WEIGHT: f64 = 1.0 / 32.0;
/// The average means something after so many.
const SAMPLES: u32 = 32;
/// What is faster than this is never slow, however much faster it was before.
const FAST: f64 = 0.25;

#[derive(Debug, Clone)]
pub(super) struct Pace {
    allowance: f64,
    /// When it last changed; `None` while all of the limit is made use of.
    changed_at: Option<Instant>,
    slowed_at: Option<Instant>,
    latency: f64,
    samples: u32,
    least_latency: f64,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self {
            allowance: 1.0,
            changed_at: None,
            slowed_at: None,
            latency: 0.0,
            samples: 0,
            least_latency: f64::INFINITY,
        }
    }

    pub(super) const fn allowance(&self) -> f64 {
        self.allowance
    }

    /// The average time that a response took, as far as is known.
    pub(super) fn latency(&self) -> Duration {
        Duration::try_from_secs_f64(self.latency).unwrap_or_default()
    }

    /// How many of so many calls are made use of.
    pub(super) fn of(&self, limit: u64) -> u64 {
        if self.allowance >= 1.0 { limit } else { ((limit as f64 * self.allowance) as u64).clamp(1, limit) }
    }

    /// When more of the limit will be made use of.
    pub(super) fn recovers_at(&self) -> Option<Instant> {
        self.changed_at.map(|changed_at| changed_at + QUIET)
    }

    pub(super) fn pass(&mut self, now: Instant) {
        let Some(changed_at) = self.changed_at else { return };
        let steps = now.saturating_duration_since(changed_at).as_secs() / QUIET.as_secs();
        if steps > 0 {
            self.allowance = (self.allowance + RECOVERY * steps as f64).min(1.0);
            self.changed_at = (self.allowance < 1.0).then_some(now);
        }
    }

    /// There was trouble: makes use of this share of what it was.
    pub(super) fn slow_down(&mut self, factor: f64, now: Instant) {
        self.changed_at = Some(now);
        if self.slowed_at.is_none_or(|at| now.saturating_duration_since(at) >= TOGETHER) {
            self.allowance = (self.allowance * factor).max(LEAST);
            self.slowed_at = Some(now);
        }
    }

    /// A response took so long. Says whether that makes the average twice what it was at its best.
    pub(super) fn is_slow_after(&mut self, latency: Duration) -> bool {
        let seconds = latency.as_secs_f64();
        self.samples = self.samples.saturating_add(1);
        // A plain mean at first: the first latency alone says little.
        let weight = WEIGHT.max(1.0 / f64::from(self.samples));
        self.latency += (seconds - self.latency) * weight;
        if self.samples < SAMPLES {
            return false;
        }
        self.least_latency = self.least_latency.min(self.latency);
        if self.latency > FAST && self.latency > 2.0 * self.least_latency {
            self.least_latency = self.latency;
            return true;
        }
        false
    }

    /// After a restart; anything but a share is ignored.
    pub(super) fn restore(&mut self, allowance: f64, now: Instant) {
        if allowance < self.allowance {
            self.allowance = allowance.max(LEAST);
            self.changed_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    #[tokio::test(start_paused = true)]
    async fn refusals_that_come_together_halve_once_and_one_call_is_always_left() {
        let mut pace = Pace::new();
        (0..15).for_each(|_| pace.slow_down(0.5, Instant::now()));
        assert_eq!(pace.of(10), 5);
        for _ in 0..20 {
            advance(Duration::from_secs(2)).await;
            pace.slow_down(0.5, Instant::now());
        }
        assert_eq!(pace.of(10), 1);
        advance(Duration::from_secs(3600)).await;
        pace.pass(Instant::now());
        assert_eq!(pace.of(10), 10, "an hour of quiet, though nobody looked meanwhile");
    }

    #[test]
    fn each_doubling_of_the_latency_is_noticed_once_and_jitter_never() {
        let mut pace = Pace::new();
        let jitter =
            (0..2000_u64).filter(|n| pace.is_slow_after(Duration::from_millis(200 + n * 7919 % 800)));
        assert_eq!(jitter.count(), 0);
        let slow = (0..500).filter(|_| pace.is_slow_after(Duration::from_millis(1900)));
        assert_eq!(slow.count(), 1);
    }
}
