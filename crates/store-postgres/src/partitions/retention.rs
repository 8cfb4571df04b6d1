//! What is done once in a while: months made ahead, what is old taken away, what is empty swept up.
//!
//! Of several instances that do so at once, one does and the others go on. Each step is a transaction of its own, so that a
//! fall leaves less to do and nothing half done.
//!
//! **A month goes in two steps**, since those who write hold the table of alerts and then wait for patterns. First it is
//! detached and renamed: that waits for everybody and is done in a moment. Then what it held is subtracted from patterns and hours,
//! and it is dropped, together: nobody but who reads a count waits for that. A month that is detached and still there is
//! dropped by whoever comes next.

use super::{Month, STEP, begin, existing, make_within};
use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::column;
use crate::pool::Lent;
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::types::{ToSql, Type};
use watchfire_store::fleet::FleetError;

/// Months made ahead, after this one.
const AHEAD: i64 = 3;
/// Months for which alerts in the default partition get one, in one call.
const MOVED: usize = 12;
/// Rows that one transaction deletes at most.
const ROWS: i64 = 10_000;
/// Transactions of one kind in one call at most.
const ROUNDS: usize = 50;
/// Decisions are kept for longer than the alerts they may stand for, since late alerts refer to them: 31 days.
const DECISIONS_LONGER_MS: i64 = 31 * 86_400_000;
/// What a detached month's name begins with.
const GONE: &str = "gone_";

/// What maintenance did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maintained {
    /// Whether another instance was at it, and nothing was done.
    pub others: bool,
    /// Months that were made.
    pub made: usize,
    /// Rows without use that were swept up.
    pub swept: u64,
}

/// What retention took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retained {
    /// Whether another instance was at it.
    pub others: bool,
    /// Months that were dropped whole.
    pub months: usize,
    /// Alerts that were deleted one by one.
    pub alerts: u64,
    /// Dead letters, patterns and decisions that were deleted.
    pub rest: u64,
    /// Whether there is more to do: the call is to be made again.
    pub more: bool,
}

impl Postgres {
    /// Makes the months ahead of `now_ms` (milliseconds since 1970) and those that alerts in the default partition need, and sweeps
    /// up what is empty. To be done once an hour, by any number of instances.
    pub async fn maintain(&self, now_ms: i64) -> Result<Maintained, FleetError> {
        let mut lent = self.lend().await?;
        lent.wait_for(STEP);
        let mut done = Maintained::default();
        if !begin(&lent, false).await? {
            lent.batch(Doing::Reading, "ROLLBACK").await?;
            lent.give_back();
            return Ok(Maintained { others: true, ..done });
        }
        let mut months = astray(&lent).await?;
        if let Some(now) = Month::of(now_ms) {
            months.extend((0..=AHEAD).map(|ahead| now.plus(ahead)));
        }
        done.made = make_within(&lent, &months).await?;
        lent.batch(Doing::Writing, "COMMIT").await?;
        finish_gone(&lent).await?;
        done.swept += delete(
            &lent,
            "DELETE FROM decision_hours WHERE (hour, decision) IN
            (SELECT hour, decision FROM decision_hours WHERE alerts = 0
             ORDER BY hour, decision LIMIT $1 FOR UPDATE SKIP LOCKED) AND alerts = 0",
            &[&ROWS],
        )
        .await?;
        done.swept += delete(
            &lent,
            "DELETE FROM ledger_entries WHERE entry IN
            (SELECT entry FROM ledger_entries WHERE at < now() - interval '7 days' LIMIT $1)",
            &[&ROWS],
        )
        .await?;
        lent.give_back();
        Ok(done)
    }

    /// Takes away what is older than `before_ms` (milliseconds since 1970): alerts, whole months at once, and dead letters, and the
    /// patterns and decisions that nothing is left of. What analysts decided stays. A bounded part of it a call.
    pub async fn retain(&self, before_ms: i64) -> Result<Retained, FleetError> {
        let mut lent = self.lend().await?;
        lent.wait_for(STEP);
        let mut done = Retained::default();
        if !begin(&lent, false).await? {
            lent.batch(Doing::Reading, "ROLLBACK").await?;
            lent.give_back();
            return Ok(Retained { others: true, ..done });
        }
        // Whoever reads them is waited for, not long: then the whole call is to be made again.
        for month in existing(&lent).await? {
            if month.plus(1).start_ms() <= before_ms {
                let text = format!(
                    "ALTER TABLE alerts DETACH PARTITION {month}; ALTER TABLE {month} RENAME TO {GONE}{month}"
                );
                lent.batch(Doing::Reading, &text).await?;
            }
        }
        lent.batch(Doing::Writing, "COMMIT").await?;
        done.months = finish_gone(&lent).await?;
        for round in 0..ROUNDS {
            let deleted = delete_alerts(&lent, before_ms).await?;
            done.alerts += deleted;
            done.more |= round + 1 == ROUNDS && deleted > 0;
            if deleted < ROWS as u64 {
                break;
            }
        }
        for (text, before) in
            RESTS.iter().zip([before_ms, before_ms, before_ms.saturating_sub(DECISIONS_LONGER_MS)])
        {
            for round in 0..ROUNDS {
                let deleted = delete(&lent, text, &[&ROWS, &before]).await?;
                done.rest += deleted;
                done.more |= round + 1 == ROUNDS && deleted > 0;
                if deleted < ROWS as u64 {
                    break;
                }
            }
        }
        lent.give_back();
        Ok(done)
    }
}

