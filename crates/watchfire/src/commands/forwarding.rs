//! `[server] intake = "kafka"`: what is posted goes onto the intake topic of workers.

use super::worker::without_log;
use crate::config::{IntakeKind, Settings};
use crate::exit::Problem;
use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::sleep;
use watchfire_engine::service::{Forward, ForwardRecord, NotSent, Sending};
use watchfire_judge::tame;
use watchfire_kafka::{EdgeError, Intake, KafkaSettings, ensure_topics};

/// How long to wait before brokers that can't be reached are tried again: at first, and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// The way onto the topic.
pub(super) struct Forwarder {
    kafka: KafkaSettings,
    topic: String,
    /// Partitions and copies of topics, if those that are missing are made.
    made_with: Option<(i32, i32)>,
    intake: OnceLock<Intake>,
}

/// The way onto the topic, if the settings ask for it; nobody is there yet.
pub(super) fn open(settings: &Settings) -> Result<Option<Arc<Forwarder>>, Problem> {
    if settings.server.intake == IntakeKind::Store {
        return Ok(None);
    }
    settings.intake_is_named()?;
    let worker = &settings.worker;
    let name = worker.name.clone().unwrap_or_else(|| "serve".to_owned());
    let kafka = settings.kafka.settings(worker, name)?;
    kafka.check().map_err(|error| without_log(&error))?;
    let topic = kafka.intake.first().cloned().unwrap_or_default();
    let made_with = worker.create_topics.then(|| (worker.partitions.into(), worker.replication.into()));
    Ok(Some(Arc::new(Forwarder { kafka, topic, made_with, intake: OnceLock::new() })))
}

/// Where alerts would go, for `watchfire check`.
pub(super) fn described(settings: &Settings) -> Result<Option<String>, Problem> {
    let forwarder = open(settings)?;
    Ok(forwarder.map(|to| {
        format!("alerts go onto the topic {} at {}", tame(&to.topic, 249), tame(&to.kafka.brokers, 200))
    }))
}

impl Forwarder {
    /// Finds the topic, however long that takes, and then never returns.
    pub(super) async fn connect(&self) {
        let mut wait = WAITS.0;
        loop {
            match self.try_connect().await {
                Ok(intake) => {
                    self.intake.get_or_init(|| intake);
                    tracing::info!(topic = %tame(&self.topic, 249), "alerts go onto the topic");
                    return std::future::pending().await;
                }
                Err(error) => {
                    tracing::warn!(error = %tame(&error.to_string(), 300), "Kafka is waited for");
                }
            }
            sleep(wait).await;
            wait = (wait * 2).min(WAITS.1);
        }
    }

    async fn try_connect(&self) -> Result<Intake, EdgeError> {
        if let Some((partitions, copies)) = self.made_with {
            ensure_topics(&self.kafka, partitions, copies).await?;
        }
        Intake::connect(self.kafka.clone(), self.topic.clone()).await
    }
}

impl Forward for Forwarder {
    fn most_bytes(&self) -> usize {
        self.kafka.message_bytes
    }

    fn is_ready(&self) -> bool {
        self.intake.get().is_some()
    }

    fn send(&self, records: Vec<ForwardRecord>) -> Sending<'_> {
        Box::pin(async move {
            let intake = self.intake.get().ok_or_else(|| NotSent("Kafka was not reached yet".to_owned()))?;
            let bytes =
                |record: ForwardRecord| (record.key.map(String::into_bytes), record.text.into_bytes());
            let sent = intake.send(records.into_iter().map(bytes).collect()).await;
            sent.map_err(|error| {
                let source = error.source().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%error, source = %tame(&source, 200), "alerts could not be passed on");
                NotSent(error.to_string())
            })
        })
    }
}
