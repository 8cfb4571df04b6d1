//! Alerts: by id, and as a search finds them, the latest first.

use super::filter::Filter;
use super::patterns::NAMED;
use super::{PostgresRecords, all, count, first};
use crate::failure::Failure;
use crate::found::{bytes, column, decision, optional_text, small, text, unsigned};
use crate::text::written;
use tokio_postgres::Row;
use watchfire_store::records::{AlertChunk, AlertRecords, Answer, containing, ids};
use watchfire_store::{FoundAlert, Place, Search, SourceId, StoredAlert};

/// Patterns whose rule is searched for at most.
const MOST_PATTERNS: i64 = 1_000;

const FOUND: &str =
    "f.\"time\", f.source, f.ordinal, s.tag, f.pattern, p.description, f.verdict, f.severity, f.decider,
    f.priority, f.src, f.dst, f.\"user\"";
const FIELDS: &str =
    "a.source, a.ordinal, a.\"time\", a.pattern, a.severity, a.priority, a.src, a.dst, a.\"user\",
    d.verdict, d.decider";

impl AlertRecords for PostgresRecords {
    fn alert<'a>(&'a self, id: &'a str) -> Answer<'a, Option<StoredAlert>> {
        Box::pin(async move {
            let Some((tag, ordinal)) = ids::parse(id) else { return Ok(None) };
            let sql = "SELECT s.name, a.\"time\", a.priority, p.id, p.key, p.description,
                    d.id, d.pattern, d.valid_from, d.valid_until, d.volume, d.verdict, d.severity, d.decider,
                    d.confidence, d.detail
                FROM sources s
                JOIN alerts a ON a.source = s.id AND a.ordinal = $2
                JOIN patterns p ON p.id = a.pattern
                JOIN decisions d ON d.id = a.decision
                WHERE s.tag = $1";
            let rows = self.read(sql, &[&tag.as_slice(), &(ordinal as i64)]).await?;
            first(&rows, |row| {
                Ok(StoredAlert {
                    source_name: text(row, 0)?,
                    time: column(row, 1)?,
                    priority: small(row, 2)?,
                    pattern: column(row, 3)?,
                    pattern_key: bytes(row, 4)?,
                    pattern_description: text(row, 5)?,
                    decision: decision(row, 6)?,
                })
            })
        })
    }

