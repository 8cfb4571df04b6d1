//! Writes what was judged, in the order in which it was judged: whatever waits, in one transaction.

use super::findings::Draft;
use super::keyed::Held;
use super::{Event, Shared, Timing};
use crate::service::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use tokio::sync::oneshot;
use watchfire_store::{Arrival, Checkpointer};

/// Requests in one transaction, at most.
const MAX_GROUP: usize = 256;
/// Alerts in one transaction, at most, unless one request alone has more.
const MAX_ALERTS: u64 = 20_000;

/// A request on its way to the store.
pub(crate) struct Entry {
    pub(crate) ticket: u64,
    /// How often the judge had forgotten when it was judged.
    pub(crate) epoch: u64,
    /// What to write; `None` if that could not be made.
    pub(crate) arrival: Option<Arrival>,
    pub(crate) judged: u64,
    pub(crate) set_aside: u64,
    pub(crate) dead: u64,
    /// What to tell whoever listens.
    pub(crate) findings: Draft,
    pub(crate) reply: oneshot::Sender<Result<(), Refusal>>,
    /// What it was judged in, for traces.
    pub(crate) span: tracing::Span,
    /// Let go of when it is written or refused, before it is replied to.
    pub(crate) held: Option<Held>,
}

impl Entry {
    fn records(&self) -> u64 {
        self.judged + self.set_aside + self.dead
    }
}

/// Where entries are handed in. Requests are bounded before they get here.
pub(crate) struct Committer {
    entries: Sender<Entry>,
}

impl Committer {
    /// Starts the thread that writes. It ends when whoever started it is gone.
    pub(crate) fn start(shared: Weak<Shared>) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || run(&receiver, &shared));
        Self { entries: sender }
    }

    /// Hands an entry in. Every ticket that was given out is handed in, in any order.
    pub(crate) fn put(&self, entry: Entry) {
        // The thread goes on for as long as there is somebody to hand in.
        drop(self.entries.send(entry));
    }
}

fn run(entries: &Receiver<Entry>, shared: &Weak<Shared>) {
    let mut next = 0;
    let mut early: BTreeMap<u64, Entry> = BTreeMap::new();
    while let Ok(first) = entries.recv() {
        early.insert(first.ticket, first);
        while let Ok(more) = entries.try_recv() {
            early.insert(more.ticket, more);
        }
        loop {
            let (mut group, mut alerts) = (Vec::new(), 0);
            while group.len() < MAX_GROUP
                && alerts < MAX_ALERTS
                && let Some(entry) = early.remove(&next)
            {
                next += 1;
                alerts += entry.judged;
                group.push(entry);
            }
            if group.is_empty() {
                break;
            }
            let Some(shared) = shared.upgrade() else { return };
            commit(group, &shared);
        }
    }
}

/// How often what stands in the store's log is brought into its file.
const CHECKPOINT: std::time::Duration = std::time::Duration::from_millis(500);

/// Starts the thread that keeps the store's log short. It ends when what is returned is dropped.
pub(crate) fn keep_log_short(checkpointer: Checkpointer) -> Sender<()> {
    let (sender, stopped) = channel();
    std::thread::spawn(move || {
        while stopped.recv_timeout(CHECKPOINT) == Err(RecvTimeoutError::Timeout) {
            // Where it fails, the commits bring it over themselves: later, and dearer.
            drop(checkpointer.run());
        }
    });
    sender
}

/// Writes a group, or refuses it and what rests on it.
fn commit(mut group: Vec<Entry>, shared: &Arc<Shared>) {
    let epoch = shared.bench().epoch;
    // What was judged by decisions that are not in the store must not get there.
    let broken = group.iter().position(|entry| entry.epoch != epoch || entry.arrival.is_none());
    let refused = group.split_off(broken.unwrap_or(group.len()));
    if !group.is_empty() {
        write(group, shared);
    }
    if refused.is_empty() {
        return;
    }
    if refused.iter().any(|entry| entry.epoch == epoch) {
        forget(shared, epoch);
    }
    for entry in refused {
        refuse(entry, shared, Refusal::Failed("what it rests on is not in the store".to_owned()));
    }
}

fn write(mut group: Vec<Entry>, shared: &Arc<Shared>) {
    // One transaction serves many requests: it belongs to none of them, and follows from each.
    let span = tracing::debug_span!(
        parent: None,
        "commit",
        requests = group.len(),
        alerts = group.iter().map(|entry| entry.judged).sum::<u64>(),
    );
    for entry in &group {
        span.follows_from(&entry.span);
    }
    let _within = span.entered();
    let arrivals: Vec<Arrival> = group.iter_mut().filter_map(|entry| entry.arrival.take()).collect();
    shared.live.committed(arrivals.len());
    let started = shared.clock.elapsed();
    let written = shared.store.take_in(shared.source, &arrivals, shared.clock.unix_millis());
    shared.live.took(Timing::Commit, shared.clock.elapsed().saturating_sub(started));
    if let Err(error) = written {
        shared.live.failed("store");
        let epoch = shared.bench().epoch;
        forget(shared, epoch);
        for entry in group {
            refuse(entry, shared, Refusal::Store(error.to_string()));
        }
        return;
    }
    let touched: BTreeSet<i64> = arrivals
        .iter()
        .flat_map(|arrival| &arrival.commits)
        .flat_map(|commit| commit.patterns.iter().map(|pattern| pattern.id))
        .collect();
    let questions: usize =
        arrivals.iter().flat_map(|arrival| &arrival.commits).map(|commit| commit.questions.len()).sum();
    let mut dead = 0;
    for entry in group {
        dead += entry.dead;
        shared.live.done(entry.judged, entry.set_aside, entry.dead);
        // Whoever sent it may have gone away by now; it stays accepted.
        drop(entry.held);
        drop(entry.reply.send(Ok(())));
        shared.stream.tell(entry.findings);
    }
    if questions > 0 {
        shared.open.fetch_add(questions as u64, std::sync::atomic::Ordering::Relaxed);
        shared.asked.notify_one();
    }
    if arrivals.iter().any(|arrival| !arrival.deliveries.is_empty())
        && shared.webhooks.written(&shared.store).is_err()
    {
        // They are in the outbox, and are found there a little later.
        shared.live.failed("store");
    }
    if !touched.is_empty() {
        shared.tell(Event::Patterns(touched.into_iter().collect()));
    }
    if dead > 0 {
        shared.tell(Event::Dead(shared.live.stored().dead));
    }
}

/// The judge forgets what it took for known; what was judged until now and is not written is refused.
fn forget(shared: &Shared, epoch: u64) {
    let mut bench = shared.bench();
    if bench.epoch == epoch {
        bench.epoch += 1;
        bench.court.judge.forget_patterns();
    }
}

fn refuse(entry: Entry, shared: &Shared, refusal: Refusal) {
    shared.live.refused(entry.records());
    drop(entry.held);
    drop(entry.reply.send(Err(refusal)));
}
