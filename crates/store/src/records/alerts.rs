//! Alerts, by id, by place, and as a search finds them.

use super::Answer;
use crate::search::Place;
use crate::{FoundAlert, Search, SourceId, StoredAlert};

/// A chunk of records, compressed with zstd; the place of the record that was asked for in it; how many records it had.
pub type AlertChunk = (Vec<u8>, u64, u64);

/// Stored alerts.
pub trait AlertRecords: Send + Sync {
    /// The alert of that id, with its pattern and the decision that holds for it; `None` if there is none, or the text is not an
    /// alert's id.
    fn alert<'a>(&'a self, id: &'a str) -> Answer<'a, Option<StoredAlert>>;

    /// The chunk that an alert's record was in, if it was kept.
    fn alert_chunk<'a>(&'a self, id: &'a str) -> Answer<'a, Option<AlertChunk>>;

    /// The alert of that id as a search finds it.
    fn found<'a>(&'a self, id: &'a str) -> Answer<'a, Option<FoundAlert>>;

    /// The next alerts, the latest first.
    fn search<'a>(
        &'a self,
        search: &'a Search,
        after: Option<Place>,
        limit: u32,
    ) -> Answer<'a, Vec<FoundAlert>>;

    /// The places of the alerts among these records of a source, in order.
    fn ordinals(&self, source: SourceId, first: u64, records: u64) -> Answer<'_, Vec<u64>>;

    /// An alert for each of these decisions that holds for one: the decision and the alert's id, in the order of decisions.
    fn examples<'a>(&'a self, decisions: &'a [i64]) -> Answer<'a, Vec<(i64, String)>>;

    /// How many alerts are stored.
    fn alert_count(&self) -> Answer<'_, u64>;
}
