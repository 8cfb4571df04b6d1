//! What a service needs of the store beyond a run over files: indexes to look alerts up by, a place for what comes in over
//! the network, and requests that are known again.
//!
//! A run over a file never looks an alert up, and five indexes would halve its speed. So they are made when a service first
//! opens the store, and kept from then on.

use crate::commit::append;
use crate::{Commit, Deliveries, SourceId, Store, StoreError, outbox};
use rusqlite::{OptionalExtension, TransactionBehavior};

/// What a source of the network begins with, so that no file is taken for it.
pub const HEAD: &[u8] = b"\0watchfire api\0";

const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS alerts_by_time ON alerts (time);
    CREATE INDEX IF NOT EXISTS alerts_by_pattern ON alerts (pattern, time);
    CREATE INDEX IF NOT EXISTS alerts_by_src ON alerts (src, time) WHERE src IS NOT NULL;
    CREATE INDEX IF NOT EXISTS alerts_by_dst ON alerts (dst, time) WHERE dst IS NOT NULL;
    CREATE INDEX IF NOT EXISTS alerts_by_user ON alerts (user, time) WHERE user IS NOT NULL;
    CREATE INDEX IF NOT EXISTS patterns_by_time ON patterns (last_seen DESC, id);
    CREATE INDEX IF NOT EXISTS patterns_by_alerts ON patterns (alerts DESC, last_seen DESC, id);
    CREATE INDEX IF NOT EXISTS dead_letters_by_state ON dead_letters (state, id);
";

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// A hash of who sent it and of the key that they gave it.
    pub key: [u8; 32],
    /// A hash of what it said.
    pub body: [u8; 32],
    /// Where its records begin in their source.
    pub first_ordinal: u64,
    /// How many records there were.
    pub records: u64,
    /// How many of them were set aside.
    pub set_aside: u64,
    /// How many could not be read.
    pub dead: u64,
}

/// What one request brought.
#[derive(Debug, Default)]
pub struct Arrival {
    /// Its records.
    pub commits: Vec<Commit>,
    /// By what it is known again, if it is.
    pub request: Option<RequestRow>,
    /// What is to be delivered of it.
    pub deliveries: Deliveries,
}

impl Store {
    /// Makes the indexes that a service looks alerts up by. Takes about a second per million alerts, once.
    pub fn index(&self) -> Result<(), StoreError> {
        Ok(self.writer().execute_batch(INDEXES)?)
    }

    /// The source that everything over the network comes from, and the place of its next record.
    pub fn network_source(&self, name: &str, now: i64) -> Result<(SourceId, u64), StoreError> {
        let source = self.source(HEAD, name, now)?;
        let connection = self.reader();
        let next: i64 = connection.query_row(
            "SELECT coalesce(max(first_ordinal + records), 0) FROM intake
             WHERE source = ?1 AND first_ordinal >= (SELECT max(first_ordinal) FROM intake WHERE source = ?1)",
            [source.row],
            |row| row.get(0),
        )?;
        Ok((source, next as u64))
    }

    /// Writes what requests brought, each wholly, in one transaction. Returns once it is durable. Their records are new:
    /// nothing stands in their places.
    pub fn take_in(&self, source: SourceId, arrivals: &[Arrival], now: i64) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for arrival in arrivals {
            for commit in &arrival.commits {
                append(&transaction, source.row, commit, now)?;
            }
            if let Some(request) = &arrival.request {
                transaction
                    .prepare_cached(
                        "INSERT INTO requests (key, body, source, first_ordinal, records, set_aside, dead, at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    )?
                    .execute((
                        request.key,
                        request.body,
                        source.row,
                        request.first_ordinal as i64,
                        request.records as i64,
                        request.set_aside as i64,
                        request.dead as i64,
                        now,
                    ))?;
            }
        }
        let deliveries = arrivals.iter().map(|arrival| &arrival.deliveries);
        outbox::put(&transaction, deliveries.filter(|deliveries| !deliveries.is_empty()), now)?;
        transaction.commit()?;
        Ok(())
    }

    /// The request with this key, if it was answered.
    pub fn request(&self, key: &[u8; 32]) -> Result<Option<RequestRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT key, body, first_ordinal, records, set_aside, dead FROM requests WHERE key = ?1",
        )?;
        let found = statement.query_row([key], |row| {
            Ok(RequestRow {
                key: row.get(0)?,
                body: row.get(1)?,
                first_ordinal: row.get::<_, i64>(2)? as u64,
                records: row.get::<_, i64>(3)? as u64,
                set_aside: row.get::<_, i64>(4)? as u64,
                dead: row.get::<_, i64>(5)? as u64,
            })
        });
        Ok(found.optional()?)
    }

    /// The places of the alerts among these records of a source, in order.
    pub fn ordinals(&self, source: SourceId, first: u64, records: u64) -> Result<Vec<u64>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT ordinal FROM alerts WHERE source = ?1 AND ordinal >= ?2 AND ordinal < ?3 ORDER BY ordinal",
        )?;
        let rows = statement.query_map((source.row, first as i64, (first + records) as i64), |row| {
            Ok(row.get::<_, i64>(0)? as u64)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets requests that were answered before this moment, at most 10,000 of them; says how many.
    pub fn forget_requests(&self, before: i64) -> Result<u64, StoreError> {
        let connection = self.writer();
        let gone = connection.execute(
            "DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE at < ?1 ORDER BY at LIMIT 10000)",
            [before],
        )?;
        Ok(gone as u64)
    }

    /// How large the store's file is, in bytes.
    pub fn size(&self) -> Result<u64, StoreError> {
        let connection = self.reader();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok((pages * page) as u64)
    }
}
