//! The topics of a run, and how far each is.

use crate::error::OracleError;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The names of a run, its group, and where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// `host:port` of the broker, by no proxy.
    pub brokers: String,
    /// What is fed.
    pub intake: String,
    /// What is said of it.
    pub verdicts: String,
    /// What can't be read.
    pub dead: String,
    /// The workers' group.
    pub group: String,
    /// Partitions of the first two.
    pub partitions: i32,
}

impl Topics {
    /// Names that no other run on the same broker has.
    pub fn new(brokers: String, partitions: i32, run: &str) -> Self {
        let name = |topic: &str| format!("{topic}-{run}");
        Self {
            brokers,
            intake: name("alerts"),
            verdicts: name("verdicts"),
            dead: name("dead-letters"),
            group: name("watchfire"),
            partitions,
        }
    }

    /// What every client is told.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "watchfire-fleet-oracle")
            .set("reconnect.backoff.max.ms", "1000");
        config
    }

    /// Makes them.
    pub async fn make(&self) -> Result<(), OracleError> {
        let doing = || "make topics".to_owned();
        let admin: AdminClient<DefaultClientContext> =
            self.client().create().map_err(OracleError::kafka(doing()))?;
        let topics = [(&self.intake, self.partitions), (&self.verdicts, self.partitions), (&self.dead, 1)]
            .map(|(name, partitions)| NewTopic::new(name, partitions, TopicReplication::Fixed(1)));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let made = admin.create_topics(&topics, &options).await.map_err(OracleError::kafka(doing()))?;
        for topic in made {
            topic.map_err(|(name, code)| OracleError::Kafka {
                doing: format!("make {name}"),
                source: rdkafka::error::KafkaError::AdminOp(code),
            })?;
        }
        Ok(())
    }
}

/// Asks how far topics and group are. Blocks: not for a task of a runtime.
pub struct Asked {
    topics: Topics,
    /// Sees what is committed…
    committed: BaseConsumer,
    /// …and one that sees everything.
    all: BaseConsumer,
}

impl Asked {
    /// A pair of clients. They take no part in the group.
    pub fn new(topics: &Topics) -> Result<Self, OracleError> {
        let make = |isolation: &str| {
            let mut config = topics.client();
            config
                .set("group.id", &topics.group)
                .set("enable.auto.commit", "false")
                .set("isolation.level", isolation);
            config.create::<BaseConsumer>().map_err(OracleError::kafka("ask the broker"))
        };
        Ok(Self {
            topics: topics.clone(),
            committed: make("read_committed")?,
            all: make("read_uncommitted")?,
        })
    }

    /// Records of the intake that the group has not committed to be done; `None` if the broker does not say.
    pub fn open_records(&self) -> Option<u64> {
        let mut list = TopicPartitionList::new();
        for partition in 0..self.topics.partitions {
            list.add_partition(&self.topics.intake, partition);
        }
        let offsets = self.all.committed_offsets(list, PATIENCE).ok()?;
        let mut open = 0;
        for element in offsets.elements() {
            element.error().ok()?;
            let (low, high) =
                self.all.fetch_watermarks(&self.topics.intake, element.partition(), PATIENCE).ok()?;
            let done = if let Offset::Offset(done) = element.offset() { done } else { low };
            open += u64::try_from(high - done).unwrap_or_default();
        }
        Some(open)
    }

    /// Whether a transaction is under way that holds back what came after it; `None` if the broker does not say.
    pub fn has_open_transaction(&self) -> Option<bool> {
        for (topic, partitions) in [(&self.topics.verdicts, self.topics.partitions), (&self.topics.dead, 1)] {
            for partition in 0..partitions {
                let (_, stable) = self.committed.fetch_watermarks(topic, partition, PATIENCE).ok()?;
                let (_, high) = self.all.fetch_watermarks(topic, partition, PATIENCE).ok()?;
                if stable < high {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Members of the group, if it is settled; `None` if it is not, or the broker does not say.
    pub fn members(&self) -> Option<usize> {
        let groups = self.all.fetch_group_list(Some(&self.topics.group), PATIENCE).ok()?;
        let group = groups.groups().iter().find(|group| group.name() == self.topics.group)?;
        (group.state() == "Stable").then(|| group.members().len())
    }
}
