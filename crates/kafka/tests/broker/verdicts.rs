//! What those see who read committed verdicts.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use watchfire_flow::{Clock as _, SystemClock};
use watchfire_kafka::KafkaSettings;

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A message with its headers.
#[derive(Debug, Clone)]
pub struct Seen {
    pub value: String,
    pub headers: BTreeMap<String, String>,
}

impl Seen {
    pub fn source(&self) -> &str {
        &self.headers["source"]
    }
}

/// Reads until so many are there, and what else is there by then.
pub async fn wait_for(settings: &KafkaSettings, topic: &str, count: usize) -> Vec<Seen> {
    let (brokers, topic) = (settings.brokers.clone(), topic.to_owned());
    tokio::task::spawn_blocking(move || read(&brokers, &topic, count, "read_committed")).await.unwrap()
}

/// All that was sent, also what was never committed.
pub async fn uncommitted(settings: &KafkaSettings) -> usize {
    let (brokers, topic) = (settings.brokers.clone(), settings.verdicts.clone());
    let read = move || read(&brokers, &topic, 0, "read_uncommitted").len();
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// Waits for a verdict of each of so many records, and looks that there is exactly one of each.
pub async fn exactly_once(settings: &KafkaSettings, count: usize) {
    let seen = wait_for(settings, &settings.verdicts, count).await;
    let mut texts: Vec<&str> = seen.iter().map(|seen| seen.value.as_str()).collect();
    texts.sort_unstable();
    let different: HashSet<&str> = texts.iter().copied().collect();
    let missing: Vec<usize> = (0..count)
        .filter(|number| !different.contains(format!("verdict on alert {number}").as_str()))
        .take(10)
        .collect();
    assert!(missing.is_empty(), "{} are there, missing: {missing:?}", different.len());
    let twice: Vec<&&str> =
        texts.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).take(10).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
    let sources: HashSet<&str> = seen.iter().map(Seen::source).collect();
    assert_eq!(sources.len(), count);
}

fn read(brokers: &str, topic: &str, count: usize, isolation: &str) -> Vec<Seen> {
    let clock = SystemClock::new();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "reads-verdicts")
        .set("enable.auto.commit", "false")
        .set("isolation.level", isolation)
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "50")
        .create()
        .unwrap();
    let partitions = loop {
        match consumer.fetch_metadata(Some(topic), Duration::from_secs(5)) {
            Ok(found) if !found.topics()[0].partitions().is_empty() => {
                break found.topics()[0].partitions().len();
            }
            other => assert!(clock.elapsed() < PATIENCE, "{:?}", other.err()),
        }
    };
    let mut list = TopicPartitionList::new();
    for number in 0..partitions {
        list.add_partition_offset(topic, number as i32, Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut seen = Vec::new();
    let mut at_end = HashSet::new();
    while seen.len() < count || at_end.len() < partitions {
        assert!(clock.elapsed() < PATIENCE, "{} of {count} after {PATIENCE:?}", seen.len());
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Ok(message)) => {
                at_end.remove(&message.partition());
                let headers = message.headers().map(|headers| {
                    let texts = headers.iter().map(|header| {
                        let text = String::from_utf8(header.value.unwrap_or_default().to_vec()).unwrap();
                        (header.key.to_owned(), text)
                    });
                    texts.collect()
                });
                seen.push(Seen {
                    value: String::from_utf8(message.payload().unwrap().to_vec()).unwrap(),
                    headers: headers.unwrap_or_default(),
                });
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                at_end.insert(partition);
            }
            Some(Err(error)) => {
                let code = error.rdkafka_error_code();
                assert!(
                    code == Some(RDKafkaErrorCode::AllBrokersDown)
                        || code == Some(RDKafkaErrorCode::BrokerTransportFailure),
                    "{error}"
                );
            }
        }
    }
    seen
}
