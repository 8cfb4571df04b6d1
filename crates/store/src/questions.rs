//! What is left to ask, and the answers.
//!
//! A question is written in the transaction of the decision that left it open, so a run that is killed leaves its
//! questions to the next one. An answer replaces the decision in its place and moves the question to those that are
//! answered, together with the line in the ledger that paid for it: none is there without the others. Answered questions
//! are kept so that the same can be asked again: what is known of an alert when it is asked about can't be made up later.

use crate::{AnsweredRow, DecisionRow, LedgerRow, QuestionRow, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

impl Store {
    /// The questions that wait and were asked in vain less often than `attempts` times, the most urgent first.
    pub fn questions(&self, limit: u32, attempts: u32) -> Result<Vec<QuestionRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT decision, priority, attempts, body FROM questions WHERE attempts < ?2
             ORDER BY priority DESC, decision LIMIT ?1",
        )?;
        let rows = statement.query_map([limit, attempts], |row| {
            Ok(QuestionRow {
                decision: row.get(0)?,
                priority: row.get(1)?,
                attempts: row.get(2)?,
                body: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many questions wait.
    pub fn question_count(&self) -> Result<u64, StoreError> {
        let connection = self.reader();
        let count: i64 = connection.query_row("SELECT count(*) FROM questions", [], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// A decision by its number.
    pub fn decision(&self, id: i64) -> Result<Option<DecisionRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail
             FROM decisions WHERE id = ?1",
        )?;
        Ok(statement.query_row([id], |row| crate::decisions::decision(row, 0)).optional()?)
    }

    /// The numbers of all decisions that this decider made, in order.
    pub fn decisions_by(&self, decider: u8) -> Result<Vec<i64>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached("SELECT id FROM decisions WHERE decider = ?1 ORDER BY id")?;
        let rows = statement.query_map([decider], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was asked for a decision; `None` if it was not kept.
    pub fn answered(&self, decision: i64) -> Result<Option<AnsweredRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached("SELECT at, body FROM answered WHERE decision = ?1")?;
        let found =
            statement.query_row([decision], |row| Ok(AnsweredRow { at: row.get(0)?, body: row.get(1)? }));
        Ok(found.optional()?)
    }

    /// Writes what a call brought: decisions that take the place of those that left their questions open, and the line
    /// in the ledger. `unanswered` are questions that were asked in vain; they stay.
    pub fn answer(
        &self,
        decisions: &[DecisionRow],
        unanswered: &[i64],
        ledger: &[LedgerRow],
    ) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        answer(&transaction, decisions, unanswered, ledger)?;
        transaction.commit()?;
        Ok(())
    }
}

/// Writes answers, and what they cost, into a transaction.
pub(crate) fn answer(
    connection: &Connection,
    decisions: &[DecisionRow],
    unanswered: &[i64],
    ledger: &[LedgerRow],
) -> Result<(), StoreError> {
    let mut update = connection.prepare_cached(
        "UPDATE decisions SET verdict = ?2, severity = ?3, decider = ?4, confidence = ?5, detail = ?6,
             valid_until = ?7
         WHERE id = ?1",
    )?;
    let mut keep = connection.prepare_cached(
        "INSERT OR REPLACE INTO answered (decision, at, body)
         SELECT decision, ?2, body FROM questions WHERE decision = ?1",
    )?;
    let mut done = connection.prepare_cached("DELETE FROM questions WHERE decision = ?1")?;
    let at = ledger.iter().map(|line| line.at).max().unwrap_or_default();
    for decision in decisions {
        update.execute((
            decision.id,
            decision.verdict,
            decision.severity,
            decision.decider,
            decision.confidence,
            &decision.detail,
            decision.valid_until,
        ))?;
        keep.execute((decision.id, at))?;
        done.execute([decision.id])?;
    }
    let mut tried =
        connection.prepare_cached("UPDATE questions SET attempts = attempts + 1 WHERE decision = ?1")?;
    for id in unanswered {
        tried.execute([id])?;
    }
    enter(connection, ledger)
}

pub(crate) fn put_questions(connection: &Connection, questions: &[QuestionRow]) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO questions (decision, priority, attempts, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (decision) DO UPDATE SET priority = excluded.priority, body = excluded.body",
    )?;
    for question in questions {
        insert.execute((question.decision, question.priority, question.attempts, &question.body))?;
    }
    Ok(())
}

pub(crate) fn enter(connection: &Connection, ledger: &[LedgerRow]) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO ledger (at, service, model, tier, outcome, items, input, cached_input, cache_write, output,
             thinking, cost_nano, latency_ms, checks)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    for row in ledger {
        insert.execute((
            row.at,
            &row.service,
            &row.model,
            &row.tier,
            &row.outcome,
            row.items,
            row.input as i64,
            row.cached_input as i64,
            row.cache_write as i64,
            row.output as i64,
            row.thinking as i64,
            row.cost_nano,
            row.latency_ms as i64,
            row.checks,
        ))?;
    }
    Ok(())
}
