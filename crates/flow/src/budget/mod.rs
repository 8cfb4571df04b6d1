//! Budgets that are exact by construction.
//!
//! A provider counts *arrivals*, which we don't see. A call's arrival lies somewhere between its send and its response.
//! So what a call holds of a rolling quota is free again one window after its *response* was received, and the next call
//! is sent after that: whatever the latencies, no window of the provider can then hold more than the limit, and all of
//! the limit can be used. Token buckets, GCRA and fixed windows all let up to 2N − 1 calls into some window.
//!
//! ```text
//!  ask ─▶ queue: priority with age, then fairness ─▶ all quotas at once ─▶ Slot ─▶ call ─▶ settle   (response seen)
//!                                                                            ├──▶ cancel          (never sent)
//!                                                                            └──▶ drop            (nobody knows)
//! ```
//!
//! A call whose answer nobody saw may arrive late; it holds what it took until the longest flight is over and a window
//! after that. A retry is a call like any other.
//!
//! Nobody sleeps with a lock held. Of those who wait, one looks at the clock for all; whoever stops waiting gives the
//! place up by dropping the future.

mod by_identifier;
mod config;
mod meter;
mod state;

pub use by_identifier::Budgets;
pub use config::{BudgetConfig, BudgetError, Counted, Period, Quota};
pub use state::BudgetState;

use crate::Clock;
use meter::{Amounts, When};
use state::{State, Waiter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// On whose behalf: users of one priority take turns.
    pub user: u64,
    /// How urgent: a higher number goes first.
    pub priority: u8,
    /// Tokens that it may take.
    pub tokens: u64,
    /// Money that it may take, in millionths of a US dollar.
    pub micro_usd: u64,
    /// There is no use in a slot after this.
    pub deadline: Option<Instant>,
}

impl Ask {
    fn amounts(&self) -> Amounts {
        Amounts { requests: 1, tokens: self.tokens, micro_usd: self.micro_usd }
    }
}

/// What a call took in the end; `None` where nobody knows: then what was reserved stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Tokens.
    pub tokens: Option<u64>,
    /// Money, in millionths of a US dollar.
    pub micro_usd: Option<u64>,
}

/// Whether a call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It may.
    Allowed,
    /// After so long, as far as is known; a call that is on its way may end sooner.
    Wait(Duration),
    /// It never may: it takes more than the quota at this place of [`BudgetConfig::quotas`] has in all.
    Never(usize),
}

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The call takes more than a quota has in all.
    #[error("the call takes more than limit number {} allows in all", quota + 1)]
    Never {
        /// The quota's place in [`BudgetConfig::quotas`].
        quota: usize,
    },
    /// The wait would end after the deadline.
    #[error("the wait for a slot would be longer than there is time ({0:?} by what is known)")]
    Deadline(Duration),
    /// Too many wait already.
    #[error("{0} calls wait already")]
    QueueFull(usize),
}

/// What a budget does now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// How many wait.
    pub waiting: usize,
    /// How many calls are on their way.
    pub in_flight: usize,
    /// Until the next call of the least size may be made; `None` while that depends on calls that are on their way.
    pub next_slot: Option<Duration>,
    /// How long everybody pauses yet because the provider said so.
    pub paused_for: Duration,
    /// About how long whoever comes now would wait.
    pub predicted_wait: Duration,
    /// The share of the limit on calls that is made use of, 0–1: less than 1 after refusals.
    pub allowance: f64,
}

/// A credential's budget. Clones share it.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("state", &self.shared.state).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets through whoever may go, after something changed.
    fn changed(&self, state: &mut State) {
        state.dispatch(Instant::now(), self.clock.unix_millis());
        // The wait may have become shorter.
        state.wake_watchman();
    }
}

impl Budget {
    /// A budget of which nothing is used. `clock` tells the time of day for aligned quotas.
    ///
    /// After a restart, what an earlier process used must be given to [`Budget::restore`], or the first window may hold
    /// more than the limit.
    pub fn new(config: BudgetConfig, clock: Arc<dyn Clock>) -> Result<Self, BudgetError> {
        Ok(Self { shared: Arc::new(Shared { state: Mutex::new(State::new(config)?), clock }) })
    }

