//! Entries in the sink's hands.

use super::queue::{Entry, Queue};
use std::sync::Arc;

/// Why a batch was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Enough entries, or enough bytes.
    Size,
    /// The first entry had waited long enough.
    Timer,
    /// It was asked for, or the batcher is closing.
    Asked,
}

/// Entries to be handled, oldest first. Dropping it gives those back that were not declared done; they go to the front
/// of the queue, in order. A sink may keep it beyond its own return, to handle several at a time: then what fails may
/// be handled after what came later.
#[derive(Debug)]
#[must_use = "entries that are not declared done are handed on again"]
pub struct Batch<T> {
    queue: Arc<Queue<T>>,
    entries: Vec<Entry<T>>,
    trigger: Trigger,
}

impl<T> Batch<T> {
    pub(super) fn new(queue: Arc<Queue<T>>, entries: Vec<Entry<T>>, trigger: Trigger) -> Self {
        debug_assert!(!entries.is_empty());
        Self { queue, entries, trigger }
    }

    /// The entries that are not done.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.value)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all is done.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Why it was due.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// All of it is done.
    pub fn done(mut self) {
        let number = self.entries.len();
        let _ = self.done_first(number);
    }

    /// The first so many are done; the rest stays in this batch. Returns them.
    pub fn done_first(&mut self, number: usize) -> Vec<T> {
        let number = number.min(self.entries.len());
        let done: Vec<Entry<T>> = self.entries.drain(..number).collect();
        self.queue.done(&done);
        if self.entries.is_empty() && !done.is_empty() {
            self.queue.count_flush(self.trigger);
        }
        done.into_iter().map(|entry| entry.value).collect()
    }
}

impl<T> Drop for Batch<T> {
    fn drop(&mut self) {
        self.queue.end_batch(std::mem::take(&mut self.entries));
    }
}
