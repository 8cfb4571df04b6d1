//! An entry of the log of choices.

use super::words::{hexadecimal, moment};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use watchfire_signal::Verdict;
use watchfire_store::ChoiceRow;

/// What was proposed, what somebody chose, and how that ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Its number.
    pub(crate) id: i64,
    /// When.
    pub(crate) at: String,
    /// About which alert; null if it is not stored.
    pub(crate) alert: Option<String>,
    /// Of which pattern.
    pub(crate) pattern: String,
    /// Of which type: the vendor's rule, by format and id.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// What was proposed then.
    #[schema(value_type = Vec<Object>)]
    pub(crate) proposed: Value,
    /// What was chosen.
    pub(crate) chosen: String,
    /// What it was said to be.
    pub(crate) verdict: &'static str,
    /// By whom.
    pub(crate) by: String,
    /// Why.
    pub(crate) reason: String,
    /// How it ended: resolved, escalated, no_effect, wrong; null as long as nobody said.
    pub(crate) outcome: Option<String>,
    /// When that was said.
    pub(crate) outcome_at: Option<String>,
}

impl Entry {
    pub(crate) fn of(row: ChoiceRow) -> Self {
        let proposed = serde_json::from_str(&row.proposed).ok().filter(Value::is_array);
        Self {
            id: row.id,
            at: moment(row.at),
            alert: Some(row.alert).filter(|alert| !alert.is_empty()),
            pattern: hexadecimal(row.pattern),
            kind: row.kind,
            proposed: proposed.unwrap_or_else(|| Value::Array(Vec::new())),
            chosen: row.chosen,
            verdict: Verdict::from_id(row.verdict).unwrap_or(Verdict::Unknown).name(),
            by: row.analyst,
            reason: row.reason,
            outcome: row.outcome,
            outcome_at: row.outcome_at.map(moment),
        }
    }
}