    /// Whether such a call might be made now, without taking anything.
    pub fn check(&self, ask: &Ask) -> Check {
        let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
        let mut state = self.shared.lock();
        state.pass(now, unix_ms);
        let cost = ask.amounts();
        if let Some(quota) = state.never(&cost, now, unix_ms) {
            return Check::Never(quota);
        }
        let predicted = state.predict(state.waiters.len() as u64, now);
        match state.when(&cost, now, unix_ms) {
            When::Now if state.waiters.is_empty() => Check::Allowed,
            When::At(at) => Check::Wait(at.saturating_duration_since(now).max(predicted)),
            _ => Check::Wait(predicted.max(Duration::from_millis(1))),
        }
    }

    /// Takes a slot, if there is one now and nobody waits.
    pub fn try_acquire(&self, ask: &Ask) -> Option<Slot> {
        let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
        let mut state = self.shared.lock();
        state.pass(now, unix_ms);
        let cost = ask.amounts();
        if state.waiters.is_empty() && state.when(&cost, now, unix_ms) == When::Now {
            let id = state.admit(cost, ask.user);
            drop(state);
            return Some(self.slot(id, cost, now));
        }
        None
    }

    /// Waits for a slot. Dropping the future gives the place in the queue up; a slot that was granted meanwhile goes to
    /// the next.
    pub async fn acquire(&self, ask: Ask) -> Result<Slot, Denied> {
        let cost = ask.amounts();
        let wake = Arc::new(Notify::new());
        let mut place = {
            let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
            let mut state = self.shared.lock();
            state.pass(now, unix_ms);
            if let Some(quota) = state.never(&cost, now, unix_ms) {
                return Err(Denied::Never { quota });
            }
            if state.waiters.len() >= state.config.max_waiting {
                return Err(Denied::QueueFull(state.waiters.len()));
            }
            let predicted = state.predict(state.waiters.len() as u64, now);
            if ask.deadline.is_some_and(|deadline| now + predicted > deadline) {
                return Err(Denied::Deadline(predicted));
            }
            let id = state.id();
            let waiter = Waiter {
                user: ask.user,
                priority: ask.priority,
                since: now,
                cost,
                granted: None,
                wake: Arc::clone(&wake),
            };
            state.waiters.insert(id, waiter);
            Place { shared: Arc::clone(&self.shared), id, left: false }
        };
        loop {
            let next = {
                let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
                let mut state = self.shared.lock();
                let next = state.dispatch(now, unix_ms);
                if let Some(ticket) = place.granted(&mut state) {
                    state.wake_watchman();
                    drop(state);
                    return Ok(self.slot(ticket, cost, now));
                }
                if ask.deadline.is_some_and(|deadline| now >= deadline) {
                    let predicted = state.predict(state.waiters.len() as u64, now);
                    return Err(Denied::Deadline(predicted));
                }
                match next {
                    Some(When::At(at)) if state.watchman() == Some(place.id) => Some(at),
                    _ => None,
                }
            };
            let until = [next, ask.deadline].into_iter().flatten().min();
            match until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = wake.notified() => {}
                },
                None => wake.notified().await,
            }
        }
    }

    fn slot(&self, id: u64, cost: Amounts, sent: Instant) -> Slot {
        Slot { shared: Arc::clone(&self.shared), id, cost, sent, ended: false }
    }

    /// Nobody makes a call for so long: the provider said so, and it means all who use the credential.
    pub fn pause(&self, how_long: Duration) {
        let mut state = self.shared.lock();
        state.pause(Instant::now() + how_long);
    }

    /// The provider refused a call although by our count there was room: others use the credential too, or the limit
    /// is lower than stated. Halves the share of the limit that is made use of; it comes back bit by bit.
    pub fn on_limited(&self) {
        self.shared.lock().slow_down(0.5, Instant::now());
    }

    /// The provider has become slow: makes use of a fifth less of the limit for a while.
    pub fn on_slow(&self) {
        self.shared.lock().slow_down(0.8, Instant::now());
    }

    /// The provider says that its day or month is used up, whatever our count: no call before the next one begins.
    pub fn exhaust(&self, period: Period) {
        self.shared.lock().exhaust(period);
    }

    /// What the budget does now.
    pub fn outlook(&self) -> Outlook {
        let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
        let mut state = self.shared.lock();
        state.pass(now, unix_ms);
        let waiting = state.waiters.values().filter(|waiter| waiter.granted.is_none()).count();
        let least = Amounts { requests: 1, ..Amounts::default() };
        Outlook {
            waiting,
            in_flight: state.in_flight(),
            next_slot: match state.when(&least, now, unix_ms) {
                When::Now => Some(Duration::ZERO),
                When::At(at) => Some(at.saturating_duration_since(now)),
                When::AfterAnEnd | When::Never => None,
            },
            paused_for: state.paused_for(now),
            predicted_wait: state.predict(waiting as u64, now),
            allowance: state.allowance(),
        }
    }

    /// About how long a call waits that has so many others before it.
    pub fn predicted_wait(&self, before: u64) -> Duration {
        self.shared.lock().predict(before, Instant::now())
    }

    /// Where the budget stands, to be kept. Calls on their way are kept as if nobody ever saw their answers.
    pub fn snapshot(&self) -> BudgetState {
        let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
        let mut state = self.shared.lock();
        state.pass(now, unix_ms);
        state.snapshot(now, unix_ms)
    }

    /// Takes over what an earlier process used.
    pub fn restore(&self, saved: &BudgetState) {
        self.shared.lock().restore(saved, Instant::now(), self.shared.clock.unix_millis());
    }

    fn is_idle(&self) -> bool {
        let (now, unix_ms) = (Instant::now(), self.shared.clock.unix_millis());
        let mut state = self.shared.lock();
        state.pass(now, unix_ms);
        state.is_idle(now)
    }
}

