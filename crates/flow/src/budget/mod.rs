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
//!                                                                            ├──▶ uncounted       (not counted)
//!                                                                            └──▶ drop            (nobody knows)
//! ```
//!
//! A call whose answer nobody saw may arrive late; it holds what it took until the longest flight is over and a window
//! after that. A retry is a call like any other. What is sent between a snapshot and a crash is in no state:
//! [`ColdStart::WaitAWindow`] waits that out, and a budget that was closed before its last snapshot need not.
//!
//! Nobody sleeps with a lock held. Of those who wait, one looks at the clock for all; whoever stops waiting gives the
//! place up by dropping the future.
//!
//! A budget that several processes share is [`Budget::governed`]: they wait here, and are granted slots from elsewhere.
//!
//! `state` is the whole of it as a machine without time or waiting; `meter` is one quota, `queue` the order, `pace` what
//! is made use of; here is what waits.

mod amounts;
mod ask;
mod by_identifier;
mod config;
mod governed;
mod held;
mod meter;
mod pace;
mod period;
mod queue;
mod saved;
mod share;
mod slot;
mod state;

pub use ask::{Ask, Check, Closing, Denied, Outlook, Spent};
pub use by_identifier::Budgets;
pub use config::{BudgetConfig, BudgetError, ColdStart, Counted, Period, Quota};
pub use governed::{Ended, Flown, Governor, How, Log, QuotaLog, Said, Told, Wanted};
pub use saved::BudgetState;
pub use share::PARTS;
pub use slot::Slot;

use crate::Clock;
use amounts::{Amounts, Fate, Now, When, later};
use queue::Waiter;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long after the one who looks at the clock for all the others look themselves: their owner may be busy elsewhere
/// and not poll them. Longer, the more there are, so that they are at most two hundred a second.
const LATE: Duration = Duration::from_secs(1);
/// See [`LATE`].
const LATE_EACH: Duration = Duration::from_millis(5);

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

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { at: Instant::now(), unix_ms: self.clock.unix_millis() }
    }

    /// The state as it is now.
    fn current(&self) -> (Now, MutexGuard<'_, State>) {
        let now = self.now();
        let mut state = self.lock();
        state.pass(now);
        (now, state)
    }
}

impl Budget {
    /// A budget of which nothing is used. `clock` tells the time of day for aligned quotas.
    ///
    /// After a restart, what an earlier process used must be given to [`Budget::restore`], or the first window may hold
    /// more than the limit; see [`BudgetConfig::cold_start`].
    pub fn new(config: BudgetConfig, clock: Arc<dyn Clock>) -> Result<Self, BudgetError> {
        Ok(Self::with(State::new(Arc::new(config), Instant::now())?, clock))
    }

