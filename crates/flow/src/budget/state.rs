//! The budget without its waiting: who may go, who stands where, what is on its way.

use super::config::{BudgetConfig, BudgetError, Period};
use super::meter::{Amounts, Meter, When};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// After a refusal the allowance comes back by this share of the limit for every quiet stretch of [`QUIET`].
const RECOVERY: f64 = 0.1;
/// See [`RECOVERY`].
const QUIET: Duration = Duration::from_secs(6);
/// Users whose turns are remembered; then all are forgotten, which costs nothing but one round of fairness.
const MAX_USERS: usize = 10_000;

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) user: u64,
    pub(super) priority: u8,
    pub(super) since: Instant,
    pub(super) cost: Amounts,
    /// The ticket, once it is granted.
    pub(super) granted: Option<u64>,
    pub(super) wake: std::sync::Arc<tokio::sync::Notify>,
}

/// A call on its way.
#[derive(Debug)]
struct Flight {
    cost: Amounts,
    /// When it is over though nobody has seen an answer.
    lost_at: Option<Instant>,
}

/// Where a budget stood, to be kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BudgetState {
    /// When, in milliseconds since 1970.
    at: i64,
    meters: Vec<Vec<(u64, u64)>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) config: BudgetConfig,
    meters: Vec<Meter>,
    flights: HashMap<u64, Flight>,
    /// Flights whose answer nobody will see, by when they are over.
    lost: BTreeSet<(Instant, u64)>,
    /// In the order of arrival.
    pub(super) waiters: BTreeMap<u64, Waiter>,
    /// How many turns each user had.
    turns: HashMap<u64, u64>,
    next_id: u64,
    paused_until: Option<Instant>,
    allowance: f64,
    limited_at: Option<Instant>,
}

impl State {
    pub(super) fn new(config: BudgetConfig) -> Result<Self, BudgetError> {
        let meters = config.quotas.iter().map(Meter::new).collect::<Result<_, _>>()?;
        Ok(Self {
            config,
            meters,
            flights: HashMap::new(),
            lost: BTreeSet::new(),
            waiters: BTreeMap::new(),
            turns: HashMap::new(),
            next_id: 0,
            paused_until: None,
            allowance: 1.0,
            limited_at: None,
        })
    }

    /// Brings everything up to `now`.
    pub(super) fn pass(&mut self, now: Instant, unix_ms: i64) {
        while let Some(&(lost_at, id)) = self.lost.first()
            && lost_at <= now
        {
            self.lost.pop_first();
            if let Some(flight) = self.flights.remove(&id) {
                for meter in &mut self.meters {
                    meter.pass(now, unix_ms);
                    meter.end(&flight.cost, Some(&flight.cost), lost_at);
                }
            }
        }
        self.meters.iter_mut().for_each(|meter| meter.pass(now, unix_ms));
        if let Some(limited_at) = self.limited_at {
            let quiet = now.saturating_duration_since(limited_at);
            if quiet >= QUIET {
                self.allowance = (self.allowance + RECOVERY).min(1.0);
                self.limited_at = (self.allowance < 1.0).then_some(now);
            }
        }
    }

    /// When a call that takes this much might be made if nobody else waited. To be asked after [`State::pass`].
    pub(super) fn when(&self, cost: &Amounts, now: Instant, unix_ms: i64) -> When {
        let pause = match self.paused_until {
            Some(until) if until > now => When::At(until),
            _ => When::Now,
        };
        let open = self
            .meters
            .iter()
            .fold(pause, |when, meter| when.and(meter.when(cost, self.allowance, now, unix_ms)));
        // What is given up as lost ends at a moment that is known.
        match (open, self.lost.first()) {
            (When::AfterAnEnd, Some(&(lost_at, _))) => When::At(lost_at),
            (open, _) => open,
        }
    }

    /// The position of a quota that can never let such a call through.
    pub(super) fn never(&self, cost: &Amounts, now: Instant, unix_ms: i64) -> Option<usize> {
        self.meters.iter().position(|meter| meter.when(cost, 1.0, now, unix_ms) == When::Never)
    }

