//! How soon a person should look.

use crate::assess::Assessed;
use crate::decision::Decision;
use crate::statistics::Signals;
use watchfire_signal::{Priority, Reputation, Severity, Verdict};

/// What a verdict and a severity add to an alert's priority; the rest depends on the alert alone.
pub fn weight(verdict: Verdict, severity: Severity) -> f64 {
    let base = match severity {
        Severity::Unknown | Severity::Informational => 5.0,
        Severity::Low => 18.0,
        Severity::Medium => 38.0,
        Severity::High => 62.0,
        Severity::Critical => 80.0,
        Severity::Fatal => 88.0,
    };
    base + match verdict {
        Verdict::TruePositive => 12.0,
        Verdict::Suspicious => 4.0,
        Verdict::InsufficientData | Verdict::Unknown => 0.0,
        Verdict::BenignPositive | Verdict::FalsePositive | Verdict::Duplicate => -base * 0.8,
    }
}

/// How soon a person should look, 0–100: by severity, then by verdict, intelligence, and what is unusual about it.
pub(super) fn priority(decision: &Decision, assessed: &Assessed, signals: &Signals) -> Priority {
    let decided = weight(decision.verdict, decision.severity);
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
    Priority::from_score(decided + reputation + unusual + chatter + scan)
}
