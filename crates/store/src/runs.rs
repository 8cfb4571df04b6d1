//! Summaries of runs, so that a report can be made again.

use crate::{RunRow, Store, StoreError};
use rusqlite::OptionalExtension;

/// How many runs are kept.
const MAX_RUNS: i64 = 1000;

impl Store {
    /// Keeps a run's summary; returns its number. The oldest beyond 1,000 go.
    pub fn put_run(&self, started_at: i64, summary: &str) -> Result<i64, StoreError> {
        let connection = self.writer();
        connection
            .execute("INSERT INTO runs (started_at, summary) VALUES (?1, ?2)", (started_at, summary))?;
        let id = connection.last_insert_rowid();
        connection.execute("DELETE FROM runs WHERE id <= ?1", [id - MAX_RUNS])?;
        Ok(id)
    }

    /// A run by its number, or the last one.
    pub fn run(&self, id: Option<i64>) -> Result<Option<RunRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, started_at, summary FROM runs WHERE ?1 IS NULL OR id = ?1 ORDER BY id DESC LIMIT 1",
        )?;
        let found = statement
            .query_row([id], |row| {
                Ok(RunRow { id: row.get(0)?, started_at: row.get(1)?, summary: row.get(2)? })
            })
            .optional()?;
        Ok(found)
    }
}
