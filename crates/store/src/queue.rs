//! The queue: patterns in the order in which somebody should look at them, page by page.

use crate::decisions::decision;
use crate::{AnalystWordRow, DecisionRow, Store, StoreError};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params_from_iter};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// What should be looked at first, first.
    #[default]
    Priority,
    /// What was last seen, first.
    Newest,
    /// What has most alerts, first.
    Alerts,
}

impl Order {
    /// What is compared first; then comes when it was last seen, then the number.
    fn column(self) -> &'static str {
        match self {
            Self::Priority => "p.priority",
            Self::Newest => "p.last_seen",
            Self::Alerts => "p.alerts",
        }
    }
}

/// Which patterns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// Those that an analyst decided on, or those that none did; both if it is not said.
    pub decided: Option<bool>,
    /// Of this verdict.
    pub verdict: Option<u8>,
    /// Of this severity at least.
    pub min_severity: u8,
    /// Decided by this decider.
    pub decider: Option<u8>,
    /// Whose rule, machine, or material value holds this text, in any case of ASCII.
    pub text: String,
    /// In which order.
    pub order: Order,
}

/// Where a page ended: the value it is ordered by, when it was last seen, and its number.
pub type After = (i64, i64, i64);

/// A pattern as it stands in the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedPattern {
    /// Its number.
    pub id: i64,
    /// Its whole key.
    pub key: [u8; 16],
    /// What its alerts have in common, as JSON.
    pub description: String,
    /// Milliseconds since 1970.
    pub first_seen: i64,
    /// Milliseconds since 1970.
    pub last_seen: i64,
    /// How many alerts.
    pub alerts: u64,
    /// How soon somebody should look, 0–100.
    pub priority: u8,
    /// What was decided on the alert with the greatest priority.
    pub decision: DecisionRow,
    /// What an analyst said last, if it was not taken back.
    pub word: Option<AnalystWordRow>,
}

impl QueuedPattern {
    /// Where a page ends that ends with it.
    pub fn after(&self, order: Order) -> After {
        let first = match order {
            Order::Priority => i64::from(self.priority),
            Order::Newest => self.last_seen,
            Order::Alerts => self.alerts as i64,
        };
        (first, self.last_seen, self.id)
    }
}

const COLUMNS: &str = "p.id, p.key, p.description, p.first_seen, p.last_seen, p.alerts, p.priority,
    d.id, d.pattern, d.valid_from, d.valid_until, d.volume, d.verdict, d.severity, d.decider, d.confidence, d.detail,
    w.id, w.verdict, w.reason, w.analyst, w.decided_at, w.undone";
const JOINS: &str = "FROM patterns p JOIN decisions d ON d.id = p.decision
    LEFT JOIN analyst_decisions w ON p.decided = 1 AND w.id =
        (SELECT max(id) FROM analyst_decisions WHERE pattern_key = p.key AND undone = 0)";

