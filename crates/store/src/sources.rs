//! Sources: what was read, recognised again by how it begins.
//!
//! A file is the same file after it was copied, renamed, compressed or has grown, so neither its path nor its size nor
//! its age tell what it is. Its first 64 KiB do. Whether what comes after is what was read before, the hash of each
//! chunk tells.

use crate::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::fmt;
use twox_hash::XxHash3_64;

/// How much of a source tells what it is.
pub const HEAD_BYTES: usize = 64 << 10;

/// A source in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceId {
    /// Its number in this store.
    pub(crate) row: i64,
    tag: [u8; 5],
    first_seen: i64,
    /// Seed of its records' hashes: who writes records does not know which two would have the same.
    seed: u64,
}

impl SourceId {
    /// A source as a store has it: its number there, its tag, when it was first read, and the seed of its records' hashes.
    pub fn of(row: i64, tag: [u8; 5], first_seen: i64, seed: u64) -> Self {
        Self { row, tag, first_seen, seed }
    }

    /// Its number in this store.
    pub fn row(self) -> i64 {
        self.row
    }

    /// What a record is recognised by when its source is read again: a hash of its text and of its place in it, where a
    /// text holds several.
    pub fn record_hash(self, text: &str, index: u64) -> u64 {
        XxHash3_64::oneshot_with_seed(self.seed, text.as_bytes()).wrapping_add(index)
    }

    /// When it was first read, in milliseconds since 1970: the time of alerts that have none, the same in every run.
    pub fn first_seen(self) -> i64 {
        self.first_seen
    }

    /// The id of one of its alerts, the same in every store: ten hexadecimal digits, a dash, and the record's place.
    pub fn alert_id(self, ordinal: u64) -> String {
        format!("{self}-{ordinal}")
    }
}

/// The id of the alert in this place of the source with this tag.
pub(crate) fn alert_id(tag: [u8; 5], ordinal: u64) -> String {
    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{tag}-{ordinal}")
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Splits an alert id into its source's tag and the record's place.
pub(crate) fn parse_alert_id(id: &str) -> Option<([u8; 5], u64)> {
    let (tag, ordinal) = id.trim().split_once('-')?;
    if tag.len() != 10 || !tag.is_ascii() {
        return None;
    }
    let mut bytes = [0; 5];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(tag.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some((bytes, ordinal.parse().ok()?))
}

impl Store {
    /// The source that begins with `head`, entered under `name` if it was never seen.
    ///
    /// `head` is what there is of its beginning; only the first 64 KiB count. A source of which there was less before is
    /// recognised by what there was, and from then on by what there is now: an empty export must not pass for the
    /// beginning of every later one.
    pub fn source(&self, head: &[u8], name: &str, now: i64) -> Result<SourceId, StoreError> {
        let head = &head[..head.len().min(HEAD_BYTES)];
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hash = blake3::hash(head);
        let found = known(&transaction, head)?;
        let source = match found {
            Some((source, len)) => {
                if len < head.len() {
                    transaction.execute(
                        "UPDATE sources SET head_len = ?2, head_hash = ?3 WHERE id = ?1",
                        (source.row, head.len() as i64, hash.as_bytes()),
                    )?;
                }
                source
            }
            None => {
                let tag = free_tag(&transaction, &hash)?;
                let seed: i64 = transaction.query_row(
                    "INSERT INTO sources (tag, head_len, head_hash, name, first_seen, seed)
                     VALUES (?1, ?2, ?3, ?4, ?5, random()) RETURNING seed",
                    (tag, head.len() as i64, hash.as_bytes(), name, now),
                    |row| row.get(0),
                )?;
                let row = transaction.last_insert_rowid();
                SourceId { row, tag, first_seen: now, seed: seed as u64 }
            }
        };
        transaction.commit()?;
        Ok(source)
    }
}

/// The known source with the longest head that `head` begins with, and how long that is.
fn known(connection: &Connection, head: &[u8]) -> Result<Option<(SourceId, usize)>, StoreError> {
    let mut lengths = connection.prepare_cached(
        "SELECT DISTINCT head_len FROM sources WHERE head_len <= ?1 ORDER BY head_len DESC",
    )?;
    let lengths: Vec<i64> =
        lengths.query_map([head.len() as i64], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut by_hash = connection.prepare_cached(
        "SELECT id, tag, first_seen, seed FROM sources WHERE head_hash = ?1 AND head_len = ?2",
    )?;
    for len in lengths {
        let prefix = blake3::hash(&head[..len as usize]);
        let found = by_hash
            .query_row((prefix.as_bytes(), len), |row| {
                Ok(SourceId {
                    row: row.get(0)?,
                    tag: row.get(1)?,
                    first_seen: row.get(2)?,
                    seed: row.get::<_, i64>(3)? as u64,
                })
            })
            .optional()?;
        if let Some(source) = found {
            return Ok(Some((source, len as usize)));
        }
    }
    Ok(None)
}

/// A tag that no other source has: of the head's hash, or of that hash's hash, and so on.
fn free_tag(connection: &Connection, hash: &blake3::Hash) -> Result<[u8; 5], StoreError> {
    let mut taken = connection.prepare_cached("SELECT 1 FROM sources WHERE tag = ?1")?;
    let mut hash = *hash;
    loop {
        let bytes = hash.as_bytes();
        let tag = [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]];
        if !taken.exists([tag])? {
            return Ok(tag);
        }
        hash = blake3::hash(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::parse_alert_id;
    use crate::{Location, Store};

    #[test]
    fn a_file_that_has_grown_is_the_same_source() {
        let store = Store::open(&Location::Memory).unwrap();
        let short = vec![b'x'; 1000];
        let long = vec![b'x'; 100_000];
        let first = store.source(&short, "a.json", 0).unwrap();
        let again = store.source(&long, "b.json", 1).unwrap();
        assert_eq!((again.to_string(), again.first_seen()), (first.to_string(), 0));
        assert_eq!(again, first);
        assert_ne!(store.source(b"other", "a.json", 2).unwrap(), first);
        assert_eq!(parse_alert_id(&first.alert_id(7)).map(|(_, ordinal)| ordinal), Some(7));
    }

    #[test]
    fn an_empty_source_is_not_the_beginning_of_all_others() {
        let store = Store::open(&Location::Memory).unwrap();
        let monday = store.source(b"time,rule\n", "monday.csv", 0).unwrap();
        let tuesday = store.source(b"time,rule\n1,a\n", "tuesday.csv", 1).unwrap();
        assert_eq!(tuesday, monday, "it has grown");
        let wednesday = store.source(b"time,rule\n2,b\n3,c\n", "wednesday.csv", 2).unwrap();
        assert_ne!(wednesday, tuesday);
        let empty = store.source(b"time,rule\n", "thursday.csv", 3).unwrap();
        assert_ne!(empty.to_string(), monday.to_string(), "tags are never given twice");
    }

    #[test]
    fn what_is_not_an_alert_id_is_none() {
        for id in ["", "7", "abc-1", "zzzzzzzzzz-1", "0123456789-", "0123456789-x", "01234ü678-1"] {
            assert!(parse_alert_id(id).is_none(), "{id}");
        }
    }
}
