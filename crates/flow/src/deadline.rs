//! One total time budget, handed down through everything that a task does.
//!
//! A timeout per call says nothing about the whole: five calls of ten seconds each, retried twice, are two minutes. A
//! deadline is a moment, so whoever gets it handed down can see what is left, however much was used up above.

use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// The moment by which something has to be done, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deadline {
    at: Option<Instant>,
}

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct DeadlinePassed;

impl Deadline {
    /// All the time in the world.
    pub const fn never() -> Self {
        Self { at: None }
    }

    /// So long from now. What is too long to be a moment is [`Deadline::never`].
    pub fn within(total: Duration) -> Self {
        Self { at: Instant::now().checked_add(total) }
    }

    /// At this moment.
    pub const fn at(moment: Instant) -> Self {
        Self { at: Some(moment) }
    }

    /// The moment, if there is one.
    pub const fn moment(self) -> Option<Instant> {
        self.at
    }

    /// What is left: zero once it has passed, [`Duration::MAX`] if there is no deadline.
    pub fn remaining(self) -> Duration {
        self.remaining_at(Instant::now())
    }

    /// What is left at a given moment.
    pub fn remaining_at(self, now: Instant) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }

    /// Whether it has passed.
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }

    /// The timeout for one step: its own, or what is left if that is less.
    pub fn cap(self, timeout: Duration) -> Duration {
        timeout.min(self.remaining())
    }

    /// The deadline of a part that may take so long by itself: never later than the whole's.
    pub fn part(self, timeout: Duration) -> Self {
        self.sooner(Self::within(timeout))
    }

    /// The earlier of two.
    pub fn sooner(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(one), Some(another)) => Self::at(one.min(another)),
            (one, another) => Self { at: one.or(another) },
        }
    }

    /// Runs a future until it is done or the deadline has passed; then the future is dropped. Work that is done at
    /// once is done even when the time is up already.
    ///
    /// Dropping this drops the future.
    pub async fn bound<F: Future>(self, work: F) -> Result<F::Output, DeadlinePassed> {
        match self.at {
            Some(at) => tokio::time::timeout_at(at, work).await.map_err(|_| DeadlinePassed),
            None => Ok(work.await),
        }
    }

    /// Waits until it has passed; for ever if there is none. Dropping this costs nothing.
    pub async fn passed(self) {
        match self.at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deadline, DeadlinePassed};
    use std::time::Duration;
    use tokio::time::{Instant, advance, sleep};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_was_used_up_above_is_gone_below() {
        let whole = Deadline::within(10 * SECOND);
        assert_eq!(whole.cap(4 * SECOND), 4 * SECOND);
        advance(7 * SECOND).await;
        assert_eq!(whole.remaining(), 3 * SECOND);
        assert_eq!(whole.cap(4 * SECOND), 3 * SECOND);
        assert_eq!(whole.part(4 * SECOND), whole);
        assert_eq!(whole.part(SECOND).remaining(), SECOND);
        advance(4 * SECOND).await;
        assert!(whole.is_over());
        assert_eq!(whole.cap(SECOND), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_work_goes_on_past_the_deadline() {
        let began = Instant::now();
        let deadline = Deadline::within(SECOND);
        assert_eq!(deadline.bound(sleep(5 * SECOND)).await, Err(DeadlinePassed));
        assert_eq!(began.elapsed().as_secs(), 1);
        assert_eq!(deadline.bound(async { 7 }).await, Ok(7), "what is ready is not thrown away");
        assert_eq!(Deadline::never().bound(sleep(5 * SECOND)).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn durations_beyond_reason_mean_never() {
        assert_eq!(Deadline::within(Duration::MAX), Deadline::never());
        assert_eq!(Deadline::never().remaining(), Duration::MAX);
        assert!(!Deadline::never().is_over());
    }
}
