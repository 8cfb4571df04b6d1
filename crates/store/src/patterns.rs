//! Patterns, and how often each was seen before this run.

use crate::{Store, StoreError};
use rusqlite::OptionalExtension;

impl Store {
    /// When a pattern was first seen, and how many alerts it has; `None` if it is new.
    pub fn pattern(&self, id: i64) -> Result<Option<(i64, u64)>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached("SELECT first_seen, alerts FROM patterns WHERE id = ?1")?;
        let found =
            statement.query_row([id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))).optional()?;
        Ok(found)
    }

    /// What the alerts of a pattern have in common, as JSON; `None` if there is no such pattern.
    pub fn pattern_description(&self, id: i64) -> Result<Option<String>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached("SELECT description FROM patterns WHERE id = ?1")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// How many patterns are stored.
    pub fn pattern_count(&self) -> Result<u64, StoreError> {
        Ok(self.reader().query_row("SELECT count(*) FROM patterns", [], |row| row.get::<_, i64>(0))? as u64)
    }
}
