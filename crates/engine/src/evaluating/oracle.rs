//! Who is asked in an evaluation: labels in the place of a model, truthful or not.

use super::scenario::Who;
use std::cell::Cell;
use watchfire_judge::{Archive, Decision};
use watchfire_signal::{Decider, Verdict};

/// Labels that lie about a share of the alerts of a share of the patterns, as a model might that has not understood them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lies {
    /// Share of the patterns that are lied about at all, 0–1.
    pub patterns: f64,
    /// Share of these patterns' alerts that are lied about, 0–1.
    pub alerts: f64,
    /// Which ones these are.
    pub seed: u64,
}

impl Lies {
    /// Whether what is said of an alert is a lie: always the same for the same alert.
    pub(super) fn about(&self, pattern: i64, ordinal: u64) -> bool {
        uniform(self.seed, pattern.cast_unsigned(), 0) < self.patterns
            && uniform(self.seed, pattern.cast_unsigned(), ordinal + 1) < self.alerts
    }
}

/// A number of 0–1 from a hash.
fn uniform(seed: u64, one: u64, other: u64) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(&one.to_le_bytes()).update(&other.to_le_bytes());
    let bits = hasher.finalize().as_bytes().first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// What would be answered about the alert that is being judged, and whether it was asked for.
pub(super) struct Oracle {
    who: Who,
    answer: Cell<Option<Verdict>>,
    asked: Cell<bool>,
}

impl Oracle {
    pub(super) fn new(who: Who) -> Self {
        Self { who, answer: Cell::new(None), asked: Cell::new(false) }
    }

    /// Makes ready for an alert.
    pub(super) fn knows(&self, answer: Option<Verdict>) {
        self.answer.set(answer);
        self.asked.set(false);
    }

    /// Whether it was asked since.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.get()
    }
}

impl Archive for Oracle {
    fn decisions(&self, _: i64, _: i64) -> Vec<Decision> {
        Vec::new()
    }

    fn decision(&self, _: i64) -> Option<Decision> {
        None
    }

    fn answers(&self) -> bool {
        self.who != Who::Embedded
    }

    fn ask(&self, decision: &Decision) -> Option<Decision> {
        let is_asked = match self.who {
            Who::Oracle => true,
            Who::Cascade => decision.decider == Decider::Fallback,
            Who::Embedded => false,
        };
        let verdict = self.answer.get().filter(|_| is_asked)?;
        self.asked.set(true);
        Some(Decision { verdict, decider: Decider::Llm, confidence: 1.0, ..decision.clone() })
    }
}
