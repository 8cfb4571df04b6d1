//! What comes next on an entity, within what time, with which probability, and on what grounds.
//!
//! It is silent where too little was seen, and where nothing stands out: a proposition is made only if the lower end of
//! the most probable one's interval is above a floor. The interval is Wilson's (1927), with as much evidence as the
//! contexts saw that the probability came from, faded and weighed as they were.

use super::contexts::{Contexts, Distribution, Ground};
use super::delays::Delays;
use super::steps::{NOTHING, Outcome, Place, Step, Tracker};
use crate::statistics::BoundedMap;
use smallvec::SmallVec;

/// Fewer outcomes than this say nothing.
const FEWEST: f64 = 5.0;
/// The most probable one is at least this probable, with one-sided confidence of 95 %.
pub const FLOOR: f64 = 0.2;
/// What is less probable than this is not listed.
const LEAST: f64 = 0.05;
/// One-sided 95 %.
const Z: f64 = 1.644_854;
/// Successors of a rule whose delays and machines are remembered.
const SUCCESSORS: usize = 8;
/// What is known of all rules counts as much as so many outcomes of one.
const PRIOR: f64 = 8.0;
/// Windows, in seconds.
pub const WINDOWS_S: [u32; 3] = [600, 3_600, 86_400];

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Too little was seen so far.
    TooLittle,
    /// Nothing is probable enough.
    NothingStandsOut,
}

impl Silence {
    /// The same in words.
    pub const fn why(self) -> &'static str {
        match self {
            Self::TooLittle => "too little was seen of such alerts so far",
            Self::NothingStandsOut => "nothing stands out among what followed such alerts",
        }
    }
}

/// A rule that may come next.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which.
    pub rule: u64,
    /// Its probability, within a day.
    pub probability: f64,
    /// The lower end of that.
    pub at_least: f64,
    /// Half of the times it comes within this, in seconds.
    pub typical_s: Option<f64>,
    /// And nine of ten times within this.
    pub within_s: Option<f64>,
    /// Where it was seen, how often, and how often anything was.
    pub grounds: Option<(Ground, u32, u32)>,
    /// On at least so many entities it was seen after this rule; 32 at most.
    pub entities: u32,
}

/// What is said of what comes next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Forecast {
    /// The rule of the step that it comes after.
    pub after: u64,
    /// The most probable first.
    pub candidates: Vec<Candidate>,
    /// That nothing new comes within a day.
    pub nothing: f64,
    /// That anything new comes within each of [`WINDOWS_S`].
    pub within: [f64; 3],
    /// As many outcomes it rests on.
    pub evidence: f64,
    /// Why it should not be said, if so.
    pub silence: Option<Silence>,
}

/// Learns what comes next on entities of one sort.
#[derive(Debug, Clone)]
pub struct NextSteps {
    tracker: Tracker,
    contexts: Contexts,
    rules: BoundedMap<u64, Followed>,
    delays: Delays,
}

/// What is known of how a rule is followed.
#[derive(Debug, Clone, Default)]
struct Followed {
    delays: Delays,
    by: SmallVec<[Follower; 1]>,
}

#[derive(Debug, Clone, Copy)]
struct Follower {
    rule: u64,
    /// A bit for each entity, by its hash.
    entities: u32,
    delays: Delays,
}

impl NextSteps {
    /// Knows nothing yet, and at most so many rules, contexts and entities later. Alerts further apart than the stretch
    /// are two steps.
    pub fn new(rules: usize, contexts: usize, entities: usize, stretch_ms: i64) -> Self {
        Self {
            tracker: Tracker::new(entities, stretch_ms),
            contexts: Contexts::new(contexts),
            rules: BoundedMap::new(rules),
            delays: Delays::default(),
        }
    }

    /// Takes in an alert; says which step it is, if it is one. `known` is the number of rules that are known.
    pub fn observe(
        &mut self,
        time: i64,
        entity: u64,
        rule: u64,
        stage: impl FnOnce() -> u8,
        known: usize,
    ) -> Option<Step> {
        let step = self.tracker.observe(time, entity, rule, stage)?;
        for outcome in self.tracker.overdue(time) {
            self.learn(&outcome, known);
        }
        if let Some(outcome) = step.ends {
            self.learn(&outcome, known);
        }
        Some(step)
    }

    /// Takes in what followed a step.
    pub fn learn(&mut self, outcome: &Outcome, known: usize) {
        self.contexts.learn(&outcome.place, outcome.next, known);
        let rule = self.rules.entry(outcome.place.rule, Followed::default);
        if outcome.next == NOTHING {
            rule.delays.add_nothing();
            self.delays.add_nothing();
            return;
        }
        rule.delays.add(outcome.delay_ms);
        self.delays.add(outcome.delay_ms);
        let index = rule.by.iter().position(|by| by.rule == outcome.next).unwrap_or_else(|| {
            if rule.by.len() >= SUCCESSORS {
                let rarest = rule
                    .by
                    .iter()
                    .enumerate()
                    .min_by(|(_, one), (_, other)| one.delays.count().total_cmp(&other.delays.count()));
                let index = rarest.map_or(0, |(index, _)| index);
                rule.by.swap_remove(index);
            }
            rule.by.push(Follower { rule: outcome.next, entities: 0, delays: Delays::default() });
            rule.by.len() - 1
        });
        if let Some(by) = rule.by.get_mut(index) {
            by.entities |= 1 << (outcome.place.entity.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59);
            by.delays.add(outcome.delay_ms);
        }
    }

