//! Decisions on patterns: those of the cascade, and those of analysts, which outrank them.

use crate::{AnalystDecisionRow, DecisionRow, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, Row};

/// Decisions that hold at one moment: the last one, those it confirmed or contradicted, and those of other rules or settings.
const MAX_DECISIONS: i64 = 64;
/// How many analysts' decisions are loaded: the latest ones.
const MAX_ANALYST_DECISIONS: i64 = 100_000;

impl Store {
    /// The decisions on a pattern that hold at this moment, the latest first; at most 64.
    pub fn decisions_at(&self, pattern: i64, time: i64) -> Result<Vec<DecisionRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail
             FROM decisions
             WHERE pattern = ?1 AND valid_from <= ?2 AND valid_until > ?2
             ORDER BY valid_from DESC LIMIT ?3",
        )?;
        let rows = statement.query_map((pattern, time, MAX_DECISIONS), |row| decision(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every decision that analysts made and that still holds, oldest first; at most the latest 100,000.
    pub fn analyst_decisions(&self) -> Result<Vec<AnalystDecisionRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT pattern_key, verdict, reason, analyst, decided_at, alert, description
             FROM (SELECT * FROM analyst_decisions
                   WHERE id IN (SELECT max(id) FROM analyst_decisions WHERE undone = 0 GROUP BY pattern_key)
                   ORDER BY id DESC LIMIT ?1) ORDER BY id",
        )?;
        let rows = statement.query_map([MAX_ANALYST_DECISIONS], |row| {
            Ok(AnalystDecisionRow {
                pattern_key: row.get(0)?,
                verdict: row.get(1)?,
                reason: row.get(2)?,
                analyst: row.get(3)?,
                decided_at: row.get(4)?,
                alert: row.get(5)?,
                description: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The latest decision that an analyst made on a pattern.
    pub fn analyst_decision(&self, pattern_key: [u8; 16]) -> Result<Option<u8>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT verdict FROM analyst_decisions WHERE pattern_key = ?1 AND undone = 0 ORDER BY id DESC LIMIT 1",
        )?;
        Ok(statement.query_row([pattern_key], |row| row.get(0)).optional()?)
    }
}

pub(crate) fn put_decision(connection: &Connection, decision: &DecisionRow) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO decisions
             (id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            decision.id,
            decision.pattern,
            decision.valid_from,
            decision.valid_until,
            decision.volume,
            decision.verdict,
            decision.severity,
            decision.decider,
            decision.confidence,
            &decision.detail,
        ))?;
    Ok(())
}

pub(crate) fn decision(row: &Row<'_>, first: usize) -> rusqlite::Result<DecisionRow> {
    Ok(DecisionRow {
        id: row.get(first)?,
        pattern: row.get(first + 1)?,
        valid_from: row.get(first + 2)?,
        valid_until: row.get(first + 3)?,
        volume: row.get(first + 4)?,
        verdict: row.get(first + 5)?,
        severity: row.get(first + 6)?,
        decider: row.get(first + 7)?,
        confidence: row.get(first + 8)?,
        detail: row.get(first + 9)?,
    })
}
