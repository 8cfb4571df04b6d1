//! A breaker as whoever calls sees it: this process's own, or one that several share.

use crate::breaker::{Breaker, BreakerPermit, BreakerState, Open};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What a breaker is waited for with.
pub type Breaks<'b, T> = Pin<Box<dyn Future<Output = T> + Send + 'b>>;

/// A breaker, whoever keeps it. Words and states are those of [`Breaker`].
pub trait Breaking: fmt::Debug + Send + Sync {
    /// The right to make one call, whose outcome is then to be recorded on the permit.
    fn permit(&self) -> Breaks<'_, Result<CallPermit, Open>>;

    /// Waits until calls may flow. The permit still has to be taken, and somebody else may be faster. Dropping it costs nothing.
    fn closed(&self) -> Breaks<'_, ()>;

    /// What it does now, as far as is known here.
    fn state(&self) -> BreakerState;
}

/// The right to make one call. Dropped without an outcome, it counts for nothing.
#[must_use = "the outcome of the call is recorded on its permit"]
pub struct CallPermit {
    /// Told whether the service answered, and holds the breaker's own permit.
    end: Box<dyn FnOnce(bool) + Send>,
}

impl CallPermit {
    /// A permit that tells `end` whether the service answered, and drops it where the call says nothing.
    pub fn new(end: impl FnOnce(bool) + Send + 'static) -> Self {
        Self { end: Box::new(end) }
    }

    /// The service answered: also if it answered that the request was wrong.
    pub fn success(self) {
        (self.end)(true);
    }

    /// The service failed, or did not answer in time.
    pub fn failure(self) {
        (self.end)(false);
    }

    /// The call says nothing about the service.
    pub fn ignore(self) {
        drop(self);
    }
}

impl From<BreakerPermit> for CallPermit {
    fn from(permit: BreakerPermit) -> Self {
        Self::new(move |answered| if answered { permit.success() } else { permit.failure() })
    }
}

impl Breaking for Breaker {
    fn permit(&self) -> Breaks<'_, Result<CallPermit, Open>> {
        Box::pin(async { Self::permit(self).map(CallPermit::from) })
    }

    fn closed(&self) -> Breaks<'_, ()> {
        Box::pin(Self::closed(self))
    }

    fn state(&self) -> BreakerState {
        Self::state(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Breaking;
    use crate::breaker::{Breaker, BreakerSettings, BreakerState};

    #[tokio::test(start_paused = true)]
    async fn what_is_told_to_a_permit_is_told_to_its_breaker() {
        let settings = BreakerSettings { failures_in_a_row: 2, ..BreakerSettings::default() };
        let breaker: &dyn Breaking = &Breaker::new(settings);
        let permit = || async { breaker.permit().await.ok().unwrap() };
        permit().await.failure();
        permit().await.success();
        permit().await.failure();
        permit().await.ignore();
        drop(permit().await);
        assert_eq!(breaker.state(), BreakerState::Closed);
        permit().await.failure();
        assert!(matches!(breaker.state(), BreakerState::Open { .. }));
        assert!(breaker.permit().await.is_err());
        breaker.closed().await;
        permit().await.success();
    }
}
