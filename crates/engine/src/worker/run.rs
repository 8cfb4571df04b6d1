//! The loop of a worker: what comes from the log goes to the bench, what is judged to its partition's share, what is ready out.
//!
//! One batch is judged and stored, and one is put out, at any time; the log is listened to meanwhile. All of it is one task, so
//! nothing is locked and nothing races but the outside.

use super::asking::Desk;
use super::bench::{Batch, Bench, Handled, Judged, Taken, place};
use super::insisting::Insisting;
use super::log::{Log, LogEvent, LogOutput, LogRecord, Message, Partition, PutError, Putter, Start};
use super::noting::Noting;
use super::share::{Lane, Share, is_open};
use super::{Ended, Figures};
use crate::archive::decision_from_row;
use crate::decide::weight_of;
use crate::error::EngineError;
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use watchfire_flow::Clock;
use watchfire_store::fleet::{FleetError, FleetStore};

/// Records in one batch, at most.
const MOST_BATCH: usize = 2_000;
/// Bytes of records in one batch, at most, unless one record alone has more.
const MOST_BATCH_BYTES: usize = 8 << 20;
/// Records and bytes that are put out at once.
const MOST_OUT: usize = 5_000;
const MOST_OUT_BYTES: usize = 8 << 20;
/// Records that a partition may hold before the log is told to send no more of it; it is told to go on at half of that.
const MOST_HELD: usize = 20_000;
/// Bytes of records that all partitions may hold.
const MOST_HELD_BYTES: usize = 128 << 20;
/// Bytes of a key and of a value that are put out: together less than brokers take by default.
const MOST_KEY: usize = 64 << 10;
const MOST_VALUE: usize = 900_000;
/// How long what is begun about a partition may take when it is to be given up.
const GIVING_UP: Duration = Duration::from_secs(4);
/// How long to wait before what was withdrawn is put out again.
const AGAIN: Duration = Duration::from_millis(300);
/// How often figures are written to the log, and words of analysts are looked for.
const TICK: Duration = Duration::from_secs(1);
/// How long a worker that is told to stop has to put out what is ready.
const STOPPING: Duration = Duration::from_secs(10);

/// A batch that is judged and stored.
type Working<'w> = Pin<Box<dyn Future<Output = Result<Batch, FleetError>> + 'w>>;
/// What is put out.
type Putting<'p> = Pin<Box<dyn Future<Output = Result<(), PutError>> + Send + 'p>>;

/// What is on its way out.
struct Out<'p> {
    future: Putting<'p>,
    parts: Vec<Part>,
    messages: u64,
}

/// What is on its way out of a partition.
struct Part {
    partition: Partition,
    /// Which time of having it.
    epoch: u64,
    offsets: Vec<i64>,
    /// What is committed with it.
    next: i64,
    text: String,
}

/// A running worker on one connection to the log.
pub(super) struct Run<'r, 'w, S> {
    pub(super) bench: &'r Bench<'w>,
    pub(super) store: &'r Insisting<'r, S>,
    pub(super) desk: &'r Desk,
    pub(super) clock: &'r Arc<dyn Clock>,
    pub(super) figures: &'r Figures,
    /// Told how many workers there are.
    pub(super) members: &'r dyn Fn(usize),
    pub(super) shares: HashMap<Partition, Share>,
    /// In which lanes each open decision is waited for.
    pub(super) waits: HashMap<i64, HashSet<(Partition, Lane)>>,
    pub(super) epoch: u64,
    pub(super) words: Option<i64>,
    pub(super) noting: Noting<'r, S>,
}