/// A place in the queue.
struct Place {
    shared: Arc<Shared>,
    id: u64,
    left: bool,
}

impl Place {
    /// The ticket, if it has been granted; the place is left with it.
    fn granted(&mut self, state: &mut State) -> Option<u64> {
        let ticket = state.waiters.get(&self.id)?.granted?;
        state.waiters.remove(&self.id);
        self.left = true;
        Some(ticket)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let mut state = self.shared.lock();
        if let Some(ticket) = state.waiters.remove(&self.id).and_then(|waiter| waiter.granted) {
            state.end(ticket, None, Instant::now());
        }
        self.shared.changed(&mut state);
    }
}

/// The right to make one call, to be made at once. Dropped without a word, because the call timed out or was cancelled,
/// it is held until the longest flight is over.
#[derive(Debug)]
#[must_use = "a slot that is dropped is held as if its call were still on its way"]
pub struct Slot {
    shared: Arc<Shared>,
    id: u64,
    cost: Amounts,
    sent: Instant,
    ended: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Slot {
    /// The response is here.
    pub fn settle(self, spent: Spent) {
        let amounts = Amounts {
            requests: 1,
            tokens: spent.tokens.unwrap_or(self.cost.tokens),
            micro_usd: spent.micro_usd.unwrap_or(self.cost.micro_usd),
        };
        self.end(Some(&amounts));
    }

    /// The call was not sent.
    pub fn cancel(self) {
        self.end(None);
    }

    /// The response is here, and by it the provider does not count the call.
    pub fn uncounted(self) {
        self.end(None);
    }

    fn end(mut self, spent: Option<&Amounts>) {
        self.ended = true;
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        state.pass(Instant::now(), shared.clock.unix_millis());
        state.end(self.id, spent, Instant::now());
        shared.changed(&mut state);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.ended {
            let mut state = self.shared.lock();
            state.lose(self.id, self.sent);
            self.shared.changed(&mut state);
        }
    }
}

#[cfg(test)]
mod tests;
