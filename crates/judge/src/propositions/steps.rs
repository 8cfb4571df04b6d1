//! What counts as a step, and what a step stands among.
//!
//! Alerts come in floods and two floods at once alternate thousands of times, so *the next alert* says nothing. A rule's
//! alerts on an entity no more than an hour apart are one *stretch*; a stretch's first alert is a *step*, and the next step
//! is the first alert of the next stretch of another rule. A pair of rules thus counts once a stretch, however many
//! alerts come. A rule that falls silent and comes back, with nothing else in between, is no new step unless a day passed.

use crate::hashes::mix;
use crate::statistics::BoundedMap;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// What follows a step where nothing does within [`HORIZON_MS`].
pub const NOTHING: u64 = 0;
/// How far ahead is looked, in milliseconds: a day.
pub const HORIZON_MS: i64 = 86_400_000;
/// A rule's alerts this far apart are two stretches, in milliseconds: an hour, as in learning and spread.
pub const STRETCH_MS: i64 = 3_600_000;
/// Rules of an entity that are known to be going on.
const ACTIVE: usize = 16;
/// As many of those are looked at when a step comes, so that one alert with a time of the far future ends few.
const LOOKED_AT: usize = 2;

/// What a step stands among: everything that the next one is predicted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The machine, or whoever acted.
    pub entity: u64,
    /// The rule of this step.
    pub rule: u64,
    /// That of the step before; 0 if there is none.
    pub before: u64,
    /// The rules that were going on, this one among them, in no order.
    pub company: u64,
    /// The tactic that this step serves; 0 if nobody knows.
    pub stage: u8,
}

impl Place {
    /// A step of which nothing but its rule is known.
    pub fn alone(entity: u64, rule: u64, stage: u8) -> Self {
        Self { entity, rule, before: 0, company: together([rule]), stage }
    }
}

/// What came after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The step.
    pub place: Place,
    /// The rule of the next one, or [`NOTHING`].
    pub next: u64,
    /// How long that took, in milliseconds.
    pub delay_ms: i64,
}

/// A step that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What it stands among.
    pub place: Place,
    /// What it is to the step before on the entity.
    pub ends: Option<Outcome>,
}

/// Tells steps from what merely goes on, for each entity.
#[derive(Debug, Clone)]
pub struct Tracker {
    trails: BoundedMap<u64, Trail>,
    /// Steps that nothing may follow, in the order in which they came; as many as entities at most.
    waiting: VecDeque<(u64, i64)>,
    bound: usize,
    stretch_ms: i64,
}

/// What is known of an entity.
#[derive(Debug, Clone)]
struct Trail {
    place: Place,
    /// When that step was taken.
    at: i64,
    /// Whether it is already known what came of it.
    is_over: bool,
    /// Rules that are going on, with their latest alerts.
    active: SmallVec<[(u64, i64); 2]>,
}

impl Tracker {
    /// Knows nobody yet, and at most so many entities later. Alerts of a rule that are further apart than this are two
    /// stretches; 0 makes every change of the rule a step.
    pub fn new(entities: usize, stretch_ms: i64) -> Self {
        Self { trails: BoundedMap::new(entities), waiting: VecDeque::new(), bound: entities, stretch_ms }
    }

