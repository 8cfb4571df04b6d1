//! What comes from Kafka and what goes there.

use crate::failure::EdgeError;
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;

/// One log of a topic. Records in it have an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Counts from 0.
    pub number: i32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// One record of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub partition: Partition,
    /// Its place there. Those of a partition rise, and have gaps: of compaction, and of transactions' ends.
    pub offset: i64,
    /// What chose the partition.
    pub key: Option<Vec<u8>>,
    /// What it says; empty also where there is none.
    pub value: Vec<u8>,
    /// Milliseconds since 1970, by its producer or by the broker.
    pub timestamp_ms: Option<i64>,
}

/// Where reading a partition starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which one.
    pub partition: Partition,
    /// The first that may come: the group's committed offset, or the partition's first record where there is none.
    pub offset: i64,
    /// What was committed with the offset, for [`Watermark::new`](watchfire_flow::Watermark::new); empty where there is nothing.
    pub metadata: String,
    /// The first offset that the partition does not have yet.
    pub end: i64,
}

/// What happens at the edge, in order.
#[derive(Debug)]
pub enum Event {
    /// These partitions are held from now on; their records follow.
    Assigned(Vec<Start>),
    /// Records, those of each partition in order.
    Records(Vec<Record>),
    /// These partitions go to another member. No record of them follows; what is put out until `done` is answered counts.
    /// They are given up when it is, or is dropped, or after a bounded time.
    Revoked {
        /// Which ones.
        partitions: Vec<Partition>,
        /// Answers that nothing more will be put out for them.
        done: oneshot::Sender<()>,
    },
    /// These partitions are gone already; nothing can be put out for them.
    Lost(Vec<Partition>),
    /// How many members the group has now. Comes when it changes, some seconds late.
    Members(usize),
    /// The edge has ended. Nothing follows.
    Failed(EdgeError),
}

/// What is put out for one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Chooses the partition.
    pub key: Option<Vec<u8>>,
    /// What it says.
    pub value: Vec<u8>,
    /// The record it comes from. Goes into the header `source` as `topic/partition/offset`.
    pub source: (Partition, i64),
}

/// What could not be judged, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The record, or what of it could not be read.
    pub message: Message,
    /// A short word that is always the same for the same kind of failure. Goes into the header `reason`.
    pub reason: String,
    /// What exactly was wrong, cut to 1,000 bytes. Goes into the header `error`.
    pub detail: String,
}

/// What is put out at once: all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// For the topic of verdicts.
    pub verdicts: Vec<Message>,
    /// For the topic of dead letters.
    pub dead: Vec<DeadLetter>,
    /// Per partition, where its reading would go on, and what is done beyond: [`Watermark::text`](watchfire_flow::Watermark::text).
    pub offsets: Vec<(Partition, i64, String)>,
}
