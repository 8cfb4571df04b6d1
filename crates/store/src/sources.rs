//! Sources: what was read, recognised again by how it begins.
//!
//! A file is the same file after it was copied, renamed, compressed or has grown, so neither its path nor its size nor
//! its age tell what it is. Its first 64 KiB do. Whether what comes after is what was read before, the hash of each
//! chunk tells.

use crate::{Store, StoreError};
use rusqlite::OptionalExtension;
use std::fmt;

/// How much of a source tells what it is.
const HEAD_BYTES: usize = 64 << 10;

/// A source in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceId {
    /// Its number in this store.
    pub(crate) row: i64,
    tag: [u8; 5],
    first_seen: i64,
}

impl SourceId {
    /// When it was first read, in milliseconds since 1970: the time of alerts that have none, the same in every run.
    pub fn first_seen(self) -> i64 {
        self.first_seen
    }

    /// The id of one of its alerts, the same in every store: ten hexadecimal digits, a dash, and the record's place.
    pub fn alert_id(self, ordinal: u64) -> String {
        format!("{self}-{ordinal}")
    }
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
    /// `head` is what there is of its beginning; only the first 64 KiB count.
    pub fn source(&self, head: &[u8], name: &str, now: i64) -> Result<SourceId, StoreError> {
        let head = &head[..head.len().min(HEAD_BYTES)];
        let connection = self.writer();
        let mut lengths =
            connection.prepare_cached("SELECT DISTINCT head_len FROM sources WHERE head_len <= ?1")?;
        let mut known: Vec<usize> = lengths
            .query_map([head.len() as i64], |row| row.get::<_, i64>(0).map(|len| len as usize))?
            .collect::<Result<_, _>>()?;
        known.sort_unstable_by(|a, b| b.cmp(a));
        let mut by_hash =
            connection.prepare_cached("SELECT id, first_seen FROM sources WHERE head_hash = ?1 AND head_len = ?2")?;
        for len in known {
            let hash = blake3::hash(&head[..len]);
            let found = by_hash
                .query_row((hash.as_bytes(), len as i64), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((row, first_seen)) = found {
                return Ok(SourceId { row, tag: tag(&hash), first_seen });
            }
        }
        let hash = blake3::hash(head);
        connection
            .prepare_cached(
                "INSERT INTO sources (head_len, head_hash, name, first_seen) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((head.len() as i64, hash.as_bytes(), name, now))?;
        Ok(SourceId { row: connection.last_insert_rowid(), tag: tag(&hash), first_seen: now })
    }
}

fn tag(hash: &blake3::Hash) -> [u8; 5] {
    let bytes = hash.as_bytes();
    [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]]
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
        assert_eq!((again, again.first_seen()), (first, 0));
        assert_ne!(store.source(b"other", "a.json", 2).unwrap(), first);
        assert_eq!(parse_alert_id(&first.alert_id(7)).map(|(_, ordinal)| ordinal), Some(7));
    }

    #[test]
    fn what_is_not_an_alert_id_is_none() {
        for id in ["", "7", "abc-1", "zzzzzzzzzz-1", "0123456789-", "0123456789-x", "01234ü678-1"] {
            assert!(parse_alert_id(id).is_none(), "{id}");
        }
    }
}