    /// Where an entity stands, and for how long, in milliseconds; if this rule is no part of what goes on there, a step of
    /// which only the rule is known.
    pub fn place(&self, entity: u64, rule: u64, stage: u8, time: i64) -> (Place, i64) {
        self.tracker.place(entity, rule, time).unwrap_or((Place::alone(entity, rule, stage), 0))
    }

    /// What comes next, among so many rules that are known, whatever it is.
    pub fn distribution(&self, place: &Place, known: usize) -> Distribution {
        self.contexts.distribution(place, known)
    }

    /// What comes next after a step that was taken so long ago, in milliseconds, besides the rule that was asked about.
    pub fn forecast(&self, place: &Place, asked: u64, since_ms: i64, known: usize) -> Forecast {
        let mut distribution = self.contexts.distribution(place, known);
        let followed = self.rules.get(&place.rule);
        let since_s = since_ms.max(0) as f64 / 1e3;
        self.wait(&mut distribution, followed, since_s);
        let nothing = distribution.of(NOTHING);
        let evidence = distribution.evidence;
        let mut candidates: Vec<Candidate> = Vec::new();
        for (rule, probability) in distribution.listed {
            if rule == NOTHING || rule == asked || probability < LEAST {
                continue;
            }
            let by = followed.and_then(|followed| followed.by.iter().find(|by| by.rule == rule));
            let delays =
                by.map_or(followed.map_or(&self.delays, |followed| &followed.delays), |by| &by.delays);
            candidates.push(Candidate {
                rule,
                probability,
                at_least: at_least(probability, evidence),
                typical_s: delays.quantile(0.5),
                within_s: delays.quantile(0.9),
                grounds: self.contexts.grounds(place, rule),
                entities: by.map_or(0, |by| by.entities.count_ones()),
            });
        }
        let best = candidates.first().map_or(0.0, |candidate| candidate.at_least);
        let silence = if evidence < FEWEST {
            Some(Silence::TooLittle)
        } else if best < FLOOR {
            Some(Silence::NothingStandsOut)
        } else {
            None
        };
        let within = WINDOWS_S.map(|window| self.within(followed, since_s, f64::from(window)));
        Forecast { after: place.rule, candidates, nothing, within, evidence, silence }
    }

    /// What did not come yet is the less probable, the sooner it usually comes.
    fn wait(&self, distribution: &mut Distribution, followed: Option<&Followed>, since_s: f64) {
        if since_s < 1.0 {
            return;
        }
        let (mut before, mut after) = (0.0, 0.0);
        for (rule, probability) in &mut distribution.listed {
            before += *probability;
            if *rule != NOTHING {
                let by = followed.and_then(|followed| followed.by.iter().find(|by| by.rule == *rule));
                let (over, _) = by.map_or(&self.delays, |by| &by.delays).within(0.0, since_s);
                // A delay that was never seen is possible.
                *probability *= (1.0 - over).max(0.01);
            }
            after += *probability;
        }
        // What is not listed waits as the average of what is.
        if before > 0.0 && after > 0.0 {
            distribution.each_other *= after / before;
            let scale = before / after;
            distribution.listed.iter_mut().for_each(|(_, probability)| *probability *= scale);
            distribution.each_other *= scale;
        }
        distribution
            .listed
            .sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    }

    /// The probability that anything comes within another `window_s`, after `since_s` in which nothing did.
    fn within(&self, followed: Option<&Followed>, since_s: f64, window_s: f64) -> f64 {
        let (usual, _) = self.delays.within(since_s, window_s);
        let (share, count) =
            followed.map_or((0.0, 0.0), |followed| followed.delays.within(since_s, window_s));
        ((share * count + usual * PRIOR) / (count + PRIOR)).clamp(0.0, 1.0)
    }

    /// How often anything was seen to follow anything.
    pub fn times(&self) -> u32 {
        self.contexts.times()
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        let spilled = |followed: &Followed| {
            if followed.by.spilled() { followed.by.capacity() * size_of::<Follower>() } else { 0 }
        };
        self.tracker.footprint()
            + self.contexts.footprint()
            + super::table_bytes::<u64, Followed>(self.rules.len())
            + self.rules.values().map(spilled).sum::<usize>()
    }
}

/// The lower end of a share that so much evidence found, one-sided, at 95 % (Wilson 1927).
pub(super) fn at_least(share: f64, evidence: f64) -> f64 {
    if evidence <= 0.0 {
        return 0.0;
    }
    let square = Z * Z / evidence;
    let centre = share + square / 2.0;
    let spread = Z * (share * (1.0 - share) / evidence + square / (4.0 * evidence)).max(0.0).sqrt();
    ((centre - spread) / (1.0 + square)).clamp(0.0, share)
}
