//! What could not be read or judged, until it can.

use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, all, count, first};
use crate::failure::Failure;
use crate::found::{column, small, text, unsigned};
use crate::text::Text;
use tokio_postgres::Row;
use watchfire_store::records::{Answer, DeadRecords, MeasurementDeadRecords};
use watchfire_store::{
    DeadRow, DeadState, MOST_MEASUREMENT_DEAD, MeasurementDeadRow, StoredDead, StoredMeasurementDead,
};

/// Dead letters that are asked for by their numbers at most.
const MOST_NAMED: usize = 10_000;

const LETTER: &str = "d.id, s.name, d.ordinal, d.line, d.reason, d.hint, d.raw, d.whole, d.attempts, d.at
    FROM dead_letters d JOIN sources s ON s.id = d.source";

impl DeadRecords for PostgresRecords {
    fn dead_letters(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredDead>> {
        Box::pin(async move {
            let sql = format!("SELECT {LETTER} WHERE d.state = $1 AND d.id > $2 ORDER BY d.id LIMIT $3");
            let (state, limit) = (DeadState::Waiting as i16, i64::try_from(limit).unwrap_or(i64::MAX));
            all(&self.read(&sql, &[&state, &after, &limit]).await?, letter)
        })
    }

    fn dead_by_id<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, Vec<StoredDead>> {
        Box::pin(async move {
            let sql = format!(
                "SELECT {LETTER} JOIN unnest($2::bigint[]) WITH ORDINALITY AS u (id, place) ON u.id = d.id
                 WHERE d.state = $1 ORDER BY u.place"
            );
            let ids = &ids[..ids.len().min(MOST_NAMED)];
            all(&self.read(&sql, &[&(DeadState::Waiting as i16), &ids]).await?, letter)
        })
    }

    fn drop_dead(&self, id: i64) -> Answer<'_, bool> {
        Box::pin(async move {
            let sql = "UPDATE dead_letters SET state = $2 WHERE id = $1 AND state = $3 RETURNING id";
            let (dropped, waiting) = (DeadState::Dropped as i16, DeadState::Waiting as i16);
            Ok(!self.write(sql, &[&id, &dropped, &waiting]).await?.is_empty())
        })
    }

    fn dead_count(&self) -> Answer<'_, u64> {
        Box::pin(async {
            let sql = "SELECT count(*) FROM dead_letters WHERE state = $1";
            count(&self.read(sql, &[&(DeadState::Waiting as i16)]).await?)
        })
    }

    fn dead_tried<'a>(&'a self, outcomes: &'a [(i64, DeadState)]) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut outcomes = outcomes.to_vec();
            outcomes.sort_by_key(|(id, _)| *id);
            let ids: Vec<i64> = outcomes.iter().map(|(id, _)| *id).collect();
            let states: Vec<i16> = outcomes.iter().map(|(_, state)| *state as i16).collect();
            let sql = "WITH tried AS (
                    SELECT u.id, u.state FROM unnest($1::bigint[], $2::smallint[]) AS u (id, state)
                    JOIN dead_letters k ON k.id = u.id ORDER BY k.id FOR UPDATE OF k)
                UPDATE dead_letters d SET state = t.state, attempts = d.attempts + 1 FROM tried t WHERE d.id = t.id";
            self.write(sql, &[&ids, &states]).await.map(drop)
        })
    }
}

fn letter(row: &Row) -> Result<StoredDead, Failure> {
    Ok(StoredDead {
        id: column(row, 0)?,
        source_name: text(row, 1)?,
        row: DeadRow {
            ordinal: unsigned(row, 2)?,
            line: unsigned(row, 3)?,
            reason: text(row, 4)?,
            hint: text(row, 5)?,
            raw: text(row, 6)?,
            whole: small(row, 7)? != 0,
        },
        attempts: column::<i64>(row, 8)? as u32,
        at: column(row, 9)?,
    })
}

impl MeasurementDeadRecords for PostgresRecords {
    fn keep_measurement_dead<'a>(&'a self, rows: &'a [MeasurementDeadRow]) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let kept = keep(&transaction, rows).await;
                if let Some(ended) = Self::ended(transaction, kept, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn measurement_dead(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredMeasurementDead>> {
        Box::pin(async move {
            let sql = "SELECT id, measurement, attempts, reason, at FROM measurement_dead
                WHERE id > $1 ORDER BY id LIMIT $2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            all(&self.read(sql, &[&after, &limit]).await?, |row| {
                Ok(StoredMeasurementDead {
                    id: column(row, 0)?,
                    row: MeasurementDeadRow {
                        measurement: text(row, 1)?,
                        attempts: column::<i64>(row, 2)? as u32,
                        reason: text(row, 3)?,
                        at: column(row, 4)?,
                    },
                })
            })
        })
    }

    fn measurement_dead_counts(&self) -> Answer<'_, (u64, u64)> {
        Box::pin(async {
            let sql = "SELECT (SELECT count(*) FROM measurement_dead),
                coalesce((SELECT count FROM measurement_dead_dropped), 0)";
            let counts =
                first(&self.read(sql, &[]).await?, |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
            Ok(counts.unwrap_or_default())
        })
    }

    fn forget_measurement_dead<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, u64> {
        Box::pin(async move {
            let sql = "WITH gone AS (DELETE FROM measurement_dead WHERE id = ANY ($1) RETURNING id)
                SELECT count(*) FROM gone";
            count(&self.write(sql, &[&ids]).await?)
        })
    }
}

/// Keeps letters as far as there is room; how many there was none for. One does so at a time, so that the bound holds.
async fn keep(transaction: &Transaction, rows: &[MeasurementDeadRow]) -> Result<u64, Failure> {
    // The one row that all who keep letters change.
    let lock = "INSERT INTO measurement_dead_dropped (id, count) VALUES (1, 0)
        ON CONFLICT (id) DO UPDATE SET count = measurement_dead_dropped.count";
    transaction.ask(lock, &[]).await?;
    let waiting = transaction.ask("SELECT count(*) FROM measurement_dead", &[]).await?;
    let waiting: i64 = waiting.first().map_or(Ok(0), |row| column(row, 0))?;
    let mut room = MOST_MEASUREMENT_DEAD.saturating_sub(waiting as u64);
    let mut dropped = 0_i64;
    let again = "UPDATE measurement_dead SET attempts = attempts + $2, reason = $3, at = $4
        WHERE digest(measurement) = digest($1) RETURNING id";
    let new = "INSERT INTO measurement_dead (measurement, attempts, reason, at) VALUES ($1, $2, $3, $4)";
    for row in rows {
        let (measurement, reason) = (Text(&row.measurement), Text(&row.reason));
        let attempts = i64::from(row.attempts);
        if !transaction.ask(again, &[&measurement, &attempts, &reason, &row.at]).await?.is_empty() {
            continue;
        }
        if room == 0 {
            dropped += 1;
            continue;
        }
        transaction.ask(new, &[&measurement, &attempts, &reason, &row.at]).await?;
        room -= 1;
    }
    if dropped > 0 {
        let sql = "UPDATE measurement_dead_dropped SET count = count + $1";
        transaction.ask(sql, &[&dropped]).await?;
    }
    Ok(dropped as u64)
}
