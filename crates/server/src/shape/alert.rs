//! An alert with its verdict.

use super::decision::Decision;
use super::entry::Entry;
use super::proposal::Propositions;
use super::words::{hexadecimal, moment};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use watchfire_signal::{Decider, Severity, Verdict};
use watchfire_store::FoundAlert;

/// An alert as it stands in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// Its id.
    pub(crate) id: String,
    /// When it happened.
    pub(crate) time: String,
    /// Its pattern.
    pub(crate) pattern: String,
    /// What it is.
    pub(crate) verdict: &'static str,
    /// How bad.
    pub(crate) severity: &'static str,
    /// How soon somebody should look, 0–100.
    pub(crate) priority: u8,
    /// The source's address or name.
    pub(crate) source: Option<String>,
    /// The destination's address or name.
    pub(crate) destination: Option<String>,
    /// The account.
    pub(crate) user: Option<String>,
    /// The vendor's rule, by its name.
    pub(crate) rule: String,
    /// The machine or account of ours.
    pub(crate) asset: String,
    /// What it is about.
    pub(crate) category: String,
    /// Who decided.
    pub(crate) decider: &'static str,
}

/// An alert with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlertDetail {
    #[serde(flatten)]
    pub(crate) alert: Alert,
    /// What holds for it.
    pub(crate) decision: Decision,
    /// Where it came from.
    pub(crate) source_name: String,
    /// The record, as it came; null if it was not kept.
    pub(crate) raw: Option<String>,
    /// What was read from it: names and values.
    pub(crate) fields: Vec<(String, String)>,
    /// What is known of what it names.
    pub(crate) intelligence: Vec<Intelligence>,
    /// What may come next, and what to do.
    pub(crate) propositions: Propositions,
    /// What was chosen about it before, the latest first.
    pub(crate) log: Vec<Entry>,
}

/// What is known of an indicator.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Intelligence {
    #[serde(flatten)]
    pub(crate) indicator: Indicator,
    /// What all together say.
    pub(crate) reputation: &'static str,
    /// Who says what.
    pub(crate) statements: Vec<Statement>,
}

/// Something that an alert names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Indicator {
    /// ip, domain, url, hash or cve.
    pub(crate) kind: &'static str,
    /// It.
    pub(crate) value: String,
}

/// What one source says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Statement {
    /// Who.
    pub(crate) source: String,
    /// What.
    pub(crate) says: &'static str,
    /// On what grounds.
    pub(crate) evidence: Option<String>,
    /// When.
    pub(crate) at: Option<String>,
}

impl Alert {
    pub(crate) fn of(row: &FoundAlert) -> Self {
        let description: Value = serde_json::from_str(&row.description).unwrap_or_default();
        let text = |key: &str| description.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            id: row.id.clone(),
            time: moment(row.place.0),
            pattern: hexadecimal(row.pattern),
            verdict: Verdict::from_id(row.verdict).unwrap_or(Verdict::Unknown).name(),
            severity: Severity::from_id(row.severity).name(),
            priority: row.priority,
            source: row.source.clone(),
            destination: row.destination.clone(),
            user: row.user.clone(),
            rule: text("rule"),
            asset: text("asset"),
            category: text("category"),
            decider: Decider::from_id(row.decider).map_or("unknown", Decider::name),
        }
    }
}
