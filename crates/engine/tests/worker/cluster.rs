//! A log in memory that keeps the promises of Kafka that workers rest on, and breaks connections as it is told.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};
use watchfire_engine::worker::log::{
    Log, LogEvent, LogOutput, LogRecord, Message, Partition, PutError, Putter, Start,
};

/// How long a member has to give a partition up.
const GIVING_UP: Duration = Duration::from_secs(5);

/// Everything that the brokers know.
pub struct Cluster {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    partitions: BTreeMap<Partition, Vec<LogRecord>>,
    committed: BTreeMap<Partition, (i64, String)>,
    owners: BTreeMap<Partition, u64>,
    members: BTreeSet<u64>,
    next_member: u64,
    verdicts: Vec<Message>,
    dead: Vec<Message>,
    rng: ChaCha8Rng,
    /// One put in so many comes to nothing, or to nobody knows what.
    faults: u32,
}

impl Cluster {
    pub fn new(partitions: Vec<Vec<LogRecord>>, seed: u64, faults: u32) -> Arc<Self> {
        let topic: Arc<str> = "alerts".into();
        let partitions = partitions.into_iter().zip(0..).map(|(records, number)| {
            let partition = Partition { topic: Arc::clone(&topic), number };
            let records = records.into_iter().enumerate();
            let records = records.map(|(offset, record)| LogRecord {
                partition: partition.clone(),
                offset: offset as i64,
                ..record
            });
            (partition.clone(), records.collect())
        });
        Arc::new(Self {
            state: Mutex::new(State {
                partitions: partitions.collect(),
                committed: BTreeMap::new(),
                owners: BTreeMap::new(),
                members: BTreeSet::new(),
                next_member: 1,
                verdicts: Vec::new(),
                dead: Vec::new(),
                rng: ChaCha8Rng::seed_from_u64(seed),
                faults,
            }),
            changed: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A member that has nothing yet: whoever shares partitions out gives it its part.
    pub fn join(self: &Arc<Self>) -> Connection {
        let mut state = self.lock();
        let id = state.next_member;
        state.next_member += 1;
        state.members.insert(id);
        drop(state);
        self.changed.notify_waiters();
        Connection {
            member: Arc::new(Member { cluster: Arc::clone(self), id }),
            held: BTreeMap::new(),
            giving_up: None,
            events: VecDeque::new(),
            paused: Mutex::default(),
        }
    }

    /// The member is gone, and its partitions are nobody's, whether it knows or not.
    pub fn expel(&self, id: u64) {
        let mut state = self.lock();
        state.members.remove(&id);
        state.owners.retain(|_, owner| *owner != id);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Nothing is committed any more, and all partitions are shared out again.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.committed.clear();
        state.owners.clear();
        drop(state);
        self.changed.notify_waiters();
    }

    /// As if a member had committed this.
    pub fn commit(&self, number: i32, offset: i64, text: &str) {
        let mut state = self.lock();
        let partition = state.partitions.keys().find(|partition| partition.number == number);
        let partition = partition.expect("there is one").clone();
        state.committed.insert(partition, (offset, text.to_owned()));
    }

    /// How many partitions somebody has.
    pub fn owned(&self) -> usize {
        self.lock().owners.len()
    }

    /// A record more.
    pub fn append(&self, number: i32, record: LogRecord) {
        let mut state = self.lock();
        let (partition, records) = state
            .partitions
            .iter_mut()
            .find(|(partition, _)| partition.number == number)
            .expect("there is one");
        let offset = records.len() as i64;
        records.push(LogRecord { partition: partition.clone(), offset, ..record });
        drop(state);
        self.changed.notify_waiters();
    }

    pub fn faultless(&self) {
        self.lock().faults = 0;
    }

    /// Whether each record is done.
    pub fn is_through(&self) -> bool {
        let state = self.lock();
        state.partitions.iter().all(|(partition, records)| {
            state.committed.get(partition).map_or(0, |(offset, _)| *offset) >= records.len() as i64
        })
    }

    pub fn verdicts(&self) -> Vec<Message> {
        self.lock().verdicts.clone()
    }

    pub fn dead(&self) -> Vec<Message> {
        self.lock().dead.clone()
    }
}

impl State {
    /// Which partitions a member should have: round and round.
    fn share_of(&self, id: u64) -> BTreeSet<Partition> {
        let members: Vec<u64> = self.members.iter().copied().collect();
        let all = self.partitions.keys().enumerate();
        all.filter(|(index, _)| members.get(index % members.len().max(1)) == Some(&id))
            .map(|(_, partition)| partition.clone())
            .collect()
    }
}

/// Who is connected.
pub struct Member {
    cluster: Arc<Cluster>,
    pub id: u64,
}

/// A member's connection.
pub struct Connection {
    pub member: Arc<Member>,
    /// Where reading goes on.
    held: BTreeMap<Partition, i64>,
    giving_up: Option<(Vec<Partition>, oneshot::Receiver<()>)>,
    events: VecDeque<LogEvent>,
    paused: Mutex<BTreeSet<Partition>>,
}

impl Connection {
    /// The next event that there is now.
    fn poll(&mut self) -> Option<LogEvent> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let id = self.member.id;
        let mut state = self.member.cluster.lock();
        let lost: Vec<Partition> =
            self.held.keys().filter(|partition| state.owners.get(partition) != Some(&id)).cloned().collect();
        if !lost.is_empty() {
            self.held.retain(|partition, _| !lost.contains(partition));
            return Some(LogEvent::Lost(lost));
        }
        let share = state.share_of(id);
        let too_many: Vec<Partition> =
            self.held.keys().filter(|partition| !share.contains(partition)).cloned().collect();
        if !too_many.is_empty() {
            let (done, told) = oneshot::channel();
            self.held.retain(|partition, _| !too_many.contains(partition));
            self.giving_up = Some((too_many.clone(), told));
            return Some(LogEvent::Revoked { partitions: too_many, done });
        }
        let free: Vec<Partition> =
            share.into_iter().filter(|partition| !state.owners.contains_key(partition)).collect();
        if !free.is_empty() {
            let starts = free.into_iter().map(|partition| {
                state.owners.insert(partition.clone(), id);
                let (offset, metadata) = state.committed.get(&partition).cloned().unwrap_or_default();
                self.held.insert(partition.clone(), offset);
                let end = state.partitions[&partition].len() as i64;
                Start { partition, offset, metadata, end }
            });
            return Some(LogEvent::Assigned(starts.collect()));
        }
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let State { partitions, rng, .. } = &mut *state;
        let unread: Vec<Partition> = self
            .held
            .iter()
            .filter(|(partition, at)| {
                !paused.contains(partition) && (**at as usize) < partitions[*partition].len()
            })
            .map(|(partition, _)| partition.clone())
            .collect();
        let partition = unread.choose(rng)?;
        let at = self.held.get_mut(partition)?;
        let many = rng.random_range(1..=40);
        let records: Vec<LogRecord> =
            partitions[partition].iter().skip(*at as usize).take(many).cloned().collect();
        *at += records.len() as i64;
        Some(LogEvent::Records(records))
    }
}

impl Log for Connection {
    async fn next(&mut self) -> Option<LogEvent> {
        loop {
            if let Some((partitions, told)) = &mut self.giving_up {
                drop(timeout(GIVING_UP, told).await);
                let mut state = self.member.cluster.lock();
                state
                    .owners
                    .retain(|partition, owner| *owner != self.member.id || !partitions.contains(partition));
                drop(state);
                self.giving_up = None;
                self.member.cluster.changed.notify_waiters();
            }
            // A network takes time.
            sleep(Duration::from_millis(2)).await;
            if let Some(event) = self.poll() {
                return Some(event);
            }
            drop(timeout(Duration::from_millis(100), self.member.cluster.changed.notified()).await);
        }
    }

    fn pause(&self, partitions: &[Partition]) {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).extend(partitions.iter().cloned());
    }

    fn resume(&self, partitions: &[Partition]) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.retain(|partition| !partitions.contains(partition));
    }

