//! How many retries all callers of one service may make together.
//!
//! A bucket of retries, filled by successes, as in finagle's `RetryBudget` and tower's `retry::budget`. Those take a
//! deposit for every *call*; here a call that fails deposits nothing. The difference shows when it matters: in an
//! outage there are no successes, so there are never more retries than were saved up, however many calls come. That
//! separates two settings which are one in the others: the *reserve* alone bounds an outage, and the *share* alone says
//! how many of the failures of a service that mostly works are tried again.
//!
//! - In any stretch without a success: retries ≤ reserve. With the default of 5, an outage that swallows 50 calls or
//!   more is amplified by no more than 1.1.
//! - In any stretch at all: retries ≤ reserve + share · successes.

use std::sync::atomic::{AtomicU64, Ordering};

/// The bucket counts in thousandths of a retry, so that deposits are exact and no float is kept.
const RETRY: u64 = 1_000;

/// The bucket. Shared by reference or in an `Arc`; never blocks.
#[derive(Debug)]
pub struct RetryBudget {
    saved: AtomicU64,
    most: u64,
    deposit: u64,
}

impl RetryBudget {
    /// A full bucket of `reserve` retries, to which every success adds `share` of one (0–10, in thousandths).
    pub fn new(reserve: u32, share: f64) -> Self {
        let most = u64::from(reserve) * RETRY;
        let share = if share.is_finite() { share.clamp(0.0, 10.0) } else { 0.0 };
        Self { saved: AtomicU64::new(most), most, deposit: (share * RETRY as f64).round() as u64 }
    }

    /// A call succeeded, the first time or later.
    pub fn deposit(&self) {
        let add = |saved: u64| (saved < self.most).then(|| (saved + self.deposit).min(self.most));
        let _ = self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Takes one retry out, if there is one.
    pub fn withdraw(&self) -> bool {
        let take = |saved: u64| saved.checked_sub(RETRY);
        self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Whole retries in the bucket.
    pub fn balance(&self) -> u32 {
        (self.saved.load(Ordering::Relaxed) / RETRY) as u32
    }
}

impl Default for RetryBudget {
    /// A reserve of 5, and one retry for every ten successes.
    fn default() -> Self {
        Self::new(5, 0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;
    use proptest::prelude::*;

    /// Calls that fail, each tried again as often as the budget allows.
    fn outage(budget: &RetryBudget, calls: u32) -> u32 {
        (0..calls).map(|_| 1 + (0..3).filter(|_| budget.withdraw()).count() as u32).sum()
    }

    proptest! {
        #[test]
        fn an_outage_is_amplified_by_a_tenth_at_most(healthy in 0_u32..10_000, calls in 50_u32..2_000) {
            let budget = RetryBudget::default();
            (0..healthy).for_each(|_| budget.deposit());
            let arrivals = outage(&budget, calls);
            prop_assert!(f64::from(arrivals) <= 1.1 * f64::from(calls), "{arrivals} of {calls}");
        }

        #[test]
        fn retries_are_a_share_of_successes(outcomes in proptest::collection::vec(any::<bool>(), 0..600)) {
            let budget = RetryBudget::new(3, 0.2);
            let (mut successes, mut retries) = (0_u32, 0_u32);
            for succeeded in outcomes {
                if succeeded {
                    successes += 1;
                    budget.deposit();
                } else {
                    retries += u32::from(budget.withdraw());
                }
                prop_assert!(f64::from(retries) <= 3.0 + 0.2 * f64::from(successes) + 1e-9);
            }
        }
    }

    #[test]
    fn a_service_that_works_again_earns_retries_again() {
        let budget = RetryBudget::default();
        assert_eq!(outage(&budget, 100), 105);
        (0..9).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!(budget.balance(), 5, "no more is saved than the reserve");
    }

    #[test]
    fn one_success_fills_the_bucket_no_higher_than_its_reserve() {
        let budget = RetryBudget::new(5, 3.0);
        assert!(budget.withdraw());
        budget.deposit();
        assert_eq!(budget.balance(), 5);
    }

    #[test]
    fn settings_beyond_reason_are_bounded() {
        for share in [f64::NAN, f64::INFINITY, -1.0] {
            let budget = RetryBudget::new(u32::MAX, share);
            assert_eq!(budget.balance(), u32::MAX);
            budget.deposit();
        }
    }
}
