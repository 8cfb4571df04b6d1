//! Kafka, as a worker sees its log.

use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use watchfire_engine::worker::log::{
    Log, LogEvent, LogOutput, LogRecord, Message, Partition, PutError, Putter, Start,
};
use watchfire_kafka::{Edge, EdgeError, Event, KafkaSettings, Output};

/// A connection to Kafka.
pub(super) struct KafkaLog {
    edge: Arc<Edge>,
    events: mpsc::Receiver<Event>,
}

impl KafkaLog {
    pub(super) async fn connect(settings: KafkaSettings) -> Result<Self, EdgeError> {
        let (edge, events) = Edge::connect(settings).await?;
        Ok(Self { edge: Arc::new(edge), events })
    }

    /// Leaves the group, so that the others need not wait until it is missed.
    pub(super) async fn close(self) {
        // Events are no longer read, and what they would tell is no longer wanted.
        drop(self.events);
        if let Some(edge) = Arc::into_inner(self.edge) {
            edge.close().await;
        }
    }
}

impl Log for KafkaLog {
    async fn next(&mut self) -> Option<LogEvent> {
        let event = match self.events.recv().await? {
            Event::Assigned(starts) => LogEvent::Assigned(
                starts
                    .into_iter()
                    .map(|start| Start {
                        partition: here(start.partition),
                        offset: start.offset,
                        metadata: start.metadata,
                        end: start.end,
                    })
                    .collect(),
            ),
            Event::Records(records) => LogEvent::Records(
                records
                    .into_iter()
                    .map(|record| LogRecord {
                        partition: here(record.partition),
                        offset: record.offset,
                        key: record.key,
                        value: record.value,
                        at: record.timestamp_ms,
                    })
                    .collect(),
            ),
            Event::Revoked { partitions, done } => {
                LogEvent::Revoked { partitions: partitions.into_iter().map(here).collect(), done }
            }
            Event::Lost(partitions) => LogEvent::Lost(partitions.into_iter().map(here).collect()),
            Event::Members(count) => LogEvent::Members(count),
            Event::Failed(error) => LogEvent::Ended(error.to_string()),
        };
        Some(event)
    }

    fn pause(&self, partitions: &[Partition]) {
        self.edge.pause(&there(partitions));
    }

    fn resume(&self, partitions: &[Partition]) {
        self.edge.resume(&there(partitions));
    }

    fn putter(&self) -> Arc<dyn Putter> {
        Arc::new(KafkaPutter(Arc::clone(&self.edge)))
    }
}

/// What puts verdicts out.
struct KafkaPutter(Arc<Edge>);

impl Putter for KafkaPutter {
    fn put_out(&self, output: LogOutput) -> Pin<Box<dyn Future<Output = Result<(), PutError>> + Send + '_>> {
        Box::pin(async move {
            let output = Output {
                verdicts: output.verdicts.into_iter().map(message).collect(),
                dead: output.dead.into_iter().map(dead).collect(),
                offsets: output
                    .offsets
                    .into_iter()
                    .map(|(partition, offset, text)| (back(&partition), offset, text))
                    .collect(),
            };
            self.0.put_out(output).await.map_err(|error| match error {
                watchfire_kafka::PutError::Withdrawn(reason) => PutError::Withdrawn(reason),
                watchfire_kafka::PutError::Fenced(reason) => PutError::Fenced(reason),
                // Messages are cut before: a bound of ours that is wrong must not make anything be put out twice.
                error @ watchfire_kafka::PutError::TooLarge { .. } => PutError::Unknown(error.to_string()),
                watchfire_kafka::PutError::Unknown(reason) => PutError::Unknown(reason),
            })
        })
    }
}

fn message(message: Message) -> watchfire_kafka::Message {
    let (partition, offset) = &message.source;
    watchfire_kafka::Message { source: (back(partition), *offset), key: message.key, value: message.value }
}

fn dead(letter: Message) -> watchfire_kafka::DeadLetter {
    let detail = letter.reason.clone();
    watchfire_kafka::DeadLetter { message: message(letter), reason: "unreadable".to_owned(), detail }
}

fn here(partition: watchfire_kafka::Partition) -> Partition {
    Partition { topic: partition.topic, number: partition.number }
}

fn back(partition: &Partition) -> watchfire_kafka::Partition {
    watchfire_kafka::Partition { topic: Arc::clone(&partition.topic), number: partition.number }
}

fn there(partitions: &[Partition]) -> Vec<watchfire_kafka::Partition> {
    partitions.iter().map(back).collect()
}
