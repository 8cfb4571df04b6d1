//! Analysts' decisions.

use crate::archive::{decision_from_row, decision_to_row};
use crate::error::EngineError;
use watchfire_judge::{AnalystWord, Decision, History, analyst_decision_id};
use watchfire_signal::{Decider, Verdict};
use watchfire_store::{AnalystDecisionRow, Store};

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
    let stored =
        store.alert(alert)?.ok_or_else(|| EngineError::NoSuchAlert(watchfire_judge::tame(alert, 40)))?;
    let before = decision_from_row(&stored.decision).ok_or(EngineError::Corrupt("decision"))?;
    let mut after = Decision {
        id: analyst_decision_id(stored.pattern, verdict),
        verdict,
        decider: Decider::Analyst,
        confidence: 1.0,
        valid_from: 0,
        valid_until: i64::MAX,
        volume: 0,
        ..before.clone()
    };
    let because = if reason.is_empty() {
        String::new()
    } else {
        format!(", “{}”", watchfire_judge::tame(reason, 200))
    };
    after.detail.reason = format!("Decided by {}{because}.", watchfire_judge::tame(analyst, 40));
    let description: serde_json::Value =
        serde_json::from_str(&stored.pattern_description).map_err(|_| EngineError::Corrupt("pattern"))?;
    let text =
        |key: &str| description.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let row = AnalystDecisionRow {
        pattern_key: stored.pattern_key,
        verdict: verdict.id(),
        reason: reason.to_owned(),
        analyst: analyst.to_owned(),
        decided_at: now,
        alert: alert.to_owned(),
        description: stored.pattern_description.clone(),
    };
    let alerts = store.decide(&row, &decision_to_row(&after))?;
    Ok(Decided { before, after, alerts, rule: text("rule"), asset: text("asset") })
}

/// What analysts decided so far.
pub fn history(store: &Store) -> Result<History, EngineError> {
    let mut history = History::default();
    for row in store.analyst_decisions()? {
        let description: serde_json::Value = serde_json::from_str(&row.description).unwrap_or_default();
        let rule = description.get("rule_key").and_then(serde_json::Value::as_str).unwrap_or_default();
        if let Some(verdict) = Verdict::from_id(row.verdict) {
            let word = AnalystWord { verdict, analyst: row.analyst, reason: row.reason };
            history.add(row.pattern_key, rule, word);
        }
    }
    Ok(history)
}
