//! Finding stored alerts, the latest first, page by page.
//!
//! Each way of looking has an index that is in the order of time, so a page costs what it holds, at any number of alerts.

use crate::queue::containing;
use crate::sources::alert_id;
use crate::{Store, StoreError};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

/// Which alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Of this pattern.
    pub pattern: Option<i64>,
    /// Whose source, destination or user is this, or whose rule has it in its name.
    pub text: String,
    /// Of this verdict.
    pub verdict: Option<u8>,
    /// Of this severity at least.
    pub min_severity: u8,
    /// Of this priority at least.
    pub min_priority: u8,
    /// From this moment on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this moment.
    pub to: Option<i64>,
}

/// Where a page ended: the alert's time, source and place.
pub type Place = (i64, i64, i64);

/// An alert that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundAlert {
    /// Where it stands.
    pub place: Place,
    /// Its id.
    pub id: String,
    /// Its pattern's number.
    pub pattern: i64,
    /// What its pattern's alerts have in common, as JSON.
    pub description: String,
    /// OCSF verdict.
    pub verdict: u8,
    /// OCSF severity.
    pub severity: u8,
    /// Who decided.
    pub decider: u8,
    /// 0–100.
    pub priority: u8,
    /// Source address or name.
    pub source: Option<String>,
    /// Destination address or name.
    pub destination: Option<String>,
    /// User name.
    pub user: Option<String>,
}

/// Patterns whose rule is searched for at most.
const MAX_PATTERNS: i64 = 1000;
/// Where the patterns that a word finds have more alerts than this, the latest are found sooner by going back in time than
/// by sorting them all.
const MANY_ALERTS: i64 = 20_000;
/// Those patterns, and how they are looked up: by their index, or not by it.
const BY_PATTERN: &str =
    "a.pattern IN (SELECT id FROM patterns WHERE description LIKE ? ESCAPE '\\' LIMIT ?)";
const BY_TIME: &str = "+a.pattern IN (SELECT id FROM patterns WHERE description LIKE ? ESCAPE '\\' LIMIT ?)";

impl Store {
    /// The next alerts, the latest first.
    pub fn search(
        &self,
        search: &Search,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<FoundAlert>, StoreError> {
        let mut values = Vec::new();
        let ways: &[&str] = match (search.pattern, search.text.is_empty()) {
            (None, true) => &["1"],
            (Some(_), true) => &["a.pattern = ?"],
            (None, false) if self.alerts_named(&search.text)? > MANY_ALERTS => {
                &["a.src = ?", "a.dst = ?", "a.user = ?", BY_TIME]
            }
            (None, false) => &["a.src = ?", "a.dst = ?", "a.user = ?", BY_PATTERN],
            (Some(_), false) => &["a.pattern = ? AND ? IN (a.src, a.dst, a.user)"],
        };
        let mut parts = Vec::new();
        for (index, way) in ways.iter().enumerate() {
            values.extend(search.pattern.map(Value::Integer));
            match (search.text.is_empty(), index) {
                (true, _) => {}
                (false, 3) => {
                    values.extend([Value::Text(containing(&search.text)), Value::Integer(MAX_PATTERNS)]);
                }
                (false, _) => values.push(Value::Text(search.text.clone())),
            }
            let mut filter = String::from(*way);
            let mut and = |condition: &str, value: i64| {
                filter.push_str(" AND ");
                filter.push_str(condition);
                values.push(Value::Integer(value));
            };
            if let Some(from) = search.from {
                and("a.time >= ?", from);
            }
            if let Some(to) = search.to {
                and("a.time < ?", to);
            }
            if search.min_severity > 0 {
                and("a.severity >= ?", i64::from(search.min_severity));
            }
            if search.min_priority > 0 {
                and("a.priority >= ?", i64::from(search.min_priority));
            }
            if let Some(verdict) = search.verdict {
                and("d.verdict = ?", i64::from(verdict));
            }
            if let Some((time, source, ordinal)) = after {
                filter.push_str(" AND a.time <= ? AND (a.time, a.source, a.ordinal) < (?, ?, ?)");
                values.extend([time, time, source, ordinal].map(Value::Integer));
            }
            values.push(Value::Integer(i64::from(limit)));
            parts.push(format!(
                "SELECT * FROM (SELECT a.source, a.ordinal, a.time, a.pattern, a.severity, a.priority, a.src, a.dst,
                     a.user, d.verdict, d.decider
                 FROM alerts a JOIN decisions d ON d.id = a.decision
                 WHERE {filter} ORDER BY a.time DESC, a.source DESC, a.ordinal DESC LIMIT ?)"
            ));
        }
        values.push(Value::Integer(i64::from(limit)));
        let connection = self.reader();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT f.time, f.source, f.ordinal, s.tag, f.pattern, p.description, f.verdict, f.severity, f.decider,
                 f.priority, f.src, f.dst, f.user
             FROM ({}) f JOIN sources s ON s.id = f.source JOIN patterns p ON p.id = f.pattern
             ORDER BY f.time DESC, f.source DESC, f.ordinal DESC LIMIT ?",
            parts.join(" UNION ")
        ))?;
        let rows = statement.query_map(params_from_iter(values), found)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many alerts there are of patterns whose rule, machine or material value holds a text.
    fn alerts_named(&self, text: &str) -> Result<i64, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT coalesce(sum(alerts), 0) FROM
                (SELECT alerts FROM patterns WHERE description LIKE ?1 ESCAPE '\\' LIMIT ?2)",
        )?;
        Ok(statement.query_row((containing(text), MAX_PATTERNS), |row| row.get(0))?)
    }
}

pub(crate) fn found(row: &Row<'_>) -> rusqlite::Result<FoundAlert> {
    let place: Place = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(FoundAlert {
        place,
        id: alert_id(row.get(3)?, place.2 as u64),
        pattern: row.get(4)?,
        description: row.get(5)?,
        verdict: row.get(6)?,
        severity: row.get(7)?,
        decider: row.get(8)?,
        priority: row.get(9)?,
        source: row.get(10)?,
        destination: row.get(11)?,
        user: row.get(12)?,
    })
}
