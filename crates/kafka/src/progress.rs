//! Which records of one partition are done, so that none is put out twice and none is left out.
//!
//! Kafka keeps one offset per group and partition: where to read on. Records are not done in the order in which they are
//! read, so that offset is the *watermark*, the first that is not done, and which ones above it are done goes into the
//! text that Kafka keeps with it (see [`encoding`]). What is done and recorded in the transaction that puts it out is never
//! put out again, wherever the partition goes.
//!
//! The text has a bound ([`MOST_METADATA_BYTES`]), so what may be under way has one: with [`Progress::has_room`] asked
//! before each record, whatever of it gets done first can be recorded.

mod encoding;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of a commit's metadata at most; brokers take 4,096 (`offset.metadata.max.bytes`).
pub const MOST_METADATA_BYTES: usize = 3_500;

/// How far the records of one partition are done.
#[derive(Debug, Clone)]
pub struct Progress {
    /// One past the highest that was read.
    next: i64,
    /// Read and not done.
    open: BTreeSet<i64>,
    /// Done before this reading began: not empty, apart from each other, rising, from `next` on at most partly behind.
    restored: Vec<Range<i64>>,
}

impl Progress {
    /// From where reading starts and what was committed there: the two of a [`Start`](crate::Start).
    ///
    /// Metadata of somebody else says that nothing is done.
    pub fn new(start: i64, metadata: &str) -> Self {
        let mut restored = encoding::decode(metadata, start).unwrap_or_default();
        restored.retain_mut(|done| {
            done.start = done.start.max(start);
            !done.is_empty()
        });
        Self { next: start, open: BTreeSet::new(), restored }
    }

    /// A record was read, later than those before it. False where it is done already, or was read before: pass it over.
    #[must_use = "what is done already must not be put out again"]
    pub fn begin(&mut self, offset: i64) -> bool {
        if offset < self.next {
            return false;
        }
        let done = self.is_done(offset);
        self.next = offset.saturating_add(1);
        if !done {
            self.open.insert(offset);
        }
        self.restored.retain(|done| done.end > self.next);
        !done
    }

    /// A record that was begun is done: the next [`commit`](Self::commit) says so. Others stay as they are.
    pub fn done(&mut self, offset: i64) {
        self.open.remove(&offset);
    }

    /// Whether this record must not be put out (again).
    pub fn is_done(&self, offset: i64) -> bool {
        if offset < self.next {
            return !self.open.contains(&offset);
        }
        let after = self.restored.partition_point(|done| done.end <= offset);
        self.restored.get(after).is_some_and(|done| done.contains(&offset))
    }

    /// Where to read on after a restart: the first record that is not done.
    pub fn watermark(&self) -> i64 {
        if let Some(first) = self.open.first() {
            return *first;
        }
        match self.restored.first() {
            Some(done) if done.start <= self.next => done.end.max(self.next),
            _ => self.next,
        }
    }

    /// What to commit: the watermark, and what is done above it. At most [`MOST_METADATA_BYTES`].
    ///
    /// Where [`has_room`](Self::has_room) was not heeded, the metadata may leave out the highest ones that are done.
    pub fn commit(&self) -> (i64, String) {
        let watermark = self.watermark();
        let (metadata, _) = encoding::encode(watermark, &self.above(watermark));
        (watermark, metadata)
    }

    /// Records that were begun and are not done.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Whether another record may be begun so that, in whatever order records get done, a commit can say so. It can for
    /// some 20,000 offsets from the watermark on, and beyond for some hundreds that are open.
    pub fn has_room(&self) -> bool {
        self.has_room_for(self.next)
    }

    /// The same for the record at this offset, which may lie beyond a gap.
    pub fn has_room_for(&self, offset: i64) -> bool {
        let end = self.restored.last().map_or(offset, |last| offset.max(last.end));
        let span = end.saturating_sub(self.watermark()).saturating_add(1);
        // What is done lies between what is open, or was restored.
        encoding::always_fits(span, self.open.len() + 1 + self.restored.len())
    }

    /// What is done from the watermark on: not empty, apart, rising.
    fn above(&self, watermark: i64) -> Vec<Range<i64>> {
        let mut above: Vec<Range<i64>> = Vec::new();
        let mut add = |range: Range<i64>| {
            if range.is_empty() {
                return;
            }
            match above.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => above.push(range),
            }
        };
        let mut from = watermark;
        for open in &self.open {
            add(from..*open);
            from = open + 1;
        }
        add(from..self.next);
        for done in &self.restored {
            add(done.start.max(self.next).max(watermark)..done.end);
        }
        above
    }
}
