//! Webhooks: whoever wants to hear of hostile verdicts is told, each at an address of their own.
//!
//! ```text
//!  verdict ─▶ body ─▶ outbox ─▶ worker ─▶ signed request ─▶ receiver
//!             in the transaction   one per target, one delivery at a time, in order
//!             of the verdict
//! ```
//!
//! A body is made where the verdict is, because the alert is at hand there, and is written with it: what is in the store was
//! told of or will be, however often the process is killed in between. So a receiver hears of everything *at least* once, and
//! knows what it heard before by its key ([`DELIVERY`]).
//!
//! What is delivered stays in order, so a receiver that fails holds up what comes after. It does not hold up anything else:
//! nobody who sends alerts waits for a webhook.

mod bodies;
mod delivering;
mod signature;
mod slack;
mod target;
#[cfg(test)]
mod tests;
mod turning;

pub use delivering::{ATTEMPTS, DELIVERY, SIGNATURE, TIMEOUT};
pub use signature::signature;
pub use target::{Kind, Occasion, Secret, Target};

use crate::error::EngineError;
use crate::work::Said;
pub(crate) use bodies::{Post, body};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use watchfire_flow::{Breaker, BreakerSettings, BreakerState, Clock};
use watchfire_store::{Outbox, Store};

const DAY_MS: i64 = 86_400_000;

/// All targets, and how it stands with them.
pub(crate) struct Webhooks {
    pub(crate) all: Vec<Arc<Webhook>>,
}

/// A target, and how it stands with it.
pub struct Webhook {
    target: Target,
    name: Arc<str>,
    breaker: Breaker,
    /// Woken when there is something to deliver.
    written: Notify,
    counts: Mutex<Counts>,
    /// What had been dropped before the start.
    dropped_before: u64,
}

/// What became of deliveries, and how many wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Deliveries that the receiver has, since the start.
    pub delivered: u64,
    /// Attempts that failed and are made again, since the start.
    pub retried: u64,
    /// Deliveries that were given up, since the start.
    pub died: u64,
    /// Deliveries that there was no room for, since the start.
    pub dropped: u64,
    /// Deliveries that wait now.
    pub waiting: u64,
    /// Deliveries that were given up and are kept.
    pub dead: u64,
    /// Why the last attempt failed, if it did.
    pub error: String,
    /// The day (UTC) that calls are counted of, and how many they are.
    today: (i64, u64),
}

impl Webhooks {
    pub(crate) fn open(targets: Vec<Target>, store: &Store) -> Result<Self, EngineError> {
        let outboxes = store.outboxes()?;
        let all = targets.into_iter().map(|target| {
            let outbox = outboxes.get(&target.name).copied().unwrap_or_default();
            let webhook = Webhook {
                name: target.name.as_str().into(),
                target,
                breaker: Breaker::new(BreakerSettings::default()),
                written: Notify::new(),
                counts: Mutex::default(),
                dropped_before: outbox.dropped,
            };
            webhook.stands(outbox);
            Arc::new(webhook)
        });
        Ok(Self { all: all.collect() })
    }

    /// Something was written to the outbox.
    pub(crate) fn written(&self, store: &Store) -> Result<(), EngineError> {
        let outboxes = store.outboxes()?;
        for webhook in &self.all {
            webhook.stands(outboxes.get(&*webhook.name).copied().unwrap_or_default());
            webhook.written.notify_one();
        }
        Ok(())
    }
}

impl Webhook {
    /// What it was told.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The state of its breaker: closed, open or half_open.
    pub fn breaker(&self) -> &'static str {
        match self.breaker.state() {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }

    /// How long its breaker stays open.
    pub fn open_for(&self) -> std::time::Duration {
        match self.breaker.state() {
            BreakerState::Open { until } => until.saturating_duration_since(tokio::time::Instant::now()),
            BreakerState::Closed | BreakerState::HalfOpen => std::time::Duration::ZERO,
        }
    }

    /// What became of deliveries.
    pub fn counts(&self) -> Counts {
        self.counted().clone()
    }

    /// Attempts on this day (UTC).
    pub fn calls_today(&self, clock: &dyn Clock) -> u64 {
        let (day, calls) = self.counted().today;
        if day == clock.unix_millis().div_euclid(DAY_MS) { calls } else { 0 }
    }

    /// Whether it wants to hear of a verdict.
    fn wants(&self, said: Said<'_>) -> bool {
        let occasion = match self.target.on {
            Occasion::NewPatterns => said.fresh,
            Occasion::Alerts => true,
        };
        occasion && said.decision.verdict.is_hostile() && said.decision.severity >= self.target.min_severity
    }

    fn counted(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stands(&self, outbox: Outbox) {
        let mut counts = self.counted();
        counts.waiting = outbox.waiting;
        counts.dead = outbox.dead;
        counts.dropped = outbox.dropped.saturating_sub(self.dropped_before);
    }

    fn called(&self, clock: &dyn Clock) {
        let day = clock.unix_millis().div_euclid(DAY_MS);
        let mut counts = self.counted();
        counts.today = if counts.today.0 == day { (day, counts.today.1 + 1) } else { (day, 1) };
    }
}
