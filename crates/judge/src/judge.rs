//! The part of judging that depends on what came before: statistics, reuse, and the cascade of deciders.
//!
//! For each alert, in the order of the input:
//!
//! 1. What an **analyst** decided on its pattern is the last word.
//! 2. A decision on its pattern that still holds is **reused**. It stops holding when its lifetime is over (in the time
//!    of the alerts, not of the clock: a file from last year gives the same verdicts as it did then), when ten times as
//!    many alerts have come as it was made for, or when rules or settings change.
//! 3. Otherwise the deciders are asked in turn, and each may abstain: **rules** that are sure of themselves, the **base
//!    rate** of analysts' decisions on the same rule, **statistics**. What nobody is sure of falls back to what the
//!    rules' floor says, and is marked so.
//!
//! No decision but an analyst's goes below the floor that the rules set.

use crate::Facts;
use crate::assess::{Assessed, Ground, rule_key};
use crate::decision::{Decision, Detail};
use crate::history::History;
use crate::pattern::short_id;
use crate::reason::{Grounds, evidence, next_steps, sentence};
use crate::statistics::{BoundedMap, Signals, Statistics};
use crate::text::tame;
use std::sync::Arc;
use watchfire_signal::{Alert, Decider, Priority, Reputation, Severity, Verdict};

/// Patterns that are kept in memory; the rest is in the archive.
const MAX_PATTERNS: usize = 50_000;
/// Decisions on one pattern that are kept in memory: those last made or looked up. The archive may not have the former
/// yet, and a run that is repeated must know at each alert what the first run knew there.
const MAX_KNOWN: usize = 64;
/// A score from which statistics alone call an alert suspicious.
const SUSPICIOUS_SCORE: f64 = 0.6;

/// Where earlier decisions are kept.
pub trait Archive {
    /// The decisions on a pattern that hold at `time` (in milliseconds since 1970) for this order of magnitude.
    fn decisions(&self, pattern: i64, time: i64, volume: u8) -> Vec<Decision>;
}

