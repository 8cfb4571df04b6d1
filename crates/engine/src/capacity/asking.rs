//! One budget's day, event by event: questions come up, wait for a call, are answered, and the verdict stands until it
//! doesn't.
//!
//! A pattern that is open is asked about once, however many of its alerts come meanwhile: they wait with the first. Then
//! its verdict stands, longer each time, and the next alert after that asks again. New patterns and checks come as streams;
//! where a stream brings more than one question within a fraction of a window (`tick`), it brings them together.
//!
//! Budgets know nothing of each other, so each is gone through by itself, in any order and on any thread.

use super::chance::Chance;
use super::load::Load;
use super::patterns::Demand;
use super::scenario::{BudgetGroup, Scenario};
use super::slots::Slots;
use super::tally::{Asked, SAMPLES};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Who waits for an answer.
#[derive(Debug, Clone, Copy)]
enum Waiting {
    /// A pattern, by its place in the demand.
    Pattern(u32),
    /// So many patterns that nobody saw before, one alert each.
    New(u64),
    /// So many checks, for which no alert waits.
    Checks(u64),
}

impl Waiting {
    fn count(self) -> u64 {
        match self {
            Self::Pattern(_) => 1,
            Self::New(count) | Self::Checks(count) => count,
        }
    }
}

/// Questions that come evenly.
struct Stream {
    rate: f64,
    tick: f64,
    /// When the next ones come, and how many.
    next: (f64, u64),
    /// Up to where they were drawn, if they come by ticks.
    drawn: f64,
}

impl Stream {
    fn new(rate: f64, tick: f64, load: &Load, horizon: f64, chance: &mut Chance) -> Self {
        let mut stream = Self { rate, tick, next: (0.0, 0), drawn: 0.0 };
        stream.go_on(load, horizon, chance);
        stream
    }

    fn go_on(&mut self, load: &Load, horizon: f64, chance: &mut Chance) {
        if self.rate <= 0.0 {
            self.next = (f64::INFINITY, 0);
        } else if self.rate * self.tick < 1.0 {
            self.next = (load.after(self.next.0, chance.exponential() / self.rate), 1);
        } else {
            let mut count = 0;
            let mut from = self.drawn;
            while count == 0 && self.drawn < horizon {
                from = self.drawn;
                self.drawn = (from + self.tick).min(horizon);
                count = chance.poisson(self.rate * load.between(from, self.drawn));
            }
            // In the middle, so that they wait neither more nor less than they would one by one.
            self.next =
                if count == 0 { (f64::INFINITY, 0) } else { (f64::midpoint(from, self.drawn), count) };
        }
    }
}

/// A budget's day.
pub(super) struct Asking<'s> {
    scenario: &'s Scenario,
    group: &'s BudgetGroup,
    demand: &'s Demand,
    load: Load,
    horizon: f64,
    chance: Chance,
    slots: Slots,
    /// When patterns are next asked about, by the bits of a moment, which order as moments do.
    coming: BinaryHeap<Reverse<(u64, u32)>>,
    /// How often each pattern was confirmed.
    confirmed: Vec<u8>,
    queue: VecDeque<(f64, Waiting)>,
    waiting: u64,
    asked: Asked,
}

impl<'s> Asking<'s> {
    /// Goes through all of it. `stream` is the budget's number.
    pub(super) fn run(scenario: &'s Scenario, demand: &'s Demand, stream: u64, tick: f64) -> Asked {
        let group = &scenario.budgets[demand.group];
        let horizon = scenario.hours * 3_600.0;
        let mut asking = Self {
            scenario,
            group,
            demand,
            load: Load::of(scenario),
            horizon,
            chance: Chance::new(scenario.seed, stream),
            slots: Slots::of(group),
            coming: BinaryHeap::new(),
            confirmed: vec![0; demand.known.len()],
            queue: VecDeque::new(),
            waiting: 0,
            asked: Asked::new(),
        };
        asking.begin();
        asking.go(tick);
        asking.end();
        asking.asked
    }

