//! A pattern: alerts that share a verdict.

use super::decision::{Decision, Technique};
use super::words::{hexadecimal, moment};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use watchfire_signal::Verdict;
use watchfire_store::{AnalystWordRow, QueuedPattern};

/// A pattern as it stands in the queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Pattern {
    /// Its id.
    pub(crate) id: String,
    /// The vendor's rule, by its name.
    pub(crate) rule: String,
    /// The vendor's rule, by format and id.
    pub(crate) rule_key: String,
    /// What it is about.
    pub(crate) category: String,
    /// The machine or account of ours.
    pub(crate) asset: String,
    /// What its alerts have in common besides.
    pub(crate) material: Vec<(String, String)>,
    /// How many alerts it has.
    pub(crate) alerts: u64,
    /// When the first of them happened.
    pub(crate) first_seen: String,
    /// When the last of them happened.
    pub(crate) last_seen: String,
    /// How soon somebody should look, 0–100.
    pub(crate) priority: u8,
    /// How bad.
    pub(crate) severity: &'static str,
    /// What it is.
    pub(crate) verdict: &'static str,
    /// How sure, 0–1.
    pub(crate) confidence: f64,
    /// Who decided.
    pub(crate) decider: &'static str,
    /// Why.
    pub(crate) reason: String,
    /// What the reason rests on: names and values.
    pub(crate) evidence: Vec<(String, String)>,
    /// ATT&CK techniques.
    pub(crate) techniques: Vec<Technique>,
    /// One of its alerts, the latest; null in lists.
    pub(crate) example: Option<String>,
    /// What an analyst said, if one did and did not take it back.
    pub(crate) decided: Option<Word>,
}

/// What an analyst said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Word {
    /// Who.
    pub(crate) by: String,
    /// When.
    pub(crate) at: String,
    /// Why.
    pub(crate) reason: String,
    /// What.
    pub(crate) verdict: &'static str,
}

/// What an analyst said, also if it was taken back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Words {
    /// Its number.
    pub(crate) id: i64,
    #[serde(flatten)]
    pub(crate) word: Word,
    /// Whether it was taken back.
    pub(crate) undone: bool,
}

/// A pattern with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PatternDetail {
    #[serde(flatten)]
    pub(crate) pattern: Pattern,
    /// What holds for the alert with the greatest priority.
    pub(crate) decision: Decision,
    /// What to do, in order.
    pub(crate) next_steps: Vec<String>,
    /// What was decided, the latest first.
    pub(crate) decisions: Vec<Decision>,
    /// What analysts said, the latest first.
    pub(crate) analysts: Vec<Words>,
}

impl Word {
    pub(crate) fn of(row: &AnalystWordRow) -> Self {
        Self {
            by: row.analyst.clone(),
            at: moment(row.decided_at),
            reason: row.reason.clone(),
            verdict: Verdict::from_id(row.verdict).unwrap_or(Verdict::Unknown).name(),
        }
    }
}

impl Words {
    pub(crate) fn of(row: &AnalystWordRow) -> Self {
        Self { id: row.id, word: Word::of(row), undone: row.undone }
    }
}

impl Pattern {
    /// What a row says; `None` if another version wrote what this one can't read.
    pub(crate) fn of(row: &QueuedPattern) -> Option<Self> {
        let decision = Decision::of(&row.decision)?;
        let description: Value = serde_json::from_str(&row.description).unwrap_or_default();
        let text = |key: &str| description.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let material = description.get("material").and_then(Value::as_object);
        Some(Self {
            id: hexadecimal(row.id),
            rule: text("rule"),
            rule_key: text("rule_key"),
            category: text("category"),
            asset: text("asset"),
            material: material
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            alerts: row.alerts,
            first_seen: moment(row.first_seen),
            last_seen: moment(row.last_seen),
            priority: row.priority,
            severity: decision.severity,
            verdict: decision.verdict,
            confidence: decision.confidence,
            decider: decision.decider,
            reason: decision.reason,
            evidence: decision.evidence,
            techniques: decision.techniques,
            example: None,
            decided: row.word.as_ref().map(Word::of),
        })
    }
}