/// What hangs on alerts: `$1` rows at most, `$2` older than that.
const RESTS: [&str; 3] = [
    "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE at < $2 ORDER BY id LIMIT $1)",
    "DELETE FROM patterns WHERE alerts <= 0 AND last_seen < $2 AND id IN
         (SELECT id FROM patterns WHERE alerts <= 0 AND last_seen < $2 AND decided = 0 ORDER BY id LIMIT $1
          FOR UPDATE SKIP LOCKED)",
    "WITH old AS (
         DELETE FROM decisions WHERE id IN (
             SELECT d.id FROM decisions d
             WHERE d.valid_until < $2
                 AND NOT EXISTS (SELECT 1 FROM patterns p WHERE p.id = d.pattern AND p.decision = d.id)
                 AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.pattern = d.pattern AND a.decision = d.id)
             ORDER BY d.id LIMIT $1)
         RETURNING id),
     answers AS (DELETE FROM answered WHERE decision IN (SELECT id FROM old)),
     open AS (DELETE FROM questions WHERE decision IN (SELECT id FROM old))
     SELECT 1 FROM old",
];

/// Months of which there are alerts in the default partition.
async fn astray(lent: &Lent) -> Result<BTreeSet<Month>, Failure> {
    let mut months = BTreeSet::new();
    let next = "SELECT min(\"time\") FROM alerts_default WHERE \"time\" >= $1";
    // From month to month, since each look is one into the index.
    let mut from = Month::FIRST.start_ms();
    while months.len() < MOVED {
        let rows = lent.ask(next, &[Type::INT8], &[&from]).await?;
        let Some(row) = rows.first() else { break };
        let Some(month) = column::<Option<i64>>(row, 0)?.and_then(Month::of) else { break };
        months.insert(month);
        from = month.plus(1).start_ms();
    }
    Ok(months)
}

/// Subtracts and drops the months that are detached; how many.
async fn finish_gone(lent: &Lent) -> Result<usize, Failure> {
    let mut dropped = 0;
    loop {
        if !begin(lent, false).await? {
            lent.batch(Doing::Reading, "ROLLBACK").await?;
            return Ok(dropped);
        }
        let gone = lent
            .ask(
                "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relkind = 'r' AND starts_with(c.relname, $1)
             ORDER BY c.relname LIMIT 1",
                &[Type::TEXT],
                &[&format!("{GONE}alerts_")],
            )
            .await?;
        let Some(row) = gone.first() else {
            lent.batch(Doing::Reading, "ROLLBACK").await?;
            return Ok(dropped);
        };
        let name: &str = column(row, 0)?;
        if name.strip_prefix(GONE).and_then(Month::of_partition).is_none() {
            return Err(Failure::Refused("a table has a name that only dropped months have".to_owned()));
        }
        let text = format!(
            "INSERT INTO decision_hours AS h (decision, hour, alerts)
             SELECT decision, floor(\"time\" / 3600000.0)::bigint, -count(*) FROM {name} GROUP BY 1, 2 ORDER BY 2, 1
             ON CONFLICT (hour, decision) DO UPDATE SET alerts = h.alerts + excluded.alerts;
             SELECT count(*) FROM (
                 SELECT 1 FROM patterns WHERE id IN (SELECT pattern FROM {name}) ORDER BY id FOR NO KEY UPDATE) locked;
             UPDATE patterns p SET alerts = p.alerts - g.alerts
             FROM (SELECT pattern, count(*) AS alerts FROM {name} GROUP BY 1) g WHERE p.id = g.pattern;
             DROP TABLE {name}"
        );
        lent.batch(Doing::Reading, &text).await?;
        lent.batch(Doing::Writing, "COMMIT").await?;
        dropped += 1;
    }
}

/// Deletes alerts that no whole month is dropped for, the oldest first; how many. The hours are kept by a trigger.
async fn delete_alerts(lent: &Lent, before_ms: i64) -> Result<u64, Failure> {
    lent.batch(Doing::Reading, "BEGIN").await?;
    let deleted = lent
        .ask(
            "DELETE FROM alerts a USING (
             SELECT source, ordinal, \"time\" FROM alerts WHERE \"time\" < $2
             ORDER BY \"time\", source, ordinal LIMIT $1) o
         WHERE a.source = o.source AND a.ordinal = o.ordinal AND a.\"time\" = o.\"time\" AND a.\"time\" < $2
         RETURNING a.pattern",
            &[Type::INT8, Type::INT8],
            &[&ROWS, &before_ms],
        )
        .await?;
    let mut fewer: BTreeMap<i64, i64> = BTreeMap::new();
    for row in &deleted {
        *fewer.entry(column(row, 0)?).or_default() += 1;
    }
    let (patterns, counts): (Vec<i64>, Vec<i64>) = fewer.into_iter().unzip();
    let locking = "SELECT id FROM patterns WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE";
    lent.ask(locking, &[Type::INT8_ARRAY], &[&patterns]).await?;
    lent.ask(
        "UPDATE patterns p SET alerts = p.alerts - w.fewer
         FROM unnest($1, $2) AS w (pattern, fewer) WHERE p.id = w.pattern",
        &[Type::INT8_ARRAY, Type::INT8_ARRAY],
        &[&patterns, &counts],
    )
    .await?;
    lent.batch(Doing::Writing, "COMMIT").await?;
    Ok(deleted.len() as u64)
}

/// Does one statement that deletes, whose values are numbers; how many rows it says it deleted.
async fn delete(lent: &Lent, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
    let types = vec![Type::INT8; values.len()];
    let text = if text.starts_with("DELETE") { format!("{text} RETURNING 1") } else { text.to_owned() };
    Ok(lent.ask(&text, &types, values).await?.len() as u64)
}