    fn putter(&self) -> Arc<dyn Putter> {
        Arc::clone(&self.member) as Arc<dyn Putter>
    }
}

impl Putter for Member {
    fn put_out(&self, output: LogOutput) -> Pin<Box<dyn Future<Output = Result<(), PutError>> + Send + '_>> {
        Box::pin(async move {
            sleep(Duration::from_millis(10)).await;
            let mut state = self.cluster.lock();
            let fate = match state.faults {
                0 => 2,
                faults => state.rng.random_range(0..faults),
            };
            if fate == 0 {
                return Err(PutError::Withdrawn("as it was told to".to_owned()));
            }
            let ours =
                |(partition, _, _): &(Partition, i64, String)| state.owners.get(partition) == Some(&self.id);
            if !output.offsets.iter().all(ours) {
                return Err(PutError::Fenced("another has the partition".to_owned()));
            }
            let is_done = fate != 1 || state.rng.random_bool(0.5);
            if is_done {
                state.verdicts.extend(output.verdicts);
                state.dead.extend(output.dead);
                for (partition, offset, text) in output.offsets {
                    state.committed.insert(partition, (offset, text));
                }
            }
            if fate == 1 { Err(PutError::Unknown("as it was told to".to_owned())) } else { Ok(()) }
        })
    }
}
