//! Writing chunks: alerts, decisions, patterns, dead letters and the mark that it is done, in one transaction.

use crate::{ChunkRow, Commit, SourceId, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The hash of a chunk's text, and that of the decisions given to its alerts.
pub type ChunkHashes = ([u8; 32], [u8; 16]);

impl Store {
    /// Writes everything in `commits`, or nothing. Returns once it is durable.
    pub fn commit(&self, source: SourceId, commits: &[Commit], now: i64) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for commit in commits {
            write(&transaction, source.row, commit, now)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The hashes of a chunk that is done: of its text and of the decisions given to its alerts.
    pub fn chunk(&self, source: SourceId, sequence: u64) -> Result<Option<ChunkHashes>, StoreError> {
        let connection = self.reader();
        let mut statement = connection
            .prepare_cached("SELECT hash, decided FROM intake WHERE source = ?1 AND sequence = ?2")?;
        let found = statement
            .query_row((source.row, sequence as i64), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found)
    }
}

fn write(connection: &Connection, source: i64, commit: &Commit, now: i64) -> Result<(), StoreError> {
    let new = match &commit.chunk {
        Some(chunk) => replace_chunk(connection, source, chunk)?,
        None => true,
    };
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO alerts (source, ordinal, time, pattern, decision, severity, priority, src, dst, user)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for alert in commit.alerts.iter() {
        insert.execute((
            source,
            alert.ordinal as i64,
            alert.time,
            alert.pattern,
            alert.decision,
            alert.severity,
            alert.priority,
            alert.source,
            alert.destination,
            alert.user,
        ))?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO decisions
         (id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for decision in &commit.decisions {
        insert.execute((
            decision.id,
            decision.pattern,
            decision.valid_from,
            decision.valid_until,
            decision.volume,
            decision.verdict,
            decision.severity,
            decision.decider,
            decision.confidence,
            &decision.detail,
        ))?;
    }
    let mut upsert = connection.prepare_cached(
        "INSERT INTO patterns (id, key, description, first_seen, last_seen, alerts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen),
             alerts = alerts + excluded.alerts",
    )?;
    for pattern in &commit.patterns {
        let added = if new { pattern.added as i64 } else { 0 };
        upsert.execute((
            pattern.id,
            pattern.key,
            &pattern.description,
            pattern.first_seen,
            pattern.last_seen,
            added,
        ))?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO dead_letters (source, ordinal, line, reason, hint, raw, whole, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (source, ordinal) DO UPDATE SET
             line = excluded.line, reason = excluded.reason, hint = excluded.hint, raw = excluded.raw,
             whole = excluded.whole, state = 0, at = excluded.at
         WHERE raw <> excluded.raw",
    )?;
    for dead in &commit.dead {
        insert.execute((
            source,
            dead.ordinal as i64,
            dead.line as i64,
            &dead.reason,
            &dead.hint,
            &dead.raw,
            dead.whole,
            now,
        ))?;
    }
    Ok(())
}

/// Marks a chunk as done. If another text stood in its place (the file was edited, or has grown), what belonged to
/// that goes. Returns whether the chunk was not known before.
fn replace_chunk(connection: &Connection, source: i64, chunk: &ChunkRow) -> Result<bool, StoreError> {
    let key = (source, chunk.sequence as i64);
    let old = connection
        .prepare_cached(
            "SELECT first_ordinal, records, hash FROM intake WHERE source = ?1 AND sequence = ?2",
        )?
        .query_row(key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, [u8; 32]>(2)?)))
        .optional()?;
    if let Some((first, records, hash)) = old
        && hash != chunk.hash
    {
        for table in ["alerts", "dead_letters"] {
            connection
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3"
                ))?
                .execute((source, first, first + records))?;
        }
        // Cut at other places, later chunks of before may lie where this one is now.
        connection
            .prepare_cached("DELETE FROM intake WHERE source = ?1 AND sequence > ?2 AND first_ordinal < ?3")?
            .execute((source, chunk.sequence as i64, (chunk.first_ordinal + chunk.records) as i64))?;
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO intake
             (source, sequence, first_ordinal, records, judged, set_aside, dead, hash, decided, raw)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            source,
            chunk.sequence as i64,
            chunk.first_ordinal as i64,
            chunk.records as i64,
            chunk.judged as i64,
            chunk.set_aside as i64,
            chunk.dead as i64,
            chunk.hash,
            chunk.decided,
            &chunk.raw,
        ))?;
    Ok(old.is_none())
}

#[cfg(test)]
mod tests {
    use crate::{AlertRow, AlertRows, ChunkRow, Commit, DeadRow, Location, PatternRow, Store};

    fn chunk(sequence: u64, first_ordinal: u64, alerts: u64, hash: u8) -> Commit {
        let mut rows = AlertRows::default();
        for ordinal in first_ordinal..first_ordinal + alerts {
            rows.push(&AlertRow {
                ordinal,
                time: 1000 + ordinal as i64,
                pattern: 1,
                decision: 2,
                severity: 3,
                priority: 40,
                source: Some("192.0.2.1"),
                destination: None,
                user: Some(""),
            });
        }
        Commit {
            chunk: Some(ChunkRow {
                sequence,
                first_ordinal,
                records: alerts + 1,
                judged: alerts,
                set_aside: 0,
                dead: 1,
                hash: [hash; 32],
                decided: [0; 16],
                raw: Vec::new(),
            }),
            alerts: rows,
            patterns: vec![PatternRow {
                id: 1,
                key: [1; 16],
                description: "{}".into(),
                first_seen: 1000,
                last_seen: 2000,
                added: alerts,
            }],
            dead: vec![DeadRow {
                ordinal: first_ordinal + alerts,
                line: 9,
                reason: "broken".to_owned(),
                hint: "mend it".to_owned(),
                raw: "{".to_owned(),
                whole: true,
            }],
            ..Commit::default()
        }
    }

    fn count(store: &Store, sql: &str) -> i64 {
        store.reader().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn writing_a_chunk_twice_changes_nothing() {
        let store = Store::open(&Location::Memory).unwrap();
        let source = store.source(b"head", "f", 0).unwrap();
        for _ in 0..2 {
            store.commit(source, &[chunk(0, 0, 5, 1), chunk(1, 6, 5, 2)], 0).unwrap();
        }
        assert_eq!(count(&store, "SELECT count(*) FROM alerts"), 10);
        assert_eq!(count(&store, "SELECT count(*) FROM dead_letters"), 2);
        assert_eq!(count(&store, "SELECT alerts FROM patterns"), 10);
        assert_eq!(store.chunk(source, 1).unwrap(), Some(([2; 32], [0; 16])));
        assert_eq!(store.chunk(source, 2).unwrap(), None);
    }

    #[test]
    fn another_text_in_a_chunks_place_replaces_what_belonged_to_it() {
        let store = Store::open(&Location::Memory).unwrap();
        let source = store.source(b"head", "f", 0).unwrap();
        store.commit(source, &[chunk(0, 0, 9, 1)], 0).unwrap();
        store.commit(source, &[chunk(0, 0, 4, 7)], 0).unwrap();
        assert_eq!(count(&store, "SELECT count(*) FROM alerts"), 4);
        assert_eq!(count(&store, "SELECT count(*) FROM dead_letters"), 1);
    }

    #[test]
    fn packed_alerts_keep_their_cells() {
        let packed = chunk(0, 0, 2, 1).alerts;
        let cells: Vec<_> = packed.iter().map(|row| (row.source, row.destination, row.user)).collect();
        assert_eq!(cells, [(Some("192.0.2.1"), None, Some("")); 2]);
    }
}
