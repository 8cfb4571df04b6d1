//! The thread that polls: records and changes of what is held go out as events, in order, through a bounded channel.
//!
//! Whoever does not poll is thrown out of the group, so this goes on also when nobody takes events: after a moment all
//! partitions are paused, which drops what the client fetched ahead, and resumed when there is room again. Nothing that was
//! not handed over is lost by that: it is fetched again.

mod rebalancing;

use crate::client::{Consumer, is_passing, plain};
use crate::failure::EdgeError;
use crate::holding::Holding;
use crate::record::{Event, Partition, Record};
use crate::settings::KafkaSettings;
use crate::starts::listed;
use crossbeam_channel::{Receiver, never};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rebalancing::Doing;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use watchfire_flow::{Clock as _, SystemClock};

/// How long one poll waits for a record: as late is a request to pause heard.
const POLL: Duration = Duration::from_millis(50);
/// The same while an answer to something else is waited for.
const SHORT_POLL: Duration = Duration::from_millis(10);
/// So long is a full channel waited for before partitions are paused, which costs what was fetched ahead.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) struct Reader {
    consumer: Arc<Consumer>,
    holding: Arc<Holding>,
    events: Sender<Event>,
    members: Receiver<usize>,
    stop: Arc<AtomicBool>,
    clock: SystemClock,
    revocation_timeout: Duration,
    batch_records: usize,
    batch_bytes: usize,
    /// Events that the channel has no room for yet.
    waiting: VecDeque<Event>,
    /// Since when it has none.
    full_since: Option<Duration>,
    /// All partitions are paused because of that.
    throttled: bool,
    /// Those whose records nobody wants.
    paused: BTreeSet<Partition>,
    doing: Option<Doing>,
    /// Those that records are handed over of, and from which offset on.
    next: HashMap<Partition, i64>,
    topics: Vec<Arc<str>>,
    /// The library reads somewhere where there is nothing.
    astray: bool,
    /// So that one failure is logged once.
    last_error: Option<RDKafkaErrorCode>,
}

