//! Analysts' decisions.

use crate::archive::{decision_from_row, decision_to_row};
use crate::error::EngineError;
use watchfire_judge::{AnalystWord, Decision, History, analyst_decision_id, tame, weight};
use watchfire_signal::{Decider, Severity, Verdict};
use watchfire_store::{AnalystDecisionRow, Deliveries, Store};

/// What a decision came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What held before.
    pub before: Decision,
    /// What holds now.
    pub after: Decision,
    /// How many stored alerts it applies to.
    pub alerts: u64,
    /// The vendor's rule name.
    pub rule: String,
    /// The machine or account.
    pub asset: String,
}

/// Records what an analyst decided on an alert. It holds for the alert's whole pattern, now and in later runs, and goes
/// before every other decider.
pub fn decide(
    store: &Store,
    alert: &str,
    verdict: Verdict,
    reason: &str,
    analyst: &str,
    now: i64,
) -> Result<Decided, EngineError> {
    let stored = store.alert(alert)?.ok_or_else(|| EngineError::NoSuchAlert(tame(alert, 40)))?;
    let before = decision_from_row(&stored.decision).ok_or(EngineError::Corrupt("decision"))?;
    let word = Word { verdict, reason, analyst, alert, now };
    let after = word.decision(&before);
    let description: serde_json::Value =
        serde_json::from_str(&stored.pattern_description).map_err(|_| EngineError::Corrupt("pattern"))?;
    let text =
        |key: &str| description.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let row = word.row(stored.pattern_key, &stored.pattern_description);
    let alerts =
        store.decide(&row, &decision_to_row(&after), None, &Deliveries::default(), &weight_of)?.alerts;
    Ok(Decided { before, after, alerts, rule: text("rule"), asset: text("asset") })
}

/// What an analyst says.
pub(crate) struct Word<'w> {
    pub(crate) verdict: Verdict,
    pub(crate) reason: &'w str,
    pub(crate) analyst: &'w str,
    /// The alert that it was said of.
    pub(crate) alert: &'w str,
    pub(crate) now: i64,
}

impl Word<'_> {
    /// The decision that it comes to, in the place of this one.
    pub(crate) fn decision(&self, before: &Decision) -> Decision {
        let mut after = Decision {
            id: analyst_decision_id(before.pattern, self.verdict),
            verdict: self.verdict,
            decider: Decider::Analyst,
            confidence: 1.0,
            valid_from: 0,
            valid_until: i64::MAX,
            volume: 0,
            ..before.clone()
        };
        let because = if self.reason.is_empty() {
            String::new()
        } else {
            format!(", “{}”", tame(self.reason, 200))
        };
        after.detail.reason = format!("Decided by {}{because}.", tame(self.analyst, 40));
        after
    }

    /// The row that keeps it.
    pub(crate) fn row(&self, pattern_key: [u8; 16], description: &str) -> AnalystDecisionRow {
        AnalystDecisionRow {
            pattern_key,
            verdict: self.verdict.id(),
            reason: self.reason.to_owned(),
            analyst: self.analyst.to_owned(),
            decided_at: self.now,
            alert: self.alert.to_owned(),
            description: description.to_owned(),
        }
    }
}

/// What a verdict and a severity, by their numbers, add to a priority.
pub(crate) fn weight_of(verdict: u8, severity: u8) -> f64 {
    weight(Verdict::from_id(verdict).unwrap_or(Verdict::Unknown), Severity::from_id(severity))
}

/// What analysts decided so far.
pub fn history(store: &Store) -> Result<History, EngineError> {
    Ok(history_of(store.analyst_decisions()?))
}

/// What analysts decided, from these rows.
pub(crate) fn history_of(rows: Vec<AnalystDecisionRow>) -> History {
    let mut history = History::default();
    for row in rows {
        let description: serde_json::Value = serde_json::from_str(&row.description).unwrap_or_default();
        let rule = description.get("rule_key").and_then(serde_json::Value::as_str).unwrap_or_default();
        if let Some(verdict) = Verdict::from_id(row.verdict) {
            let word = AnalystWord { verdict, analyst: row.analyst, reason: row.reason };
            history.add(row.pattern_key, rule, word);
        }
    }
    history
}
