//! A decision, with its grounds.

use super::words::{hexadecimal, moment, moment_or_none};
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_engine::decision_from_row;
use watchfire_judge::attack;
use watchfire_store::DecisionRow;

/// What was decided on a pattern, by whom, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Its id.
    pub(crate) id: String,
    /// What it is.
    pub(crate) verdict: &'static str,
    /// How bad.
    pub(crate) severity: &'static str,
    /// Who decided: rule, analyst, statistics, cache, llm, fallback.
    pub(crate) decider: &'static str,
    /// How sure, 0–1.
    pub(crate) confidence: f64,
    /// Why, in one sentence that cites fields of the alert.
    pub(crate) reason: String,
    /// What it is about.
    pub(crate) category: &'static str,
    /// ATT&CK techniques.
    pub(crate) techniques: Vec<Technique>,
    /// Watchfire's rules that matched.
    pub(crate) rules: Vec<String>,
    /// What to do, in order.
    pub(crate) next_steps: Vec<String>,
    /// What the reason rests on: names and values.
    pub(crate) evidence: Vec<(String, String)>,
    /// The model that decided; empty if none did.
    pub(crate) model: String,
    /// How it was asked; empty if none was.
    pub(crate) settings: String,
    /// Version of the deciders.
    pub(crate) version: String,
    /// From when it holds, in the alerts' own time.
    pub(crate) valid_from: String,
    /// Until when; null for as long as nobody says otherwise.
    pub(crate) valid_until: Option<String>,
}

/// An ATT&CK technique.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Technique {
    /// Its id, such as T1110.003.
    pub(crate) id: String,
    /// Its name; empty if it is not known here.
    pub(crate) name: String,
    /// The tactic it serves, where it is known.
    pub(crate) tactic: Option<String>,
}

impl Technique {
    pub(crate) fn of(id: &str) -> Self {
        let known = attack::technique(id);
        Self {
            id: id.to_owned(),
            name: known.map(|known| known.name.to_owned()).unwrap_or_default(),
            tactic: known
                .and_then(|known| known.tactics.iter().next())
                .map(|tactic| tactic.name().to_owned()),
        }
    }
}

impl Decision {
    /// What a row says; `None` if another version wrote what this one can't read.
    pub(crate) fn of(row: &DecisionRow) -> Option<Self> {
        let decision = decision_from_row(row)?;
        let detail = decision.detail;
        Some(Self {
            id: hexadecimal(decision.id),
            verdict: decision.verdict.name(),
            severity: decision.severity.name(),
            decider: decision.decider.name(),
            confidence: decision.confidence,
            reason: detail.reason,
            category: detail.category.name(),
            techniques: detail.techniques.iter().map(|id| Technique::of(id)).collect(),
            rules: detail.rules,
            next_steps: detail.next_steps,
            evidence: detail.evidence,
            model: detail.model,
            settings: detail.settings,
            version: detail.version,
            valid_from: moment(decision.valid_from),
            valid_until: moment_or_none(decision.valid_until),
        })
    }
}
