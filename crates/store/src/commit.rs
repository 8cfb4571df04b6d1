//! Writing chunks: alerts, decisions, patterns, dead letters and the mark that they are done, in one transaction.
//!
//! A record is known by its source, its place there and its text. Reading a source again finds its records where they
//! were, however the reading was cut into chunks. Where a record has another text than before, the source was edited:
//! what it says now replaces what it said, and what it said beyond its new end goes ([`Store::trim`]). Where it merely
//! ends sooner, nothing is taken back, since that may be a copy that was cut off.

use crate::decisions::put_decision;
use crate::{AlertRows, ChunkRow, Commit, SourceId, Store, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::HashMap;

impl Store {
    /// Writes everything in `commits`, or nothing. Returns once it is durable: whether a record had another text than
    /// before.
    pub fn commit(&self, source: SourceId, commits: &[Commit], now: i64) -> Result<bool, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut edited = false;
        for commit in commits {
            edited |= write(&transaction, source.row, commit, now)?;
        }
        transaction.commit()?;
        Ok(edited)
    }

    /// Takes back what a source said beyond its end, now that it was edited and has so many records.
    pub fn trim(&self, source: SourceId, records: u64) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        take_back(&transaction, source.row, records, u64::MAX >> 1)?;
        transaction.execute(
            "DELETE FROM intake WHERE source = ?1 AND first_ordinal >= ?2",
            (source.row, records as i64),
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Whether these records stand in the store, in these places, with these decisions, so that there is nothing to
    /// write.
    pub fn is_stored(&self, source: SourceId, chunk: &ChunkRow) -> Result<bool, StoreError> {
        let connection = self.reader();
        let stretches = stretches(&connection, source.row, chunk)?;
        Ok(stretches.iter().any(|stretch| {
            stretch.first == chunk.first_ordinal
                && stretch.hashes == chunk.hashes
                && stretch.decided == chunk.decided
        }))
    }
}

/// A stretch of records in the store.
struct Stretch {
    first: u64,
    hashes: Vec<u64>,
    decided: [u8; 16],
}

impl Stretch {
    fn end(&self) -> u64 {
        self.first + self.hashes.len() as u64
    }
}

/// The stretches that overlap with a chunk, in order.
fn stretches(connection: &Connection, source: i64, chunk: &ChunkRow) -> Result<Vec<Stretch>, StoreError> {
    let end = chunk.first_ordinal + chunk.hashes.len() as u64;
    let mut statement = connection.prepare_cached(
        "SELECT first_ordinal, hashes, decided FROM intake
         WHERE source = ?1 AND first_ordinal < ?3 AND first_ordinal + records > ?2
             AND first_ordinal >= coalesce(
                 (SELECT max(first_ordinal) FROM intake WHERE source = ?1 AND first_ordinal <= ?2), 0)
         ORDER BY first_ordinal",
    )?;
    let rows = statement.query_map((source, chunk.first_ordinal as i64, end as i64), |row| {
        let bytes: Vec<u8> = row.get(1)?;
        let hashes = bytes.as_chunks().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
        Ok(Stretch { first: row.get::<_, i64>(0)? as u64, hashes, decided: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn write(connection: &Connection, source: i64, commit: &Commit, now: i64) -> Result<bool, StoreError> {
    let edited = match &commit.chunk {
        Some(chunk) => take_in(connection, source, chunk)?,
        None => false,
    };
    put(connection, source, commit, now)?;
    Ok(edited)
}

/// Writes records in whose places nothing stands.
pub(crate) fn append(
    connection: &Connection,
    source: i64,
    commit: &Commit,
    now: i64,
) -> Result<(), StoreError> {
    if let Some(chunk) = commit.chunk.as_ref().filter(|chunk| !chunk.hashes.is_empty()) {
        enter(connection, source, chunk)?;
    }
    put(connection, source, commit, now)
}

/// Writes what came of a chunk.
fn put(connection: &Connection, source: i64, commit: &Commit, now: i64) -> Result<(), StoreError> {
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
    for decision in &commit.decisions {
        put_decision(connection, decision)?;
    }
    crate::questions::put_questions(connection, &commit.questions)?;
    let added = added(&commit.alerts);
    let mut upsert = connection.prepare_cached(
        "INSERT INTO patterns (id, key, description, first_seen, last_seen, alerts, priority, decision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen),
             alerts = alerts + excluded.alerts,
             decision = iif(excluded.priority >= priority OR decision = 0, excluded.decision, decision),
             priority = max(priority, excluded.priority)",
    )?;
    for pattern in &commit.patterns {
        upsert.execute((
            pattern.id,
            pattern.key,
            &*pattern.description,
            pattern.first_seen,
            pattern.last_seen,
            added.get(&pattern.id).copied().unwrap_or(0),
            pattern.priority,
            pattern.decision,
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

/// How many alerts each pattern gains.
fn added(alerts: &AlertRows) -> HashMap<i64, i64> {
    let mut added = HashMap::new();
    for alert in alerts.iter() {
        *added.entry(alert.pattern).or_default() += 1;
    }
    added
}

/// Enters a chunk into the intake, and takes back what stood in its place. Says whether that was something else.
fn take_in(connection: &Connection, source: i64, chunk: &ChunkRow) -> Result<bool, StoreError> {
    if chunk.hashes.is_empty() {
        return Ok(false);
    }
    let (start, end) = (chunk.first_ordinal, chunk.hashes.len() as u64 + chunk.first_ordinal);
    let stretches = stretches(connection, source, chunk)?;
    let edited = stretches.iter().any(|stretch| {
        let common = start.max(stretch.first)..end.min(stretch.end());
        let stored =
            &stretch.hashes[(common.start - stretch.first) as usize..(common.end - stretch.first) as usize];
        stored != &chunk.hashes[(common.start - start) as usize..(common.end - start) as usize]
    });
    take_back(connection, source, start, end)?;

    // What was read in larger pieces before stays as it was cut.
    let covered = stretches.iter().find(|stretch| stretch.first <= start && stretch.end() >= end);
    if covered.is_some_and(|stretch| !edited && (stretch.first, stretch.end()) != (start, end)) {
        return Ok(false);
    }
    // What reaches into this chunk from before ends where it begins, and what begins within it goes. If that reached
    // beyond its end, the chunks to come do not find their records and write them again.
    connection
        .prepare_cached(
            "UPDATE intake SET records = ?2 - first_ordinal, hashes = substr(hashes, 1, 8 * (?2 - first_ordinal))
             WHERE source = ?1 AND first_ordinal + records > ?2
                 AND first_ordinal = (SELECT max(first_ordinal) FROM intake WHERE source = ?1 AND first_ordinal < ?2)",
        )?
        .execute((source, start as i64))?;
    connection
        .prepare_cached(
            "DELETE FROM intake WHERE source = ?1 AND first_ordinal >= ?2 AND first_ordinal < ?3",
        )?
        .execute((source, start as i64, end as i64))?;
    enter(connection, source, chunk)?;
    Ok(edited)
}

/// Enters a chunk into the intake, where nothing stands in its place.
fn enter(connection: &Connection, source: i64, chunk: &ChunkRow) -> Result<(), StoreError> {
    let hashes: Vec<u8> = chunk.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    connection
        .prepare_cached(
            "INSERT INTO intake (source, first_ordinal, records, hashes, decided, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            source,
            chunk.first_ordinal as i64,
            chunk.hashes.len() as i64,
            hashes,
            chunk.decided,
            &chunk.raw,
        ))?;
    Ok(())
}

/// Takes back what a source said in these places.
fn take_back(connection: &Connection, source: i64, from: u64, to: u64) -> Result<(), StoreError> {
    let key = (source, from as i64, to as i64);
    connection
        .prepare_cached(
            "UPDATE patterns SET alerts = patterns.alerts - gone.count
             FROM (SELECT pattern, count(*) AS count FROM alerts
                   WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3 GROUP BY pattern) AS gone
             WHERE patterns.id = gone.pattern",
        )?
        .execute(key)?;
    connection
        .prepare_cached(
            "DELETE FROM patterns WHERE alerts <= 0 AND id IN
                 (SELECT pattern FROM alerts WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3)",
        )?
        .execute(key)?;
    connection
        .prepare_cached("DELETE FROM alerts WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3")?
        .execute(key)?;
    connection
        .prepare_cached("DELETE FROM dead_letters WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3")?
        .execute(key)?;
    Ok(())
}

#[cfg(test)]
mod tests;
