//! Stops calling a service that does not answer, and finds out carefully whether it does again.
//!
//! The words are Nygard's (*Release It!*, 2007), and they are the electrician's: **closed** means that calls flow.
//!
//! - *Closed*: calls flow. After so many failures in a row, or when too large a share of the calls in a window of time
//!   has failed, the breaker opens. The first finds a dead service at once, the second finds a sick one.
//! - *Open*: no call flows until a moment. The time doubles each time that the breaker opens without having been closed
//!   in between, up to a bound.
//! - *Half open*: that moment has come. So many calls are let through as probes, and no more. If all succeed, the
//!   breaker closes. If one fails, it opens again.
//!
//! What a call was told by its permit holds for that call only: the outcome of a call that began before the breaker
//! opened says nothing about the service now, and changes nothing.

mod machine;
#[cfg(test)]
mod tests;
mod window;

use machine::{Machine, Outcome, Readiness};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// When to open, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// Opens after so many failures with no success in between; at least 1.
    pub failures_in_a_row: u32,
    /// Opens when this share of the calls in the window has failed; above 1 for never.
    pub failure_rate: f64,
    /// The share is not looked at before so many calls are in the window.
    pub least_calls: u32,
    /// How far back the share looks.
    pub window: Duration,
    /// How long the breaker stays open the first time.
    pub open: Duration,
    /// However often it opens in succession, it stays open no longer than this.
    pub longest_open: Duration,
    /// Calls let through when half open, all of which have to succeed; at least 1.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            failure_rate: 0.5,
            least_calls: 20,
            window: Duration::from_secs(60),
            open: Duration::from_secs(5),
            longest_open: Duration::from_secs(300),
            probes: 1,
        }
    }
}

/// What a breaker does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls flow.
    Closed,
    /// None flows before this moment.
    Open {
        /// When the first probe will be let through.
        until: Instant,
    },
    /// Probes flow.
    HalfOpen,
}

/// No call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker is open")]
pub struct Open {
    /// Until when at least. When the breaker is half open and all probes are out, nobody knows: then it is the time
    /// that the breaker was open for, from now. [`Breaker::closed`] knows exactly.
    pub until: Instant,
}

/// A breaker. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct Breaker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    machine: Mutex<Machine>,
    changed: Notify,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings) -> Self {
        let machine = Mutex::new(Machine::new(settings));
        Self { shared: Arc::new(Shared { machine, changed: Notify::new() }) }
    }

    /// The right to make one call, whose outcome is then to be recorded on the permit.
    pub fn permit(&self) -> Result<BreakerPermit, Open> {
        let epoch = self.shared.machine().admit(Instant::now())?;
        Ok(BreakerPermit { shared: Arc::clone(&self.shared), epoch, outcome: Outcome::Ignored })
    }

    /// What it does now.
    pub fn state(&self) -> BreakerState {
        self.shared.machine().state(Instant::now())
    }

    /// How often it has opened.
    pub fn times_opened(&self) -> u64 {
        self.shared.machine().times_opened()
    }

    /// Waits until calls may flow: closed, or half open with a probe to give. The permit still has to be taken, and
    /// somebody else may be faster.
    ///
    /// Dropping this costs nothing.
    pub async fn closed(&self) {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            // Registered before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            let readiness = self.shared.machine().readiness(Instant::now());
            match readiness {
                Readiness::Now => return,
                Readiness::At(moment) => {
                    tokio::select! {
                        () = sleep_until(moment) => {}
                        () = changed => {}
                    }
                }
                Readiness::AfterChange => changed.await,
            }
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerSettings::default())
    }
}

impl Shared {
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make one call. Dropped without an outcome, because the call was cancelled or panicked, it counts for
/// nothing; if it was a probe, the probe is there for another.
#[derive(Debug)]
#[must_use = "the outcome of the call is recorded on its permit"]
pub struct BreakerPermit {
    shared: Arc<Shared>,
    epoch: u64,
    outcome: Outcome,
}

impl BreakerPermit {
    /// The service answered: also if it answered that the request was wrong.
    pub fn success(mut self) {
        self.outcome = Outcome::Success;
    }

    /// The service failed, or did not answer in time.
    pub fn failure(mut self) {
        self.outcome = Outcome::Failure;
    }

    /// The call says nothing about the service: it was never sent, or a limit of ours stopped it.
    pub fn ignore(self) {
        drop(self);
    }
}

impl Drop for BreakerPermit {
    fn drop(&mut self) {
        let may_matter_to_waiters = self.shared.machine().record(self.epoch, self.outcome, Instant::now());
        if may_matter_to_waiters {
            self.shared.changed.notify_waiters();
        }
    }
}
