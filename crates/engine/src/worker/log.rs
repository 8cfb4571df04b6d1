//! The partitioned log that workers take records from and put verdicts into, as a worker sees it.
//!
//! Apache Kafka is one; tests have another in memory. Words are Kafka's.

use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number in it.
    pub number: i32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// A record of an intake topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Where it is.
    pub partition: Partition,
    /// Its place there.
    pub offset: i64,
    /// The entity that it is about: records with one key are handled in order. Without one, in any order.
    pub key: Option<Vec<u8>>,
    /// What it says: untrusted.
    pub value: Vec<u8>,
    /// When it was put into the log, in milliseconds since 1970.
    pub at: Option<i64>,
}

/// From where on a partition is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which.
    pub partition: Partition,
    /// The first record that is not known to be done.
    pub offset: i64,
    /// What was committed with that: which records after it are done ([`Watermark`](watchfire_flow::Watermark)).
    pub metadata: String,
    /// The first offset that the partition does not have yet.
    pub end: i64,
}

/// What the log tells a worker.
#[derive(Debug)]
pub enum LogEvent {
    /// These partitions are this worker's now.
    Assigned(Vec<Start>),
    /// Records, in the order of each partition.
    Records(Vec<LogRecord>),
    /// These partitions will be another's, as soon as this is told that no more will be done about them.
    Revoked {
        /// Which.
        partitions: Vec<Partition>,
        /// To be told.
        done: oneshot::Sender<()>,
    },
    /// These partitions are another's already.
    Lost(Vec<Partition>),
    /// So many workers share the work.
    Members(usize),
    /// The connection to the log is at its end: everything is to be taken up again from what was committed.
    Ended(String),
}

/// A message for an output topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The key of the record that it comes of.
    pub key: Option<Vec<u8>>,
    /// What it says.
    pub value: Vec<u8>,
    /// The record that it comes of.
    pub source: (Partition, i64),
    /// Why it is a dead letter; empty for verdicts.
    pub reason: String,
}

/// What is put out wholly or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOutput {
    /// Verdicts, in order.
    pub verdicts: Vec<Message>,
    /// Dead letters.
    pub dead: Vec<Message>,
    /// For each partition, the first record that is not done, and which ones after it are.
    pub offsets: Vec<(Partition, i64, String)>,
}

/// Why nothing was put out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// Nothing of it is there; it may be put out again.
    #[error("withdrawn: {0}")]
    Withdrawn(String),
    /// Nothing of it is there, and some of its partitions are another's.
    #[error("fenced: {0}")]
    Fenced(String),
    /// Nobody knows whether it is there: everything is to be taken up again from what was committed.
    #[error("unknown: {0}")]
    Unknown(String),
}

/// A connection to the log.
pub trait Log {
    /// What happens next; `None` once the connection is closed. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<LogEvent>>;

    /// No more records of these, until they are resumed.
    fn pause(&self, partitions: &[Partition]);

    /// Records of these again.
    fn resume(&self, partitions: &[Partition]);

    /// What puts messages into the log; it may be used while [`Log::next`] is waited for.
    fn putter(&self) -> Arc<dyn Putter>;
}

/// Puts messages into the log.
pub trait Putter: Send + Sync {
    /// Puts all of it out, or nothing. Dropping the future leaves it open whether it is put out.
    fn put_out(
        &self,
        output: LogOutput,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), PutError>> + Send + '_>>;
}
