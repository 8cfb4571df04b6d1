//! The log of choices: what was proposed about an alert, what somebody chose, and how that ended. Read back in batches.

use crate::sources::parse_alert_id;
use crate::{Store, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceRow {
    /// Its number; 0 before it is kept.
    pub id: i64,
    /// When it was chosen, in milliseconds since 1970.
    pub at: i64,
    /// About which alert.
    pub alert: String,
    /// Of which pattern.
    pub pattern: i64,
    /// Of which type: the vendor's rule.
    pub kind: String,
    /// What was proposed, as JSON.
    pub proposed: String,
    /// What was chosen.
    pub chosen: String,
    /// OCSF verdict.
    pub verdict: u8,
    /// By whom.
    pub analyst: String,
    /// Why.
    pub reason: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// When that was said.
    pub outcome_at: Option<i64>,
}

/// Which entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChoiceSearch {
    /// Of this type.
    pub kind: Option<String>,
    /// From this moment on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this moment.
    pub to: Option<i64>,
}

const COLUMNS: &str =
    "id, at, alert, pattern, type, proposed, chosen, verdict, analyst, reason, outcome, outcome_at";

impl Store {
    /// An entry by its number.
    pub fn choice(&self, id: i64) -> Result<Option<ChoiceRow>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM choices WHERE id = ?1"))?;
        Ok(statement.query_row([id], choice).optional()?)
    }

    /// The next entries, the latest first; `after` is the moment and number of the last one of the page before.
    pub fn choices(
        &self,
        search: &ChoiceSearch,
        after: Option<(i64, i64)>,
        limit: u32,
    ) -> Result<Vec<ChoiceRow>, StoreError> {
        let mut filter = String::from("1");
        let mut values: Vec<Value> = Vec::new();
        let mut and = |condition: &str, value: Value| {
            filter.push_str(" AND ");
            filter.push_str(condition);
            values.push(value);
        };
        if let Some(kind) = &search.kind {
            and("type = ?", Value::Text(kind.clone()));
        }
        if let Some(from) = search.from {
            and("at >= ?", Value::Integer(from));
        }
        if let Some(to) = search.to {
            and("at < ?", Value::Integer(to));
        }
        if let Some((at, id)) = after {
            filter.push_str(" AND (at, id) < (?, ?)");
            values.extend([at, id].map(Value::Integer));
        }
        values.push(Value::Integer(i64::from(limit)));
        let connection = self.reader();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM choices WHERE {filter} ORDER BY at DESC, id DESC LIMIT ?"
        ))?;
        let rows = statement.query_map(params_from_iter(values), choice)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The entries about these alerts, the latest first, in one read; at most 5,000.
    pub fn choices_about(&self, alerts: &[String]) -> Result<Vec<ChoiceRow>, StoreError> {
        let connection = self.reader();
        let known = alerts.iter().filter(|id| parse_alert_id(id).is_some());
        let list =
            format!("[{}]", known.map(|id| format!("\"{}\"", id.trim())).collect::<Vec<_>>().join(","));
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM choices WHERE alert IN (SELECT value FROM json_each(?1))
             ORDER BY id DESC LIMIT 5000"
        ))?;
        let rows = statement.query_map([list], choice)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Says how a choice ended; `None` takes that back. Whether there is such an entry.
    pub fn put_outcome(&self, id: i64, outcome: Option<&str>, now: i64) -> Result<bool, StoreError> {
        let at = outcome.map(|_| now);
        let changed = self
            .writer()
            .execute("UPDATE choices SET outcome = ?2, outcome_at = ?3 WHERE id = ?1", (id, outcome, at))?;
        Ok(changed > 0)
    }
}

/// Adds an entry; returns its number.
pub(crate) fn put(connection: &Connection, row: &ChoiceRow) -> Result<i64, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO choices (at, alert, pattern, type, proposed, chosen, verdict, analyst, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            row.at,
            &row.alert,
            row.pattern,
            &row.kind,
            &row.proposed,
            &row.chosen,
            row.verdict,
            &row.analyst,
            &row.reason,
        ))?;
    Ok(connection.last_insert_rowid())
}

fn choice(row: &Row<'_>) -> rusqlite::Result<ChoiceRow> {
    Ok(ChoiceRow {
        id: row.get(0)?,
        at: row.get(1)?,
        alert: row.get(2)?,
        pattern: row.get(3)?,
        kind: row.get(4)?,
        proposed: row.get(5)?,
        chosen: row.get(6)?,
        verdict: row.get(7)?,
        analyst: row.get(8)?,
        reason: row.get(9)?,
        outcome: row.get(10)?,
        outcome_at: row.get(11)?,
    })
}
