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

mod standing;

use crate::Facts;
use crate::assess::{Assessed, Ground, rule_key};
use crate::decision::{Decision, Detail};
use crate::hashes::{mix, stable};
use crate::history::History;
use crate::learning::{Harmless, Learned};
use crate::pattern::short_id;
use crate::reason::{Grounds, evidence, next_steps, sentence};
use crate::reuse::{Measured, PARTING, Place, Policy, Reuse};
use crate::statistics::{BoundedMap, Signals, Statistics};
use crate::text::tame;
use standing::{Maker, Standing};
use std::sync::Arc;
use watchfire_signal::{Alert, Decider, Field, Priority, Reputation, Severity, Verdict};

/// Patterns that are kept in memory; the rest is in the archive.
const MAX_PATTERNS: usize = 50_000;
/// A score from which statistics alone call an alert suspicious.
const SUSPICIOUS_SCORE: f64 = 0.6;

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
    reuse: Reuse,
    learned: Learned,
    patterns: BoundedMap<i64, Standing>,
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
            reuse: Reuse::new(Policy::default()),
            learned: Learned::default(),
            patterns: BoundedMap::new(MAX_PATTERNS),
        }
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
        let mut state = self.patterns.entry(assessed.pattern, Standing::default);
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
                    let key = mix(assessed.pattern.cast_unsigned(), part).cast_signed();
                    state = self.patterns.entry(key, Standing::default);
                }
                let place = Place {
                    pattern: assessed.pattern,
                    part,
                    rule: mix(assessed.entities.rule, tenant),
                    host: mix(assessed.entities.asset, tenant),
                };
                let maker = Maker { case: &case, history: &self.history, asking: &self.asking, archive };
                state.next(&mut self.reuse, &mut self.learned, place, &maker)
            }
        };
        let priority = priority(&decision, assessed, &signals);
        Judgement { decision, fresh, priority, signals }
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
    is_learned: bool,
}

impl Case<'_> {
    fn decide(&self, history: &History, harmless: Option<(Harmless, bool)>) -> Decision {
        let found = self
            .by_injection()
            .or_else(|| self.by_rules())
            .or_else(|| self.by_learning(harmless?))
            .or_else(|| self.by_base_rate(history))
            .or_else(|| self.by_statistics())
            .unwrap_or_else(|| self.fall_back());
        self.decision(found)
    }

    /// What was learned of the rule, on machines as hot as this one.
    fn by_learning(&self, (harmless, is_hot): (Harmless, bool)) -> Option<Found> {
        if !self.may_be_learned() {
            return None;
        }
        let machines = if is_hot { "machines with something hostile on them" } else { "quiet machines" };
        let Harmless { at_most, episodes, hostile, .. } = harmless;
        let because = format!(
            "learned: of {episodes:.0} hours with this rule on {machines}, {hostile:.0} were part of an attack, so at most {:.1} % are",
            100.0 * at_most
        );
        Some(Found {
            decider: Decider::Statistics,
            verdict: Verdict::BenignPositive,
            confidence: 1.0 - at_most,
            because: Some(because),
            is_learned: true,
        })
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
        Some(Found { decider: Decider::Rule, verdict, confidence, because: Some(because), is_learned: false })
    }

    /// Rules that are sure. A benign verdict does not stand against bad intelligence.
    fn by_rules(&self) -> Option<Found> {
        let (verdict, confidence) = self.assessed.say.verdict?;
        if verdict.is_benign() && self.assessed.reputation >= Reputation::Suspicious {
            return None;
        }
        Some(Found { decider: Decider::Rule, verdict, confidence, because: None, is_learned: false })
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
        Some(Found {
            decider: Decider::Statistics,
            verdict,
            confidence,
            because: Some(because),
            is_learned: false,
        })
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
                is_learned: false,
            };
            return Some(found);
        }
        let quiet = self.assessed.severity <= Severity::Low && self.assessed.say.tactics.is_empty();
        if self.signals.is_chatter() && quiet && !self.is_floored() {
            let because = "everyday chatter of this machine".to_owned();
            let confidence = 1.0 - 3.0 / self.signals.seen as f64;
            let verdict = Verdict::BenignPositive;
            return Some(Found {
                decider: Decider::Statistics,
                verdict,
                confidence,
                because: Some(because),
                is_learned: false,
            });
        }
        None
    }

    /// Whether what was learned may decide: nobody before it does, and nothing forbids it.
    fn may_be_learned(&self) -> bool {
        self.by_rules().is_none() && self.assessed.injection.is_none() && !self.is_floored()
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
        Found { decider: Decider::Fallback, verdict, confidence, because: None, is_learned: false }
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
            is_learned: false,
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
        Decision {
            id: 0,
            pattern: self.assessed.pattern,
            verdict: found.verdict,
            severity: self.severity(found.verdict),
            decider: found.decider,
            confidence: found.confidence,
            valid_from: self.time,
            valid_until: self.time,
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
                why: String::new(),
                learned: found.is_learned,
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