    fn with(state: State, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::new(state), clock }) }
    }

    /// Whether such a call might be made now, without taking anything.
    pub fn check(&self, ask: &Ask) -> Check {
        let (now, state) = self.shared.current();
        if let Some(why) = state.closed() {
            return Check::Closed(why);
        }
        match state.when(&ask.amounts(), now) {
            When::Now if state.queue.is_empty() => Check::Allowed,
            When::Never => Check::Never(state.never(&ask.amounts(), now).unwrap_or_default()),
            _ => Check::Wait(state.predicted(ask, now).max(Duration::from_millis(1))),
        }
    }

    /// How many calls there is room for now; `None` if nothing limits their number.
    pub fn left(&self) -> Option<u64> {
        self.shared.current().1.left()
    }

    /// Takes a slot, if there is one now and nobody waits.
    pub fn try_acquire(&self, ask: &Ask) -> Option<Slot> {
        let (now, mut state) = self.shared.current();
        if state.closed().is_some() || !state.queue.is_empty() {
            return None;
        }
        let ticket = state.try_admit(&ask.amounts(), now).ok()?;
        Some(Slot::new(self, ticket, ask.amounts(), now.at))
    }

    /// Waits for a slot. Dropping the future gives the place in the queue up; a slot that was granted meanwhile goes to
    /// the next.
    pub async fn acquire(&self, ask: Ask) -> Result<Slot, Denied> {
        let (mut place, wake) = match self.enter(&ask)? {
            Entered::Through(slot) => return Ok(slot),
            Entered::Waits(place, wake) => (place, wake),
        };
        loop {
            let until = {
                let now = self.shared.now();
                let mut state = self.shared.lock();
                let next = state.dispatch(Some(place.id), now);
                if let Some(told) = state.told.remove(&place.id) {
                    place.left = true;
                    return told.map(|ticket| Slot::new(self, ticket, ask.amounts(), now.at));
                }
                if ask.deadline.is_some_and(|deadline| now.at >= deadline) {
                    return Err(Denied::Deadline(state.predicted(&ask, now)));
                }
                let late = if state.is_watching(place.id) {
                    Duration::ZERO
                } else {
                    LATE.max(LATE_EACH.saturating_mul(u32::try_from(state.queue.len()).unwrap_or(u32::MAX)))
                };
                next.map(|next| later(next, late)).into_iter().chain(ask.deadline).min()
            };
            match until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = wake.notified() => {}
                },
                None => wake.notified().await,
            }
        }
    }

    fn enter(&self, ask: &Ask) -> Result<Entered, Denied> {
        let (now, mut state) = self.shared.current();
        if let Some(why) = state.closed() {
            return Err(Denied::Closed(why));
        }
        let cost = ask.amounts();
        if let Some(quota) = state.never(&cost, now) {
            return Err(Denied::Never { quota });
        }
        if state.queue.is_empty()
            && let Ok(ticket) = state.try_admit(&cost, now)
        {
            return Ok(Entered::Through(Slot::new(self, ticket, cost, now.at)));
        }
        let wake = Arc::new(Notify::new());
        let waiter = Waiter {
            user: ask.user,
            priority: ask.priority,
            cost,
            since: now.at,
            deadline: ask.deadline,
            wake: Arc::clone(&wake),
        };
        let id = state.stand_in_line(ask, waiter, now)?;
        Ok(Entered::Waits(Place { shared: Arc::clone(&self.shared), id, left: false }, wake))
    }

    /// Nobody makes a call for so long, at most a month: the provider said so, and it means all who use the credential.
    pub fn pause(&self, how_long: Duration) {
        let (now, mut state) = self.shared.current();
        state.pause(how_long, now);
    }

    /// The provider refused a call although by our count there was room: others use the credential too, or the limit
    /// is lower than stated. Halves the share of the limit that is made use of; it comes back bit by bit. Refusals
    /// within a second of each other count once.
    pub fn on_limited(&self) {
        let (now, mut state) = self.shared.current();
        state.on_limited(now);
    }

    /// The provider has become slow: makes use of a fifth less of the limit for a while. The budget notices by itself
    /// when responses take twice as long on average as they did at best.
    pub fn on_slow(&self) {
        let (now, mut state) = self.shared.current();
        state.on_slow(now);
    }

    /// The provider says that its day or month is used up, whatever our count: no call before the next one begins.
    pub fn exhaust(&self, period: Period) {
        let (now, mut state) = self.shared.current();
        state.exhaust(period, now);
        // For whom there is no next one: they must hear it.
        state.dispatch(None, now);
    }

    /// The provider wants to be paid: nobody gets a slot any more, and those who wait are told.
    pub fn spend_exhausted(&self) {
        self.close(Closing::SpendExhausted);
    }

    /// Nobody gets a slot any more, and those who wait are told. Slots that are out end as they would. What is snapshot
    /// after this is complete.
    pub fn close(&self, why: Closing) {
        self.shared.lock().close(why);
    }

    /// What the budget does now.
    pub fn outlook(&self) -> Outlook {
        let (now, state) = self.shared.current();
        let waiting = state.queue.len();
        let least = Amounts { requests: 1, ..Amounts::default() };
        Outlook {
            waiting,
            in_flight: state.in_flight(),
            next_slot: match state.when(&least, now) {
                When::Now => Some(Duration::ZERO),
                When::At(at) => Some(at.saturating_duration_since(now.at)),
                When::AfterAnEnd | When::Never => state.told_wait(now),
            },
            paused_for: state.paused_for(now),
            predicted_wait: state.predict_after(waiting as u64, now),
            allowance: state.allowance(),
        }
    }

    /// About how long a call waits that has so many others before it, of the size that calls have had.
    pub fn predicted_wait(&self, before: u64) -> Duration {
        let (now, state) = self.shared.current();
        state.predict_after(before, now)
    }

    /// Where the budget stands, to be kept. Calls on their way are kept as if nobody ever saw their answers.
    pub fn snapshot(&self) -> BudgetState {
        let (now, state) = self.shared.current();
        state.snapshot(now)
    }

    /// Takes over what an earlier process used.
    pub fn restore(&self, saved: &BudgetState) {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.restore(saved, now);
        // The wait may have become shorter.
        state.dispatch(None, now);
    }

    /// Whether it is unused, and known to nobody but who asks.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.shared) == 1 && self.shared.current().1.is_idle()
    }
}

enum Entered {
    Through(Slot),
    Waits(Place, Arc<Notify>),
}

/// A place in the queue.
struct Place {
    shared: Arc<Shared>,
    id: u64,
    left: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.queue.remove(self.id);
        if let Some(Ok(ticket)) = state.told.remove(&self.id) {
            state.end(ticket, &Fate::Unsent, now);
        }
        state.dispatch(None, now);
    }
}

#[cfg(test)]
mod tests;
