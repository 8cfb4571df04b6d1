//! The way in: what puts alerts into an intake topic, for those who don't speak Kafka themselves.

use crate::client::{Logged, plain};
use crate::failure::{EdgeError, IntakeError};
use crate::settings::KafkaSettings;
use crate::topics;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use watchfire_flow::SystemClock;

/// For a record's acknowledgement by all copies.
const ACKNOWLEDGE: Duration = Duration::from_secs(30);
/// For the client's own queue to have room again.
const ROOM: Duration = Duration::from_millis(5);

type Producer = FutureProducer<Logged>;

/// Sends records to one topic.
pub struct Intake {
    settings: KafkaSettings,
    topic: String,
    /// Made anew where it is at its end.
    producer: Mutex<Arc<Producer>>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Intake {
    /// Finds the topic.
    pub async fn connect(settings: KafkaSettings, topic: String) -> Result<Self, EdgeError> {
        settings.check()?;
        let connected = tokio::task::spawn_blocking(move || {
            let producer = make(&settings).map_err(EdgeError::Client)?;
            topics::check(&settings, producer.client(), &[&topic], &SystemClock::new())?;
            Ok(Self { settings, topic, producer: Mutex::new(Arc::new(producer)) })
        });
        connected.await.map_err(|_| EdgeError::Thread(None))?
    }

    /// Sends records, each a key and a value; those with one key keep their order. When it returns, all copies that a broker
    /// waits for have all of them.
    ///
    /// Dropping the future leaves them sent or not.
    pub async fn send(&self, records: Vec<(Option<Vec<u8>>, Vec<u8>)>) -> Result<(), IntakeError> {
        let limit = self.settings.message_bytes;
        for (place, (key, value)) in records.iter().enumerate() {
            let bytes = value.len() + key.as_ref().map_or(0, Vec::len);
            if bytes > limit {
                return Err(IntakeError::TooLarge { place, bytes, limit });
            }
        }
        let producer = Arc::clone(&self.producer.lock().unwrap_or_else(PoisonError::into_inner));
        let sent = records.len();
        let mut under_way = Vec::with_capacity(sent);
        let mut failed = None;
        for (key, value) in &records {
            match enqueue(&producer, &self.topic, key.as_deref(), value).await {
                Ok(future) => under_way.push(future),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let mut acknowledged = 0;
        for future in under_way {
            match future.await {
                Ok(Ok(_)) => acknowledged += 1,
                Ok(Err((error, _))) => failed = failed.or(Some(error)),
                Err(_) => failed = failed.or(Some(KafkaError::Canceled)),
            }
        }
        let Some(source) = failed else { return Ok(()) };
        if producer.client().fatal_error().is_some() {
            self.renew(&producer);
        }
        Err(IntakeError::Unacknowledged { sent, missing: sent - acknowledged, source })
    }

    /// The next records go by another producer, unless somebody has made one already.
    fn renew(&self, ended: &Arc<Producer>) {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&producer, ended) {
            match make(&self.settings) {
                Ok(made) => *producer = Arc::new(made),
                Err(error) => tracing::error!("no new producer: {}", plain(&error.to_string())),
            }
        }
    }
}

fn make(settings: &KafkaSettings) -> Result<Producer, KafkaError> {
    let mut config = settings.producer();
    config.set("message.timeout.ms", ACKNOWLEDGE.as_millis().to_string());
    Producer::from_config_and_context(&config, Logged::default())
}

async fn enqueue(
    producer: &Producer,
    topic: &str,
    key: Option<&[u8]>,
    value: &[u8],
) -> Result<DeliveryFuture, KafkaError> {
    let mut record: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(topic).payload(value);
    if let Some(key) = key {
        record = record.key(key);
    }
    loop {
        match producer.send_result(record) {
            Ok(future) => return Ok(future),
            // Gets room by and by, at the latest when records time out.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                tokio::time::sleep(ROOM).await;
            }
            Err((error, _)) => return Err(error),
        }
    }
}