impl<S: FleetStore> Run<'_, '_, S> {
    /// Works until it is told to stop, or the connection ends.
    pub(super) async fn until_ended<L: Log>(
        &mut self,
        log: &mut L,
        stop: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<Ended, EngineError> {
        let putter = log.putter();
        let (bench, store, clock) = (self.bench, self.store, Arc::clone(self.clock));
        let mut working: Option<Working<'_>> = None;
        let mut out: Option<Out<'_>> = None;
        let mut not_before = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopping: Option<Instant> = None;
        loop {
            if working.is_none() && stopping.is_none() {
                let batch = self.next_batch();
                if !batch.is_empty() {
                    working = Some(Box::pin(bench.work(store, batch, clock.unix_millis())));
                }
            }
            if out.is_none() && Instant::now() >= not_before {
                out = self.next_out(&*putter);
            }
            if stopping.is_some() && out.is_none() && self.shares.values().all(|share| share.ready.is_empty())
            {
                return Ok(Ended::Stopped);
            }
            self.hold_back(log);
            let waiting_to_put = out.is_none() && self.shares.values().any(|share| !share.ready.is_empty());
            tokio::select! {
                biased;
                () = &mut *stop, if stopping.is_none() => {
                    stopping = Some(Instant::now() + STOPPING);
                    working = None;
                }
                () = sleep_until(stopping.unwrap_or_else(Instant::now)), if stopping.is_some() => return Ok(Ended::Stopped),
                put = async { match &mut out { Some(out) => (&mut out.future).await, None => std::future::pending().await } } => {
                    let Some(done) = out.take() else { continue };
                    match self.put(put, done) {
                        Ok(true) => {}
                        Ok(false) => not_before = Instant::now() + AGAIN,
                        Err(reason) => return Ok(Ended::Again(reason)),
                    }
                }
                noted = self.noting.step() => noted.map_err(EngineError::Fleet)?,
                () = self.desk.answered.notified() => self.take_answers(),
                worked = async { match &mut working { Some(working) => working.await, None => std::future::pending().await } } => {
                    working = None;
                    self.take_batch(worked.map_err(EngineError::Fleet)?);
                }
                event = log.next() => match event {
                    None => return Ok(Ended::Again("the connection to the log was closed".to_owned())),
                    Some(LogEvent::Ended(reason)) => return Ok(Ended::Again(reason)),
                    Some(LogEvent::Members(count)) => (self.members)(count),
                    Some(LogEvent::Assigned(starts)) => self.assigned(starts).await?,
                    Some(LogEvent::Lost(partitions)) => self.give_up(&partitions),
                    Some(LogEvent::Records(records)) => self.take_records(records),
                    Some(LogEvent::Revoked { partitions, done }) => {
                        let before = out.take();
                        if let Err(reason) = self.revoked(&partitions, done, before, &*putter).await {
                            return Ok(Ended::Again(reason));
                        }
                    }
                },
                _ = tick.tick() => self.tick().await?,
                () = sleep_until(not_before), if waiting_to_put => {}
            }
        }
    }

    /// Takes partitions over.
    async fn assigned(&mut self, starts: Vec<Start>) -> Result<(), EngineError> {
        for start in starts {
            let partition = start.partition.clone();
            let now = self.clock.unix_millis();
            let source = self
                .store
                .insist(|store| store.source(&partition.topic, partition.number, now))
                .await
                .map_err(EngineError::Fleet)?;
            let stored = self.store.insist(|store| store.stored(source)).await.map_err(EngineError::Fleet)?;
            let watermark = self.noting.watermark(&start, source).await.map_err(EngineError::Fleet)?;
            self.epoch += 1;
            tracing::info!(%partition, offset = watermark.next(), "partition taken over");
            let share = Share::new(self.epoch, source, stored, start.offset, watermark);
            self.shares.insert(partition, share);
        }
        Ok(())
    }

    /// Puts records into their partitions' inboxes; what is no longer ours is another's.
    fn take_records(&mut self, records: Vec<LogRecord>) {
        for record in records {
            if let Some(share) = self.shares.get_mut(&record.partition) {
                share.inbox.push_back(record);
            }
        }
    }

    /// The next records to be judged, some of each partition; those that were put out before are left out.
    fn next_batch(&mut self) -> Vec<Taken> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let full = self.shares.values().filter(|share| !share.inbox.is_empty()).count().max(1);
        for share in self.shares.values_mut() {
            let (mut records, mut room) = (MOST_BATCH / full, MOST_BATCH_BYTES / full);
            while records > 0
                && room > 0
                && let Some(record) = share.inbox.pop_front()
            {
                if !share.watermark.begin(record.offset) {
                    continue;
                }
                records -= 1;
                room = room.saturating_sub(record.value.len());
                bytes += record.value.len();
                batch.push(Taken {
                    epoch: share.epoch,
                    source: share.source,
                    stored_to: share.stored_to,
                    record,
                });
            }
        }
        self.figures.took(batch.len(), bytes);
        batch
    }

