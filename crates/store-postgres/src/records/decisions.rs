//! Decisions on patterns.

use super::putting::put_decisions;
use super::transaction::{Transaction, Tries};
use super::words::lead;
use super::{PostgresRecords, all, first};
use crate::failure::Failure;
use crate::found::{DECISION, column, decision, small};
use watchfire_store::DecisionRow;
use watchfire_store::records::{Answer, DecisionRecords, Weighing};

/// Decisions that hold at one moment, at most.
const MOST_AT_ONCE: i64 = 64;

impl DecisionRecords for PostgresRecords {
    fn decision(&self, id: i64) -> Answer<'_, Option<DecisionRow>> {
        Box::pin(async move {
            let sql = format!("SELECT {DECISION} FROM decisions d WHERE d.id = $1");
            first(&self.read(&sql, &[&id]).await?, |row| decision(row, 0))
        })
    }

    fn decisions_at(&self, pattern: i64, time: i64) -> Answer<'_, Vec<DecisionRow>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT {DECISION} FROM decisions d
                 WHERE d.pattern = $1 AND d.valid_from <= $2 AND d.valid_until > $2
                 ORDER BY d.valid_from DESC LIMIT {MOST_AT_ONCE}"
            );
            all(&self.read(&sql, &[&pattern, &time]).await?, |row| decision(row, 0))
        })
    }

    fn decisions_on(&self, pattern: i64, limit: u32) -> Answer<'_, Vec<DecisionRow>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT {DECISION} FROM decisions d WHERE d.pattern = $1
                 ORDER BY d.valid_from DESC, d.id LIMIT $2"
            );
            all(&self.read(&sql, &[&pattern, &i64::from(limit)]).await?, |row| decision(row, 0))
        })
    }

    fn decisions_by(&self, decider: u8) -> Answer<'_, Vec<i64>> {
        Box::pin(async move {
            let sql = "SELECT id FROM decisions WHERE decider = $1 ORDER BY id";
            all(&self.read(sql, &[&i16::from(decider)]).await?, |row| column(row, 0))
        })
    }

    fn keep_decision<'a>(&'a self, decision: &'a DecisionRow) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let put = put_decisions(&transaction, [decision]).await;
                if let Some(ended) = Self::ended(transaction, put, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn answered_late(
        &self,
        decision: i64,
        pattern: i64,
        before: (u8, u8),
        weight: Weighing,
    ) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let moved = moved(&transaction, decision, pattern, before, &weight).await;
                if let Some(ended) = Self::ended(transaction, moved, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

async fn moved(
    transaction: &Transaction,
    decision: i64,
    pattern: i64,
    before: (u8, u8),
    weight: &Weighing,
) -> Result<(), Failure> {
    transaction.ask("SELECT 1 FROM patterns WHERE id = $1 FOR UPDATE", &[&pattern]).await?;
    let now = transaction.ask("SELECT verdict, severity FROM decisions WHERE id = $1", &[&decision]).await?;
    let Some(row) = now.first() else { return Ok(()) };
    let (verdict, severity) = (small(row, 0)?, small(row, 1)?);
    let shift = (weight(verdict, severity) - weight(before.0, before.1)).round() as i64;
    let sql = "UPDATE alerts SET severity = $3, priority = greatest(0, least(100, priority + $4::bigint))
        WHERE pattern = $2 AND decision = $1";
    transaction.ask(sql, &[&decision, &pattern, &i16::from(severity), &shift]).await?;
    lead(transaction, pattern).await
}
