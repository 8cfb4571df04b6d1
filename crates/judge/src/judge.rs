//! The part of judging that depends on what came before: statistics, reuse, and the cascade of deciders.
//!
//! For each alert, in the order of the input:
//!
//! 1. What an **analyst** decided on its pattern is the last word.
//! 2. A decision on its pattern that still holds is **reused**: see [`reuse`](crate::reuse). Time is that of the alerts, not
//!    of the clock: a file from last year gives the same verdicts as it did then. When rules or settings change, no
//!    decision holds.
//! 3. Otherwise the deciders are asked in turn, and each may abstain: **rules** that are sure of themselves, the **base
//!    rate** of analysts' decisions on the same rule, **statistics**. What nobody is sure of falls back to what the
//!    rules' floor says, and is marked so.
//!
//! No decision but an analyst's goes below the floor that the rules set.

mod case;
mod priority;
mod standing;

pub use priority::weight;

use crate::Facts;
use crate::assess::{Assessed, Ground};
use crate::decision::Decision;
use crate::hashes::{mix, stable};
use crate::history::History;
use crate::learning::Learned;
use crate::pattern::short_id;
use crate::reuse::{Measured, PARTING, Place, Policy, Reuse};
use crate::statistics::{BoundedMap, Signals, Statistics};
use case::Case;
use priority::priority;
use standing::{Maker, Standing};
use std::sync::Arc;
use watchfire_signal::{Alert, Decider, Field, Priority, Severity, Verdict};

/// Decisions on one pattern that are kept, unless said otherwise.
const KEEPS: usize = 16;
/// Patterns that are kept in memory; the rest is in the archive.
const MAX_PATTERNS: usize = 50_000;

/// Where earlier decisions are kept, and who can be asked for new ones.
pub trait Archive {
    /// The decisions on a pattern that hold at `time`, in milliseconds since 1970.
    fn decisions(&self, pattern: i64, time: i64) -> Vec<Decision>;

    /// The decision with this id.
    fn decision(&self, id: i64) -> Option<Decision>;

    /// What somebody who answers at once has to say in the place of a decision that was just made; `None` if nobody does.
    fn ask(&self, _: &Decision) -> Option<Decision> {
        None
    }

    /// Whether anybody does.
    fn answers(&self) -> bool {
        false
    }
}

/// Remembers nothing.
impl Archive for () {
    fn decisions(&self, _: i64, _: i64) -> Vec<Decision> {
        Vec::new()
    }

    fn decision(&self, _: i64) -> Option<Decision> {
        None
    }
}

/// Whether a model can be asked what nobody embedded was sure of, and so what earlier decisions are worth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Asking {
    /// There is no model: every decision holds, whoever made it.
    #[default]
    Nobody,
    /// This model will be asked, by its name and the hash of its instructions. What was left open is decided anew, so
    /// that it can be asked; what another model said is, too.
    Model(Arc<str>),
    /// This model was asked: what is still open stays as it is.
    Asked(Arc<str>),
    /// This model answers while alerts go on: until it has answered ([`Judge::answered`]), what is open stands, and nothing
    /// more is asked about the pattern.
    Live(Arc<str>),
}

impl Asking {
    fn accepts(&self, decision: &Decision) -> bool {
        match self {
            Self::Nobody => true,
            Self::Model(model) | Self::Live(model) => match decision.decider {
                Decider::Fallback => false,
                Decider::Llm => *decision.detail.model == **model,
                _ => true,
            },
            Self::Asked(model) => decision.decider != Decider::Llm || *decision.detail.model == **model,
        }
    }
}

/// What became of an alert.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The decision that holds for it.
    pub decision: Arc<Decision>,
    /// Whether it was made now, for this alert.
    pub fresh: bool,
    /// How soon a person should look.
    pub priority: Priority,
    /// What the statistics said.
    pub signals: Signals,
}

/// Judges alerts one after another.
#[derive(Debug)]
pub struct Judge {
    ground: Ground,
    version: String,
    asking: Asking,
    keeps: usize,
    history: History,
    statistics: Statistics,
    reuse: Reuse,
    learned: Learned,
    patterns: BoundedMap<i64, Standing>,
    /// Where the decisions stand that wait for an answer.
    waiting: BoundedMap<i64, i64>,
}

impl Judge {
    /// A judge who knows what analysts decided.
    pub fn new(ground: Ground, history: History) -> Self {
        let version = ground.version();
        Self {
            ground,
            version,
            asking: Asking::Nobody,
            keeps: KEEPS,
            history,
            statistics: Statistics::new(),
            reuse: Reuse::new(Policy::default()),
            learned: Learned::default(),
            patterns: BoundedMap::new(MAX_PATTERNS),
            waiting: BoundedMap::new(MAX_PATTERNS),
        }
    }

    /// How many decisions on one pattern are kept in memory, at least one, and 16 if nobody says: those last made or looked up. The archive may
    /// not have the former yet, and alerts of files that overlap go back in time; where neither is so, two do.
    #[must_use]
    pub fn keeping(mut self, decisions: usize) -> Self {
        self.keeps = decisions.max(1);
        self
    }

    /// What earlier decisions are worth, now that a model can be asked.
    #[must_use]
    pub fn asking(mut self, asking: Asking) -> Self {
        self.asking = asking;
        self
    }

