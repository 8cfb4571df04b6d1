//! Stored alerts, by id.

use crate::decisions::decision;
use crate::search::found;
use crate::sources::{alert_id, parse_alert_id};
use crate::{FoundAlert, Store, StoreError, StoredAlert};
use rusqlite::OptionalExtension;

impl Store {
    /// The alert of that id, with its pattern and the decision that holds for it; `None` if there is none, or the text
    /// is not an alert id.
    pub fn alert(&self, id: &str) -> Result<Option<StoredAlert>, StoreError> {
        let Some((tag, ordinal)) = parse_alert_id(id) else {
            return Ok(None);
        };
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT s.name, a.time, a.priority, p.id, p.key, p.description,
                    d.id, d.pattern, d.valid_from, d.valid_until, d.volume, d.verdict, d.severity, d.decider,
                    d.confidence, d.detail
             FROM sources s
             JOIN alerts a ON a.source = s.id AND a.ordinal = ?2
             JOIN patterns p ON p.id = a.pattern
             JOIN decisions d ON d.id = a.decision
             WHERE s.tag = ?1",
        )?;
        let found = statement
            .query_row((tag, ordinal as i64), |row| {
                Ok(StoredAlert {
                    source_name: row.get(0)?,
                    time: row.get(1)?,
                    priority: row.get(2)?,
                    pattern: row.get(3)?,
                    pattern_key: row.get(4)?,
                    pattern_description: row.get(5)?,
                    decision: decision(row, 6)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    /// The chunk that an alert's record was in, compressed with zstd, if it was kept; with the alert's place in it, and how
    /// many records it had.
    pub fn alert_chunk(&self, id: &str) -> Result<Option<(Vec<u8>, u64, u64)>, StoreError> {
        let Some((tag, ordinal)) = parse_alert_id(id) else {
            return Ok(None);
        };
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT i.raw, ?2 - i.first_ordinal, i.records FROM sources s
             JOIN intake i ON i.source = s.id AND i.first_ordinal =
                 (SELECT max(first_ordinal) FROM intake WHERE source = s.id AND first_ordinal <= ?2)
             WHERE s.tag = ?1 AND i.first_ordinal + i.records > ?2 AND length(i.raw) > 0",
        )?;
        let found = statement
            .query_row((tag, ordinal as i64), |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64))
            })
            .optional()?;
        Ok(found)
    }

    /// The alert of that id as a search finds it.
    pub fn found(&self, id: &str) -> Result<Option<FoundAlert>, StoreError> {
        let Some((tag, ordinal)) = parse_alert_id(id) else {
            return Ok(None);
        };
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT a.time, a.source, a.ordinal, s.tag, a.pattern, p.description, d.verdict, a.severity, d.decider,
                 a.priority, a.src, a.dst, a.user
             FROM sources s JOIN alerts a ON a.source = s.id AND a.ordinal = ?2
             JOIN patterns p ON p.id = a.pattern JOIN decisions d ON d.id = a.decision
             WHERE s.tag = ?1",
        )?;
        Ok(statement.query_row((tag, ordinal as i64), found).optional()?)
    }

    /// An alert for each of these decisions that holds for one: the decision and the alert's id. Goes through all alerts
    /// once.
    pub fn examples(&self, decisions: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let list = decisions.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let connection = self.reader();
        // SQLite takes the tag from the row with the least ordinal.
        let mut statement = connection.prepare_cached(
            "SELECT a.decision, s.tag, min(a.ordinal) FROM alerts a JOIN sources s ON s.id = a.source
             WHERE a.decision IN (SELECT value FROM json_each(?1))
             GROUP BY a.decision ORDER BY a.decision",
        )?;
        let rows = statement.query_map([format!("[{list}]")], |row| {
            Ok((row.get(0)?, alert_id(row.get(1)?, row.get::<_, i64>(2)? as u64)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many alerts are stored.
    pub fn alert_count(&self) -> Result<u64, StoreError> {
        Ok(self.reader().query_row("SELECT count(*) FROM alerts", [], |row| row.get::<_, i64>(0))? as u64)
    }
}
