//! Watches verdicts come, to tell whether work goes on. What is judged is read again in the end ([`reading`](crate::reading)).

use crate::error::OracleError;
use crate::topics::Topics;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

/// What was seen so far.
#[derive(Debug)]
struct Seen {
    verdicts: AtomicU64,
    dead: AtomicU64,
    /// When the first and the last of them came.
    at: Mutex<Option<(Instant, Instant)>>,
    stop: AtomicBool,
}

/// A thread that reads what is committed, as it comes. Dropping it stops it.
#[derive(Debug)]
pub struct Watcher {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// From the beginning of both topics.
    pub fn start(topics: &Topics) -> Result<Self, OracleError> {
        let mut config = topics.client();
        config
            .set("group.id", format!("{}-watched", topics.group))
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "50");
        let consumer: BaseConsumer = config.create().map_err(OracleError::kafka("watch verdicts"))?;
        let mut list = TopicPartitionList::new();
        let mut add = |topic: &str, partition| list.add_partition_offset(topic, partition, Offset::Beginning);
        for partition in 0..topics.partitions {
            add(&topics.verdicts, partition).map_err(OracleError::kafka("watch verdicts"))?;
        }
        add(&topics.dead, 0).map_err(OracleError::kafka("watch dead letters"))?;
        consumer.assign(&list).map_err(OracleError::kafka("watch verdicts"))?;
        let seen = Arc::new(Seen {
            verdicts: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            at: Mutex::new(None),
            stop: AtomicBool::new(false),
        });
        let (shared, dead) = (Arc::clone(&seen), topics.dead.clone());
        let thread = std::thread::spawn(move || {
            while !shared.stop.load(Ordering::Relaxed) {
                // Errors are those of a broker that is away; the client goes on by itself.
                let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
                let count = if message.topic() == dead { &shared.dead } else { &shared.verdicts };
                count.fetch_add(1, Ordering::Relaxed);
                let now = Instant::now();
                let mut at = shared.at.lock().unwrap_or_else(PoisonError::into_inner);
                *at = Some((at.map_or(now, |(first, _)| first), now));
            }
        });
        Ok(Self { seen, thread: Some(thread) })
    }

    /// Verdicts so far.
    pub fn verdicts(&self) -> u64 {
        self.seen.verdicts.load(Ordering::Relaxed)
    }

    /// Dead letters so far.
    pub fn dead(&self) -> u64 {
        self.seen.dead.load(Ordering::Relaxed)
    }

    /// When the first and the last came; `None` if there was none.
    pub fn span(&self) -> Option<(Instant, Instant)> {
        *self.seen.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in it was shown already, and what it counted is judged by nobody.
            let _ = thread.join();
        }
    }
}
