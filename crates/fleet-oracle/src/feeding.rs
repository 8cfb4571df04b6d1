//! Feeds records into the intake topic, at a rate and up to a mark that whoever disturbs the workers moves on.
//!
//! It goes to the broker by no proxy, idempotently, and waits for a broker that is away. What it says it fed is not believed
//! either: the topic is read in the end, and each record there says by a header which one it is.

use crate::error::OracleError;
use crate::intake::{Expected, Intake};
use crate::topics::Topics;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

/// The header that says which record it is.
pub const NUMBER: &str = "record";
/// How long what was fed may take to be there, with every outage in it.
const PATIENCE: Duration = Duration::from_secs(600);

/// What feeder and others share.
#[derive(Debug, Default)]
struct Marks {
    allowed: AtomicU64,
    sent: AtomicU64,
    delivered: AtomicU64,
    failed: Mutex<Option<KafkaError>>,
}

struct Delivered(Arc<Marks>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.0.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                *self.0.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            }
        }
    }
}

/// A thread that feeds. Dropping it stops it.
#[derive(Debug)]
pub struct Feeder {
    marks: Arc<Marks>,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Result<Vec<Expected>, OracleError>>,
}

impl Feeder {
    /// Feeds so many records, so many a second at most (0: as fast as it goes), none before [`Feeder::allow`].
    pub fn start(topics: &Topics, mut intake: Intake, records: u64, rate: f64) -> Result<Self, OracleError> {
        let marks = Arc::new(Marks::default());
        let mut config = topics.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("compression.type", "zstd")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string())
            .set("queue.buffering.max.messages", "20000");
        let producer: ThreadedProducer<Delivered> = config
            .create_with_context(Delivered(Arc::clone(&marks)))
            .map_err(OracleError::kafka("feed records"))?;
        let (stop, stopped) = mpsc::channel();
        let topic = topics.intake.clone();
        let shared = Arc::clone(&marks);
        let thread = std::thread::spawn(move || {
            let mut fed = Vec::new();
            let mut start = Instant::now();
            // Counted from the last time that it stood at the mark: a pause is not made up for.
            let mut since = 0_u64;
            while (fed.len() as u64) < records {
                let number = fed.len() as u64;
                let due = if rate > 0.0 { (number - since) as f64 / rate } else { 0.0 };
                let early = number >= shared.allowed.load(Ordering::Relaxed);
                if early || start.elapsed().as_secs_f64() < due {
                    if early {
                        (start, since) = (Instant::now(), number);
                    }
                    if let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_millis(5)) {
                        continue;
                    }
                    return Err(OracleError::Interrupted);
                }
                let record = intake.next_record()?;
                let text = number.to_string();
                let headers = OwnedHeaders::new().insert(Header { key: NUMBER, value: Some(&text) });
                let mut message =
                    BaseRecord::to(&topic).key(&record.key).payload(&record.value).headers(headers);
                while let Err((error, again)) = producer.send(message) {
                    if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                        return Err(OracleError::kafka("feed a record")(error));
                    }
                    message = again;
                    if !matches!(
                        stopped.recv_timeout(Duration::from_millis(20)),
                        Err(RecvTimeoutError::Timeout)
                    ) {
                        return Err(OracleError::Interrupted);
                    }
                }
                fed.push(record.expected);
                shared.sent.fetch_add(1, Ordering::Relaxed);
            }
            producer.flush(PATIENCE).map_err(OracleError::kafka("feed the last records"))?;
            match shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(error) => Err(OracleError::kafka("feed a record")(error)),
                None => Ok(fed),
            }
        });
        Ok(Self { marks, stop, thread })
    }

    /// Records up to this number may be fed now.
    pub fn allow(&self, records: u64) {
        self.marks.allowed.fetch_max(records, Ordering::Relaxed);
    }

    /// Records that are in the topic.
    pub fn delivered(&self) -> u64 {
        self.marks.delivered.load(Ordering::Relaxed)
    }

    /// Whether all that may be fed now is in the topic.
    pub fn is_at_mark(&self) -> bool {
        self.delivered() >= self.marks.allowed.load(Ordering::Relaxed)
    }

    /// Whether it is at its end, well or not.
    pub fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// What has to become of each record, once all are fed. Blocks until then.
    pub fn finish(self) -> Result<Vec<Expected>, OracleError> {
        let result = self.thread.join().map_err(|_| OracleError::Panicked("the feeder"))?;
        drop(self.stop);
        result
    }
}
