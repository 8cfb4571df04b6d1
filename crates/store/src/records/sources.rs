//! Sources and their records: what was read, and what came of it, stretch by stretch.

use super::Answer;
use crate::{Arrival, ChunkRow, Commit, SourceId};

/// What a source of the network begins with, so that no file is taken for it.
pub use crate::service::HEAD as NETWORK_HEAD;
/// How much of a source tells what it is.
pub use crate::sources::HEAD_BYTES;

/// Sources: what was read, recognised again by how it begins.
pub trait SourceRecords: Send + Sync {
    /// The source that begins with `head`, entered under `name` if it was never seen. Only the first 64 KiB of `head` count. A
    /// source of which there was less before is recognised by what there was, and from then on by what there is now.
    fn source<'a>(&'a self, head: &'a [u8], name: &'a str, now: i64) -> Answer<'a, SourceId>;

    /// The source that everything over the network comes from, and the place of its next record.
    fn network_source<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, (SourceId, u64)>;
}

/// What came of stretches of records: alerts, decisions, patterns, dead letters and questions, and the mark that they are done.
pub trait IntakeRecords: Send + Sync {
    /// Writes everything in `commits`, or nothing. Answers once it is durable: whether a record had another text than before.
    fn commit(&self, source: SourceId, commits: Vec<Commit>, now: i64) -> Answer<'_, bool>;

    /// Takes back what a source said beyond its end, now that it was edited and has so many records.
    fn trim(&self, source: SourceId, records: u64) -> Answer<'_, ()>;

    /// Whether these records stand in the store, in these places, with these decisions.
    fn is_stored<'a>(&'a self, source: SourceId, chunk: &'a ChunkRow) -> Answer<'a, bool>;

    /// Writes what requests brought, each wholly, in one transaction. Their records are new: nothing stands in their places.
    /// Refused where one of the requests was answered before.
    fn take_in(&self, source: SourceId, arrivals: Vec<Arrival>, now: i64) -> Answer<'_, ()>;
}

/// Which hashes heads have, and which tags a new source may get: the same in every store.
pub mod heads {
    use super::HEAD_BYTES;

    /// What of a beginning counts.
    pub fn of(head: &[u8]) -> &[u8] {
        &head[..head.len().min(HEAD_BYTES)]
    }

    /// The hash of a beginning, and of what it begins with.
    pub fn hash(head: &[u8]) -> [u8; 32] {
        *blake3::hash(head).as_bytes()
    }

    /// The tags that a source with this hash may get, in the order in which they are tried.
    pub fn tags(hash: [u8; 32]) -> impl Iterator<Item = [u8; 5]> {
        let next = |hash: &[u8; 32]| Some(*blake3::hash(hash).as_bytes());
        std::iter::successors(Some(hash), next).map(|hash| [hash[0], hash[1], hash[2], hash[3], hash[4]])
    }
}

/// Alerts' ids, the same in every store.
pub mod ids {
    /// The id of the alert in this place of the source with this tag.
    pub fn of(tag: [u8; 5], ordinal: u64) -> String {
        crate::sources::alert_id(tag, ordinal)
    }

    /// Splits an alert's id into its source's tag and the record's place; `None` if it is not one.
    pub fn parse(id: &str) -> Option<([u8; 5], u64)> {
        crate::sources::parse_alert_id(id)
    }
}