    /// Sends a call on its way.
    pub(super) fn admit(&mut self, cost: Amounts, user: u64) -> u64 {
        self.meters.iter_mut().for_each(|meter| meter.take(&cost));
        let id = self.id();
        self.flights.insert(id, Flight { cost, lost_at: None });
        if self.turns.len() >= MAX_USERS && !self.turns.contains_key(&user) {
            self.turns.clear();
        }
        *self.turns.entry(user).or_default() += 1;
        id
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A call has ended; see [`Meter::end`].
    pub(super) fn end(&mut self, id: u64, spent: Option<&Amounts>, now: Instant) {
        let Some(flight) = self.flights.remove(&id) else { return };
        if let Some(lost_at) = flight.lost_at {
            self.lost.remove(&(lost_at, id));
        }
        self.meters.iter_mut().for_each(|meter| meter.end(&flight.cost, spent, now));
    }

    /// A call's answer will not be seen.
    pub(super) fn lose(&mut self, id: u64, sent: Instant) {
        let lost_at = sent + self.config.longest_flight;
        if let Some(flight) = self.flights.get_mut(&id) {
            flight.lost_at = Some(lost_at);
            self.lost.insert((lost_at, id));
        }
    }

    /// Lets through whoever may go, the most urgent first. Returns when the next one might, if somebody waits.
    ///
    /// Who is next but too large for what is left is not passed by: small calls would keep a large one waiting for ever.
    pub(super) fn dispatch(&mut self, now: Instant, unix_ms: i64) -> Option<When> {
        self.pass(now, unix_ms);
        loop {
            let next = self.next_waiter(now)?;
            let cost = self.waiters.get(&next)?.cost;
            let when = self.when(&cost, now, unix_ms);
            if when != When::Now {
                return Some(when);
            }
            let user = self.waiters.get(&next)?.user;
            let ticket = self.admit(cost, user);
            let waiter = self.waiters.get_mut(&next)?;
            waiter.granted = Some(ticket);
            waiter.wake.notify_one();
        }
    }

    /// Who has waited for it most: by priority with age, then by who had fewer turns, then by arrival.
    fn next_waiter(&self, now: Instant) -> Option<u64> {
        let ageing = self.config.ageing.as_secs_f64().max(1e-9);
        let rank = |waiter: &Waiter| {
            let age = now.saturating_duration_since(waiter.since).as_secs_f64() / ageing;
            let turns = self.turns.get(&waiter.user).copied().unwrap_or(0);
            ((f64::from(waiter.priority) + age) as u64, std::cmp::Reverse(turns))
        };
        let waiting = self.waiters.iter().filter(|(_, waiter)| waiter.granted.is_none());
        waiting.max_by_key(|&(&id, waiter)| (rank(waiter), std::cmp::Reverse(id))).map(|(&id, _)| id)
    }

    /// Who looks at the clock for everybody: the one who has stood longest.
    pub(super) fn watchman(&self) -> Option<u64> {
        self.waiters.iter().find(|(_, waiter)| waiter.granted.is_none()).map(|(&id, _)| id)
    }

    pub(super) fn wake_watchman(&self) {
        if let Some(waiter) = self.watchman().and_then(|id| self.waiters.get(&id)) {
            waiter.wake.notify_one();
        }
    }

    pub(super) fn pause(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    pub(super) fn paused_for(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    pub(super) fn slow_down(&mut self, factor: f64, now: Instant) {
        self.allowance = (self.allowance * factor).max(0.01);
        self.limited_at = Some(now);
    }

    pub(super) fn allowance(&self) -> f64 {
        self.allowance
    }

    pub(super) fn exhaust(&mut self, period: Period) {
        self.meters.iter_mut().for_each(|meter| meter.exhaust(period));
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// About how long somebody waits who has so many before them.
    pub(super) fn predict(&self, before: u64, now: Instant) -> Duration {
        let limits = self.meters.iter().map(|meter| meter.predict(before, now)).max().unwrap_or_default();
        limits.max(self.paused_for(now))
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.flights.is_empty()
            && self.waiters.is_empty()
            && self.paused_for(now).is_zero()
            && self.meters.iter().all(Meter::is_idle)
    }

    pub(super) fn snapshot(&self, now: Instant, unix_ms: i64) -> BudgetState {
        let flight = self.config.longest_flight;
        BudgetState {
            at: unix_ms,
            meters: self.meters.iter().map(|meter| meter.snapshot(now, flight)).collect(),
        }
    }

    pub(super) fn restore(&mut self, saved: &BudgetState, now: Instant, unix_ms: i64) {
        // A clock that was set back makes nothing free early.
        let elapsed = Duration::from_millis(u64::try_from(unix_ms.saturating_sub(saved.at)).unwrap_or(0));
        for (meter, saved) in self.meters.iter_mut().zip(&saved.meters) {
            meter.restore(saved, elapsed, now, unix_ms);
        }
    }
}
