//! Rows made up for tests of what keeps them and of who uses it.

use super::{FleetAlertRow, FleetAnswer, FleetBatch, FleetDead, FleetSource, LedgerEntry};
use crate::{AnsweredRow, DeadRow, DecisionRow, LedgerRow, PatternRow, QuestionRow};
use std::collections::BTreeMap;

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;

/// An alert of this pattern. Its decision is [`decision`] with ten times the pattern's number.
pub fn alert(source: FleetSource, ordinal: u64, pattern: i64, time: i64) -> FleetAlertRow {
    FleetAlertRow {
        source: source.row(),
        ordinal,
        time,
        pattern,
        decision: pattern * 10,
        severity: 3,
        priority: (ordinal % 100) as u8,
        src: Some(format!("10.0.0.{}", ordinal % 256)),
        dst: None,
        user: None,
    }
}

/// A pattern that was seen at this time.
pub fn pattern(id: i64, time: i64) -> PatternRow {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&id.to_be_bytes());
    PatternRow {
        id,
        key,
        description: format!("{{\"pattern\":{id}}}").into(),
        first_seen: time,
        last_seen: time,
        priority: 0,
        decision: id * 10,
    }
}

/// A decision; its pattern has its number.
pub fn decision(id: i64) -> DecisionRow {
    DecisionRow {
        id,
        pattern: id,
        valid_from: 0,
        valid_until: 1_000 * HOUR,
        volume: 1,
        verdict: 1,
        severity: 3,
        decider: 5,
        confidence: 0.5,
        detail: "{}".to_owned(),
    }
}

/// A question of this decision.
pub fn question(decision: i64, priority: u8) -> QuestionRow {
    QuestionRow { decision, priority, attempts: 0, body: format!("{{\"asked\":{decision}}}") }
}

/// A broken record.
pub fn dead(source: FleetSource, ordinal: u64) -> FleetDead {
    FleetDead {
        source: source.row(),
        row: DeadRow {
            ordinal,
            line: 1,
            reason: "it ends in the middle".to_owned(),
            hint: "send it again".to_owned(),
            raw: "{".to_owned(),
            whole: true,
        },
    }
}

/// These alerts, with their patterns and decisions.
pub fn batch(alerts: Vec<FleetAlertRow>) -> FleetBatch {
    let mut patterns: BTreeMap<i64, PatternRow> = BTreeMap::new();
    for alert in &alerts {
        let row = patterns.entry(alert.pattern).or_insert_with(|| pattern(alert.pattern, alert.time));
        row.first_seen = row.first_seen.min(alert.time);
        row.last_seen = row.last_seen.max(alert.time);
        row.priority = row.priority.max(alert.priority);
    }
    FleetBatch {
        decisions: patterns.keys().map(|id| decision(id * 10)).collect(),
        patterns: patterns.into_values().collect(),
        alerts,
        ..FleetBatch::default()
    }
}

/// An answer that gives this decision a verdict.
pub fn answer(id: i64, verdict: u8) -> FleetAnswer {
    let decision = DecisionRow {
        pattern: -1,
        valid_from: -1,
        valid_until: 77 * HOUR,
        volume: 9,
        verdict,
        decider: 4,
        confidence: 0.75,
        ..decision(id)
    };
    FleetAnswer { decision, answered: AnsweredRow { at: 5, body: format!("{{\"asked\":{id}}}") } }
}

/// A line of the ledger.
pub fn line(at: i64, cost_nano: Option<i64>) -> LedgerRow {
    LedgerRow {
        at,
        service: "standin".to_owned(),
        model: "m".to_owned(),
        tier: "standard".to_owned(),
        outcome: "answered".to_owned(),
        items: 2,
        checks: 1,
        input: 100,
        cached_input: 10,
        cache_write: 0,
        output: 20,
        thinking: 3,
        cost_nano,
        latency_ms: 12,
    }
}

/// An entry of two lines.
pub fn entry(number: u64) -> LedgerEntry {
    LedgerEntry::of([7; 16], number, vec![line(1, Some(3)), line(2, None)])
}