impl Store {
    /// The next patterns of the queue.
    pub fn queue(
        &self,
        wanted: &Wanted,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<QueuedPattern>, StoreError> {
        let (sql, mut values) = query(wanted, after);
        values.push(Value::Integer(i64::from(limit)));
        let connection = self.reader();
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), queued)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many patterns there are of that kind.
    pub fn queue_count(&self, wanted: &Wanted) -> Result<u64, StoreError> {
        let (filter, values) = filter(wanted);
        let connection = self.reader();
        let joined = if wanted.verdict.is_some() || wanted.decider.is_some() || wanted.min_severity > 0 {
            "JOIN decisions d ON d.id = p.decision"
        } else {
            ""
        };
        let mut statement =
            connection.prepare_cached(&format!("SELECT count(*) FROM patterns p {joined} WHERE {filter}"))?;
        let count: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count as u64)
    }

    /// A pattern as it stands in the queue.
    pub fn queued(&self, pattern: i64) -> Result<Option<QueuedPattern>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} {JOINS} WHERE p.id = ?1"))?;
        Ok(statement.query_row([pattern], queued).optional()?)
    }

    /// What was decided on a pattern, the latest first.
    pub fn decisions_on(&self, pattern: i64, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail
             FROM decisions WHERE pattern = ?1 ORDER BY valid_from DESC, id LIMIT ?2",
        )?;
        let rows = statement.query_map((pattern, limit), |row| decision(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What analysts said of a pattern, the latest first, also what they took back.
    pub fn words_on(&self, key: &[u8; 16], limit: u32) -> Result<Vec<AnalystWordRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, verdict, reason, analyst, decided_at, undone FROM analyst_decisions
             WHERE pattern_key = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map((key, limit), |row| word(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The query for a page, but for its limit, and its values.
fn query(wanted: &Wanted, after: Option<After>) -> (String, Vec<Value>) {
    let (mut filter, mut values) = filter(wanted);
    let column = wanted.order.column();
    if let Some((first, last_seen, id)) = after {
        filter.push_str(&format!(" AND {column} <= ? AND ({column}, p.last_seen, -p.id) < (?, ?, -?)"));
        values.extend([first, first, last_seen, id].map(Value::Integer));
    }
    // Where a column is named twice, no index serves the order.
    let then = if wanted.order == Order::Newest { "p.id" } else { "p.last_seen DESC, p.id" };
    (format!("SELECT {COLUMNS} {JOINS} WHERE {filter} ORDER BY {column} DESC, {then} LIMIT ?"), values)
}

/// The condition for what is wanted, and its values.
fn filter(wanted: &Wanted) -> (String, Vec<Value>) {
    let mut filter = String::from("1");
    let mut values = Vec::new();
    let mut and = |condition: &str, value: i64| {
        filter.push_str(" AND ");
        filter.push_str(condition);
        values.push(Value::Integer(value));
    };
    match wanted.decided {
        // Most patterns are open: with the plus, an index of the order is read, and not one of what is decided.
        Some(false) if wanted.order != Order::Priority => and("+p.decided = ?", 0),
        Some(decided) => and("p.decided = ?", i64::from(decided)),
        None => {}
    }
    if let Some(verdict) = wanted.verdict {
        and("d.verdict = ?", i64::from(verdict));
    }
    if let Some(decider) = wanted.decider {
        and("d.decider = ?", i64::from(decider));
    }
    if wanted.min_severity > 0 {
        and("d.severity >= ?", i64::from(wanted.min_severity));
    }
    if !wanted.text.is_empty() {
        filter.push_str(" AND p.description LIKE ? ESCAPE '\\'");
        values.push(Value::Text(containing(&wanted.text)));
    }
    (filter, values)
}

/// A pattern of LIKE that matches what contains the text, as JSON writes it.
pub fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn queued(row: &Row<'_>) -> rusqlite::Result<QueuedPattern> {
    let is_decided: Option<i64> = row.get(17)?;
    Ok(QueuedPattern {
        id: row.get(0)?,
        key: row.get(1)?,
        description: row.get(2)?,
        first_seen: row.get(3)?,
        last_seen: row.get(4)?,
        alerts: row.get::<_, i64>(5)?.max(0) as u64,
        priority: row.get(6)?,
        decision: decision(row, 7)?,
        word: is_decided.map(|_| word(row, 17)).transpose()?,
    })
}

fn word(row: &Row<'_>, first: usize) -> rusqlite::Result<AnalystWordRow> {
    Ok(AnalystWordRow {
        id: row.get(first)?,
        verdict: row.get(first + 1)?,
        reason: row.get(first + 2)?,
        analyst: row.get(first + 3)?,
        decided_at: row.get(first + 4)?,
        undone: row.get(first + 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Order, Wanted, query};
    use crate::{Location, Store};
    use rusqlite::params_from_iter;

    #[test]
    fn a_page_of_the_open_queue_is_read_off_an_index_in_every_order() {
        let store = Store::open(&Location::Memory).unwrap();
        store.index().unwrap();
        let connection = store.reader();
        for order in [Order::Priority, Order::Newest, Order::Alerts] {
            for after in [None, Some((3, 2, 1))] {
                let (sql, mut values) =
                    query(&Wanted { decided: Some(false), order, ..Wanted::default() }, after);
                values.push(100.into());
                let plan: Vec<String> = connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                    .unwrap()
                    .query_map(params_from_iter(values), |row| row.get(3))
                    .unwrap()
                    .collect::<Result<_, _>>()
                    .unwrap();
                assert!(
                    plan.iter().all(|step| !step.contains("TEMP B-TREE")),
                    "{order:?} {after:?}: {plan:?}"
                );
            }
        }
    }
}
