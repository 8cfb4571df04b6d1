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
    fn permit(&self) -> Breaks<'_, Result<Box<dyn CallPermit>, Open>>;

    /// Waits until calls may flow. The permit still has to be taken, and somebody else may be faster. Dropping it costs nothing.
    fn closed(&self) -> Breaks<'_, ()>;

    /// What it does now, as far as is known here.
    fn state(&self) -> BreakerState;
}

/// The right to make one call. Dropped without an outcome, it counts for nothing.
pub trait CallPermit: Send {
    /// The service answered: also if it answered that the request was wrong.
    fn success(self: Box<Self>);

    /// The service failed, or did not answer in time.
    fn failure(self: Box<Self>);

    /// The call says nothing about the service.
    fn ignore(self: Box<Self>);
}

impl Breaking for Breaker {
    fn permit(&self) -> Breaks<'_, Result<Box<dyn CallPermit>, Open>> {
        Box::pin(async { Self::permit(self).map(|permit| Box::new(permit) as Box<dyn CallPermit>) })
    }

    fn closed(&self) -> Breaks<'_, ()> {
        Box::pin(Self::closed(self))
    }

    fn state(&self) -> BreakerState {
        Self::state(self)
    }
}

impl CallPermit for BreakerPermit {
    fn success(self: Box<Self>) {
        Self::success(*self);
    }

    fn failure(self: Box<Self>) {
        Self::failure(*self);
    }

    fn ignore(self: Box<Self>) {
        Self::ignore(*self);
    }
}