    /// What stands at the beginning: nothing if it is cold; else every pattern is somewhere in its life.
    fn begin(&mut self) {
        let stands = self.scenario.longest_life_s();
        for pattern in 0..self.demand.known.len() {
            let alerts = self.demand.known[pattern];
            let rate = alerts / self.demand.burst;
            let mut from = 0.0;
            if !self.scenario.cold {
                self.confirmed[pattern] = u8::MAX;
                let lives = rate * stands / (1.0 + rate * stands);
                if self.chance.unit() < lives {
                    from = self.chance.unit() * stands;
                    self.asked.reused += alerts * self.load.between(0.0, from.min(self.horizon));
                }
            }
            self.comes_again(pattern as u32, from);
        }
    }

    /// A pattern's next question is its next alert after this moment, with which others of its burst come.
    fn comes_again(&mut self, pattern: u32, from: f64) {
        if from >= self.horizon {
            return;
        }
        let rate = self.demand.known[pattern as usize] / self.demand.burst;
        let when = self.load.after(from, self.chance.exponential() / rate);
        if when < self.horizon {
            self.coming.push(Reverse((when.to_bits(), pattern)));
        }
    }

    fn go(&mut self, tick: f64) {
        let (load, horizon) = (self.load, self.horizon);
        let mut new = Stream::new(self.demand.new, tick, &load, horizon, &mut self.chance);
        let mut checks = Stream::new(self.demand.checks, tick, &load, horizon, &mut self.chance);
        let mut now = 0.0;
        loop {
            let pattern =
                self.coming.peek().map_or(f64::INFINITY, |Reverse((bits, _))| f64::from_bits(*bits));
            now = pattern.min(new.next.0).min(checks.next.0).min(self.next_for_the_queue(now));
            if now >= horizon {
                return;
            }
            self.sample(now);
            while let Some(Reverse((bits, pattern))) = self.coming.peek().copied()
                && f64::from_bits(bits) <= now
            {
                self.coming.pop();
                self.asked.known += 1;
                self.comes(f64::from_bits(bits), Waiting::Pattern(pattern));
            }
            if new.next.0 <= now {
                self.asked.new += new.next.1;
                self.comes(now, Waiting::New(new.next.1));
                new.go_on(&load, horizon, &mut self.chance);
            }
            if checks.next.0 <= now {
                self.asked.checks += checks.next.1;
                self.comes(now, Waiting::Checks(checks.next.1));
                checks.go_on(&load, horizon, &mut self.chance);
            }
            self.give_up(now);
            self.send(now);
        }
    }

    fn comes(&mut self, when: f64, who: Waiting) {
        self.waiting += who.count();
        self.queue.push_back((when, who));
    }

    /// When something can be done for those who wait, which could not at `now`.
    fn next_for_the_queue(&mut self, now: f64) -> f64 {
        let Some((since, _)) = self.queue.front().copied() else { return f64::INFINITY };
        let sent = if self.slots.free(now) > 0 { since + self.group.linger_s } else { self.slots.next() };
        let patience = self.scenario.patience_s;
        if patience > 0.0 { sent.min(since + patience) } else { sent }
    }

    /// Full calls go at once, a call that isn't full when its first question has waited for others.
    fn send(&mut self, now: f64) {
        let each = self.group.alerts_per_call;
        while let Some((since, _)) = self.queue.front().copied() {
            let free = self.slots.free(now);
            let full = (self.waiting / each).min(free);
            let (calls, questions) = if full > 0 {
                (full, full * each)
            } else if free > 0 && since + self.group.linger_s <= now {
                (1, self.waiting)
            } else {
                return;
            };
            let answer = self.slots.send(now, calls);
            self.asked.calls += calls;
            self.asked.sent += questions;
            self.answer(answer, questions);
        }
    }

