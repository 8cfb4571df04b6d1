//! What counts while a service runs: the balance, how fast, how long, what failed. All of it is bounded.

use crate::error::EngineError;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use watchfire_flow::{Clock, Histogram};
use watchfire_store::Store;

/// Seconds that are remembered for the pace.
const SECONDS: usize = 60;

/// Where records are: received = judged + set aside + dead + pending, at every moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Records that came in and were not refused.
    pub received: u64,
    /// Alerts with a verdict.
    pub judged: u64,
    /// Records that are no alerts.
    pub set_aside: u64,
    /// Records that can't be read.
    pub dead: u64,
    /// Records on their way.
    pub pending: u64,
}

impl Balance {
    /// Whether it is one.
    pub fn holds(&self) -> bool {
        self.received == self.judged + self.set_aside + self.dead + self.pending
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timing {
    /// From a request to its acknowledgement.
    Accept,
    /// A transaction.
    Commit,
    /// Judging the alerts of a request, waiting for the turn included.
    Judge,
    /// Looking for propositions about an alert.
    Propose,
}

impl Timing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Commit, Self::Judge, Self::Propose];

    /// Its name in figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Commit => "commit",
            Self::Judge => "judge",
            Self::Propose => "propose",
        }
    }
}

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Timings {
    /// How often.
    pub count: u64,
    /// All together.
    pub sum: Duration,
    /// Half took longer.
    pub p50: Duration,
    /// One in twenty took longer.
    pub p95: Duration,
    /// One in a hundred took longer.
    pub p99: Duration,
}

/// What failed, by kind: kinds are few and named by the program.
pub type Errors = BTreeMap<&'static str, u64>;

/// How many alerts came in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// In the last whole second.
    pub second: f64,
    /// A second, on average over the last minute.
    pub minute: f64,
}

/// Counters and clocks.
pub struct Live {
    clock: Arc<dyn Clock>,
    started: Duration,
    balance: Mutex<Balance>,
    stored: Mutex<Stored>,
    pace: Mutex<VecDeque<(u64, u64)>>,
    timed: Mutex<[(Histogram, Duration); Timing::ALL.len()]>,
    /// Requests in a transaction: as nanoseconds, of which a histogram has two digits.
    commit_sizes: Mutex<(Histogram, Duration)>,
    errors: Mutex<Errors>,
}

/// What is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Alerts.
    pub alerts: u64,
    /// Dead letters that wait.
    pub dead: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    pub(super) fn new(store: &Store, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let stored = Stored { alerts: store.alert_count()?, dead: store.dead_count()? };
        Ok(Self {
            started: clock.elapsed(),
            clock,
            balance: Mutex::default(),
            stored: Mutex::new(stored),
            pace: Mutex::default(),
            timed: Mutex::new(std::array::from_fn(|_| (Histogram::new(), Duration::ZERO))),
            commit_sizes: Mutex::new((Histogram::new(), Duration::ZERO)),
            errors: Mutex::default(),
        })
    }

    /// So many records came in.
    pub(super) fn received(&self, records: u64) {
        let mut balance = lock(&self.balance);
        balance.received += records;
        balance.pending += records;
    }

    /// So many records were refused after all.
    pub(super) fn refused(&self, records: u64) {
        let mut balance = lock(&self.balance);
        balance.received = balance.received.saturating_sub(records);
        balance.pending = balance.pending.saturating_sub(records);
    }

    /// Records are done: alerts judged, set aside, dead.
    pub(super) fn done(&self, judged: u64, set_aside: u64, dead: u64) {
        {
            let mut balance = lock(&self.balance);
            balance.judged += judged;
            balance.set_aside += set_aside;
            balance.dead += dead;
            balance.pending = balance.pending.saturating_sub(judged + set_aside + dead);
        }
        {
            let mut stored = lock(&self.stored);
            stored.alerts += judged;
            stored.dead += dead;
        }
        let second = self.uptime().as_secs();
        let mut pace = lock(&self.pace);
        match pace.back_mut() {
            Some((last, count)) if *last == second => *count += judged,
            _ => pace.push_back((second, judged)),
        }
        while pace.len() > SECONDS + 1 {
            pace.pop_front();
        }
    }

    /// So many dead letters wait by now.
    pub(super) fn dead_are(&self, waiting: u64) {
        lock(&self.stored).dead = waiting;
    }

    /// Takes in how long something took.
    pub fn took(&self, timing: Timing, duration: Duration) {
        let mut timed = lock(&self.timed);
        if let Some((histogram, sum)) = timed.get_mut(timing as usize) {
            histogram.record(duration);
            *sum += duration;
        }
    }

    /// So many requests were written in one transaction.
    pub(super) fn committed(&self, requests: usize) {
        let mut sizes = lock(&self.commit_sizes);
        let size = Duration::from_nanos(requests as u64);
        sizes.0.record(size);
        sizes.1 += size;
    }

    /// How many requests were written in one transaction, as nanoseconds, and their sum.
    pub fn commit_sizes(&self) -> (Histogram, Duration) {
        lock(&self.commit_sizes).clone()
    }

    /// How long something took, and all together.
    pub fn histogram(&self, timing: Timing) -> (Histogram, Duration) {
        let timed = lock(&self.timed);
        timed.get(timing as usize).cloned().unwrap_or_else(|| (Histogram::new(), Duration::ZERO))
    }

    /// Something failed.
    pub fn failed(&self, kind: &'static str) {
        *lock(&self.errors).entry(kind).or_default() += 1;
    }

    /// How long the service has been running.
    pub fn uptime(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.started)
    }

    /// Where records are.
    pub fn balance(&self) -> Balance {
        *lock(&self.balance)
    }

    /// What is in the store.
    pub fn stored(&self) -> Stored {
        *lock(&self.stored)
    }

    /// How many alerts come in.
    pub fn pace(&self) -> Pace {
        let now = self.uptime().as_secs();
        let pace = lock(&self.pace);
        let before: u64 = pace.iter().filter(|(second, _)| second + 1 == now).map(|(_, count)| count).sum();
        let within = pace.iter().filter(|(second, _)| now.saturating_sub(*second) < SECONDS as u64);
        let minute: u64 = within.map(|(_, count)| count).sum();
        let seconds = (now + 1).min(SECONDS as u64);
        Pace { second: before as f64, minute: minute as f64 / seconds as f64 }
    }

    /// How long something took so far.
    pub fn timings(&self, timing: Timing) -> Timings {
        let timed = lock(&self.timed);
        timed.get(timing as usize).map_or_else(Timings::default, |(histogram, sum)| Timings {
            count: histogram.count(),
            sum: *sum,
            p50: histogram.quantile(0.5),
            p95: histogram.quantile(0.95),
            p99: histogram.quantile(0.99),
        })
    }

    /// What failed so far.
    pub fn errors(&self) -> Errors {
        lock(&self.errors).clone()
    }
}