/// Remembers nothing.
impl Archive for () {
    fn decisions(&self, _: i64, _: i64, _: u8) -> Vec<Decision> {
        Vec::new()
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
}

impl Asking {
    fn accepts(&self, decision: &Decision) -> bool {
        match self {
            Self::Nobody => true,
            Self::Model(model) => match decision.decider {
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
    history: History,
    statistics: Statistics,
    patterns: BoundedMap<i64, PatternState>,
}

#[derive(Debug, Default)]
struct PatternState {
    current: Option<Arc<Decision>>,
    /// Alerts since the first decision of this stretch.
    count: u64,
    known: Vec<Arc<Decision>>,
    analyst: Option<Arc<Decision>>,
}

impl Judge {
    /// A judge who knows what analysts decided.
    pub fn new(ground: Ground, history: History) -> Self {
        let version = ground.version();
        Self {
            ground,
            version,
            asking: Asking::Nobody,
            history,
            statistics: Statistics::new(),
            patterns: BoundedMap::new(MAX_PATTERNS),
        }
    }

    /// What earlier decisions are worth, now that a model can be asked.
    #[must_use]
    pub fn asking(mut self, asking: Asking) -> Self {
        self.asking = asking;
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
        let state = self.patterns.entry(assessed.pattern, PatternState::default);
        let case = Case {
            ground: &self.ground,
            version: &self.version,
            alert,
            facts,
            assessed,
            signals: &signals,
            time,
        };
        let (decision, fresh) = match self.history.on_pattern(&assessed.key) {
            // Recorded when it was made.
            Some(word) => {
                (Arc::clone(state.analyst.get_or_insert_with(|| Arc::new(case.by_analyst(word)))), false)
            }
            None => {
                let earlier = |volume| {
                    let decisions = archive.decisions(assessed.pattern, time, volume).into_iter();
                    // An analyst's decision is taken from history alone, which knows if it was withdrawn.
                    let ours = decisions.filter(|decision| {
                        decision.detail.version == self.version
                            && decision.decider != Decider::Analyst
                            && self.asking.accepts(decision)
                    });
                    ours.max_by_key(|decision| decision.valid_from)
                };
                state.next(time, earlier, || case.decide(&self.history))
            }
        };
        let priority = priority(&decision, assessed, &signals);
        Judgement { decision, fresh, priority, signals }
    }

    /// Takes in what somebody who was asked found: it takes the place of the decision with the same id.
    pub fn settle(&mut self, decision: Decision) {
        let state = self.patterns.entry(decision.pattern, PatternState::default);
        let decision = Arc::new(decision);
        let places = state.known.iter_mut().chain(&mut state.current);
        for place in places.filter(|place| place.id == decision.id) {
            *place = Arc::clone(&decision);
        }
    }

    /// How many patterns and entities were forgotten for lack of room.
    pub fn forgotten(&self) -> u64 {
        self.patterns.evicted() + self.statistics.evicted()
    }
}

impl PatternState {
    /// The decision that holds at `time`: the current one, an earlier one, or a new one. Says whether it is new.
    fn next(
        &mut self,
        time: i64,
        earlier: impl FnOnce(u8) -> Option<Decision>,
        decide: impl FnOnce() -> Decision,
    ) -> (Arc<Decision>, bool) {
        let holds = self.current.as_ref().is_some_and(|current| {
            // What is somewhat late belongs to the stretch too.
            let lifetime = current.valid_until - current.valid_from;
            time < current.valid_until && time >= current.valid_from - lifetime
        });
        self.count = if holds { self.count + 1 } else { 1 };
        let volume = self.count.ilog10() as u8;
        if let (true, Some(current)) = (holds, &self.current)
            && current.volume == volume
        {
            return (Arc::clone(current), false);
        }
        let known = self
            .known
            .iter()
            .filter(|known| known.volume == volume && known.valid_from <= time && time < known.valid_until)
            .max_by_key(|known| known.valid_from);
        if let Some(known) = known.cloned() {
            self.current = Some(Arc::clone(&known));
            return (known, false);
        }
        let earlier = earlier(volume);
        let fresh = earlier.is_none();
        let decision = Arc::new(earlier.unwrap_or_else(|| {
            let decision = Decision { volume, ..decide() };
            Decision { id: decision_id(&decision), ..decision }
        }));
        if self.known.len() >= MAX_KNOWN {
            self.known.remove(0);
        }
        self.known.push(Arc::clone(&decision));
        self.current = Some(Arc::clone(&decision));
        (decision, fresh)
    }
}

/// One alert before its deciders.
struct Case<'c> {
    ground: &'c Ground,
    version: &'c str,
    alert: &'c Alert<'c>,
    facts: &'c Facts<'c>,
    assessed: &'c Assessed,
    signals: &'c Signals,
    time: i64,
}

/// What a decider found.
struct Found {
    decider: Decider,
    verdict: Verdict,
    confidence: f64,
    because: Option<String>,
}

impl Case<'_> {
    fn decide(&self, history: &History) -> Decision {
        let found = self
            .by_injection()
            .or_else(|| self.by_rules())
            .or_else(|| self.by_base_rate(history))
            .or_else(|| self.by_statistics())
            .unwrap_or_else(|| self.fall_back());
        self.decision(found)
    }

    /// Text that addresses a model was put there by somebody who means harm: at least suspicious, whatever else is known,
    /// and no model is asked. What rules know to be worse stays worse.
    fn by_injection(&self) -> Option<Found> {
        let (field, injection) = self.assessed.injection.as_deref()?;
        let because = format!(
            "text in {} addresses a language model: “{}”",
            field.name(),
            tame(&injection.excerpt, 160)
        );
        let (verdict, confidence) = match self.assessed.say.verdict {
            Some((Verdict::TruePositive, confidence)) => (Verdict::TruePositive, confidence),
            _ => (Verdict::Suspicious, 0.9),
        };
        Some(Found { decider: Decider::Rule, verdict, confidence, because: Some(because) })
    }

    /// Rules that are sure. A benign verdict does not stand against bad intelligence.
    fn by_rules(&self) -> Option<Found> {
        let (verdict, confidence) = self.assessed.say.verdict?;
        if verdict.is_benign() && self.assessed.reputation >= Reputation::Suspicious {
            return None;
        }
        Some(Found { decider: Decider::Rule, verdict, confidence, because: None })
    }

    fn by_base_rate(&self, history: &History) -> Option<Found> {
        if history.is_empty() {
            return None;
        }
        let rate = history.on_rule(&rule_key(self.alert));
        let (verdict, confidence) = rate.verdict()?;
        if verdict.is_benign() && self.is_floored() {
            return None;
        }
        let because = format!(
            "analysts found {} of {} patterns of this rule hostile",
            rate.hostile,
            rate.hostile + rate.benign
        );
        Some(Found { decider: Decider::Statistics, verdict, confidence, because: Some(because) })
    }

    fn by_statistics(&self) -> Option<Found> {
        let score = self.signals.score();
        if score >= SUSPICIOUS_SCORE {
            let because = "unlike what this machine and this source usually show".to_owned();
            let found = Found {
                decider: Decider::Statistics,
                verdict: Verdict::Suspicious,
                confidence: score,
                because: Some(because),
            };
            return Some(found);
        }
        let quiet = self.assessed.severity <= Severity::Low && self.assessed.say.tactics.is_empty();
        if self.signals.is_chatter() && quiet && !self.is_floored() {
            let because = "everyday chatter of this machine".to_owned();
            let confidence = 1.0 - 3.0 / self.signals.seen as f64;
            let verdict = Verdict::BenignPositive;
            return Some(Found { decider: Decider::Statistics, verdict, confidence, because: Some(because) });
        }
        None
    }

    /// Whether rules or intelligence forbid a benign verdict.
    fn is_floored(&self) -> bool {
        self.assessed.say.floor >= Severity::Medium || self.assessed.reputation >= Reputation::Suspicious
    }

    fn fall_back(&self) -> Found {
        let unexplained = self.assessed.hits.is_empty() && self.assessed.severity >= Severity::High;
        let verdict =
            if self.is_floored() || unexplained { Verdict::Suspicious } else { Verdict::InsufficientData };
        let confidence = if verdict == Verdict::Suspicious { 0.5 } else { 0.0 };
        Found { decider: Decider::Fallback, verdict, confidence, because: None }
    }

    fn by_analyst(&self, word: &crate::AnalystWord) -> Decision {
        let reason = if word.reason.is_empty() {
            String::new()
        } else {
            format!(", “{}”", tame(&word.reason, 200))
        };
        let found = Found {
            decider: Decider::Analyst,
            verdict: word.verdict,
            confidence: 1.0,
            because: Some(format!("decided by {}{reason}", tame(&word.analyst, 40))),
        };
        let decision = Decision { valid_from: 0, valid_until: i64::MAX, ..self.decision(found) };
        Decision { id: analyst_decision_id(decision.pattern, decision.verdict), ..decision }
    }

    fn decision(&self, found: Found) -> Decision {
        let rules: Vec<_> = self.ground.rules.named(&self.assessed.hits).collect();
        let mut techniques: Vec<String> = self.alert.techniques.iter().map(|id| tame(id, 16)).collect();
        for technique in rules.iter().flat_map(|rule| &rule.techniques) {
            if !techniques.contains(technique) {
                techniques.push(technique.clone());
            }
        }
        techniques.truncate(16);
        let titles = rules.iter().map(|rule| rule.title.clone()).collect();
        let grounds = Grounds {
            alert: self.alert,
            facts: self.facts,
            signals: self.signals,
            rules,
            decider: found.decider,
            verdict: found.verdict,
            because: found.because,
        };
        let lifetime = if found.verdict.is_hostile() {
            self.assessed.lifetime_ms
        } else {
            self.assessed.benign_lifetime_ms
        };
        Decision {
            id: 0,
            pattern: self.assessed.pattern,
            verdict: found.verdict,
            severity: self.severity(found.verdict),
            decider: found.decider,
            confidence: found.confidence,
            valid_from: self.time,
            // What addresses a model is looked at each time anew: this holds for its own moment, and a run that is repeated.
            valid_until: self.time + if self.assessed.injection.is_some() { 1 } else { lifetime },
            volume: 0,
            detail: Detail {
                version: self.version.to_owned(),
                category: self.assessed.say.category,
                reason: sentence(&grounds),
                techniques,
                rules: titles,
                next_steps: next_steps(&grounds),
                evidence: evidence(&grounds),
                score: self.signals.score(),
                model: String::new(),
                settings: String::new(),
                floor: self.assessed.say.floor,
            },
        }
    }

    /// The vendor's word, within what the rules know: not below their floor, and, where a rule knows the kind of alert,
    /// not more than a step above it. Vendors rate the rule's worst case; everything they can't place is *high*.
    fn severity(&self, verdict: Verdict) -> Severity {
        let say = &self.assessed.say;
        let by_intelligence = match self.assessed.reputation {
            Reputation::Malicious => Severity::Medium,
            _ => Severity::Unknown,
        };
        let bound = match say.floor {
            Severity::Unknown => Severity::Fatal,
            floor => Severity::from_id(floor.id() + 1),
        };
        let by_injection = match self.assessed.injection {
            Some(_) => Severity::High,
            None => Severity::Unknown,
        };
        let severity =
            self.assessed.severity.min(bound).max(say.floor).max(by_intelligence).max(by_injection);
        match verdict {
            Verdict::Suspicious | Verdict::TruePositive => severity.max(Severity::Low),
            _ => severity.max(Severity::Informational),
        }
    }
}

/// The id of a decision: the same for the same decision, so that a run that is repeated does not add to the store.
fn decision_id(decision: &Decision) -> i64 {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend_from_slice(&decision.pattern.to_le_bytes());
    bytes.extend_from_slice(decision.detail.version.as_bytes());
    bytes.extend_from_slice(&decision.valid_from.to_le_bytes());
    bytes.push(decision.volume);
    short_id(&bytes)
}

/// The id of an analyst's decision on a pattern.
pub fn analyst_decision_id(pattern: i64, verdict: Verdict) -> i64 {
    let mut bytes = b"analyst".to_vec();
    bytes.extend_from_slice(&pattern.to_le_bytes());
    bytes.push(verdict.id());
    short_id(&bytes)
}

/// How soon a person should look, 0–100: by severity, then by verdict, intelligence, and what is unusual about it.
fn priority(decision: &Decision, assessed: &Assessed, signals: &Signals) -> Priority {
    let base = match decision.severity {
        Severity::Unknown | Severity::Informational => 5.0,
        Severity::Low => 18.0,
        Severity::Medium => 38.0,
        Severity::High => 62.0,
        Severity::Critical => 80.0,
        Severity::Fatal => 88.0,
    };
    let verdict = match decision.verdict {
        Verdict::TruePositive => 12.0,
        Verdict::Suspicious => 4.0,
        Verdict::InsufficientData | Verdict::Unknown => 0.0,
        Verdict::BenignPositive | Verdict::FalsePositive | Verdict::Duplicate => -base * 0.8,
    };
    let reputation = match assessed.reputation {
        Reputation::Malicious => 10.0,
        Reputation::Suspicious => 5.0,
        Reputation::Safe => -8.0,
        _ => 0.0,
    };
    let unusual = 14.0 * signals.score();
    let chatter = if signals.is_chatter() { -15.0 } else { 0.0 };
    // One of many attempts by somebody who tries everything says less than one that was aimed.
    let scan = if assessed.say.category.is_attempt() && signals.is_scan() { -15.0 } else { 0.0 };
    Priority::from_score(base + verdict + reputation + unusual + chatter + scan)
}

#[cfg(test)]
mod tests;
