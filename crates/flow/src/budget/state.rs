//! The budget without its waiting: what is on its way, who may go, and when the next one may. It reads no clock and wakes
//! nobody but through a [`Notify`](tokio::sync::Notify).

use super::amounts::{Amounts, Demand, FAR, Fate, Now, When, later};
use super::ask::{Ask, Closing, Denied};
use super::config::{BudgetConfig, BudgetError, ColdStart, Period, Quota};
use super::governed::{Governed, Log, Told, flown};
use super::meter::{MARGIN, Meter};
use super::pace::{Pace, QUIET};
use super::queue::{Queue, Waiter};
use super::saved::BudgetState;
use super::share::Share;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Nobody is told to pause for longer; then the provider is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(31 * 86_400);

/// A call on its way.
#[derive(Debug)]
struct Flight {
    cost: Amounts,
    since: Instant,
    /// When it is over though nobody has seen an answer.
    lost_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Arc<BudgetConfig>,
    meters: Vec<Meter>,
    flights: HashMap<u64, Flight>,
    /// Flights whose answer nobody will see, by when they are over.
    lost: BTreeSet<(Instant, u64)>,
    pub(super) queue: Queue,
    /// What those who waited are told, until they hear it.
    pub(super) told: HashMap<u64, Result<u64, Denied>>,
    /// Who looks at the clock for everybody, and when.
    watch: Option<(u64, Instant)>,
    pace: Pace,
    typical: Amounts,
    paused_until: Option<Instant>,
    cold_until: Option<Instant>,
    closed: Option<Closing>,
    next_id: u64,
    /// Where others have a say in who gets a slot.
    pub(super) governed: Option<Box<Governed>>,
}

impl State {
    /// `started` is when this process began to use the credential.
    pub(super) fn new(config: Arc<BudgetConfig>, started: Instant) -> Result<Self, BudgetError> {
        let meters = config.quotas.iter().map(Meter::new).collect::<Result<_, _>>()?;
        Ok(Self::with(config, meters, started))
    }

    /// An unused one with the same settings, without checking them again.
    pub(super) fn fresh(&self, started: Instant) -> Self {
        debug_assert!(self.meters.iter().all(Meter::is_idle), "only what is unused is copied");
        Self::with(Arc::clone(&self.config), self.meters.clone(), started)
    }

    fn with(config: Arc<BudgetConfig>, meters: Vec<Meter>, started: Instant) -> Self {
        let window = config.quotas.iter().filter_map(|quota| match quota {
            Quota::Rolling { window, .. } => Some(*window),
            Quota::Spacing(gap) => Some(*gap),
            Quota::Concurrency(_) => Some(Duration::ZERO),
            Quota::Aligned { .. } => None,
        });
        let cold_until = match (config.cold_start, window.max()) {
            (ColdStart::WaitAWindow, Some(window)) => {
                Some(later(later(started, config.longest_flight), window.saturating_add(MARGIN)))
            }
            _ => None,
        };
        Self {
            queue: Queue::new(started, config.ageing),
            config,
            meters,
            flights: HashMap::new(),
            lost: BTreeSet::new(),
            told: HashMap::new(),
            watch: None,
            pace: Pace::new(),
            typical: Amounts { requests: 1, ..Amounts::default() },
            paused_until: None,
            cold_until,
            closed: None,
            next_id: 0,
            governed: None,
        }
    }

    /// Brings everything up to `now`.
    pub(super) fn pass(&mut self, now: Now) {
        self.meters.iter_mut().for_each(|meter| meter.pass(now));
        let mut any = false;
        while let Some(&(lost_at, id)) = self.lost.first()
            && lost_at <= now.at
        {
            self.lost.pop_first();
            if let Some(flight) = self.flights.remove(&id) {
                let fate = Fate::Spent(flight.cost);
                self.meters.iter_mut().for_each(|meter| meter.end(&flight.cost, &fate, lost_at, now));
                any = true;
            }
        }
        if any {
            // What ended long ago is free already.
            self.meters.iter_mut().for_each(|meter| meter.pass(now));
        }
        self.pace.pass(now.at);
        self.paused_until = self.paused_until.filter(|&until| until > now.at);
        self.cold_until = self.cold_until.filter(|&until| until > now.at);
    }

