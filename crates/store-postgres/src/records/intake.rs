//! Chunks of a source's records: alerts, decisions, patterns, dead letters and the mark that they are done, in one transaction.
//!
//! The rules are those of the SQLite store: what stands in the places of a chunk is taken back before the chunk is written, so
//! that whatever is written twice is there once. A source is written by one instance at a time, which its row's lock sees
//! to; patterns are shared, and locked in the order of their numbers.

use super::putting::{put_decisions, put_questions};
use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, outbox};
use crate::failure::Failure;
use crate::found::{column, unsigned};
use crate::text::Text;
use std::collections::{BTreeMap, HashMap};
use watchfire_store::records::{Answer, IntakeRecords};
use watchfire_store::{AlertRows, Arrival, ChunkRow, Commit, DeadRow, PatternRow, SourceId};

impl IntakeRecords for PostgresRecords {
    fn commit(&self, source: SourceId, commits: Vec<Commit>, now: i64) -> Answer<'_, bool> {
        Box::pin(async move {
            self.make_months(commits.iter()).await?;
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = commit(&transaction, source.row(), &commits, now).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn trim(&self, source: SourceId, records: u64) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = trim(&transaction, source.row(), records as i64).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn is_stored<'a>(&'a self, source: SourceId, chunk: &'a ChunkRow) -> Answer<'a, bool> {
        Box::pin(async move {
            let sql = "SELECT 1 FROM intake WHERE source = $1 AND first_ordinal = $2 AND hashes = $3 AND decided = $4";
            let (from, hashes) = (chunk.first_ordinal as i64, packed(&chunk.hashes));
            let found = self.read(sql, &[&source.row(), &from, &hashes, &chunk.decided.as_slice()]).await?;
            Ok(!found.is_empty())
        })
    }

    fn take_in(&self, source: SourceId, arrivals: Vec<Arrival>, now: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            self.make_months(arrivals.iter().flat_map(|arrival| &arrival.commits)).await?;
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = take_in(&transaction, source.row(), &arrivals, now).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

impl PostgresRecords {
    /// Makes the months of these alerts.
    async fn make_months<'c>(
        &self,
        commits: impl Iterator<Item = &'c Commit> + Send,
    ) -> Result<(), watchfire_store::records::RecordError> {
        let times: Vec<i64> =
            commits.flat_map(|commit| commit.alerts.iter().map(|alert| alert.time)).collect();
        self.partitions.make_sure(&self.postgres, times.into_iter()).await.map_err(super::failed)
    }
}

/// Of one source's writers one goes on at a time.
async fn lock(transaction: &Transaction, source: i64) -> Result<(), Failure> {
    transaction.ask("SELECT 1 FROM sources WHERE id = $1 FOR UPDATE", &[&source]).await.map(drop)
}

async fn commit(
    transaction: &Transaction,
    source: i64,
    commits: &[Commit],
    now: i64,
) -> Result<bool, Failure> {
    lock(transaction, source).await?;
    let mut edited = false;
    for commit in commits {
        if let Some(chunk) = commit.chunk.as_ref().filter(|chunk| !chunk.hashes.is_empty()) {
            edited |= replace(transaction, source, chunk).await?;
        }
        put(transaction, source, commit, now).await?;
    }
    Ok(edited)
}

async fn trim(transaction: &Transaction, source: i64, records: i64) -> Result<(), Failure> {
    lock(transaction, source).await?;
    take_back(transaction, source, records, i64::MAX).await?;
    let sql = "DELETE FROM intake WHERE source = $1 AND first_ordinal >= $2";
    transaction.ask(sql, &[&source, &records]).await.map(drop)
}

async fn take_in(
    transaction: &Transaction,
    source: i64,
    arrivals: &[Arrival],
    now: i64,
) -> Result<(), Failure> {
    lock(transaction, source).await?;
    for arrival in arrivals {
        for commit in &arrival.commits {
            if let Some(chunk) = commit.chunk.as_ref().filter(|chunk| !chunk.hashes.is_empty()) {
                enter(transaction, source, chunk).await?;
            }
            put(transaction, source, commit, now).await?;
        }
        let Some(request) = &arrival.request else { continue };
        let sql = "INSERT INTO requests (key, body, source, first_ordinal, records, set_aside, dead, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let [from, records, aside, dead] =
            [request.first_ordinal, request.records, request.set_aside, request.dead]
                .map(|count| count as i64);
        let (key, body) = (request.key.as_slice(), request.body.as_slice());
        transaction.ask(sql, &[&key, &body, &source, &from, &records, &aside, &dead, &now]).await?;
    }
    let deliveries = arrivals.iter().map(|arrival| &arrival.deliveries);
    outbox::put(transaction, deliveries.filter(|deliveries| !deliveries.is_empty()), now).await
}

/// Enters a chunk in the place of what stood there. Says whether that was something else.
async fn replace(transaction: &Transaction, source: i64, chunk: &ChunkRow) -> Result<bool, Failure> {
    let (start, end) = (chunk.first_ordinal, chunk.first_ordinal + chunk.hashes.len() as u64);
    let sql = "SELECT first_ordinal, hashes FROM intake
        WHERE source = $1 AND first_ordinal < $3 AND first_ordinal + records > $2
            AND first_ordinal >= coalesce(
                (SELECT max(first_ordinal) FROM intake WHERE source = $1 AND first_ordinal <= $2), 0)
        ORDER BY first_ordinal";
    let overlapping = transaction.ask(sql, &[&source, &(start as i64), &(end as i64)]).await?;
    let (mut edited, mut covered) = (false, false);
    for row in &overlapping {
        let first = unsigned(row, 0)?;
        let hashes: Vec<u64> =
            column::<&[u8]>(row, 1)?.as_chunks().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
        let last = first + hashes.len() as u64;
        let common = start.max(first)..end.min(last);
        let part = |hashes: &[u64], first: u64| {
            hashes[(common.start - first) as usize..(common.end - first) as usize].to_vec()
        };
        edited |= part(&hashes, first) != part(&chunk.hashes, start);
        covered |= first <= start && last >= end && (first, last) != (start, end);
    }
    take_back(transaction, source, start as i64, end as i64).await?;
    // What was read in larger pieces before stays as it was cut.
    if covered && !edited {
        return Ok(false);
    }
    // What reaches into this chunk from before ends where it begins, and what begins within it goes.
    let sql = "UPDATE intake SET records = $2 - first_ordinal,
            hashes = substring(hashes FROM 1 FOR (8 * ($2 - first_ordinal))::integer)
        WHERE source = $1 AND first_ordinal + records > $2
            AND first_ordinal = (SELECT max(first_ordinal) FROM intake WHERE source = $1 AND first_ordinal < $2)";
    transaction.ask(sql, &[&source, &(start as i64)]).await?;
    let sql = "DELETE FROM intake WHERE source = $1 AND first_ordinal >= $2 AND first_ordinal < $3";
    transaction.ask(sql, &[&source, &(start as i64), &(end as i64)]).await?;
    enter(transaction, source, chunk).await?;
    Ok(edited)
}

/// Enters a chunk where nothing stands in its place.
async fn enter(transaction: &Transaction, source: i64, chunk: &ChunkRow) -> Result<(), Failure> {
    let sql = "INSERT INTO intake (source, first_ordinal, records, hashes, decided, raw)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let (from, records) = (chunk.first_ordinal as i64, chunk.hashes.len() as i64);
    let hashes = packed(&chunk.hashes);
    transaction
        .ask(sql, &[&source, &from, &records, &hashes, &chunk.decided.as_slice(), &chunk.raw])
        .await
        .map(drop)
}

fn packed(hashes: &[u64]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect()
}

/// Takes back what a source said in these places.
async fn take_back(transaction: &Transaction, source: i64, from: i64, to: i64) -> Result<(), Failure> {
    let lock = "SELECT id FROM patterns WHERE id IN
            (SELECT pattern FROM alerts WHERE source = $1 AND ordinal >= $2 AND ordinal < $3)
        ORDER BY id FOR UPDATE";
    let locked = transaction.ask(lock, &[&source, &from, &to]).await?;
    let patterns: Vec<i64> = locked.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
    let sql = "WITH gone AS (DELETE FROM alerts WHERE source = $1 AND ordinal >= $2 AND ordinal < $3 RETURNING pattern),
            counts AS (SELECT pattern, count(*) AS alerts FROM gone GROUP BY pattern)
        UPDATE patterns p SET alerts = p.alerts - c.alerts FROM counts c WHERE p.id = c.pattern";
    transaction.ask(sql, &[&source, &from, &to]).await?;
    let sql = "DELETE FROM patterns WHERE alerts <= 0 AND id = ANY ($1)";
    transaction.ask(sql, &[&patterns]).await?;
    let sql = "DELETE FROM dead_letters WHERE source = $1 AND ordinal >= $2 AND ordinal < $3";
    transaction.ask(sql, &[&source, &from, &to]).await.map(drop)
}

/// Writes what came of a chunk.
async fn put(transaction: &Transaction, source: i64, commit: &Commit, now: i64) -> Result<(), Failure> {
    put_patterns(transaction, &commit.patterns, &commit.alerts).await?;
    put_alerts(transaction, source, &commit.alerts).await?;
    put_decisions(transaction, &commit.decisions).await?;
    put_questions(transaction, &commit.questions).await?;
    put_dead(transaction, source, &commit.dead, now).await
}

async fn put_alerts(transaction: &Transaction, source: i64, alerts: &AlertRows) -> Result<(), Failure> {
    if alerts.is_empty() {
        return Ok(());
    }
    let sorted: BTreeMap<i64, _> = alerts.iter().map(|alert| (alert.ordinal as i64, alert)).collect();
    let ordinals: Vec<i64> = sorted.keys().copied().collect();
    // Without a chunk, nothing was taken back before.
    let sql = "DELETE FROM alerts WHERE source = $1 AND ordinal = ANY ($2)";
    transaction.ask(sql, &[&source, &ordinals]).await?;
    let times: Vec<i64> = sorted.values().map(|alert| alert.time).collect();
    let patterns: Vec<i64> = sorted.values().map(|alert| alert.pattern).collect();
    let decisions: Vec<i64> = sorted.values().map(|alert| alert.decision).collect();
    let severities: Vec<i16> = sorted.values().map(|alert| alert.severity.into()).collect();
    let priorities: Vec<i16> = sorted.values().map(|alert| alert.priority.into()).collect();
    let sources: Vec<Option<Text<'_>>> = sorted.values().map(|alert| alert.source.map(Text)).collect();
    let destinations: Vec<Option<Text<'_>>> =
        sorted.values().map(|alert| alert.destination.map(Text)).collect();
    let users: Vec<Option<Text<'_>>> = sorted.values().map(|alert| alert.user.map(Text)).collect();
    let sql = "INSERT INTO alerts (source, ordinal, \"time\", pattern, decision, severity, priority, src, dst, \"user\")
        SELECT $1::bigint, u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
            $7::smallint[], $8::text[], $9::text[], $10::text[]) u";
    transaction
        .ask(
            sql,
            &[
                &source,
                &ordinals,
                &times,
                &patterns,
                &decisions,
                &severities,
                &priorities,
                &sources,
                &destinations,
                &users,
            ],
        )
        .await
        .map(drop)
}

/// Adds to patterns, in the order of their numbers.
async fn put_patterns(
    transaction: &Transaction,
    patterns: &[PatternRow],
    alerts: &AlertRows,
) -> Result<(), Failure> {
    let sorted: BTreeMap<i64, &PatternRow> = patterns.iter().map(|row| (row.id, row)).collect();
    if sorted.is_empty() {
        return Ok(());
    }
    let mut added: HashMap<i64, i64> = HashMap::new();
    for alert in alerts.iter() {
        *added.entry(alert.pattern).or_default() += 1;
    }
    let ids: Vec<i64> = sorted.keys().copied().collect();
    let keys: Vec<&[u8]> = sorted.values().map(|row| row.key.as_slice()).collect();
    let descriptions: Vec<Text<'_>> = sorted.values().map(|row| Text(&row.description)).collect();
    let first: Vec<i64> = sorted.values().map(|row| row.first_seen).collect();
    let last: Vec<i64> = sorted.values().map(|row| row.last_seen).collect();
    let counts: Vec<i64> = ids.iter().map(|id| added.get(id).copied().unwrap_or(0)).collect();
    let priorities: Vec<i16> = sorted.values().map(|row| row.priority.into()).collect();
    let decisions: Vec<i64> = sorted.values().map(|row| row.decision).collect();
    let sql = "INSERT INTO patterns AS p (id, key, description, first_seen, last_seen, alerts, priority, decision)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::smallint[], $8::bigint[])
        ON CONFLICT (id) DO UPDATE SET
            first_seen = least(p.first_seen, excluded.first_seen),
            last_seen = greatest(p.last_seen, excluded.last_seen),
            alerts = p.alerts + excluded.alerts,
            decision = CASE WHEN excluded.priority >= p.priority OR p.decision = 0 THEN excluded.decision ELSE p.decision END,
            priority = greatest(p.priority, excluded.priority)";
    transaction
        .ask(sql, &[&ids, &keys, &descriptions, &first, &last, &counts, &priorities, &decisions])
        .await
        .map(drop)
}

async fn put_dead(transaction: &Transaction, source: i64, dead: &[DeadRow], now: i64) -> Result<(), Failure> {
    let sorted: BTreeMap<i64, &DeadRow> = dead.iter().map(|row| (row.ordinal as i64, row)).collect();
    if sorted.is_empty() {
        return Ok(());
    }
    let ordinals: Vec<i64> = sorted.keys().copied().collect();
    let lines: Vec<i64> = sorted.values().map(|row| row.line as i64).collect();
    let reasons: Vec<Text<'_>> = sorted.values().map(|row| Text(&row.reason)).collect();
    let hints: Vec<Text<'_>> = sorted.values().map(|row| Text(&row.hint)).collect();
    let raw: Vec<Text<'_>> = sorted.values().map(|row| Text(&row.raw)).collect();
    let whole: Vec<i16> = sorted.values().map(|row| row.whole.into()).collect();
    let sql = "INSERT INTO dead_letters AS d (source, ordinal, line, reason, hint, raw, whole, at)
        SELECT $1::bigint, u.*, $8::bigint FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
            $7::smallint[]) u
        ON CONFLICT (source, ordinal) DO UPDATE SET line = excluded.line, reason = excluded.reason,
            hint = excluded.hint, raw = excluded.raw, whole = excluded.whole, state = 0, at = excluded.at
        WHERE d.raw <> excluded.raw";
    transaction.ask(sql, &[&source, &ordinals, &lines, &reasons, &hints, &raw, &whole, &now]).await.map(drop)
}
