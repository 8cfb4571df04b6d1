//! The thread that puts out: verdicts, dead letters and offsets of one output in one transaction of Kafka, one after
//! another.
//!
//! ```text
//! begin ▸ produce ▸ offsets, with the group's generation ▸ flush ▸ commit
//!   └────────┴────────────────┴──────────────────────────────┘       └ decided, or nobody knows
//!                    abort: nothing is there
//! ```
//!
//! Up to the commit, whatever fails is withdrawn: nothing can be there that was never committed, also where the client is
//! at its end and the broker has to find out by itself. A commit that was asked for is asked for until there is an answer.
//! Where there can't be one, because the client was shut out meanwhile, whether it was done is not known, and this thread
//! puts out nothing more.

use crate::client::{Consumer, Logged, plain};
use crate::failure::PutError;
use crate::holding::Holding;
use crate::record::{DeadLetter, Message, Output, Partition};
use crate::settings::KafkaSettings;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use watchfire_flow::{Clock, SystemClock};

/// For one answer of a broker; what may be asked again is, after that.
const ANSWER: Duration = Duration::from_secs(3);
/// Between two looks at whether everything was sent.
const SENT: Duration = Duration::from_millis(1);
/// For the client's own queue to have room again.
const ROOM: Duration = Duration::from_millis(20);
/// For answers after the edge was closed.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes of a dead letter's detail that go out.
const MOST_DETAIL: usize = 1_000;
/// What a header's name and length take, about.
const HEADER_BYTES: usize = 16;

/// Something to put out, and where to say what became of it.
pub(crate) type Job = (Output, oneshot::Sender<Result<(), PutError>>);

type Transactions = ThreadedProducer<Logged>;

pub(crate) struct Writer {
    settings: KafkaSettings,
    consumer: Arc<Consumer>,
    holding: Arc<Holding>,
    /// The edge is being closed: answers are waited for only a little longer.
    closing: Arc<AtomicBool>,
    clock: SystemClock,
    closing_since: Option<Duration>,
    producer: Option<Transactions>,
    /// What was committed or not, nobody knows; after it nothing is put out.
    undecided: Option<String>,
}

/// A failure before the commit was asked for.
struct Early {
    code: Option<RDKafkaErrorCode>,
    text: String,
    /// The client can't be used any more.
    fatal: bool,
}

impl From<KafkaError> for Early {
    fn from(error: KafkaError) -> Self {
        let fatal = matches!(&error, KafkaError::Transaction(inner) if inner.is_fatal());
        Self { code: error.rdkafka_error_code(), text: plain(&error.to_string()), fatal }
    }
}

impl Writer {
    /// With a producer that has ended whatever an instance of this name had begun before.
    pub(crate) fn connect(
        settings: KafkaSettings,
        consumer: Arc<Consumer>,
        holding: Arc<Holding>,
        closing: Arc<AtomicBool>,
    ) -> KafkaResult<Self> {
        let mut writer = Self {
            settings,
            consumer,
            holding,
            closing,
            clock: SystemClock::new(),
            closing_since: None,
            producer: None,
            undecided: None,
        };
        let until = writer.clock.elapsed() + writer.settings.connect_timeout;
        writer.producer = Some(writer.make(until)?);
        Ok(writer)
    }

