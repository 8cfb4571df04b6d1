//! Gathers entries into batches, and hands a batch on when it is full or its first entry has waited long enough.
//!
//! A loop that polls once a second flushes up to a second late, burns a wake-up a second when there is nothing to do,
//! and, if it looks at its input first, never flushes while the input is busy. Here the deadline is the first entry's
//! own moment; whoever pushes goes through a queue and not through the loop, so input can't get in the timer's way; and
//! an empty batcher has no timer at all.
//!
//! - **When.** A batch is due when there are `size` entries or `bytes` bytes, when the first entry is `age` old, when
//!   [`Batcher::flush`] asked for it, or when the batcher is closing.
//! - **Order.** First in, first out. One batch is handed on at a time, and the next when the sink has returned.
//! - **Gate.** Nothing is handed on while the [`Gate`] is shut. Entries stay, in a bounded queue that makes pushers
//!   wait, and go in order when it opens.
//! - **Nothing is lost.** A [`Batch`] is a guard: what is not declared done goes back to the front of the queue, in
//!   order, whether the sink failed, panicked or was dropped. At the end, [`BatchRunner::run`] returns what was not
//!   handled, for the owner to keep.
//!
//! ```
//! # use watchfire_flow::{Batch, BatchSettings, Batcher, Deadline, Gate};
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (batcher, runner) = Batcher::new(BatchSettings::development(), Gate::AlwaysOpen);
//! let sink = |batch: Batch<&'static str>| async move { batch.done() };
//! let input = async move {
//!     for place in ["Kyiv", "Odesa", "Lviv", "Kharkiv"] {
//!         batcher.push(place, place.len()).await.unwrap();
//!     }
//!     batcher.drain(Deadline::never());
//! };
//! let (not_handled, ()) = tokio::join!(runner.run(sink), input);
//! assert!(not_handled.is_empty());
//! # }
//! ```

mod batch;
mod queue;
mod runner;
mod settings;
mod statistics;
#[cfg(test)]
mod tests;
mod traffic;

pub use batch::{Batch, Trigger};
pub use runner::{BatchRunner, Gate};
pub use settings::BatchSettings;
pub use statistics::{BatchStatistics, BatchWarning};
pub use traffic::Traffic;

use crate::Deadline;
use queue::Queue;
use std::sync::Arc;
use std::time::Duration;

/// The input of a batcher. Clones push into the same queue; when the last one is dropped, what is queued is handed on
/// and the runner ends.
#[derive(Debug)]
pub struct Batcher<T> {
    queue: Arc<Queue<T>>,
    inputs: Arc<Input<T>>,
}

/// Closes the queue when nobody can push any more.
#[derive(Debug)]
struct Input<T>(Arc<Queue<T>>);

impl<T> Drop for Input<T> {
    fn drop(&mut self) {
        self.0.close(Deadline::never());
    }
}

/// An entry that was not taken, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPushed<T> {
    /// There is no room for it now.
    #[error("the batcher is full")]
    Full(T),
    /// The batcher takes no more.
    #[error("the batcher is closed")]
    Closed(T),
}

impl<T> Batcher<T> {
    /// A batcher and the runner that drives it.
    pub fn new(settings: BatchSettings, gate: Gate) -> (Self, BatchRunner<T>) {
        let queue = Arc::new(Queue::new(settings));
        let inputs = Arc::new(Input(Arc::clone(&queue)));
        (Self { queue: Arc::clone(&queue), inputs }, BatchRunner::new(queue, gate))
    }

    /// Adds an entry that counts for so many bytes, and waits while there is no room. Waiters get room in the order in
    /// which they came.
    ///
    /// Dropping this before it is done drops the entry; it was not queued.
    pub async fn push(&self, entry: T, bytes: usize) -> Result<(), NotPushed<T>> {
        self.queue.push(entry, bytes).await
    }

    /// Adds an entry if there is room.
    pub fn try_push(&self, entry: T, bytes: usize) -> Result<(), NotPushed<T>> {
        self.queue.try_push(entry, bytes)
    }

    /// Adds an entry that has waited for so long already, somewhere else, such as before a restart: its age counts from then.
    /// Not for entries that are younger than those that wait.
    pub fn try_push_aged(&self, entry: T, bytes: usize, waited: Duration) -> Result<(), NotPushed<T>> {
        self.queue.try_push_aged(entry, bytes, waited)
    }

    /// Sets the triggers from now on, within those of the settings: see [`Traffic`].
    pub fn aim(&self, size: usize, age: Duration) {
        self.queue.aim(size, age);
    }

    /// The settings, with the triggers that hold now.
    pub fn settings(&self) -> BatchSettings {
        self.queue.current()
    }

    /// Makes everything that is queued now due now. It is still the runner that hands it on, in batches of no more
    /// than the usual size, and not while the gate is shut.
    pub fn flush(&self) {
        self.queue.flush();
    }

    /// Closes the batcher: nothing more is taken, everything is due. The runner ends when all is done, or at the
    /// deadline, and returns what is left then. A deadline set later counts if it is earlier.
    pub fn drain(&self, deadline: Deadline) {
        self.queue.close(deadline);
    }

    /// Takes all entries out that wait, in order: what is left when the runner was dropped instead of drained.
    pub fn take_rest(&self) -> Vec<T> {
        self.queue.take_rest()
    }

    /// How it is going.
    pub fn statistics(&self) -> BatchStatistics {
        self.queue.statistics()
    }

    /// What somebody should look at: see [`BatchWarning`].
    pub fn warnings(&self) -> Vec<BatchWarning> {
        self.statistics().warnings(&self.queue.current())
    }
}

impl<T> Clone for Batcher<T> {
    fn clone(&self) -> Self {
        Self { queue: Arc::clone(&self.queue), inputs: Arc::clone(&self.inputs) }
    }
}