    /// The first so many of those who wait are answered at this moment.
    fn answer(&mut self, when: f64, mut questions: u64) {
        self.waiting -= questions;
        while questions > 0
            && let Some((since, who)) = self.queue.pop_front()
        {
            let taken = who.count().min(questions);
            questions -= taken;
            let rest = who.count() - taken;
            match who {
                _ if when >= self.horizon => {
                    self.asked.flying += taken;
                    self.stays_open(since, who, taken);
                }
                Waiting::Pattern(pattern) => {
                    self.asked.answered += 1;
                    self.asked.alerts_answered += self.settle(pattern, since, when);
                    let level = self.confirmed[pattern as usize];
                    self.confirmed[pattern as usize] = level.saturating_add(1);
                    self.stands(pattern, when, self.scenario.life_s(level));
                }
                Waiting::New(_) => {
                    self.asked.answered += taken;
                    self.asked.alerts_answered += taken as f64;
                    self.asked.waits.add(when - since, taken as f64);
                }
                Waiting::Checks(_) => self.asked.answered += taken,
            }
            if rest > 0 {
                let rest =
                    if matches!(who, Waiting::New(_)) { Waiting::New(rest) } else { Waiting::Checks(rest) };
                self.queue.push_front((since, rest));
            }
        }
    }

    /// A pattern's alerts since its question came up are put out: how many they are.
    fn settle(&mut self, pattern: u32, since: f64, when: f64) -> f64 {
        let followers = self.demand.known[pattern as usize] * self.load.between(since, when);
        self.asked.waits.add(when - since, self.demand.burst);
        self.asked.waits.add_up_to(when - since, followers);
        self.demand.burst + followers
    }

    /// A verdict stands from now on for so long, then the next alert asks again.
    fn stands(&mut self, pattern: u32, when: f64, life: f64) {
        let end = when + life;
        let rate = self.demand.known[pattern as usize];
        self.asked.reused += rate * self.load.between(when, end.min(self.horizon));
        self.comes_again(pattern, end);
    }

    /// Whoever waited long enough for a call gets what the embedded deciders said, which stands like a first verdict.
    fn give_up(&mut self, now: f64) {
        let patience = self.scenario.patience_s;
        if patience <= 0.0 {
            return;
        }
        while let Some((since, who)) = self.queue.pop_front_if(|(since, _)| *since + patience <= now) {
            self.waiting -= who.count();
            self.asked.given_up += who.count();
            match who {
                Waiting::Pattern(pattern) => {
                    self.asked.alerts_given_up += self.settle(pattern, since, now);
                    self.stands(pattern, now, self.scenario.life_s(0));
                }
                Waiting::New(count) => {
                    self.asked.alerts_given_up += count as f64;
                    self.asked.waits.add(now - since, count as f64);
                }
                Waiting::Checks(_) => {}
            }
        }
    }

    /// What is open when the simulation ends.
    fn stays_open(&mut self, since: f64, who: Waiting, count: u64) {
        self.asked.alerts_open += match who {
            Waiting::Pattern(pattern) => {
                self.demand.burst
                    + self.demand.known[pattern as usize] * self.load.between(since, self.horizon)
            }
            Waiting::New(_) => count as f64,
            Waiting::Checks(_) => 0.0,
        };
    }

    fn end(&mut self) {
        self.sample(self.horizon);
        self.asked.waiting = self.waiting;
        while let Some((since, who)) = self.queue.pop_front() {
            self.stays_open(since, who, who.count());
        }
        self.asked.usd = self.asked.calls as f64 * self.group.usd_per_call
            + self.asked.sent as f64 * self.group.usd_per_question;
    }

    /// Notes how many wait, at each mark up to now: since the last event, nothing changed.
    fn sample(&mut self, now: f64) {
        while self.asked.backlog.len() < SAMPLES
            && (self.asked.backlog.len() + 1) as f64 * self.horizon <= now * SAMPLES as f64
        {
            self.asked.backlog.push(self.waiting as f64);
        }
    }
}