    fn alert_chunk<'a>(&'a self, id: &'a str) -> Answer<'a, Option<AlertChunk>> {
        Box::pin(async move {
            let Some((tag, ordinal)) = ids::parse(id) else { return Ok(None) };
            let sql = "SELECT i.raw, $2 - i.first_ordinal, i.records FROM sources s
                JOIN intake i ON i.source = s.id AND i.first_ordinal =
                    (SELECT max(first_ordinal) FROM intake WHERE source = s.id AND first_ordinal <= $2)
                WHERE s.tag = $1 AND i.first_ordinal + i.records > $2 AND length(i.raw) > 0";
            let rows = self.read(sql, &[&tag.as_slice(), &(ordinal as i64)]).await?;
            first(&rows, |row| Ok((column(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?)))
        })
    }

    fn found<'a>(&'a self, id: &'a str) -> Answer<'a, Option<FoundAlert>> {
        Box::pin(async move {
            let Some((tag, ordinal)) = ids::parse(id) else { return Ok(None) };
            let sql = format!(
                "SELECT {FOUND} FROM sources s
                 JOIN LATERAL (SELECT {FIELDS} FROM alerts a JOIN decisions d ON d.id = a.decision
                     WHERE a.source = s.id AND a.ordinal = $2) f ON true
                 JOIN patterns p ON p.id = f.pattern WHERE s.tag = $1"
            );
            first(&self.read(&sql, &[&tag.as_slice(), &(ordinal as i64)]).await?, found)
        })
    }

    fn search<'a>(
        &'a self,
        search: &'a Search,
        after: Option<Place>,
        limit: u32,
    ) -> Answer<'a, Vec<FoundAlert>> {
        Box::pin(async move {
            let mut filter = Filter::default();
            let common = common(&mut filter, search, after);
            let limit = filter.value(i64::from(limit));
            let mut ways = Vec::new();
            if search.text.is_empty() {
                ways.push("true".to_owned());
            } else {
                let named = filter.value(written(&search.text).into_owned());
                for field in ["a.src", "a.dst", "a.\"user\""] {
                    ways.push(format!("{field} = {named}::text"));
                }
                if search.pattern.is_none() {
                    let like = filter.value(written(&containing(&search.text)).into_owned());
                    ways.push(format!(
                        "a.pattern IN (SELECT id FROM patterns WHERE {} LIMIT {MOST_PATTERNS})",
                        NAMED.replace('?', &like)
                    ));
                }
            }
            let parts: Vec<String> = ways
                .iter()
                .map(|way| {
                    format!(
                        "(SELECT {FIELDS} FROM alerts a JOIN decisions d ON d.id = a.decision
                          WHERE {way} AND {common}
                          ORDER BY a.\"time\" DESC, a.source DESC, a.ordinal DESC LIMIT {limit}::bigint)"
                    )
                })
                .collect();
            let sql = format!(
                "SELECT {FOUND} FROM ({}) f JOIN sources s ON s.id = f.source JOIN patterns p ON p.id = f.pattern
                 ORDER BY f.\"time\" DESC, f.source DESC, f.ordinal DESC LIMIT {limit}::bigint",
                parts.join(" UNION ")
            );
            all(&self.read(&sql, &filter.values()).await?, found)
        })
    }

    fn ordinals(&self, source: SourceId, from: u64, records: u64) -> Answer<'_, Vec<u64>> {
        Box::pin(async move {
            let sql = "SELECT ordinal FROM alerts WHERE source = $1 AND ordinal >= $2 AND ordinal < $3 ORDER BY ordinal";
            let (source, from, to) = (source.row(), from as i64, from.saturating_add(records) as i64);
            all(&self.read(sql, &[&source, &from, &to]).await?, |row| unsigned(row, 0))
        })
    }

    fn examples<'a>(&'a self, decisions: &'a [i64]) -> Answer<'a, Vec<(i64, String)>> {
        Box::pin(async move {
            // By the pattern of each decision, which has an index.
            let sql = "SELECT DISTINCT ON (d.id) d.id, s.tag, a.ordinal
                FROM decisions d JOIN alerts a ON a.pattern = d.pattern AND a.decision = d.id
                JOIN sources s ON s.id = a.source
                WHERE d.id = ANY ($1) ORDER BY d.id, a.ordinal, a.source";
            all(&self.read(sql, &[&decisions]).await?, |row| {
                Ok((column(row, 0)?, ids::of(bytes(row, 1)?, unsigned(row, 2)?)))
            })
        })
    }

    fn alert_count(&self) -> Answer<'_, u64> {
        Box::pin(async { count(&self.read("SELECT count(*) FROM alerts", &[]).await?) })
    }
}

/// What every way of looking has to fulfil.
fn common(filter: &mut Filter, search: &Search, after: Option<Place>) -> String {
    if let Some(pattern) = search.pattern {
        filter.and("a.pattern = ?", pattern);
    }
    if let Some(from) = search.from {
        filter.and("a.\"time\" >= ?", from);
    }
    if let Some(to) = search.to {
        filter.and("a.\"time\" < ?", to);
    }
    if search.min_severity > 0 {
        filter.and("a.severity >= ?", i16::from(search.min_severity));
    }
    if search.min_priority > 0 {
        filter.and("a.priority >= ?", i16::from(search.min_priority));
    }
    if let Some(verdict) = search.verdict {
        filter.and("d.verdict = ?", i16::from(verdict));
    }
    if let Some((time, source, ordinal)) = after {
        let [time, source, ordinal] = [time, source, ordinal].map(|value| filter.value(value));
        filter.and_text(&format!(
            "a.\"time\" <= {time} AND (a.\"time\", a.source, a.ordinal) < ({time}, {source}, {ordinal})"
        ));
    }
    filter.take()
}

fn found(row: &Row) -> Result<FoundAlert, Failure> {
    let place: Place = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
    Ok(FoundAlert {
        place,
        id: ids::of(bytes(row, 3)?, place.2 as u64),
        pattern: column(row, 4)?,
        description: text(row, 5)?,
        verdict: small(row, 6)?,
        severity: small(row, 7)?,
        decider: small(row, 8)?,
        priority: small(row, 9)?,
        source: optional_text(row, 10)?,
        destination: optional_text(row, 11)?,
        user: optional_text(row, 12)?,
    })
}
