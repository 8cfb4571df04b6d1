//! The thread that polls: records and changes of what is held go out as events, in order, through a bounded channel.
//!
//! Whoever does not poll is thrown out of the group, so this goes on also when nobody takes events: after a moment all
//! partitions are paused, which drops what the client fetched ahead, and resumed when there is room again. Nothing that was
//! not handed over is lost by that: it is fetched again.

use crate::client::{Consumer, Rebalance, is_passing, plain};
use crate::failure::EdgeError;
use crate::holding::Holding;
use crate::record::{Event, Partition, Record, Start};
use crate::settings::KafkaSettings;
use crate::starts::{bounds, find, listed, named};
use crossbeam_channel::Receiver;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio::sync::oneshot;
use watchfire_flow::{Clock, SystemClock};

/// How long one poll waits for a record: as late is a request to pause heard.
const POLL: Duration = Duration::from_millis(50);
/// The same while an answer to something else is waited for.
const SHORT_POLL: Duration = Duration::from_millis(10);
/// So long is a full channel waited for before partitions are paused, which costs what was fetched ahead.
const PATIENCE: Duration = Duration::from_millis(500);
/// For a broker's answer to where partitions start; asked again after that.
const ANSWER: Duration = Duration::from_secs(3);

/// What the group's coordinator wants and is being done.
enum Doing {
    /// Finding out where to start.
    Taking(Vec<Partition>),
    /// Waiting until nothing more is put out.
    GivingUp {
        list: TopicPartitionList,
        partitions: Vec<Partition>,
        done: oneshot::Receiver<()>,
        until: Duration,
    },
}

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
                // Woken by a change of the group's members, which is as good as not at all.
                if let Ok(members) = self.members.recv_timeout(SHORT_POLL) {
                    self.waiting.push_back(Event::Members(members));
                }
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
        // The library waits for an answer to what it wanted, and could not be closed before.
        match self.doing.take() {
            Some(Doing::GivingUp { list, .. }) => self.unassign(&list),
            Some(Doing::Taking(_)) => self.assign(&TopicPartitionList::new()),
            None => {}
        }
    }

    /// The last event. Whoever takes events gets it also when the channel is full now.
    fn fail(&mut self, error: EdgeError) {
        self.waiting.push_back(Event::Failed(error));
        self.deliver();
        while !self.waiting.is_empty() && !self.stop.load(Ordering::SeqCst) {
            let _ = self.members.recv_timeout(SHORT_POLL);
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

    /// Goes on with what the coordinator wants.
    fn rebalance(&mut self) {
        match self.doing.take() {
            Some(Doing::Taking(partitions)) => self.go_on_taking(partitions),
            Some(Doing::GivingUp { list, partitions, mut done, until }) => {
                let waits = matches!(done.try_recv(), Err(oneshot::error::TryRecvError::Empty))
                    || self.holding.is_putting(&partitions);
                if waits && self.clock.elapsed() < until && !self.consumer.assignment_lost() {
                    self.doing = Some(Doing::GivingUp { list, partitions, done, until });
                    return;
                }
                if waits {
                    tracing::warn!("revoked partitions are given up before everything of them was put out");
                }
                self.holding.give_up(partitions.iter());
                self.unassign(&list);
            }
            None => {}
        }
        if self.doing.is_some() {
            return;
        }
        match self.consumer.context().next_rebalance() {
            Some(Rebalance::Assign(list)) if list.count() == 0 => self.assign(&list),
            Some(Rebalance::Assign(list)) => self.go_on_taking(named(&list)),
            Some(Rebalance::Revoke { partitions: list, lost }) => self.leave(list, lost),
            None => {}
        }
    }

    fn go_on_taking(&mut self, partitions: Vec<Partition>) {
        if self.consumer.assignment_lost() {
            // Its revocation is noted, or will be.
            return;
        }
        match find(&self.consumer, &partitions, ANSWER) {
            Ok(starts) => {
                self.last_error = None;
                self.start(starts);
            }
            Err(error) => {
                self.not_yet("where to start reading", &error);
                self.doing = Some(Doing::Taking(partitions));
            }
        }
    }

    fn leave(&mut self, list: TopicPartitionList, lost: bool) {
        let mut partitions = named(&list);
        partitions.retain(|partition| self.next.remove(partition).is_some());
        if lost || partitions.is_empty() {
            self.holding.give_up(partitions.iter());
            self.unassign(&list);
            if !partitions.is_empty() {
                self.waiting.push_back(Event::Lost(partitions));
            }
            return;
        }
        let (answer, done) = oneshot::channel();
        self.waiting.push_back(Event::Revoked { partitions: partitions.clone(), done: answer });
        let until = self.clock.elapsed() + self.revocation_timeout;
        self.doing = Some(Doing::GivingUp { list, partitions, done, until });
    }

    /// The library has found that it reads where there is nothing: before a partition's first record, or beyond its last.
    /// It does not say which partition, so all are looked at.
    fn start_anew(&mut self) {
        let all: Vec<Partition> = self.next.keys().cloned().collect();
        let found = bounds(&self.consumer, &all, ANSWER).and_then(|bounds| {
            let mut astray = all;
            astray.retain(|partition| {
                let (next, bounds) = (self.next.get(partition), bounds.get(partition));
                next.zip(bounds).is_some_and(|(next, (first, last))| !(*first..=*last).contains(next))
            });
            let starts = find(&self.consumer, &astray, ANSWER)?;
            Ok((astray, starts))
        });
        match found {
            Ok((astray, starts)) => {
                self.astray = false;
                if astray.is_empty() {
                    return;
                }
                self.holding.give_up(astray.iter());
                self.unassign(&listed(&astray));
                self.waiting.push_back(Event::Lost(astray));
                self.start(starts);
            }
            Err(error) => self.not_yet("where to go on reading", &error),
        }
    }

    /// Takes partitions, and says so before their records come.
    fn start(&mut self, starts: Vec<Start>) {
        let mut list = TopicPartitionList::new();
        let partitions: Vec<Partition> = starts.iter().map(|start| start.partition.clone()).collect();
        for start in &starts {
            let Partition { topic, number } = &start.partition;
            if let Err(error) = list.add_partition_offset(topic, *number, Offset::Offset(start.offset)) {
                tracing::error!("{} can't be read: {error}", start.partition);
            }
            self.next.insert(start.partition.clone(), start.offset);
        }
        self.holding.hold(partitions.iter().cloned());
        self.assign(&list);
        // The library remembers what was paused when it was held before.
        for partition in &partitions {
            self.paused.remove(partition);
        }
        self.set_paused(&partitions, self.throttled);
        self.waiting.push_back(Event::Assigned(starts));
    }

    fn not_yet(&mut self, what: &str, error: &KafkaError) {
        let code = error.rdkafka_error_code();
        if self.last_error.is_none() || self.last_error != code {
            tracing::warn!("{what} can't be found out yet: {}", plain(&error.to_string()));
        }
        self.last_error = code;
    }

    fn assign(&self, list: &TopicPartitionList) {
        if let Err(error) = self.consumer.incremental_assign(list) {
            tracing::error!("partitions can't be taken: {}", plain(&error.to_string()));
        }
    }

    /// Gives up those of the list that were taken: the library wants nothing else in it.
    fn unassign(&self, list: &TopicPartitionList) {
        let assigned: BTreeSet<Partition> = match self.consumer.assignment() {
            Ok(assigned) => named(&assigned).into_iter().collect(),
            Err(error) => {
                tracing::error!("partitions can't be given up: {}", plain(&error.to_string()));
                return;
            }
        };
        let taken: Vec<Partition> =
            named(list).into_iter().filter(|partition| assigned.contains(partition)).collect();
        if let Err(error) = self.consumer.incremental_unassign(&listed(&taken)) {
            tracing::error!("partitions can't be given up: {}", plain(&error.to_string()));
        }
    }
}
