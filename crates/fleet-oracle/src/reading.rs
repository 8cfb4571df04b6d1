//! Reads the topics from end to end, once nobody writes any more. Blocks: not for a task of a runtime.

use crate::error::OracleError;
use crate::feeding::NUMBER;
use crate::log::{Dead, Place, Record, Verdict, finding, source};
use crate::topics::Topics;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::time::Duration;
use tokio::time::Instant;

/// How long nothing may come before the end of a topic.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that is in the topics.
#[derive(Debug, Default)]
pub struct Topped {
    /// The intake, each partition in its order.
    pub intake: Vec<Record>,
    /// Verdicts that are committed, each partition in its order.
    pub verdicts: Vec<Verdict>,
    /// Dead letters that are committed.
    pub dead: Vec<Dead>,
    /// Messages that can't be understood: where they are.
    pub strange: Vec<String>,
    /// Messages that were written and withdrawn with their transaction.
    pub withdrawn: u64,
}

/// Reads all of them.
pub fn read(topics: &Topics) -> Result<Topped, OracleError> {
    let mut all = Topped::default();
    each(topics, &topics.intake, topics.partitions, true, |message| {
        let number = header(message, NUMBER).and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        all.intake.push(Record {
            place: place(message),
            key: message.key().unwrap_or_default().to_vec(),
            number,
        });
    })?;
    let mut strange = Vec::new();
    each(topics, &topics.verdicts, topics.partitions, true, |message| {
        let from = header(message, "source").and_then(|text| source(text, &topics.intake));
        let found = message.payload().and_then(finding);
        let (Some(source), Some((id, text, decided))) = (from, found) else {
            strange.push(format!("{}/{}", topics.verdicts, place(message)));
            return;
        };
        let key = message.key().unwrap_or_default().to_vec();
        all.verdicts.push(Verdict { place: place(message), key, source, id, text, decided });
    })?;
    each(topics, &topics.dead, 1, true, |message| {
        let from = header(message, "source").and_then(|text| source(text, &topics.intake));
        let Some(source) = from else {
            strange.push(format!("{}/{}", topics.dead, place(message)));
            return;
        };
        let has_reason = header(message, "reason").is_some_and(|reason| !reason.is_empty());
        all.dead.push(Dead { place: place(message), source, has_reason });
    })?;
    let mut written = 0_u64;
    each(topics, &topics.verdicts, topics.partitions, false, |_| written += 1)?;
    each(topics, &topics.dead, 1, false, |_| written += 1)?;
    let committed = all.verdicts.len() + all.dead.len() + strange.len();
    all.withdrawn = written.saturating_sub(committed as u64);
    all.strange = strange;
    Ok(all)
}

fn place(message: &BorrowedMessage<'_>) -> Place {
    Place { partition: message.partition(), offset: message.offset() }
}

fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let headers = message.headers()?;
    headers.iter().find(|header| header.key == name)?.value
}

/// Every message of a topic, to the end that it has now.
fn each(
    topics: &Topics,
    topic: &str,
    partitions: i32,
    committed: bool,
    mut take: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), OracleError> {
    let failed = || OracleError::kafka(format!("read {topic}"));
    let mut config = topics.client();
    config
        .set("group.id", format!("{}-read", topics.group))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", if committed { "read_committed" } else { "read_uncommitted" });
    let consumer: BaseConsumer = config.create().map_err(failed())?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning).map_err(failed())?;
    }
    consumer.assign(&list).map_err(failed())?;
    let mut ended = vec![false; usize::try_from(partitions).unwrap_or_default()];
    let mut last = Instant::now();
    while ended.contains(&false) {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                last = Instant::now();
                take(&message);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                last = Instant::now();
                if let Some(ended) = usize::try_from(partition).ok().and_then(|place| ended.get_mut(place)) {
                    *ended = true;
                }
            }
            // A broker that is away comes back, or does not.
            Some(Err(_)) | None if last.elapsed() < PATIENCE => {}
            Some(Err(error)) => return Err(failed()(error)),
            None => {
                return Err(OracleError::Late {
                    what: format!("reading {topic} to its end"),
                    seconds: PATIENCE.as_secs(),
                });
            }
        }
    }
    Ok(())
}
