//! How long to wait before asking again: exponential, with full jitter.
//!
//! The wait is drawn evenly from zero to a bound that doubles with each call that got nothing done, as in Marc Brooker,
//! "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), where this form took the fewest calls of those compared. Chance
//! is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) from a seed, so that a run can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    state: AtomicU64,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, state: AtomicU64::new(seed) }
    }

    /// The wait after so many calls in a row that got nothing done; 0 is after one that did, and waits like the first.
    pub(crate) fn wait(&self, idle_calls: u32) -> Duration {
        let doubled = 1_u32.checked_shl(idle_calls.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.longest).mul_f64(self.share())
    }

    /// Evenly from 0 to 1, exclusive.
    fn share(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_never_exceed_their_bound(seed: u64, idle_calls: u32, first in 0_u64..100_000, longest in 0_u64..100_000) {
            let backoff = Backoff::new(Duration::from_millis(first), Duration::from_millis(longest), seed);
            prop_assert!(backoff.wait(idle_calls) <= Duration::from_millis(longest));
            prop_assert!(backoff.wait(1) <= Duration::from_millis(first));
        }
    }

    #[test]
    fn waits_double_on_average_and_differ() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(100), 7);
        let mean =
            |idle_calls| (0..2_000).map(|_| backoff.wait(idle_calls).as_secs_f64()).sum::<f64>() / 2_000.0;
        assert!((mean(1) - 0.05).abs() < 0.005);
        assert!((mean(4) - 0.4).abs() < 0.04);
        assert_ne!(backoff.wait(1), backoff.wait(1));
    }
}
