//! What every call to a service passes on its way out: breaker, then budget.
//!
//! The order matters. The breaker is asked first, because a slot of the budget that is taken and not used is lost for a
//! window; and again once the slot is there, because it may have opened while we stood in the queue.

use crate::error::EngineError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use watchfire_flow::{
    Ask, Backoff, Breaker, BreakerSettings, BreakerState, Breaking, Budget, BudgetConfig, BudgetState,
    CallPermit, Clock, Closing, ColdStart, Deadline, Denied, Retry, RetryBudget, Slot,
};
use watchfire_store::Store;

/// Retries that may be made before any first try has paid for them.
const RETRIES_AT_FIRST: u32 = 10;
/// Retries that each first try pays for.
const RETRIES_PER_CALL: f64 = 0.1;

/// The gates of one credential.
pub(crate) struct Gates {
    /// What its budget is kept under.
    name: String,
    pub(crate) budget: Budget,
    /// Whether others use the budget too: then it outlives these gates, and is kept elsewhere.
    is_shared: bool,
    breaker: Arc<dyn Breaking>,
    pub(crate) retry: Retry,
    /// Why nothing more is asked.
    stopped: Mutex<Option<String>>,
}

/// What several workers share of a credential.
#[derive(Debug, Clone)]
pub struct SharedGates {
    /// Its budget.
    pub budget: Budget,
    /// Its breaker.
    pub breaker: Arc<dyn Breaking>,
}

/// Why a call does not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Nothing goes out any more, for this reason.
    Stopped(String),
    /// The service fails, and did not come back in time.
    Failing,
    /// Its turn would come too late, or never.
    NoTurn(Denied),
}

impl std::fmt::Display for Shut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stopped(reason) => f.write_str(reason),
            Self::Failing => f.write_str("the provider has been failing for too long"),
            Self::NoTurn(denied) => denied.fmt(f),
        }
    }
}

impl Gates {
    /// The gates of the credential that is kept under `name`. If a process that used it before was killed, nobody knows
    /// what it sent last: then a window is waited out.
    pub(crate) fn open(
        name: &str,
        limits: &BudgetConfig,
        breaker: BreakerSettings,
        backoff: Backoff,
        store: &Store,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        Self::behind(Breaker::new(breaker), name, limits, backoff, store, clock)
    }

    /// The same behind a breaker that outlives them.
    pub(crate) fn behind(
        breaker: Breaker,
        name: &str,
        limits: &BudgetConfig,
        backoff: Backoff,
        store: &Store,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let saved = store.budget(name)?;
        let cold_start = if saved.is_some() { ColdStart::WaitAWindow } else { limits.cold_start };
        let config = BudgetConfig { cold_start, ..limits.clone() };
        let budget = Budget::new(config, Arc::clone(clock)).map_err(EngineError::Budget)?;
        // What can't be read was written by another version: then, too, a window is waited out.
        if let Some(state) = saved.and_then(|(state, _)| serde_json::from_str::<BudgetState>(&state).ok()) {
            budget.restore(&state);
        }
        let gates = Self {
            name: name.to_owned(),
            budget,
            is_shared: false,
            breaker: Arc::new(breaker),
            retry: retry(backoff),
            stopped: Mutex::new(None),
        };
        // Whoever comes after a kill within the first second must know that there was somebody.
        gates.save(store, clock)?;
        Ok(gates)
    }

    /// The gates of a credential that others use too.
    pub(crate) fn shared(name: &str, shared: &SharedGates, backoff: Backoff) -> Self {
        Self {
            name: name.to_owned(),
            budget: shared.budget.clone(),
            is_shared: true,
            breaker: Arc::clone(&shared.breaker),
            retry: retry(backoff),
            stopped: Mutex::new(None),
        }
    }

    /// Writes down where the budget stands.
    pub(crate) fn save(&self, store: &Store, clock: &Arc<dyn Clock>) -> Result<(), EngineError> {
        if self.is_shared {
            return Ok(());
        }
        let state = serde_json::to_string(&self.budget.snapshot()).unwrap_or_default();
        Ok(store.put_budget(&self.name, &state, clock.unix_millis())?)
    }

    /// Lets nobody through any more, and writes down where the budget stands for good. A shared budget goes on.
    pub(crate) fn close(&self, store: &Store, clock: &Arc<dyn Clock>) -> Result<(), EngineError> {
        if self.is_shared {
            self.stop("the program is shutting down");
            return Ok(());
        }
        self.budget.close(Closing::ShuttingDown);
        self.save(store, clock)
    }

    /// Says why nothing more is asked, if so.
    pub(crate) fn stopped(&self) -> Option<String> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends asking. The first reason stays.
    pub(crate) fn stop(&self, reason: impl Into<String>) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason.into());
    }

    /// Waits until the call may be made.
    pub(crate) async fn pass(
        &self,
        tokens: u64,
        priority: u8,
        deadline: Deadline,
    ) -> Result<(Slot, CallPermit), Shut> {
        loop {
            self.check()?;
            if deadline.bound(self.breaker.closed()).await.is_err() {
                return Err(Shut::Failing);
            }
            let deadline = Some(Instant::now() + deadline.remaining());
            let ask = Ask { user: 0, priority, tokens, micro_usd: 0, deadline };
            let slot = self.budget.acquire(ask).await.map_err(Shut::NoTurn)?;
            if let Err(shut) = self.check() {
                slot.cancel();
                return Err(shut);
            }
            match self.breaker.permit().await {
                Ok(permit) => return Ok((slot, permit)),
                Err(_) => slot.cancel(),
            }
        }
    }

    /// The breaker's state: 0 closed, 1 half-open, 2 open.
    pub(crate) fn breaker_state(&self) -> u8 {
        match self.breaker.state() {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open { .. } => 2,
        }
    }

    fn check(&self) -> Result<(), Shut> {
        self.stopped().map_or(Ok(()), |reason| Err(Shut::Stopped(reason)))
    }

    /// Tells what the budget does: until the next slot, and until `queued` more will have had theirs.
    pub(crate) fn outlook(&self, queued: usize) -> (Duration, Duration) {
        let outlook = self.budget.outlook();
        let next = if outlook.waiting > 0 { outlook.next_slot.unwrap_or_default() } else { Duration::ZERO };
        let last = self.budget.predicted_wait(queued as u64 + outlook.waiting as u64);
        (next.max(outlook.paused_for), last)
    }
}

fn retry(backoff: Backoff) -> Retry {
    Retry::new(backoff, Arc::new(RetryBudget::new(RETRIES_AT_FIRST, RETRIES_PER_CALL)))
}