    /// Until nobody can give it anything any more.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some((output, answer)) = jobs.blocking_recv() {
            // Whoever gave it may have stopped waiting; it is put out all the same.
            let _ = answer.send(self.put_out(&output));
        }
    }

    fn put_out(&mut self, output: &Output) -> Result<(), PutError> {
        if let Some(text) = &self.undecided {
            return Err(PutError::Unknown(text.clone()));
        }
        if *output == Output::default() {
            return Ok(());
        }
        self.check_sizes(output)?;
        let partitions = partitions(output);
        let holding = Arc::clone(&self.holding);
        let consumer = Arc::clone(&self.consumer);
        let (group, _putting) = holding
            .while_held(partitions.iter(), || consumer.group_metadata())
            .map_err(|partition| PutError::Fenced(format!("{partition} is not held")))?;
        let Some(group) = group else {
            return Err(PutError::Withdrawn("this instance has not joined the group yet".to_owned()));
        };
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => {
                let until = self.clock.elapsed() + self.settings.transaction_timeout;
                self.make(until).map_err(|error| PutError::Withdrawn(plain(&error.to_string())))?
            }
        };
        match self.fill(&producer, output, &group) {
            Ok(()) => self.commit(producer),
            Err(early) => {
                self.abort(producer, &early);
                Err(self.early(&early, &partitions))
            }
        }
    }

    /// What a failure means that came before the commit was asked for: nothing is there.
    fn early(&self, early: &Early, partitions: &BTreeSet<Partition>) -> PutError {
        match early.code {
            Some(RDKafkaErrorCode::UnknownMemberId | RDKafkaErrorCode::FencedInstanceId) => {
                self.holding.fence(partitions.iter());
                PutError::Fenced(early.text.clone())
            }
            _ => PutError::Withdrawn(early.text.clone()),
        }
    }

    /// Everything up to the commit.
    fn fill(
        &mut self,
        producer: &Transactions,
        output: &Output,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), Early> {
        producer.begin_transaction()?;
        for message in &output.verdicts {
            produce(producer, &self.settings.verdicts, message, headers(message, None))?;
        }
        for letter in &output.dead {
            let headers = headers(&letter.message, Some(letter));
            produce(producer, &self.settings.dead, &letter.message, headers)?;
        }
        if !output.offsets.is_empty() {
            let mut offsets = TopicPartitionList::with_capacity(output.offsets.len());
            for (partition, offset, metadata) in &output.offsets {
                let mut element = offsets.add_partition(&partition.topic, partition.number);
                element.set_offset(Offset::Offset(*offset))?;
                element.set_metadata(metadata);
            }
            let until = self.clock.elapsed() + self.settings.transaction_timeout;
            while let Err(error) = producer.send_offsets_to_transaction(&offsets, group, ANSWER) {
                if !is_retriable(&error) || self.clock.elapsed() > until || self.is_late() {
                    return Err(error.into());
                }
            }
        }
        // Ends at the latest when messages time out, with the transaction. Not by `flush`, which looks every 100 ms only.
        while producer.in_flight_count() > 0 {
            if self.is_late() {
                let text = "the edge is being closed".to_owned();
                return Err(Early { code: None, text, fatal: false });
            }
            producer.poll(SENT);
        }
        Ok(())
    }

    /// Asks for the commit until there is an answer.
    fn commit(&mut self, producer: Transactions) -> Result<(), PutError> {
        loop {
            let Err(error) = producer.commit_transaction(ANSWER) else {
                self.producer = Some(producer);
                return Ok(());
            };
            let text = plain(&error.to_string());
            match &error {
                // Before it was asked for.
                KafkaError::Flush(_) if !self.is_late() => {}
                KafkaError::Transaction(inner) if inner.is_fatal() => {
                    return self.not_known(text);
                }
                // A client whose producer's number is gone begins with another one: an abort would say nothing about the
                // commit.
                KafkaError::Transaction(inner)
                    if inner.txn_requires_abort()
                        && !matches!(
                            inner.code(),
                            RDKafkaErrorCode::UnknownProducerId | RDKafkaErrorCode::InvalidProducerIdMapping
                        ) =>
                {
                    // A broker aborts nothing that it has committed.
                    let early = Early { code: None, text: text.clone(), fatal: false };
                    return if self.abort(producer, &early) {
                        Err(PutError::Withdrawn(text))
                    } else {
                        self.not_known(text)
                    };
                }
                KafkaError::Transaction(inner) if inner.is_retriable() && !self.is_late() => {
                    tracing::warn!("a commit was not answered, and is asked for again: {text}");
                }
                _ => return self.not_known(text),
            }
        }
    }

    fn not_known(&mut self, text: String) -> Result<(), PutError> {
        tracing::error!("whether a transaction was committed is not known: {text}");
        self.undecided = Some(text.clone());
        Err(PutError::Unknown(text))
    }

    /// Withdraws what was begun, and keeps the producer if it can be used again. Whether the broker has said that it is
    /// withdrawn; otherwise it is when its time is over, or the next producer of this name begins.
    fn abort(&mut self, producer: Transactions, early: &Early) -> bool {
        let mut fatal = early.fatal || producer.client().fatal_error().is_some();
        while !fatal {
            match producer.abort_transaction(ANSWER) {
                Ok(()) => {
                    self.producer = Some(producer);
                    return true;
                }
                Err(error) if is_retriable(&error) && !self.is_late() => {}
                Err(error) => {
                    tracing::warn!("a transaction was not withdrawn: {}", plain(&error.to_string()));
                    fatal = true;
                }
            }
        }
        tracing::warn!(
            transactional_id = %plain(&self.settings.transactional_id()),
            "brokers shut the producer out, and it is made anew: {}; either it was held up for longer than a transaction may take, or another instance has the same name",
            early.text
        );
        false
    }

    /// A producer whose predecessors' transactions are ended.
    fn make(&mut self, until: Duration) -> KafkaResult<Transactions> {
        let mut config = self.settings.producer();
        config
            // All of an output is there when the first of it is sent.
            .set("linger.ms", "1")
            // Brokers end a transaction a few milliseconds after they said so, and till then refuse the next one.
            .set("retry.backoff.ms", "5")
            .set("retry.backoff.max.ms", "500")
            .set("transactional.id", self.settings.transactional_id())
            .set("transaction.timeout.ms", self.settings.transaction_timeout.as_millis().to_string());
        let producer = Transactions::from_config_and_context(&config, Logged::default())?;
        while let Err(error) = producer.init_transactions(ANSWER) {
            if !is_retriable(&error) || self.clock.elapsed() > until || self.is_late() {
                return Err(error);
            }
        }
        Ok(producer)
    }

    /// Whether the edge is being closed, and has been for too long to wait for answers.
    fn is_late(&mut self) -> bool {
        if !self.closing.load(Ordering::SeqCst) {
            return false;
        }
        let now = self.clock.elapsed();
        now.saturating_sub(*self.closing_since.get_or_insert(now)) > GRACE
    }

    fn check_sizes(&self, output: &Output) -> Result<(), PutError> {
        let limit = self.settings.message_bytes;
        let verdicts = output.verdicts.iter().map(|message| (message, 0));
        let dead = output.dead.iter().map(|letter| {
            let headers = letter.reason.len() + letter.detail.len().min(MOST_DETAIL) + 2 * HEADER_BYTES;
            (&letter.message, headers)
        });
        for (message, headers) in verdicts.chain(dead) {
            let (partition, offset) = &message.source;
            let source = partition.topic.len() + 32 + HEADER_BYTES;
            let bytes = message.value.len() + message.key.as_ref().map_or(0, Vec::len) + headers + source;
            if bytes > limit {
                return Err(PutError::TooLarge {
                    partition: partition.clone(),
                    offset: *offset,
                    bytes,
                    limit,
                });
            }
        }
        Ok(())
    }
}

