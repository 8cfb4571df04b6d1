//! Whether to try again, and after how long.
//!
//! Three things go wrong with a loop that tries three times. Everybody who failed at the same moment comes back at the
//! same moment; so waits are drawn at random from zero to a ceiling that doubles (*full jitter*: M. Brooker,
//! "Exponential Backoff and Jitter", AWS Architecture Blog, 2015: `sleep = random(0, min(cap, base · 2^attempt))`).
//! It sleeps when its caller has long given up; so the deadline is asked first. And it triples the load on a service
//! that is going down because of load; so all retries are paid for out of one [`RetryBudget`].
//!
//! A retry is a decision, not a wrapper: the loop stays with the caller, who alone knows what may be sent twice and
//! what has to be taken anew for each try (a slot of the rate limit, a permit of the breaker).

mod budget;

pub use budget::RetryBudget;

use crate::Deadline;
use rand::{Rng, RngExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often to try, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait; it doubles from try to try.
    pub base: Duration,
    /// The ceiling never rises above this.
    pub cap: Duration,
    /// Tries in all, the first one included: 1 never tries again.
    pub attempts: u32,
    /// The longest wait asked for by the other side that is obeyed. If it asks for more, there is no other try: a
    /// header can say anything, and coming back sooner than asked is no use.
    pub patience: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            attempts: 4,
            patience: Duration::from_secs(120),
        }
    }
}

impl Backoff {
    /// The longest wait after this many tries have failed: `min(cap, base · 2^(failed − 1))`.
    pub fn ceiling(&self, failed: u32) -> Duration {
        let doublings = 2_u32.saturating_pow(failed.saturating_sub(1));
        self.base.saturating_mul(doublings).min(self.cap)
    }

    /// A wait after this many tries have failed. A wait that was asked for is kept to the full and spread by up to
    /// one `base`, so that not everybody who was told the same comes back at the same moment.
    pub fn wait(&self, failed: u32, asked: Option<Duration>, rng: &mut (impl Rng + ?Sized)) -> Duration {
        match asked {
            Some(asked) => asked.saturating_add(up_to(self.base, rng)),
            None => up_to(self.ceiling(failed), rng),
        }
    }
}

/// A duration drawn evenly from zero to `most`.
fn up_to(most: Duration, rng: &mut (impl Rng + ?Sized)) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(rng.random_range(0..=nanos))
}

/// A policy: a backoff, and the budget that all who share the service draw their retries from.
#[derive(Debug, Clone)]
pub struct Retry {
    backoff: Backoff,
    budget: Arc<RetryBudget>,
}

impl Retry {
    /// Retries so, paid for out of this budget.
    pub const fn new(backoff: Backoff, budget: Arc<RetryBudget>) -> Self {
        Self { backoff, budget }
    }

    /// The budget, to tell it of successes.
    pub fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// The backoff.
    pub const fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// After `failed` tries have failed (at least one): how long to wait before the next, or `None` when there should
    /// be none, because there were enough, the wait would not end before the deadline, more patience is asked for than
    /// there is, or the budget is spent.
    ///
    /// `Some` has taken one retry out of the budget. A caller who is cancelled while waiting does not give it back:
    /// the error is on the side of less load.
    pub fn next(
        &self,
        failed: u32,
        now: Instant,
        deadline: Deadline,
        asked: Option<Duration>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Option<Duration> {
        if failed >= self.backoff.attempts || asked.is_some_and(|asked| asked > self.backoff.patience) {
            return None;
        }
        let wait = self.backoff.wait(failed, asked, rng);
        if wait >= deadline.remaining_at(now) {
            return None;
        }
        self.budget.withdraw().then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Retry, RetryBudget};
    use crate::Deadline;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;

    fn retry(backoff: Backoff) -> Retry {
        Retry::new(backoff, Arc::new(RetryBudget::new(1_000, 0.1)))
    }

    #[test]
    fn the_ceiling_doubles_up_to_its_cap_for_any_number_of_failures() {
        let backoff = Backoff::default();
        let ceilings: Vec<u128> = (1..=8).map(|failed| backoff.ceiling(failed).as_millis()).collect();
        assert_eq!(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(backoff.ceiling(u32::MAX), backoff.cap);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_spread_over_the_whole_ceiling() {
        let retry = retry(Backoff { attempts: u32::MAX, ..Backoff::default() });
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let waits: Vec<Duration> = (0..400)
            .filter_map(|_| retry.next(3, Instant::now(), Deadline::never(), None, &mut rng))
            .collect();
        let quarter = |from: u64| {
            let range = Duration::from_millis(from)..Duration::from_millis(from + 500);
            waits.iter().filter(|wait| range.contains(wait)).count()
        };
        assert_eq!(waits.len(), 400);
        for from in [0, 500, 1_000, 1_500] {
            assert!((70..130).contains(&quarter(from)), "{}", quarter(from));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_other_side_asks_for_is_kept_or_given_up_never_shortened() {
        let retry = retry(Backoff::default());
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut next = |asked| {
            retry.next(1, Instant::now(), Deadline::never(), Some(Duration::from_secs(asked)), &mut rng)
        };
        for _ in 0..50 {
            let wait = next(100).unwrap();
            assert!((100_000..=100_500).contains(&wait.as_millis()), "{wait:?}");
        }
        assert_eq!(next(121), None);
        assert_eq!(next(u64::MAX), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_that_is_not_made_is_not_paid_for() {
        let retry = Retry::new(Backoff::default(), Arc::new(RetryBudget::new(1, 0.0)));
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let now = Instant::now();
        assert_eq!(retry.next(4, now, Deadline::never(), None, &mut rng), None, "enough tries");
        assert_eq!(retry.next(1, now, Deadline::at(now), None, &mut rng), None, "no time");
        assert!(retry.next(1, now, Deadline::never(), None, &mut rng).is_some());
        assert_eq!(retry.next(1, now, Deadline::never(), None, &mut rng), None, "the budget is spent");
    }

    proptest! {
        #[test]
        fn no_wait_ends_past_the_deadline(
            seed: u64, failed in 1_u32..40, left_ms in 0_u64..60_000, asked_ms in proptest::option::of(0_u64..90_000),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _inside = runtime.enter();
            let retry = retry(Backoff { attempts: 40, ..Backoff::default() });
            let (now, left) = (Instant::now(), Duration::from_millis(left_ms));
            let asked = asked_ms.map(Duration::from_millis);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            if let Some(wait) = retry.next(failed, now, Deadline::at(now + left), asked, &mut rng) {
                prop_assert!(wait < left);
                prop_assert!(asked.is_none_or(|asked| wait >= asked));
            }
        }
    }
}
