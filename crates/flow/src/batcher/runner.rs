//! What drives a batcher: one future that its owner polls.

use super::batch::Batch;
use super::queue::{Due, Queue};
use crate::{Breaker, Deadline};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// What has to be open for a batch to be handed on.
#[derive(Debug, Clone)]
pub enum Gate {
    /// Nothing stands in the way.
    AlwaysOpen,
    /// Calls have to flow. The gate only looks: the permit is for whoever makes the call, who would otherwise find the
    /// one probe taken by the batcher itself.
    Breaker(Breaker),
    /// The value has to be true. When its sender is gone, the last value stays.
    Watch(watch::Receiver<bool>),
}

impl Gate {
    async fn open(&mut self) {
        match self {
            Self::AlwaysOpen => {}
            Self::Breaker(breaker) => breaker.closed().await,
            Self::Watch(open) => {
                if open.wait_for(|open| *open).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// The other end of a [`Batcher`](super::Batcher). Dropping it closes the batcher; the entries stay in it.
#[derive(Debug)]
pub struct BatchRunner<T> {
    queue: Arc<Queue<T>>,
    gate: Gate,
}

impl<T> BatchRunner<T> {
    pub(super) const fn new(queue: Arc<Queue<T>>, gate: Gate) -> Self {
        Self { queue, gate }
    }

    /// Hands batches to the sink until the batcher is closed and all is done, or until the deadline of
    /// [`Batcher::drain`](super::Batcher::drain): then what the sink has not done by then is taken back from it, and
    /// everything that is left is returned, in order.
    ///
    /// The sink declares what is done on the [`Batch`]. If it gave something back, there is a pause before the next
    /// batch. What it may have done without declaring it is handed on again: at least once, that is.
    ///
    /// Dropping this drops the sink's future; its entries go back, the batcher is closed, and
    /// [`Batcher::take_rest`](super::Batcher::take_rest) has them all.
    pub async fn run<S, F>(mut self, mut sink: S) -> Vec<T>
    where
        S: FnMut(Batch<T>) -> F,
        F: Future<Output = ()>,
    {
        let queue = Arc::clone(&self.queue);
        tokio::select! {
            biased;
            () = queue.cut_off() => {}
            () = self.hand_on(&mut sink) => {}
        }
        queue.take_rest()
    }

    async fn hand_on<S, F>(&mut self, sink: &mut S)
    where
        S: FnMut(Batch<T>) -> F,
        F: Future<Output = ()>,
    {
        while self.is_due().await {
            self.gate.open().await;
            // More may have come while the gate was shut, and the owner may have taken everything out.
            let Due::Now(trigger) = self.queue.due(Instant::now()) else { continue };
            let entries = self.queue.take();
            if entries.is_empty() {
                continue;
            }
            sink(Batch::new(Arc::clone(&self.queue), entries, trigger)).await;
            if self.queue.was_given_back() {
                sleep(self.queue.settings().pause).await;
            }
        }
    }

    /// Waits until a batch is due; false when there will be none.
    async fn is_due(&self) -> bool {
        loop {
            match self.queue.due(Instant::now()) {
                Due::Now(_) => return true,
                Due::Over => return false,
                Due::Later => self.queue.changed.notified().await,
                Due::At(deadline) => {
                    tokio::select! {
                        // The timer first: input that never pauses must not hold it up.
                        biased;
                        () = sleep_until(deadline) => {}
                        () = self.queue.changed.notified() => {}
                    }
                }
            }
        }
    }
}

impl<T> Drop for BatchRunner<T> {
    fn drop(&mut self) {
        // Nobody would ever hand on what is pushed from now on.
        self.queue.close(Deadline::never());
    }
}