impl Reader {
    pub(crate) fn new(
        settings: &KafkaSettings,
        consumer: Arc<Consumer>,
        holding: Arc<Holding>,
        events: Sender<Event>,
        members: Receiver<usize>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            consumer,
            holding,
            events,
            members,
            stop,
            clock: SystemClock::new(),
            revocation_timeout: settings.revocation_timeout,
            batch_records: settings.batch_records,
            batch_bytes: settings.batch_bytes,
            waiting: VecDeque::new(),
            full_since: None,
            throttled: false,
            paused: BTreeSet::new(),
            doing: None,
            next: HashMap::new(),
            topics: Vec::new(),
            astray: false,
            last_error: None,
        }
    }

    /// Until it is stopped, or the client is at its end.
    pub(crate) fn run(mut self) {
        while !self.stop.load(Ordering::SeqCst) {
            self.rebalance();
            if self.astray && self.doing.is_none() {
                self.start_anew();
            }
            self.follow_pauses();
            while let Ok(members) = self.members.try_recv() {
                self.waiting.push_back(Event::Members(members));
            }
            self.deliver();
            if self.full_since.is_some() && !self.throttled && self.doing.is_none() {
                wait(SHORT_POLL);
                continue;
            }
            if let Err(failed) = self.poll() {
                self.fail(failed);
                break;
            }
        }
        self.holding.give_up(self.next.keys());
        self.holding.give_up(self.holding.all().iter());
        self.consumer.context().closing.store(true, Ordering::SeqCst);
        self.answer_all();
    }

    /// The last event. Whoever takes events gets it also when the channel is full now.
    fn fail(&mut self, error: EdgeError) {
        self.waiting.push_back(Event::Failed(error));
        self.deliver();
        while !self.waiting.is_empty() && !self.stop.load(Ordering::SeqCst) {
            wait(SHORT_POLL);
            self.deliver();
        }
    }

    /// One record, and those that are there already.
    fn poll(&mut self) -> Result<(), EdgeError> {
        let consumer = Arc::clone(&self.consumer);
        let busy = self.doing.is_some() || !self.waiting.is_empty();
        let mut wait = if busy { SHORT_POLL } else { POLL };
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < self.batch_records && bytes < self.batch_bytes {
            match consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    self.last_error = None;
                    if let Some(record) = self.take(&message) {
                        bytes += record.value.len() + record.key.as_ref().map_or(0, Vec::len);
                        batch.push(record);
                    }
                }
                Some(Err(error)) => {
                    self.hand_over(&mut batch);
                    self.heard(&error)?;
                    break;
                }
            }
            wait = Duration::ZERO;
        }
        self.hand_over(&mut batch);
        Ok(())
    }

    fn hand_over(&mut self, batch: &mut Vec<Record>) {
        if !batch.is_empty() {
            self.waiting.push_back(Event::Records(std::mem::take(batch)));
        }
    }

    /// The record, if its partition is held and it was not handed over before.
    fn take(&mut self, message: &BorrowedMessage<'_>) -> Option<Record> {
        let topic = self.topics.iter().find(|topic| &***topic == message.topic()).cloned();
        let topic = topic.unwrap_or_else(|| {
            let topic: Arc<str> = Arc::from(message.topic());
            self.topics.push(Arc::clone(&topic));
            topic
        });
        let partition = Partition { topic, number: message.partition() };
        let next = self.next.get_mut(&partition)?;
        let offset = message.offset();
        if offset < *next {
            return None;
        }
        *next = offset + 1;
        Some(Record {
            partition,
            offset,
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().unwrap_or_default().to_vec(),
            timestamp_ms: message.timestamp().to_millis(),
        })
    }

    fn heard(&mut self, error: &KafkaError) -> Result<(), EdgeError> {
        let code = error.rdkafka_error_code();
        let text = plain(&error.to_string());
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(EdgeError::Fatal(text));
        }
        if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
            self.astray = true;
            return Ok(());
        }
        if self.last_error.is_none() || self.last_error != code {
            if is_passing(code) {
                tracing::warn!("Kafka can't be read for now: {text}");
            } else {
                tracing::error!("Kafka can't be read: {text}");
            }
        }
        self.last_error = code;
        Ok(())
    }

    fn deliver(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                // Nobody takes events any more; what is revoked is answered by that.
                Err(TrySendError::Closed(_)) => {
                    self.waiting.clear();
                    self.throttle();
                    return;
                }
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    let now = self.clock.elapsed();
                    let since = *self.full_since.get_or_insert(now);
                    if now.saturating_sub(since) >= PATIENCE {
                        self.throttle();
                    }
                    return;
                }
            }
        }
        self.full_since = None;
        if self.throttled
            && self.events.capacity() * 2 >= self.events.max_capacity()
            && !self.events.is_closed()
        {
            self.throttled = false;
            let wanted: Vec<Partition> =
                self.holding.all().into_iter().filter(|partition| !self.paused.contains(partition)).collect();
            self.set_paused(&wanted, false);
        }
    }

    fn throttle(&mut self) {
        if !self.throttled {
            self.throttled = true;
            let all: Vec<Partition> = self.holding.all().into_iter().collect();
            self.set_paused(&all, true);
        }
    }

    fn follow_pauses(&mut self) {
        let Some(wanted) = self.holding.newly_paused() else { return };
        let pause: Vec<Partition> = wanted.difference(&self.paused).cloned().collect();
        let resume: Vec<Partition> = self.paused.difference(&wanted).cloned().collect();
        self.paused = wanted;
        self.set_paused(&pause, true);
        if !self.throttled {
            self.set_paused(&resume, false);
        }
    }

    fn set_paused(&self, partitions: &[Partition], paused: bool) {
        if partitions.is_empty() {
            return;
        }
        let list = listed(partitions);
        let done = if paused { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = done {
            tracing::debug!("partitions were not paused or resumed: {}", plain(&error.to_string()));
        }
    }
}

/// For room in the channel, which tells nobody that it has some.
fn wait(time: Duration) {
    // Nothing ever comes from there.
    let _ = never::<()>().recv_timeout(time);
}
