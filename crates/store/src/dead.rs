//! Dead letters: records that could not be read, kept until they can.

use crate::{DeadRow, DeadState, Store, StoreError, StoredDead};

impl Store {
    /// The dead letters that wait, oldest first, from the one after `after`.
    pub fn dead_letters(&self, after: i64, limit: usize) -> Result<Vec<StoredDead>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT d.id, s.name, d.ordinal, d.line, d.reason, d.hint, d.raw, d.whole, d.attempts, d.at
             FROM dead_letters d JOIN sources s ON s.id = d.source
             WHERE d.state = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3",
        )?;
        let rows = statement.query_map((DeadState::Waiting as i64, after, limit as i64), |row| {
            Ok(StoredDead {
                id: row.get(0)?,
                source_name: row.get(1)?,
                row: DeadRow {
                    ordinal: row.get::<_, i64>(2)? as u64,
                    line: row.get::<_, i64>(3)? as u64,
                    reason: row.get(4)?,
                    hint: row.get(5)?,
                    raw: row.get(6)?,
                    whole: row.get(7)?,
                },
                attempts: row.get(8)?,
                at: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The dead letters of these numbers that wait; at most 10,000.
    pub fn dead_by_id(&self, ids: &[i64]) -> Result<Vec<StoredDead>, StoreError> {
        let mut found = Vec::new();
        for id in ids.iter().take(10_000) {
            found.extend(
                self.dead_letters(id.saturating_sub(1), 1)?.into_iter().filter(|dead| dead.id == *id),
            );
        }
        Ok(found)
    }

    /// Drops a dead letter; whether it waited.
    pub fn drop_dead(&self, id: i64) -> Result<bool, StoreError> {
        let dropped = self.writer().execute(
            "UPDATE dead_letters SET state = ?2 WHERE id = ?1 AND state = ?3",
            (id, DeadState::Dropped as i64, DeadState::Waiting as i64),
        )?;
        Ok(dropped > 0)
    }

    /// How many dead letters wait.
    pub fn dead_count(&self) -> Result<u64, StoreError> {
        let connection = self.reader();
        let count: i64 = connection.query_row(
            "SELECT count(*) FROM dead_letters WHERE state = ?1",
            [DeadState::Waiting as i64],
            |row| row.get(0),
        )?;
        Ok(count as u64)
    }

    /// Marks dead letters as tried again: with what became of them.
    pub fn dead_tried(&self, outcomes: &[(i64, DeadState)]) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction()?;
        {
            let mut update = transaction.prepare_cached(
                "UPDATE dead_letters SET state = ?2, attempts = attempts + 1 WHERE id = ?1",
            )?;
            for &(id, state) in outcomes {
                update.execute((id, state as i64))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}