    /// Hands what was judged and stored to its partitions, where they are still ours.
    fn take_batch(&mut self, batch: Batch) {
        let unknown: Vec<i64> = batch.doubtful.into_iter().filter(|id| !self.desk.is_open(*id)).collect();
        self.desk.wait_for(batch.asked.into_iter().chain(unknown));
        for handled in batch.handled {
            let partition = handled.record.partition.clone();
            let Some(share) = self.shares.get_mut(&partition) else { continue };
            if share.epoch != handled.epoch {
                continue;
            }
            self.figures.judged(&handled);
            let open: Vec<i64> = open_in(&handled);
            if let Some(lane) = share.take(handled) {
                for decision in open {
                    self.waits.entry(decision).or_default().insert((partition.clone(), lane.clone()));
                }
            }
        }
    }

    /// Lets go on what waited for decisions that are final now.
    fn take_answers(&mut self) {
        for row in self.desk.take_resolved() {
            let Some(decision) = decision_from_row(&row) else { continue };
            self.bench.judge.borrow_mut().answered(decision.clone());
            let decision = Arc::new(decision);
            let after = weight_of(row.verdict, row.severity);
            for (partition, lane) in self.waits.remove(&row.id).into_iter().flatten() {
                if let Some(share) = self.shares.get_mut(&partition) {
                    share.answered(&lane, &decision, |verdict| {
                        after - weight_of(verdict.decision.verdict.id(), verdict.decision.severity.id())
                    });
                }
            }
        }
    }