/// One message of the transaction that is open.
fn produce(
    producer: &Transactions,
    topic: &str,
    message: &Message,
    headers: OwnedHeaders,
) -> Result<(), Early> {
    let mut record: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(topic).payload(message.value.as_slice()).headers(headers);
    if let Some(key) = &message.key {
        record = record.key(key.as_slice());
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            // Gets room by and by, at the latest when messages time out.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                let _ = producer.flush(ROOM);
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// All that this is put out for.
fn partitions(output: &Output) -> BTreeSet<Partition> {
    let verdicts = output.verdicts.iter().map(|message| &message.source.0);
    let dead = output.dead.iter().map(|letter| &letter.message.source.0);
    let offsets = output.offsets.iter().map(|(partition, ..)| partition);
    verdicts.chain(dead).chain(offsets).cloned().collect()
}

fn headers(message: &Message, letter: Option<&DeadLetter>) -> OwnedHeaders {
    let (partition, offset) = &message.source;
    let source = format!("{partition}/{offset}");
    let headers = OwnedHeaders::new().insert(Header { key: "source", value: Some(&source) });
    let Some(letter) = letter else { return headers };
    let detail = &letter.detail[..letter.detail.floor_char_boundary(MOST_DETAIL)];
    headers
        .insert(Header { key: "reason", value: Some(&letter.reason) })
        .insert(Header { key: "error", value: Some(detail) })
}

fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(inner) if inner.is_retriable() && !inner.is_fatal())
}
