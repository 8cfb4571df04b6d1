//! Whether the topics are there, and making those that are not.

use crate::client::{Logged, plain};
use crate::failure::EdgeError;
use crate::settings::KafkaSettings;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaRespErr;
use std::time::Duration;
use watchfire_flow::Clock;

/// For one answer of a broker.
const ANSWER: Duration = Duration::from_secs(5);
/// So long may a broker not know of a topic that was just made elsewhere.
const NEWS: Duration = Duration::from_secs(3);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

const UNKNOWN: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

/// Makes those topics of the settings that are missing: of intake, verdicts and dead letters, each with so many partitions
/// and copies. What is there stays as it is.
///
/// Dropping the future leaves topics made or not.
pub async fn ensure_topics(
    settings: &KafkaSettings,
    partitions: i32,
    replication: i32,
) -> Result<(), EdgeError> {
    settings.check()?;
    if !(1..=10_000).contains(&partitions) || !(1..=100).contains(&replication) {
        let problem = "1 to 10,000 partitions, 1 to 100 copies".to_owned();
        return Err(EdgeError::Setting { name: "partitions", problem });
    }
    let admin: AdminClient<Logged> =
        AdminClient::from_config_and_context(&settings.client(), Logged::default())
            .map_err(EdgeError::Client)?;
    let mut names: Vec<&str> = settings.intake.iter().map(String::as_str).collect();
    names.extend([settings.verdicts.as_str(), settings.dead.as_str()]);
    names.sort_unstable();
    names.dedup();
    let topics: Vec<NewTopic<'_>> = names
        .iter()
        .map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(replication)))
        .collect();
    let options = AdminOptions::new()
        .request_timeout(Some(settings.connect_timeout))
        .operation_timeout(Some(settings.connect_timeout));
    let made = admin.create_topics(&topics, &options).await;
    // Joins a thread of its own.
    drop(tokio::task::spawn_blocking(move || drop(admin)));
    let made = made.map_err(|source| EdgeError::Unreachable {
        brokers: settings.brokers.clone(),
        doing: "creating topics",
        source,
    })?;
    for topic in made {
        if let Err((name, code)) = topic
            && code != RDKafkaErrorCode::TopicAlreadyExists
        {
            return Err(EdgeError::NotCreated { topic: name, problem: plain(&code.to_string()) });
        }
    }
    Ok(())
}

/// Whether these topics are there and can be used. Blocks.
pub(crate) fn check<C: ClientContext>(
    settings: &KafkaSettings,
    client: &Client<C>,
    topics: &[&str],
    clock: &dyn Clock,
) -> Result<(), EdgeError> {
    let from = clock.elapsed();
    let unreachable = |source| EdgeError::Unreachable {
        brokers: settings.brokers.clone(),
        doing: "asking for topics",
        source,
    };
    for topic in topics {
        loop {
            let waited = clock.elapsed().saturating_sub(from);
            let error = match client.fetch_metadata(Some(topic), ANSWER.min(settings.connect_timeout)) {
                Ok(metadata) => {
                    let found = metadata.topics().iter().find(|found| found.name() == *topic);
                    let code = found.map_or(Some(UNKNOWN), MetadataTopic::error);
                    let Some(code) = code else { break };
                    if code == UNKNOWN && waited > NEWS {
                        return Err(EdgeError::NoTopic {
                            topic: (*topic).to_owned(),
                            brokers: settings.brokers.clone(),
                        });
                    }
                    KafkaError::MetadataFetch(code.into())
                }
                Err(error) => error,
            };
            if waited > settings.connect_timeout {
                return Err(unreachable(error));
            }
            // Nothing ever comes from there: this waits.
            let _ = crossbeam_channel::never::<()>().recv_timeout(PAUSE);
        }
    }
    Ok(())
}
