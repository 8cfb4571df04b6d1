//! A budget that is shared with other processes: who asks here waits here, in the same order as for a local one, but
//! whether there is room is decided elsewhere, by a [`Governor`].
//!
//! What calls of this process hold is kept here all the same. It is what the process can tell a shared memory that has
//! forgotten, and what it goes by while it uses its share by itself.

use super::amounts::{Amounts, Fate};
use super::ask::Denied;
use super::config::{BudgetConfig, BudgetError, Period};
use super::share::Share;
use super::state::State;
use super::{Budget, Shared};
use crate::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a governed budget has besides.
#[derive(Debug)]
pub(super) struct Governed {
    /// What may be used without asking; `None` while everything is asked for.
    pub(super) share: Option<Share>,
    ended: Vec<(u64, How, Instant)>,
    said: Said,
    /// When a call of the least size may be made, as far as was told.
    pub(super) next: Option<Instant>,
    wake: Arc<Notify>,
}

impl Governed {
    fn new() -> Self {
        Self { share: None, ended: Vec::new(), said: Said::default(), next: None, wake: Arc::default() }
    }

    pub(super) fn end(&mut self, id: u64, fate: &Fate, now: Instant) {
        let how = match fate {
            Fate::Unsent => How::Unsent,
            Fate::Uncounted => How::Uncounted,
            Fate::Spent(amounts) => How::Spent { tokens: amounts.tokens, micro_usd: amounts.micro_usd },
        };
        // What is used without asking is told as a whole when that ends.
        if self.share.is_none() {
            self.ended.push((id, how, now));
            self.wake.notify_one();
        }
    }

    /// Somebody stands in line, or is gone from it.
    pub(super) fn stir(&self) {
        self.wake.notify_one();
    }

    pub(super) fn pause(&mut self, until: Instant) {
        self.said.paused_until = self.said.paused_until.max(Some(until));
        self.wake.notify_one();
    }

    pub(super) fn slow_down(&mut self, factor: f64) {
        self.said.slowed = Some(self.said.slowed.map_or(factor, |slowed| slowed.min(factor)));
        self.wake.notify_one();
    }

    pub(super) fn exhaust(&mut self, period: Period) {
        if !self.said.exhausted.contains(&period) {
            self.said.exhausted.push(period);
        }
        self.wake.notify_one();
    }
}

/// Somebody who waits for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The call's number in this process; it stays the call's once it is granted.
    pub id: u64,
    /// Tokens that it may take.
    pub tokens: u64,
    /// Money that it may take, in millionths of a US dollar.
    pub micro_usd: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was never sent.
    Unsent,
    /// It was sent, and the provider does not count it.
    Uncounted,
    /// It took this much.
    Spent {
        /// Tokens.
        tokens: u64,
        /// Money, in millionths of a US dollar.
        micro_usd: u64,
    },
}

/// A call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub id: u64,
    /// How.
    pub how: How,
    /// When.
    pub at: Instant,
}

/// What the provider or its calls said that concerns all who use the credential.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Said {
    /// Nobody calls before this.
    pub paused_until: Option<Instant>,
    /// The share of what is made use of that is left.
    pub slowed: Option<f64>,
    /// Days and months that are used up.
    pub exhausted: Vec<Period>,
}

/// What one quota holds of this process's calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuotaLog {
    /// Of a rolling quota or spacing: for how many milliseconds yet, and how much.
    pub held_ms: Vec<(u64, u64)>,
    /// Of a day or month: how much of it calls have used that have ended.
    pub used: u64,
    /// When that day or month began, in milliseconds since 1970.
    pub begins_at: i64,
    /// When it ends.
    pub ends_at: i64,
}

/// A call on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flown {
    /// Its number.
    pub id: u64,
    /// Tokens set aside for it.
    pub tokens: u64,
    /// Money set aside for it, in millionths of a US dollar.
    pub micro_usd: u64,
    /// How long it may be on its way yet, if nobody will see its answer.
    pub left: Option<Duration>,
}

/// All that this process's calls hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// In the order of [`BudgetConfig::quotas`].
    pub quotas: Vec<QuotaLog>,
    /// Calls on their way.
    pub flights: Vec<Flown>,
    /// How long nobody is to call.
    pub paused: Duration,
    /// The share of the limit that is made use of.
    pub allowance: f64,
}

/// What is known from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// How long until a call may be made, if that is known.
    pub next: Option<Duration>,
    /// How long nobody is to call.
    pub paused: Duration,
    /// The share of the limit that is made use of.
    pub allowance: f64,
}

