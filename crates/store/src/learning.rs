//! What there is to learn from: verdicts of models and analysts, and what of them is to be forgotten.

use crate::{Store, StoreError};
use rusqlite::OptionalExtension;

/// A verdict that somebody gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldRow {
    /// When the alert happened, in milliseconds since 1970.
    pub time: i64,
    /// When the verdict was given, in milliseconds since 1970.
    pub at: i64,
    /// The verdict's number.
    pub verdict: u8,
    /// The pattern's number.
    pub pattern: i64,
    /// What the pattern's alerts have in common, as JSON.
    pub description: String,
}

impl Store {
    /// What models said, the latest answers, in the order of the alerts.
    pub fn told(&self, limit: u32) -> Result<Vec<ToldRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT d.valid_from, a.at, d.verdict, d.pattern, p.description
             FROM (SELECT decision, at FROM answered ORDER BY at DESC LIMIT ?1) a
             JOIN decisions d ON d.id = a.decision
             JOIN patterns p ON p.id = d.pattern
             ORDER BY d.valid_from, d.id",
        )?;
        let rows = statement.query_map([limit], |row| {
            Ok(ToldRow {
                time: row.get(0)?,
                at: row.get(1)?,
                verdict: row.get(2)?,
                pattern: row.get(3)?,
                description: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When alerts of a pattern were first and last seen, in milliseconds since 1970; `None` if it is new.
    pub fn pattern_span(&self, id: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached("SELECT first_seen, last_seen FROM patterns WHERE id = ?1")?;
        Ok(statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Does not learn any more from what was said of a rule before this moment; of all rules if the name is empty.
    pub fn forget(&self, rule: &str, before: i64) -> Result<(), StoreError> {
        let connection = self.writer();
        connection.execute(
            "INSERT INTO forgotten (rule, before) VALUES (?1, ?2)
             ON CONFLICT (rule) DO UPDATE SET before = max(before, excluded.before)",
            (rule, before),
        )?;
        Ok(())
    }

    /// Rules that are not learned from, and until when.
    pub fn forgotten(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached("SELECT rule, before FROM forgotten")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