    /// How far earlier decisions may stand for later alerts.
    #[must_use]
    pub fn reusing(mut self, policy: Policy) -> Self {
        self.reuse = Reuse::new(policy);
        self
    }

    /// What was learned of rules so far.
    #[must_use]
    pub fn learned(mut self, learned: Learned) -> Self {
        self.learned = learned;
        self
    }

    /// Judges the next alert. `time` is when it happened, in milliseconds since 1970.
    pub fn judge(
        &mut self,
        alert: &Alert<'_>,
        facts: &Facts<'_>,
        assessed: &Assessed,
        time: i64,
        archive: &dyn Archive,
    ) -> Judgement {
        // What has no floor to speak of is no step, whatever its category.
        let tells = assessed.say.floor >= Severity::Medium || assessed.say.category.is_attempt();
        let step = assessed.say.category.step().filter(|_| tells);
        let signals = self.statistics.observe(assessed.entities, step, time);
        let case = Case {
            ground: &self.ground,
            version: &self.version,
            alert,
            facts,
            assessed,
            signals: &signals,
            time,
        };
        let mut key = assessed.pattern;
        let mut state = self.patterns.entry(key, Standing::default);
        let (decision, fresh) = match self.history.on_pattern(&assessed.key) {
            // Recorded when it was made.
            Some(word) => {
                (Arc::clone(state.analyst.get_or_insert_with(|| Arc::new(case.by_analyst(word)))), false)
            }
            None => {
                let tenant = alert.get(Field::Tenant).map_or(0, stable);
                let mut part = 0;
                if let Some(field) = state.parted_by.and_then(|field| PARTING.get(field)) {
                    part = alert.get(*field).map_or(1, stable);
                    key = mix(assessed.pattern.cast_unsigned(), part).cast_signed();
                    state = self.patterns.entry(key, Standing::default);
                }
                let place = Place {
                    pattern: assessed.pattern,
                    part,
                    rule: mix(assessed.entities.rule, tenant),
                    host: mix(assessed.entities.asset, tenant),
                };
                let maker = Maker {
                    case: &case,
                    history: &self.history,
                    asking: &self.asking,
                    archive,
                    keeps: self.keeps,
                };
                let (decision, fresh) = state.next(&mut self.reuse, &mut self.learned, place, &maker);
                if fresh && state.waits_for(decision.id) {
                    self.waiting.entry(decision.id, || key);
                }
                (decision, fresh)
            }
        };
        let priority = priority(&decision, assessed, &signals);
        Judgement { decision, fresh, priority, signals }
    }

    /// Takes in what a model answered in the place of a decision that was left open.
    pub fn answered(&mut self, answer: Decision) {
        if let Some(key) = self.waiting.remove(&answer.id)
            && self.patterns.get(&key).is_some()
        {
            let state = self.patterns.entry(key, Standing::default);
            state.answered(&mut self.reuse, &mut self.learned, answer);
        }
    }

    /// Takes in how a decision stands in the archive, where another judge made it first: it is what later alerts find here too.
    pub fn stands(&mut self, decision: Decision) {
        if decision.decider != Decider::Fallback && self.waiting.get(&decision.id).is_some() {
            return self.answered(decision);
        }
        let Some(state) = self.patterns.get_mut(&decision.pattern) else { return };
        let decision = Arc::new(decision);
        state.stands(&decision);
        if state.parted_by.is_some() {
            // Which part it is about does not stand in it.
            self.patterns.values_mut().for_each(|state| state.stands(&decision));
        }
    }

    /// Whether something stands on the pattern here; if not, the archive is asked what does.
    pub fn knows(&self, pattern: i64) -> bool {
        self.patterns.get(&pattern).is_some()
    }

    /// Takes in what analysts decided by now, which has changed for many patterns.
    pub fn set_words(&mut self, history: History) {
        self.history = history;
        self.patterns.values_mut().for_each(|standing| standing.analyst = None);
    }

    /// Takes in what analysts decided by now, which has changed for this pattern.
    pub fn set_history(&mut self, history: History, pattern: i64) {
        self.history = history;
        if self.patterns.get(&pattern).is_some() {
            self.patterns.entry(pattern, Standing::default).analyst = None;
        }
    }

    /// Forgets what stands on patterns, because it did not get into the store: what is there is looked up again.
    pub fn forget_patterns(&mut self) {
        self.patterns = BoundedMap::new(MAX_PATTERNS);
        self.waiting = BoundedMap::new(MAX_PATTERNS);
    }

    /// What checks say of reuse so far.
    pub fn measured(&self) -> Measured {
        self.reuse.measured()
    }

    /// How many patterns and entities were forgotten for lack of room.
    pub fn forgotten(&self) -> u64 {
        self.patterns.evicted() + self.statistics.evicted()
    }
}

/// The id of an analyst's decision on a pattern.
pub fn analyst_decision_id(pattern: i64, verdict: Verdict) -> i64 {
    let mut bytes = b"analyst".to_vec();
    bytes.extend_from_slice(&pattern.to_le_bytes());
    bytes.push(verdict.id());
    short_id(&bytes)
}

#[cfg(test)]
mod tests;