/// The other side of a budget that is shared: it decides who gets a slot, and hears what became of it.
#[derive(Debug)]
pub struct Governor {
    shared: Arc<Shared>,
    wake: Arc<Notify>,
}

impl Budget {
    /// A budget whose slots are granted by a [`Governor`]. Until the first is, nobody gets one.
    ///
    /// [`Budget::try_acquire`] never has one to give then, for to ask takes time.
    pub fn governed(config: BudgetConfig, clock: Arc<dyn Clock>) -> Result<(Self, Governor), BudgetError> {
        let mut state = State::new(Arc::new(config), Instant::now())?;
        let governed = Governed::new();
        let wake = Arc::clone(&governed.wake);
        state.governed = Some(Box::new(governed));
        let budget = Self::with(state, clock);
        let governor = Governor { shared: Arc::clone(&budget.shared), wake };
        Ok((budget, governor))
    }
}

impl Governor {
    /// Waits until somebody stands in line, a call has ended, or something was said. May return without a reason.
    ///
    /// Dropping this loses nothing.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }

    /// Who would be next, and next after that, in order; at most so many.
    pub fn wanted(&self, most: usize) -> Vec<Wanted> {
        let (now, mut state) = self.shared.current();
        // Whoever's time is over is told, and is not asked for.
        state.dispatch(None, now);
        let ids = state.queue.upcoming(most, now.at);
        ids.into_iter()
            .filter_map(|id| {
                let cost = state.queue.get(id)?.cost;
                Some(Wanted { id, tokens: cost.tokens, micro_usd: cost.micro_usd })
            })
            .collect()
    }

    /// Gives a slot to somebody who waits; false if nobody of this number does any more.
    pub fn grant(&self, id: u64) -> bool {
        let (now, mut state) = self.shared.current();
        state.closed().is_none() && state.grant(id, now)
    }

    /// Tells somebody who waits that no slot will ever come: the quota at this place has no room for the call.
    pub fn refuse(&self, id: u64, quota: usize) {
        self.shared.lock().tell(id, Denied::Never { quota });
    }

    /// Takes over what is known from elsewhere.
    pub fn heard(&self, told: Told) {
        let (now, mut state) = self.shared.current();
        state.heard(told, now);
    }

    /// Calls that have ended since this was asked for last, and what was said.
    pub fn news(&self) -> (Vec<Ended>, Said) {
        let mut state = self.shared.lock();
        let Some(governed) = &mut state.governed else { return Default::default() };
        let ended = std::mem::take(&mut governed.ended);
        let ended = ended.into_iter().map(|(id, how, at)| Ended { id, how, at });
        (ended.collect(), std::mem::take(&mut governed.said))
    }

    /// From now on nobody gets a slot but who is granted one.
    pub fn govern(&self) {
        self.set(None);
    }

    /// From now on until then so many [`PARTS`] of every limit may be used without a grant; of days and months only those
    /// that begin after `since_unix_ms`. What calls of this process still hold counts.
    ///
    /// [`PARTS`]: super::PARTS
    pub fn fall_back(&self, parts: u64, since_unix_ms: i64, until: Instant) {
        self.set(Some(Share::new(parts, since_unix_ms, until)));
    }

    /// For each quota that is a day or month: when the one around this moment begins and ends, and when the one after it
    /// ends, in milliseconds since 1970.
    pub fn periods(&self, unix_ms: i64) -> Vec<Option<((i64, i64), i64)>> {
        self.shared.lock().periods(unix_ms)
    }

    fn set(&self, share: Option<Share>) {
        let (now, mut state) = self.shared.current();
        if let Some(governed) = &mut state.governed {
            governed.share = share;
        }
        state.dispatch(None, now);
    }

    /// Ends the use without grants, and tells all that this process's calls hold at that moment. What ended before is in
    /// it, and no news any more.
    pub fn govern_and_log(&self) -> Log {
        let (now, mut state) = self.shared.current();
        if let Some(governed) = &mut state.governed {
            governed.share = None;
            governed.ended.clear();
        }
        state.log(now)
    }

    /// Calls that have been on their way for so long, and whose answer may still be seen.
    pub fn longer_than(&self, time: Duration) -> Vec<u64> {
        let (now, state) = self.shared.current();
        state.longer_than(time, now.at)
    }

    /// How many wait and how many calls are on their way.
    pub fn count(&self) -> (usize, usize) {
        let state = self.shared.lock();
        (state.queue.len(), state.in_flight())
    }
}

pub(super) fn flown(id: u64, cost: &Amounts, left: Option<Duration>) -> Flown {
    Flown { id, tokens: cost.tokens, micro_usd: cost.micro_usd, left }
}
