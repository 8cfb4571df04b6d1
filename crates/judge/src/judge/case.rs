//! One alert before the deciders of the cascade, each of which may abstain.

use super::analyst_decision_id;
use crate::Facts;
use crate::assess::{Assessed, Ground, rule_key};
use crate::decision::{Decision, Detail};
use crate::history::History;
use crate::learning::Harmless;
use crate::reason::{Grounds, evidence, next_steps, sentence};
use crate::statistics::Signals;
use crate::text::tame;
use watchfire_signal::{Alert, Decider, Reputation, Severity, Verdict};

/// A score from which statistics alone call an alert suspicious.
const SUSPICIOUS_SCORE: f64 = 0.6;

/// One alert before its deciders.
pub(super) struct Case<'c> {
    pub(super) ground: &'c Ground,
    pub(super) version: &'c str,
    pub(super) alert: &'c Alert<'c>,
    pub(super) facts: &'c Facts<'c>,
    pub(super) assessed: &'c Assessed,
    pub(super) signals: &'c Signals,
    pub(super) time: i64,
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
    pub(super) fn decide(&self, history: &History, harmless: Option<(Harmless, bool)>) -> Decision {
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
    pub(super) fn may_be_learned(&self) -> bool {
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

    pub(super) fn by_analyst(&self, word: &crate::AnalystWord) -> Decision {
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
