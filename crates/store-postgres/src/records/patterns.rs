//! Patterns, and their queue, page by page along an index of its order.

use super::filter::Filter;
use super::{PostgresRecords, all, count, first};
use crate::failure::Failure;
use crate::found::{bytes, column, decision, small, text, unsigned};
use crate::text::written;
use tokio_postgres::Row;
use watchfire_store::records::{Answer, PatternRecords, containing};
use watchfire_store::{AnalystWordRow, Order, QueuedPattern, Wanted};

const COLUMNS: &str = "p.id, p.key, p.description, p.first_seen, p.last_seen, p.alerts, p.priority,
    d.id, d.pattern, d.valid_from, d.valid_until, d.volume, d.verdict, d.severity, d.decider, d.confidence, d.detail,
    w.id, w.verdict, w.reason, w.analyst, w.decided_at, w.undone";
const JOINS: &str = "FROM patterns p JOIN decisions d ON d.id = p.decision
    LEFT JOIN LATERAL (SELECT * FROM analyst_decisions WHERE p.decided = 1 AND pattern_key = p.key AND undone = 0
        ORDER BY id DESC LIMIT 1) w ON true";
/// What a description is compared with without regard to case, as SQLite does: that of ASCII only.
pub(super) const NAMED: &str = "lower(description COLLATE \"C\") LIKE lower(?::text COLLATE \"C\")";

impl PatternRecords for PostgresRecords {
    fn pattern(&self, id: i64) -> Answer<'_, Option<(i64, u64)>> {
        Box::pin(async move {
            let rows = self.read("SELECT first_seen, alerts FROM patterns WHERE id = $1", &[&id]).await?;
            first(&rows, |row| Ok((column(row, 0)?, unsigned(row, 1)?)))
        })
    }

    fn pattern_span(&self, id: i64) -> Answer<'_, Option<(i64, i64)>> {
        Box::pin(async move {
            let rows = self.read("SELECT first_seen, last_seen FROM patterns WHERE id = $1", &[&id]).await?;
            first(&rows, |row| Ok((column(row, 0)?, column(row, 1)?)))
        })
    }

    fn pattern_description(&self, id: i64) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            let rows = self.read("SELECT description FROM patterns WHERE id = $1", &[&id]).await?;
            first(&rows, |row| text(row, 0))
        })
    }

    fn pattern_count(&self) -> Answer<'_, u64> {
        Box::pin(async { count(&self.read("SELECT count(*) FROM patterns", &[]).await?) })
    }

    fn queue<'a>(
        &'a self,
        wanted: &'a Wanted,
        after: Option<(i64, i64, i64)>,
        limit: u32,
    ) -> Answer<'a, Vec<QueuedPattern>> {
        Box::pin(async move {
            let mut filter = filter(wanted);
            let by = match wanted.order {
                Order::Priority => "p.priority::bigint",
                Order::Newest => "p.last_seen",
                Order::Alerts => "p.alerts",
            };
            // The column as it stands, so that its index serves.
            let order = by.trim_end_matches("::bigint");
            if let Some((value, last_seen, id)) = after {
                let [value, last_seen, id] = [value, last_seen, id].map(|value| filter.value(value));
                filter.and_text(&format!(
                    "{order} <= {value}::bigint AND ({by}, p.last_seen, -p.id) < ({value}::bigint, {last_seen}::bigint, -({id}::bigint))"
                ));
            }
            let condition = filter.take();
            let limit = filter.value(i64::from(limit));
            let sql = format!(
                "SELECT {COLUMNS} {JOINS} WHERE {condition}
                 ORDER BY {order} DESC, p.last_seen DESC, p.id LIMIT {limit}::bigint"
            );
            all(&self.read(&sql, &filter.values()).await?, queued)
        })
    }

    fn queue_count<'a>(&'a self, wanted: &'a Wanted) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut filter = filter(wanted);
            let condition = filter.take();
            let sql = format!(
                "SELECT count(*) FROM patterns p LEFT JOIN decisions d ON d.id = p.decision WHERE {condition}"
            );
            count(&self.read(&sql, &filter.values()).await?)
        })
    }

    fn queued(&self, pattern: i64) -> Answer<'_, Option<QueuedPattern>> {
        Box::pin(async move {
            let sql = format!("SELECT {COLUMNS} {JOINS} WHERE p.id = $1");
            first(&self.read(&sql, &[&pattern]).await?, queued)
        })
    }
}

fn filter(wanted: &Wanted) -> Filter {
    let mut filter = Filter::default();
    if let Some(decided) = wanted.decided {
        filter.and("p.decided = ?", i16::from(decided));
    }
    if let Some(verdict) = wanted.verdict {
        filter.and("d.verdict = ?", i16::from(verdict));
    }
    if let Some(decider) = wanted.decider {
        filter.and("d.decider = ?", i16::from(decider));
    }
    if wanted.min_severity > 0 {
        filter.and("d.severity >= ?", i16::from(wanted.min_severity));
    }
    if !wanted.text.is_empty() {
        filter.and(NAMED, written(&containing(&wanted.text)).into_owned());
    }
    filter
}

fn queued(row: &Row) -> Result<QueuedPattern, Failure> {
    let said: Option<i64> = column(row, 17)?;
    Ok(QueuedPattern {
        id: column(row, 0)?,
        key: bytes(row, 1)?,
        description: text(row, 2)?,
        first_seen: column(row, 3)?,
        last_seen: column(row, 4)?,
        alerts: column::<i64>(row, 5)?.max(0) as u64,
        priority: small(row, 6)?,
        decision: decision(row, 7)?,
        word: said.map(|_| word(row, 17)).transpose()?,
    })
}

/// What an analyst said, from this column on.
pub(super) fn word(row: &Row, place: usize) -> Result<AnalystWordRow, Failure> {
    Ok(AnalystWordRow {
        id: column(row, place)?,
        verdict: small(row, place + 1)?,
        reason: text(row, place + 2)?,
        analyst: text(row, place + 3)?,
        decided_at: column(row, place + 4)?,
        undone: small(row, place + 5)? != 0,
    })
}
