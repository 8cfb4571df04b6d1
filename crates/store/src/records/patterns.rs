//! Patterns, and the queue in which somebody should look at them.

/// A pattern of LIKE that matches what contains a text.
pub use crate::queue::containing;

use super::Answer;
use crate::queue::After;
use crate::{QueuedPattern, Wanted};

/// Patterns.
pub trait PatternRecords: Send + Sync {
    /// When a pattern was first seen, and how many alerts it has; `None` if it is new.
    fn pattern(&self, id: i64) -> Answer<'_, Option<(i64, u64)>>;

    /// When alerts of a pattern were first and last seen, in milliseconds since 1970; `None` if it is new.
    fn pattern_span(&self, id: i64) -> Answer<'_, Option<(i64, i64)>>;

    /// What the alerts of a pattern have in common, as JSON; `None` if there is no such pattern.
    fn pattern_description(&self, id: i64) -> Answer<'_, Option<String>>;

    /// How many patterns are stored.
    fn pattern_count(&self) -> Answer<'_, u64>;

    /// The next patterns of the queue.
    fn queue<'a>(
        &'a self,
        wanted: &'a Wanted,
        after: Option<After>,
        limit: u32,
    ) -> Answer<'a, Vec<QueuedPattern>>;

    /// How many patterns there are of that kind.
    fn queue_count<'a>(&'a self, wanted: &'a Wanted) -> Answer<'a, u64>;

    /// A pattern as it stands in the queue.
    fn queued(&self, pattern: i64) -> Answer<'_, Option<QueuedPattern>>;
}