    /// When a call that takes this much might be made if nobody else waited. To be asked after [`State::pass`].
    pub(super) fn when(&self, cost: &Amounts, now: Now) -> When {
        let gate = self.paused_until.max(self.cold_until).map_or(When::Now, When::At);
        let share = match &self.governed {
            None => Share::ALL,
            Some(governed) => match governed.share.filter(|share| share.holds(now.at)) {
                Some(share) => share,
                // Only whoever grants slots knows, but for what can never be.
                None => return self.never(cost, now).map_or(When::AfterAnEnd, |_| When::Never),
            },
        };
        let when = |meter: &Meter| meter.when(cost, &self.pace, share, now);
        let open = self.meters.iter().fold(gate, |soonest, meter| soonest.and(when(meter)));
        // What is given up as lost ends at a moment that is known.
        match (open, self.lost.first()) {
            (When::AfterAnEnd, Some(&(lost_at, _))) => When::At(lost_at),
            (open, _) => open,
        }
    }

    /// The position of a quota that can never let such a call through.
    pub(super) fn never(&self, cost: &Amounts, now: Now) -> Option<usize> {
        self.meters.iter().position(|meter| meter.when(cost, &self.pace, Share::ALL, now) == When::Never)
    }

    /// Sends a call on its way if all quotas have room for it, or takes nothing and says when they might.
    pub(super) fn try_admit(&mut self, cost: &Amounts, now: Now) -> Result<u64, When> {
        match self.when(cost, now) {
            When::Now => Ok(self.admit(*cost, None, now.at)),
            when => Err(when),
        }
    }

    fn admit(&mut self, cost: Amounts, lost_at: Option<Instant>, since: Instant) -> u64 {
        let id = self.id();
        self.admit_as(id, cost, lost_at, since);
        id
    }

