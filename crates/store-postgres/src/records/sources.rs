//! Sources: recognised again by how they begin. One is entered at a time, so that two instances make one of the same file.

use super::PostgresRecords;
use super::transaction::{Transaction, Tries};
use crate::failure::Failure;
use crate::found::{bytes, column, unsigned};
use crate::text::Text;
use tokio_postgres::Row;
use watchfire_store::SourceId;
use watchfire_store::records::{Answer, NETWORK_HEAD, SourceRecords, heads};

/// The lock of whoever enters a source.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('watchfire sources of ' || current_schema(), 0))";

impl SourceRecords for PostgresRecords {
    fn source<'a>(&'a self, head: &'a [u8], name: &'a str, now: i64) -> Answer<'a, SourceId> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let entered = enter(&transaction, heads::of(head), name, now).await;
                if let Some(ended) = Self::ended(transaction, entered, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn network_source<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, (SourceId, u64)> {
        Box::pin(async move {
            let source = self.source(NETWORK_HEAD, name, now).await?;
            let sql = "SELECT first_ordinal + records FROM intake WHERE source = $1
                ORDER BY first_ordinal DESC LIMIT 1";
            let rows = self.read(sql, &[&source.row()]).await?;
            let next = super::first(&rows, |row| column::<i64>(row, 0))?;
            Ok((source, next.unwrap_or(0) as u64))
        })
    }
}

async fn enter(transaction: &Transaction, head: &[u8], name: &str, now: i64) -> Result<SourceId, Failure> {
    transaction.ask(LOCK, &[]).await?;
    let hash = heads::hash(head);
    if let Some((source, length)) = known(transaction, head).await? {
        if length < head.len() {
            let sql = "UPDATE sources SET head_len = $2, head_hash = $3 WHERE id = $1";
            transaction.ask(sql, &[&source.row(), &(head.len() as i64), &hash.as_slice()]).await?;
        }
        return Ok(source);
    }
    let mut tags = heads::tags(hash);
    let tag = loop {
        let Some(tag) = tags.next() else {
            return Err(Failure::Failed("there is no tag left".to_owned()));
        };
        let taken = transaction.ask("SELECT 1 FROM sources WHERE tag = $1", &[&tag.as_slice()]).await?;
        if taken.is_empty() {
            break tag;
        }
    };
    // The seed is the server's chance: who writes records does not know which two would have the same hash.
    let sql = "INSERT INTO sources (tag, head_len, head_hash, name, first_seen, seed)
        VALUES ($1, $2, $3, $4, $5, ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint)
        RETURNING id, tag, first_seen, seed";
    let (length, name) = (head.len() as i64, Text(name));
    let rows = transaction.ask(sql, &[&tag.as_slice(), &length, &hash.as_slice(), &name, &now]).await?;
    let missing = || Failure::Failed("a source that was entered is not answered".to_owned());
    source(rows.first().ok_or_else(missing)?)
}

/// The known source with the longest head that `head` begins with, and how long that is.
async fn known(transaction: &Transaction, head: &[u8]) -> Result<Option<(SourceId, usize)>, Failure> {
    let sql = "SELECT DISTINCT head_len FROM sources WHERE head_len <= $1";
    let lengths = transaction.ask(sql, &[&(head.len() as i64)]).await?;
    let (mut hashes, mut of) = (Vec::new(), Vec::new());
    for row in &lengths {
        let length: i64 = column(row, 0)?;
        let Some(beginning) = usize::try_from(length).ok().and_then(|length| head.get(..length)) else {
            continue;
        };
        hashes.push(heads::hash(beginning).to_vec());
        of.push(length);
    }
    let sql = "SELECT s.id, s.tag, s.first_seen, s.seed, s.head_len
        FROM unnest($1::bytea[], $2::bigint[]) AS u (hash, length)
        JOIN sources s ON s.head_hash = u.hash AND s.head_len = u.length
        ORDER BY s.head_len DESC LIMIT 1";
    let found = transaction.ask(sql, &[&hashes, &of]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    Ok(Some((source(row)?, column::<i64>(row, 4)? as usize)))
}

fn source(row: &Row) -> Result<SourceId, Failure> {
    Ok(SourceId::of(column(row, 0)?, bytes(row, 1)?, column(row, 2)?, unsigned(row, 3)?))
}
