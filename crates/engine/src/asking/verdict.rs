//! Puts a model's answer in the place of a decision that was left open.
//!
//! The answer has been checked against its question by then; here the rules have the last word once more, so that
//! no way of reading an answer can go below their floor.

use std::sync::Arc;
use watchfire_judge::{Decision, tame};
use watchfire_llm::Answer;
use watchfire_signal::{Decider, Severity, Verdict};

/// What a model is asked to do, in steps, at most.
const MAX_STEPS: usize = 5;

/// What decisions of a model are marked with.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Its name and the hash of its instructions.
    pub(crate) model: Arc<str>,
    /// How it is asked.
    pub(crate) settings: String,
}

/// The decision with the model's word in it; `None` if the rules forbid that word.
pub(crate) fn decided(decision: &Decision, answer: &Answer, mark: &Mark) -> Option<Decision> {
    let floor = decision.detail.floor;
    if answer.verdict.is_benign() && floor >= Severity::Medium {
        return None;
    }
    let severity = match answer.verdict {
        Verdict::Suspicious | Verdict::TruePositive => answer.severity.max(Severity::Low),
        _ => answer.severity.max(Severity::Informational),
    };
    let mut detail = decision.detail.clone();
    (*mark.model).clone_into(&mut detail.model);
    detail.settings.clone_from(&mark.settings);
    detail.reason = tame(&answer.reason, 400);
    for technique in &answer.techniques {
        if detail.techniques.len() < 16 && !detail.techniques.contains(technique) {
            detail.techniques.push(technique.clone());
        }
    }
    if !answer.actions.is_empty() {
        detail.next_steps = answer.actions.iter().take(MAX_STEPS).map(|step| tame(step, 300)).collect();
    }
    for (field, value) in &answer.cited {
        let cited = (tame(field, 60), tame(value, 200));
        if detail.evidence.len() < 40 && !detail.evidence.contains(&cited) {
            detail.evidence.push(cited);
        }
    }
    Some(Decision {
        verdict: answer.verdict,
        severity: severity.max(floor),
        decider: Decider::Llm,
        confidence: answer.confidence.clamp(0.0, 1.0),
        detail,
        ..decision.clone()
    })
}
