//! Decisions that take the place of those that stand: an analyst's word, its taking back, an answer that came late. Each puts
//! the alerts it is about, and their pattern, where they belong in the queue.

use crate::decisions::put_decision;
use crate::{AnalystDecisionRow, ChoiceRow, DecisionRow, Deliveries, Store, StoreError, choices, outbox};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::collections::HashMap;

/// What a verdict and a severity add to an alert's priority: whoever judges knows.
pub type Weight<'w> = &'w dyn Fn(u8, u8) -> f64;

/// What came of an analyst's word or its taking back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// How many stored alerts it applies to.
    pub alerts: u64,
    /// The number of the entry in the log of choices, if there is one.
    pub entry: Option<i64>,
}

/// What stood on an alert, and what is to stand there.
struct Stands {
    verdict: u8,
    severity: u8,
    from: i64,
    is_analysts: bool,
}

impl Store {
    /// Records what an analyst decided on a pattern, puts it on every stored alert of the pattern, enters the choice into
    /// the log, and what is to be delivered of it into the outbox.
    pub fn decide(
        &self,
        by: &AnalystDecisionRow,
        decision: &DecisionRow,
        choice: Option<&ChoiceRow>,
        deliveries: &Deliveries,
        weight: Weight<'_>,
    ) -> Result<Overridden, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO analyst_decisions (pattern_key, verdict, reason, analyst, decided_at, alert, description)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (by.pattern_key, by.verdict, &by.reason, &by.analyst, by.decided_at, &by.alert, &by.description),
        )?;
        put_decision(&transaction, decision)?;
        let alerts = repoint(&transaction, decision.pattern, weight, |_| Some(decision.id))?;
        transaction.execute("UPDATE patterns SET decided = 1 WHERE id = ?1", [decision.pattern])?;
        let entry = choice.map(|choice| choices::put(&transaction, choice)).transpose()?;
        outbox::put(&transaction, [deliveries].into_iter(), by.decided_at)?;
        transaction.commit()?;
        Ok(Overridden { alerts, entry })
    }

    /// Takes back what an analyst said last of a pattern. What an analyst said before holds again, `analysts_id` telling its
    /// decision from its verdict; or else what the other deciders said at the time of each alert. `None` if there is nothing
    /// to take back.
    pub fn undo(
        &self,
        pattern: i64,
        analysts_id: &dyn Fn(u8) -> i64,
        decider: u8,
        weight: Weight<'_>,
    ) -> Result<Option<Overridden>, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let undone = transaction.execute(
            "UPDATE analyst_decisions SET undone = 1 WHERE id =
                 (SELECT max(w.id) FROM analyst_decisions w JOIN patterns p ON p.key = w.pattern_key
                  WHERE p.id = ?1 AND w.undone = 0)",
            [pattern],
        )?;
        if undone == 0 {
            return Ok(None);
        }
        let alerts = settle(&transaction, pattern, analysts_id, decider, weight)?;
        transaction.commit()?;
        Ok(Some(Overridden { alerts, entry: None }))
    }

    /// Keeps a decision, so that alerts can refer to it.
    pub fn keep_decision(&self, decision: &DecisionRow) -> Result<(), StoreError> {
        put_decision(&self.writer(), decision)
    }

    /// Puts on every alert of a pattern what holds for it, as [`Store::undo`] does; for alerts that came since then.
    pub fn settle(
        &self,
        pattern: i64,
        analysts_id: &dyn Fn(u8) -> i64,
        decider: u8,
        weight: Weight<'_>,
    ) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        settle(&transaction, pattern, analysts_id, decider, weight)?;
        transaction.commit()?;
        Ok(())
    }

    /// Moves the alerts of a decision, and their pattern, in the queue, now that the decision says something else than this
    /// verdict and severity.
    pub fn answered_late(
        &self,
        decision: i64,
        pattern: i64,
        before: (u8, u8),
        weight: Weight<'_>,
    ) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now = transaction
            .query_row("SELECT verdict, severity FROM decisions WHERE id = ?1", [decision], |row| {
                Ok((row.get::<_, u8>(0)?, row.get::<_, u8>(1)?))
            })
            .optional()?;
        if let Some((verdict, severity)) = now {
            let shift = weight(verdict, severity) - weight(before.0, before.1);
            transaction.execute(
                "UPDATE alerts SET severity = ?3, priority = max(0, min(100, priority + ?4))
                 WHERE pattern = ?2 AND decision = ?1",
                (decision, pattern, severity, shift.round() as i64),
            )?;
            lead(&transaction, pattern)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Puts on every alert of a pattern what an analyst said last, or else what the other deciders said at its time.
fn settle(
    connection: &Connection,
    pattern: i64,
    analysts_id: &dyn Fn(u8) -> i64,
    decider: u8,
    weight: Weight<'_>,
) -> Result<u64, StoreError> {
    let before: Option<u8> = connection
        .query_row(
            "SELECT w.verdict FROM analyst_decisions w JOIN patterns p ON p.key = w.pattern_key
             WHERE p.id = ?1 AND w.undone = 0 ORDER BY w.id DESC LIMIT 1",
            [pattern],
            |row| row.get(0),
        )
        .optional()?;
    let alerts = match before.map(analysts_id) {
        Some(id) => repoint(connection, pattern, weight, |_| Some(id))?,
        None => {
            let mut others: Vec<(i64, i64)> = known(connection, pattern, decider)?
                .into_iter()
                .filter(|(_, stands)| !stands.is_analysts)
                .map(|(id, stands)| (stands.from, id))
                .collect();
            others.sort_unstable();
            repoint(connection, pattern, weight, |time| {
                let earlier = others.partition_point(|(from, _)| *from <= time);
                others.get(earlier.saturating_sub(1)).map(|(_, id)| *id)
            })?
        }
    };
    connection
        .execute("UPDATE patterns SET decided = ?2 WHERE id = ?1", (pattern, i64::from(before.is_some())))?;
    Ok(alerts)
}

/// The decisions on a pattern; `decider` is the analysts' number.
fn known(connection: &Connection, pattern: i64, decider: u8) -> Result<HashMap<i64, Stands>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, verdict, severity, valid_from, decider FROM decisions WHERE pattern = ?1",
    )?;
    let rows = statement.query_map([pattern], |row| {
        let stands = Stands {
            verdict: row.get(1)?,
            severity: row.get(2)?,
            from: row.get(3)?,
            is_analysts: row.get::<_, u8>(4)? == decider,
        };
        Ok((row.get(0)?, stands))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts on each alert of a pattern the decision that `pick` names for its time; returns how many alerts the pattern has.
fn repoint(
    connection: &Connection,
    pattern: i64,
    weight: Weight<'_>,
    pick: impl Fn(i64) -> Option<i64>,
) -> Result<u64, StoreError> {
    let known = known(connection, pattern, 0)?;
    let mut select = connection
        .prepare_cached("SELECT source, ordinal, time, priority, decision FROM alerts WHERE pattern = ?1")?;
    let mut update = connection.prepare_cached(
        "UPDATE alerts SET decision = ?3, priority = ?4, severity = ?5 WHERE source = ?1 AND ordinal = ?2",
    )?;
    let alerts: Vec<(i64, i64, i64, i64, i64)> = select
        .query_map([pattern], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    for (source, ordinal, time, priority, before) in &alerts {
        let (verdict, severity) =
            known.get(before).map_or((0, 0), |stands| (stands.verdict, stands.severity));
        let Some(id) = pick(*time).filter(|id| id != before) else { continue };
        let Some(after) = known.get(&id) else { continue };
        let shift = weight(after.verdict, after.severity) - weight(verdict, severity);
        let priority = (*priority + shift.round() as i64).clamp(0, 100);
        update.execute((source, ordinal, id, priority, after.severity))?;
    }
    lead(connection, pattern)?;
    Ok(alerts.len() as u64)
}

/// Puts a pattern where the alert with its greatest priority belongs.
fn lead(connection: &Connection, pattern: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE patterns SET priority = most.priority, decision = most.decision
             FROM (SELECT max(priority) AS priority, decision FROM alerts WHERE pattern = ?1) AS most
             WHERE id = ?1 AND most.priority IS NOT NULL",
        )?
        .execute([pattern])?;
    Ok(())
}