    /// Takes in an alert; says which step it is, if it is one. `time` is in milliseconds since 1970; for the tactic is
    /// asked only at steps.
    pub fn observe(&mut self, time: i64, entity: u64, rule: u64, stage: impl FnOnce() -> u8) -> Option<Step> {
        let stretch = self.stretch_ms;
        let mut is_first = false;
        let trail = self.trails.entry(entity, || {
            is_first = true;
            Trail { place: Place::alone(entity, rule, 0), at: time, is_over: false, active: SmallVec::new() }
        });
        let since = time.saturating_sub(trail.at);
        let goes_on = trail.goes_on(rule, time, stretch);
        let is_same = trail.place.rule == rule && since <= HORIZON_MS;
        if !is_first && (is_same || goes_on && stretch > 0) {
            return None;
        }
        let mut ends = None;
        if !is_first {
            let next = if since > HORIZON_MS { NOTHING } else { rule };
            // What is dated before its predecessor follows nothing.
            ends = (!trail.is_over && since >= -stretch).then_some(Outcome {
                place: trail.place,
                next,
                delay_ms: since.clamp(0, HORIZON_MS),
            });
            let company = together(trail.active.iter().map(|(rule, _)| *rule));
            trail.place = Place { entity, rule, before: trail.place.rule, company, stage: 0 };
            trail.at = time;
            trail.is_over = false;
        }
        trail.place.stage = stage();
        let place = trail.place;
        if self.waiting.len() >= self.bound {
            self.waiting.pop_front();
        }
        self.waiting.push_back((entity, time));
        Some(Step { place, ends })
    }

    /// Steps that nothing followed within a day, by now; at most two at a time.
    pub fn overdue(&mut self, now: i64) -> SmallVec<[Outcome; LOOKED_AT]> {
        let mut overdue = SmallVec::new();
        for _ in 0..LOOKED_AT {
            let Some(&(entity, at)) = self.waiting.front() else { break };
            let age = now.saturating_sub(at);
            let trail = self.trails.get_mut(&entity).filter(|trail| trail.at == at && !trail.is_over);
            if let Some(trail) = trail {
                if age.saturating_abs() <= HORIZON_MS {
                    break;
                }
                trail.is_over = true;
                // What is dated far ahead of all else must not keep the others waiting; what followed it nobody knows.
                if age > 0 {
                    overdue.push(Outcome { place: trail.place, next: NOTHING, delay_ms: HORIZON_MS });
                }
            }
            self.waiting.pop_front();
        }
        overdue
    }

    /// Where an entity stands, and for how long, in milliseconds, if this rule is part of what goes on there.
    pub fn place(&self, entity: u64, rule: u64, time: i64) -> Option<(Place, i64)> {
        let trail = self.trails.get(&entity)?;
        let since = time.saturating_sub(trail.at).max(0);
        let is_there = trail.place.rule == rule || trail.active.iter().any(|(active, _)| *active == rule);
        (is_there && since <= HORIZON_MS).then_some((trail.place, since))
    }

    /// Entities known.
    pub fn len(&self) -> usize {
        self.trails.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.trails.is_empty()
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        let spilled: usize = self
            .trails
            .values()
            .filter(|trail| trail.active.spilled())
            .map(|trail| trail.active.capacity() * 16)
            .sum();
        super::table_bytes::<u64, Trail>(self.trails.len()) + spilled + self.waiting.capacity() * 16
    }
}

impl Trail {
    /// Notes an alert; says whether its rule was going on already.
    fn goes_on(&mut self, rule: u64, time: i64, stretch: i64) -> bool {
        let is_near = |last: i64| time.saturating_sub(last).saturating_abs() <= stretch;
        if let Some((_, last)) = self.active.iter_mut().find(|(active, _)| *active == rule) {
            let goes_on = is_near(*last);
            *last = time;
            if goes_on {
                return true;
            }
            self.active.retain(|(_, last)| is_near(*last));
            return false;
        }
        self.active.retain(|(_, last)| is_near(*last));
        if self.active.len() >= ACTIVE {
            let oldest = self.active.iter().enumerate().min_by_key(|(_, (_, last))| *last);
            if let Some((index, _)) = oldest {
                self.active.swap_remove(index);
            }
        }
        self.active.push((rule, time));
        false
    }
}

/// Several rules as one number, whatever their order.
fn together(rules: impl IntoIterator<Item = u64>) -> u64 {
    rules.into_iter().fold(0, |sum, rule| sum.wrapping_add(mix(0x5ee5, rule)))
}