    /// What is to be put out next.
    fn next_out<'p>(&self, putter: &'p dyn Putter) -> Option<Out<'p>> {
        let (mut output, mut parts) = (LogOutput::default(), Vec::new());
        let (mut records, mut bytes) = (MOST_OUT, MOST_OUT_BYTES);
        let mut shares: Vec<(&Partition, &Share)> = self.shares.iter().collect();
        shares.sort_unstable_by_key(|(partition, _)| *partition);
        for (partition, share) in shares {
            let offsets = share.next_out(records, bytes);
            if offsets.is_empty() && !share.owes_commit() {
                continue;
            }
            let Some((next, text)) = share.watermark.text(&offsets) else { continue };
            for handled in offsets.iter().filter_map(|offset| share.ready.get(offset)) {
                records = records.saturating_sub(1);
                bytes = bytes.saturating_sub(handled.record.value.len() * 2);
                self.messages(handled, &mut output);
            }
            output.offsets.push((partition.clone(), next, text.clone()));
            parts.push(Part { partition: partition.clone(), epoch: share.epoch, offsets, next, text });
        }
        if parts.is_empty() {
            return None;
        }
        let messages = (output.verdicts.len() + output.dead.len()) as u64;
        Some(Out { future: putter.put_out(output), parts, messages })
    }

    fn messages(&self, handled: &Handled, output: &mut LogOutput) {
        let message = |mut value: Vec<u8>, reason: &str| Message {
            key: handled.record.key.as_ref().map(|key| key[..key.len().min(MOST_KEY)].to_vec()),
            value: {
                value.truncate(MOST_VALUE);
                value
            },
            source: place(&handled.record),
            reason: reason.to_owned(),
        };
        for item in &handled.items {
            match item {
                // The record as it came: whoever mends it sends it again.
                Judged::Dead(reason) => output.dead.push(message(handled.record.value.clone(), reason)),
                Judged::Alert(verdict) => {
                    let line = verdict.line.clone().or_else(|| {
                        let text = super::reading::text(&handled.record);
                        self.bench.line(&text, handled.source, handled.record.offset, verdict)
                    });
                    match line {
                        Some(line) => output.verdicts.push(message(line, "")),
                        None => output.dead.push(message(
                            handled.record.value.clone(),
                            "it was judged, and can't be read again as it was then",
                        )),
                    }
                }
            }
        }
    }

    /// What became of what was put out. `false` if it is to be tried again in a while; the reason, if nobody knows.
    fn put(&mut self, put: Result<(), PutError>, out: Out<'_>) -> Result<bool, String> {
        match put {
            Ok(()) => {
                self.figures.put_out(out.messages);
                for Part { partition, epoch, offsets, next, text } in out.parts {
                    if let Some(share) = self.shares.get_mut(&partition).filter(|share| share.epoch == epoch)
                    {
                        share.done(&offsets, next);
                        self.noting.add(share.source, next, text);
                    }
                }
                Ok(true)
            }
            Err(PutError::Unknown(reason)) => Err(reason),
            Err(error @ (PutError::Withdrawn(_) | PutError::Fenced(_))) => {
                self.figures.withdrawn(out.messages);
                tracing::warn!(error = %watchfire_judge::tame(&error.to_string(), 300), messages = out.messages, "nothing was put out");
                Ok(false)
            }
        }
    }

    /// Finishes what is on its way of these partitions and puts out what is ready, as far as there is time; then they are no longer
    /// ours.
    async fn revoked(
        &mut self,
        partitions: &[Partition],
        done: oneshot::Sender<()>,
        before: Option<Out<'_>>,
        putter: &dyn Putter,
    ) -> Result<(), String> {
        let until = Instant::now() + GIVING_UP;
        let mut outcome = Ok(());
        let mut next = before.or_else(|| self.next_out(putter));
        while let Some(out) = next {
            let Out { future, parts, messages } = out;
            let Ok(put) = timeout(until.saturating_duration_since(Instant::now()), future).await else {
                // It may be there or not: what was committed tells.
                outcome = Err("partitions had to be given up while verdicts were on their way".to_owned());
                break;
            };
            let out = Out { future: Box::pin(std::future::ready(Ok(()))), parts, messages };
            match self.put(put, out) {
                Ok(true) => {}
                Ok(false) => break,
                Err(reason) => {
                    outcome = Err(reason);
                    break;
                }
            }
            let is_left = |partition: &Partition| {
                self.shares.get(partition).is_some_and(|share| !share.ready.is_empty())
            };
            next = if partitions.iter().any(is_left) { self.next_out(putter) } else { None };
        }
        // The next owner looks for them.
        let _ = timeout(until.saturating_duration_since(Instant::now()), self.noting.all()).await;
        self.give_up(partitions);
        // Whoever waited for this may be gone; then they are given up already.
        let _ = done.send(());
        outcome
    }

    /// These partitions are no longer ours.
    fn give_up(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            if self.shares.remove(partition).is_some() {
                tracing::info!(%partition, "partition given up");
            }
        }
        self.waits.retain(|_, lanes| {
            lanes.retain(|(partition, _)| !partitions.contains(partition));
            !lanes.is_empty()
        });
    }

    /// Tells the log to send no more of what is full, and to go on with what is not.
    fn hold_back(&mut self, log: &impl Log) {
        let all_bytes: usize = self.shares.values().map(Share::bytes).sum();
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (partition, share) in &mut self.shares {
            let count = share.waiting() + share.ready.len() + share.inbox.len();
            let bound = if share.paused { MOST_HELD / 2 } else { MOST_HELD };
            let bytes = if share.paused { MOST_HELD_BYTES / 2 } else { MOST_HELD_BYTES };
            let full = count >= bound || all_bytes >= bytes || !share.watermark.is_ample();
            if full != share.paused {
                share.paused = full;
                if full { &mut pause } else { &mut resume }.push(partition.clone());
            }
        }
        if !pause.is_empty() {
            log.pause(&pause);
        }
        if !resume.is_empty() {
            log.resume(&resume);
        }
    }

    /// What is done now and then.
    async fn tick(&mut self) -> Result<(), EngineError> {
        let waiting: usize = self.shares.values().map(Share::waiting).sum();
        self.figures.tell(waiting, self.desk);
        match self.store.store.words(self.words).await {
            Ok(Some((version, rows))) => {
                self.words = Some(version);
                self.bench.judge.borrow_mut().set_words(crate::decide::history_of(rows));
            }
            Ok(None) => {}
            Err(error) if error.is_passing() => tracing::debug!(%error, "no word of analysts"),
            Err(error) => return Err(EngineError::Fleet(error)),
        }
        Ok(())
    }
}

fn open_in(handled: &Handled) -> Vec<i64> {
    if !is_open(handled) {
        return Vec::new();
    }
    let open = handled.items.iter().filter_map(|item| match item {
        Judged::Alert(verdict) if verdict.open => Some(verdict.decision.id),
        _ => None,
    });
    open.collect()
}
