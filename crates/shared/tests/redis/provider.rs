//! Who counts: a provider that stamps each call when it arrives, somewhere between its send and its response.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use watchfire_flow::{Ask, Clock, Spent};
use watchfire_shared::SharedBudget;

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Settled,
    /// The caller stops waiting for the response.
    TimedOut,
    NeverSent,
    /// The caller stops waiting for the slot.
    LeavesTheQueue,
}

#[derive(Debug, Clone)]
pub struct Call {
    pub pause: Duration,
    pub flight: Duration,
    /// Where between send and response it arrives, in percent.
    pub arrives: u32,
    pub tokens: u64,
    pub spent: u64,
    pub fate: Fate,
    pub priority: u8,
}

impl Call {
    pub fn plain(flight: Duration) -> Self {
        Self {
            pause: Duration::ZERO,
            flight,
            arrives: 50,
            tokens: 1,
            spent: 1,
            fate: Fate::Settled,
            priority: 0,
        }
    }
}

/// When a call came, of which worker, and how many tokens it took.
pub type Arrival = (Instant, usize, u64);

#[derive(Clone, Default)]
pub struct Provider {
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Provider {
    pub fn arrivals(&self) -> Vec<Arrival> {
        let mut arrivals = self.arrivals.lock().unwrap().clone();
        arrivals.sort();
        arrivals
    }

    pub fn count(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }

    fn stamp(&self, worker: usize, tokens: u64) {
        self.arrivals.lock().unwrap().push((Instant::now(), worker, tokens));
    }

    /// Makes one call, as callers do. False if there was no slot within `patience`.
    pub async fn call(&self, budget: &SharedBudget, worker: usize, call: &Call, patience: Duration) -> bool {
        let ask = Ask { priority: call.priority, tokens: call.tokens, ..Ask::default() };
        let patience = if call.fate == Fate::LeavesTheQueue { call.flight } else { patience };
        let slot = match timeout(patience, budget.acquire(ask)).await {
            Ok(Ok(slot)) => slot,
            Ok(Err(denied)) => panic!("{denied}"),
            Err(_) => return call.fate == Fate::LeavesTheQueue,
        };
        if call.fate == Fate::NeverSent {
            sleep(call.flight / 4).await;
            slot.cancel();
            return true;
        }
        sleep(call.flight * call.arrives / 100).await;
        self.stamp(worker, call.spent);
        if call.fate == Fate::TimedOut {
            drop(slot);
            return true;
        }
        sleep(call.flight * (100 - call.arrives) / 100).await;
        slot.settle(Spent { tokens: Some(call.spent), micro_usd: None });
        true
    }

    /// Makes calls one after another until then. Returns how many.
    pub async fn calls_until(
        &self,
        budget: &SharedBudget,
        worker: usize,
        call: &Call,
        until: Instant,
    ) -> usize {
        let mut made = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.call(budget, worker, call, left).await {
                return made;
            }
            made += 1;
        }
    }

    /// The most that any window of this length holds, both ends counted.
    pub fn most(&self, window: Duration, amount: impl Fn(&Arrival) -> u64) -> u64 {
        let arrivals = self.arrivals();
        let from = |start: Instant| {
            arrivals.iter().filter(move |(at, ..)| (start..=start + window).contains(at)).map(&amount)
        };
        arrivals.iter().map(|&(start, ..)| from(start).sum()).max().unwrap_or(0)
    }

    pub fn most_calls(&self, window: Duration) -> u64 {
        self.most(window, |_| 1)
    }
}

/// A worker's own clock, which is wrong by minutes.
pub struct Skewed {
    start: Instant,
    minutes: i64,
}

impl Skewed {
    pub fn by(minutes: i64) -> Arc<dyn Clock> {
        Arc::new(Self { start: Instant::now(), minutes })
    }
}

impl Clock for Skewed {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        1_795_000_000_000 + self.minutes * 60_000 + self.start.elapsed().as_millis() as i64
    }
}