    fn admit_as(&mut self, id: u64, cost: Amounts, lost_at: Option<Instant>, since: Instant) {
        self.meters.iter_mut().for_each(|meter| meter.take(&cost));
        self.flights.insert(id, Flight { cost, since, lost_at });
        if let Some(lost_at) = lost_at {
            self.lost.insert((lost_at, id));
        } else {
            // An average of the last eight or so.
            let mix = |old: u64, new: u64| if old == 0 { new } else { old - old / 8 + new / 8 };
            self.typical.tokens = mix(self.typical.tokens, cost.tokens);
            self.typical.micro_usd = mix(self.typical.micro_usd, cost.micro_usd);
        }
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A call has ended now.
    pub(super) fn end(&mut self, id: u64, fate: &Fate, now: Now) {
        let Some(flight) = self.flights.remove(&id) else { return };
        if let Some(lost_at) = flight.lost_at {
            self.lost.remove(&(lost_at, id));
        }
        self.meters.iter_mut().for_each(|meter| meter.end(&flight.cost, fate, now.at, now));
        if let Some(governed) = &mut self.governed {
            governed.end(id, fate, now.at);
        }
    }

    /// A response took so long.
    pub(super) fn responded(&mut self, latency: Duration, now: Now) {
        if self.pace.is_slow_after(latency) {
            self.on_slow(now);
        }
    }

    /// A call's answer will not be seen.
    pub(super) fn lose(&mut self, id: u64, sent: Instant) {
        let lost_at = later(sent, self.config.longest_flight);
        if let Some(flight) = self.flights.get_mut(&id) {
            flight.lost_at = Some(lost_at);
            self.lost.insert((lost_at, id));
        }
    }

    /// Lets through whoever may go, the next first. Returns when the one after them might, if somebody waits.
    ///
    /// Who is next but too large for what is left is not passed by: small calls would keep a large one waiting for ever.
    /// Of those who still wait, the oldest sleeps until then, for all; it is woken only if that became earlier. `me` is
    /// whoever asks, who needs no waking.
    pub(super) fn dispatch(&mut self, me: Option<u64>, now: Now) -> Option<Instant> {
        self.pass(now);
        let mut next = None;
        while let Some((id, cost, deadline)) = self
            .queue
            .next()
            .and_then(|id| self.queue.get(id).map(|waiter| (id, waiter.cost, waiter.deadline)))
        {
            let told = if deadline.is_some_and(|deadline| deadline < now.at) {
                Err(Denied::Deadline(Duration::ZERO))
            } else {
                match self.try_admit(&cost, now) {
                    Ok(ticket) => Ok(ticket),
                    Err(When::Never) => {
                        Err(Denied::Never { quota: self.never(&cost, now).unwrap_or_default() })
                    }
                    Err(When::At(at)) => {
                        // More of the limit may be made use of before that.
                        next = Some(self.pace.recovers_at().map_or(at, |recovers| recovers.min(at)));
                        break;
                    }
                    Err(_) => {
                        next = self.pace.recovers_at();
                        break;
                    }
                }
            };
            let waiter = if told.is_ok() { self.queue.serve(id, now.at) } else { self.queue.remove(id) };
            let Some(waiter) = waiter else { break };
            self.told.insert(id, told);
            waiter.wake.notify_one();
        }
        let watch = self.queue.oldest().map(|(id, waiter)| (id, Arc::clone(&waiter.wake))).zip(next);
        match watch {
            None => self.watch = None,
            Some(((id, wake), at)) => {
                let sooner = self.watch.is_none_or(|(who, when)| who != id || at < when);
                if me == Some(id) || sooner {
                    self.watch = Some((id, at));
                }
                if sooner && me != Some(id) {
                    wake.notify_one();
                }
            }
        }
        next
    }

    /// Whether this one looks at the clock for everybody.
    pub(super) fn is_watching(&self, id: u64) -> bool {
        self.watch.is_some_and(|(who, _)| who == id)
    }

    /// Stands in line, or why not.
    pub(super) fn stand_in_line(&mut self, ask: &Ask, waiter: Waiter, now: Now) -> Result<u64, Denied> {
        if self.queue.len() >= self.config.max_waiting {
            return Err(Denied::QueueFull(self.queue.len()));
        }
        if let Some(deadline) = ask.deadline {
            let predicted = self.predicted(ask, now);
            if later(now.at, predicted) > deadline {
                return Err(Denied::Deadline(predicted));
            }
        }
        let id = self.id();
        self.queue.push(id, waiter);
        if let Some(governed) = &self.governed {
            governed.stir();
        }
        Ok(id)
    }

    /// Nobody gets through any more; the first reason stays.
    pub(super) fn close(&mut self, why: Closing) {
        let why = *self.closed.get_or_insert(why);
        for (id, waiter) in self.queue.drain() {
            self.told.insert(id, Err(Denied::Closed(why)));
            waiter.wake.notify_one();
        }
    }

    pub(super) const fn closed(&self) -> Option<Closing> {
        self.closed
    }

    pub(super) fn pause(&mut self, how_long: Duration, now: Now) {
        let until = now.at + how_long.min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(Some(until));
        if let Some(governed) = &mut self.governed {
            governed.pause(until);
        }
    }

    pub(super) fn paused_for(&self, now: Now) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now.at))
    }

    pub(super) fn on_limited(&mut self, now: Now) {
        self.slow_down(0.5, now);
    }

    pub(super) fn on_slow(&mut self, now: Now) {
        self.slow_down(0.8, now);
    }

    fn slow_down(&mut self, factor: f64, now: Now) {
        self.pace.slow_down(factor, now.at);
        if let Some(governed) = &mut self.governed {
            governed.slow_down(factor);
        }
    }

    pub(super) const fn allowance(&self) -> f64 {
        self.pace.allowance()
    }

    pub(super) fn exhaust(&mut self, period: Period, now: Now) {
        self.pass(now);
        self.meters.iter_mut().for_each(|meter| meter.exhaust(period));
        if let Some(governed) = &mut self.governed {
            governed.exhaust(period);
        }
    }

    /// How many calls there is room for now; `None` if nothing limits their number.
    pub(super) fn left(&self) -> Option<u64> {
        self.meters.iter().filter_map(Meter::left).min()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// About how long this one would wait, at least.
    pub(super) fn predicted(&self, ask: &Ask, now: Now) -> Duration {
        let cost = ask.amounts();
        let soonest = match self.when(&cost, now) {
            When::At(at) => at.saturating_duration_since(now.at),
            _ => self.told_wait(now).unwrap_or_default(),
        };
        let mut demand = self.queue.before(ask.user, ask.priority);
        demand.add(&cost);
        self.predict(&demand, now).max(soonest)
    }

    /// About how long somebody waits who has so many before them.
    pub(super) fn predict_after(&self, before: u64, now: Now) -> Duration {
        self.predict(&Demand::calls(before.saturating_add(1), &self.typical), now)
    }

    fn predict(&self, demand: &Demand, now: Now) -> Duration {
        let latency = self.pace.latency();
        let limits = self.meters.iter().map(|meter| meter.predict(demand, latency, now)).max();
        let gate = self.paused_until.max(self.cold_until);
        let gate = gate.map_or(Duration::ZERO, |until| until.saturating_duration_since(now.at));
        limits.unwrap_or_default().max(gate)
    }

    /// Whether it says the same as an unused one. To be asked after [`State::pass`].
    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty()
            && self.queue.is_empty()
            && self.paused_until.is_none()
            && self.closed.is_none()
            && self.pace.allowance() >= 1.0
            && self.meters.iter().all(Meter::is_idle)
    }

    /// How long until a slot may be granted, by what was told.
    pub(super) fn told_wait(&self, now: Now) -> Option<Duration> {
        let next = self.governed.as_ref()?.next?;
        Some(next.saturating_duration_since(now.at))
    }

    /// Lets somebody who waits go, whatever the meters say; false if nobody of this number waits.
    pub(super) fn grant(&mut self, id: u64, now: Now) -> bool {
        let Some(waiter) = self.queue.serve(id, now.at) else { return false };
        self.admit_as(id, waiter.cost, None, now.at);
        self.told.insert(id, Ok(id));
        waiter.wake.notify_one();
        true
    }

    /// Tells somebody who waits why there is no slot.
    pub(super) fn tell(&mut self, id: u64, why: Denied) {
        if let Some(waiter) = self.queue.remove(id) {
            self.told.insert(id, Err(why));
            waiter.wake.notify_one();
        }
    }

    pub(super) fn heard(&mut self, told: Told, now: Now) {
        self.pace.restore(told.allowance, now.at);
        self.paused_until = self.paused_until.max(Some(now.at + told.paused.min(LONGEST_PAUSE)));
        if let Some(governed) = &mut self.governed {
            governed.next = told.next.map(|next| later(now.at, next));
        }
        self.pass(now);
    }

    /// What calls of this process hold.
    pub(super) fn log(&self, now: Now) -> Log {
        let left = |lost_at: Instant| lost_at.saturating_duration_since(now.at);
        Log {
            quotas: self.meters.iter().map(|meter| meter.log(now.at)).collect(),
            flights: self
                .flights
                .iter()
                .map(|(&id, flight)| flown(id, &flight.cost, flight.lost_at.map(left)))
                .collect(),
            paused: self.paused_for(now),
            allowance: self.pace.allowance(),
        }
    }

    /// For each day or month: when the one around this moment begins and ends, and when the one after it ends.
    pub(super) fn periods(&self, unix_ms: i64) -> Vec<Option<((i64, i64), i64)>> {
        self.meters.iter().map(|meter| meter.periods(unix_ms)).collect()
    }

    /// Calls that are on their way for so long, and whose answer may be seen.
    pub(super) fn longer_than(&self, time: Duration, now: Instant) -> Vec<u64> {
        let long = |flight: &Flight| now.saturating_duration_since(flight.since) > time;
        let live = self.flights.iter().filter(|(_, flight)| flight.lost_at.is_none() && long(flight));
        live.map(|(&id, _)| id).collect()
    }

    pub(super) fn snapshot(&self, now: Now) -> BudgetState {
        // Rounded up: nothing is free early.
        let left = |until: Instant| millis(until.saturating_duration_since(now.at)) + 1;
        let meters = self.meters.iter().zip(&self.config.quotas);
        BudgetState {
            at_unix_ms: now.unix_ms,
            complete: self.closed.is_some(),
            meters: meters.map(|(meter, quota)| meter.save(quota, now.at)).collect(),
            flights: self
                .flights
                .values()
                .map(|flight| (flight.lost_at.map_or(millis(self.config.longest_flight), left), flight.cost))
                .collect(),
            paused_ms: millis(self.paused_for(now)),
            allowance: self.pace.allowance(),
        }
    }

    pub(super) fn restore(&mut self, saved: &BudgetState, now: Now) {
        self.pass(now);
        // A clock that was set back makes nothing free early.
        let elapsed = u64::try_from(now.unix_ms.saturating_sub(saved.at_unix_ms)).unwrap_or(0);
        let elapsed = Duration::from_millis(elapsed);
        let mut known = saved.complete;
        for (meter, quota) in self.meters.iter_mut().zip(&self.config.quotas) {
            match saved.meters.iter().find(|saved| saved.quota.counts_like(quota)) {
                Some(saved) => meter.restore(saved, elapsed, now),
                None => known &= !matches!(quota, Quota::Rolling { .. }),
            }
        }
        for &(left_ms, cost) in &saved.flights {
            let left = Duration::from_millis(left_ms).min(self.config.longest_flight);
            // It may lie in the past: then only the window after it is left, which `pass` sees to.
            let lost_at = later(now.at, left).checked_sub(elapsed).unwrap_or(now.at);
            self.admit(cost, Some(lost_at), now.at);
        }
        let paused = Duration::from_millis(saved.paused_ms).min(LONGEST_PAUSE).saturating_sub(elapsed);
        self.pause(paused, now);
        // It came back while nobody was there, as it does while nobody calls.
        let recovered = elapsed.as_secs() / QUIET.as_secs();
        self.pace.restore(saved.allowance + recovered as f64 / 10.0, now.at);
        if known {
            self.cold_until = None;
        }
        self.pass(now);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.min(FAR).as_millis()).unwrap_or(u64::MAX - 1)
}
