//! Triage as a service: alerts come in as they happen, are judged at once, and are acknowledged when they are durable.
//!
//! ```text
//!  request ─▶ unpack ▸ cut ▸ read ▸ assess ─▶ judge ─▶ rows ─▶ committer ─▶ acknowledged
//!             in parallel                     in order  in parallel  in order, what waits in one transaction
//! ```
//!
//! Judging takes microseconds and a durable write takes a hundred times as long, so an alert is judged before it is written,
//! and written once, with its verdict: there is no intake that is read again, and nothing is ever accepted and not judged.
//! What no embedded decider is sure of is *open*: it has a verdict, which a model's answer replaces when it comes.
//!
//! The order in which alerts are judged is the order in which they are committed. So a decision is never in the store later
//! than an alert that it holds for, whenever the process is killed. Where a transaction fails, whatever was judged since is
//! refused, and the judge forgets what it took for known.

mod analyst;
mod asking;
mod committer;
mod consulting;
mod enriching;
mod findings;
mod forward;
mod intake;
mod keyed;
mod live;
mod propositions;
mod replay;
mod sets;
pub mod webhooks;

pub use analyst::{Overruled, Ruling};
pub use asking::Outside;
pub use consulting::{Answering, Consultant, Inquiry, NotAsked, Proposed, SharedAnswers};
pub use enriching::{Enrichment, Told};
pub use findings::{Finding, Findings};
pub use forward::{Forward, ForwardRecord, Forwarded, Forwarding, NotSent, Sending};
pub use intake::{Accepted, Outcome};
pub use live::{Balance, Errors, Live, Pace, Timing, Timings};
pub use propositions::{About, Propositions, REMEMBERED};
pub use replay::Replayed;
pub use sets::{Refusal, Setup};

use crate::enriching::Wanted;
use crate::error::EngineError;
use crate::record::{RecordAgain, record_again};
use crate::reputation::ReputationCache;
use crate::tally::{EXACT_LATELY, Tally};
use crate::work::Court;
use committer::Committer;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use watchfire_flow::{Clock, Histogram};
use watchfire_judge::{Asking, Ground, Judge};
use watchfire_signal::frame::Limits;
use watchfire_signal::read::Mapping;
use watchfire_store::{SourceId, Store};
use webhooks::Webhooks;

/// What happened that whoever watches wants to know.
#[derive(Debug, Clone)]
pub enum Event {
    /// These patterns have new alerts or another decision.
    Patterns(Arc<[i64]>),
    /// So many dead letters wait.
    Dead(u64),
}

/// Events that a listener may be behind before it misses some.
const EVENTS: usize = 1024;
/// Bytes of requests that are worked on at once; what comes beyond is refused.
const BYTES_IN_FLIGHT: usize = 64 << 20;

/// A running service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

/// What requests share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ground: Ground,
    pub(crate) mappings: Arc<[Mapping]>,
    pub(crate) limits: Limits,
    pub(crate) reputations: Arc<ReputationCache>,
    /// What services are to be asked about, where there are any.
    pub(crate) wanted: Option<Wanted>,
    pub(crate) keep_raw: bool,
    pub(crate) asks: bool,
    pub(crate) source: SourceId,
    /// What is done in order; with it, the ticket of the next request, and how often the judge forgot.
    pub(crate) bench: Mutex<Bench>,
    pub(crate) desks: Mutex<Vec<intake::Desk>>,
    /// How many of them are kept.
    pub(crate) most_desks: usize,
    pub(crate) committer: Committer,
    /// Permits for requests, and for kibibytes of them.
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) kibibytes: Arc<Semaphore>,
    pub(crate) max_requests: usize,
    /// Keyed requests that are being worked on.
    pub(crate) keyed: Mutex<HashMap<[u8; 32], watch::Receiver<()>>>,
    pub(crate) live: Live,
    pub(crate) events: broadcast::Sender<Event>,
    /// Ends the thread that keeps the store's log short.
    _log_kept_short: Option<std::sync::mpsc::Sender<()>>,
    /// How many questions are open, by the last count.
    pub(crate) open: AtomicU64,
    pub(crate) propositions: Propositions,
    pub(crate) webhooks: Webhooks,
    pub(crate) stream: findings::Stream,
    /// Woken when there is something new to ask.
    pub(crate) asked: Notify,
}

/// What is done in the order of requests.
pub(crate) struct Bench {
    pub(crate) court: Court,
    pub(crate) ticket: u64,
    pub(crate) epoch: u64,
}

impl Service {
    /// Starts the service on a store: makes its indexes, and takes up where the last one ended.
    pub fn start(setup: Setup) -> Result<Self, EngineError> {
        let Setup { store, clock, ground, mappings, limits, reputations, .. } = setup;
        let wanted = setup.enriches.then(Wanted::new);
        store.index()?;
        let (source, next) = store.network_source("network", clock.unix_millis())?;
        // Alerts come as they happen, and what is decided is in the store a moment later.
        let judge = Judge::new(ground.clone(), setup.history)
            .keeping(2)
            .asking(setup.asking.clone())
            .reusing(setup.reuse)
            .learned(setup.learned);
        let court = Court {
            judge,
            tally: Tally::new(EXACT_LATELY),
            input: 0,
            ordinal: next,
            time: 0,
            latency: Histogram::new(),
        };
        let live = Live::new(&store, Arc::clone(&clock))?;
        let (events, _) = broadcast::channel(EVENTS);
        let open = store.question_count()?;
        let propositions = Propositions::open(&store, REMEMBERED)?;
        let log_kept_short = store.checkpointer()?.map(committer::keep_log_short);
        let webhooks = Webhooks::open(setup.webhooks, &store)?;
        let shared = Arc::new_cyclic(|shared| Shared {
            committer: Committer::start(shared.clone()),
            store,
            clock,
            ground,
            mappings,
            limits,
            reputations,
            wanted,
            keep_raw: setup.keep_raw,
            asks: setup.asking != Asking::Nobody,
            source,
            bench: Mutex::new(Bench { court, ticket: 0, epoch: 0 }),
            desks: Mutex::default(),
            most_desks: available_parallelism().map_or(1, usize::from).min(intake::MAX_DESKS),
            requests: Arc::new(Semaphore::new(setup.max_requests)),
            kibibytes: Arc::new(Semaphore::new(BYTES_IN_FLIGHT >> 10)),
            max_requests: setup.max_requests,
            keyed: Mutex::default(),
            live,
            events,
            open: AtomicU64::new(open),
            propositions,
            _log_kept_short: log_kept_short,
            webhooks,
            stream: findings::Stream::new(),
            asked: Notify::new(),
        });
        Ok(Self { shared })
    }

    /// The store behind it.
    pub fn store(&self) -> &Arc<Store> {
        &self.shared.store
    }

    /// Time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// What is known of indicators.
    pub fn reputations(&self) -> &Arc<ReputationCache> {
        &self.shared.reputations
    }

    /// What counts.
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// What happens from now on. Whoever falls 1,024 events behind misses some, and is told so.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// How many listen to events.
    pub fn listeners(&self) -> usize {
        self.shared.events.receiver_count()
    }

    /// Requests that are being worked on, and how many there may be.
    pub fn queue(&self) -> (usize, usize) {
        let most = self.shared.max_requests;
        (most.saturating_sub(self.shared.requests.available_permits()), most)
    }

    /// What may come next, and what to do.
    pub fn propositions(&self) -> &Propositions {
        &self.shared.propositions
    }

    /// What is asked about a stored alert; `None` if there is none of that id. Reads from the store.
    pub fn about(&self, id: &str) -> Result<Option<About>, EngineError> {
        propositions::about(&self.shared.store, id)
    }

    /// A stored alert's record, read again. Reads from the store.
    pub fn record(&self, id: &str) -> Result<Option<RecordAgain>, EngineError> {
        let Shared { store, reputations, ground, mappings, limits, .. } = &*self.shared;
        record_again(store, reputations, &ground.network, mappings, *limits, id)
    }

    /// Questions that wait for a model.
    pub fn open_questions(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Counts by verdict and by severity of what was judged since the start, and how many alerts are decided by a verdict
    /// that was there before, or were alike to the letter.
    pub fn counts(&self) -> Counted {
        let bench = self.shared.bench();
        let tally = &bench.court.tally;
        Counted {
            judged: tally.judged,
            exact: tally.exact_hits,
            fresh: tally.fresh,
            by_verdict: tally.by_verdict(),
            by_severity: tally.by_severity(),
        }
    }
}

/// What was counted since the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Alerts judged.
    pub judged: u64,
    /// Those that say the same as an earlier one.
    pub exact: u64,
    /// Those that a decision was made for.
    pub fresh: u64,
    /// Alerts by verdict.
    pub by_verdict: crate::summary::Counts,
    /// Alerts by severity.
    pub by_severity: crate::summary::Counts,
}

impl Shared {
    pub(crate) fn bench(&self) -> MutexGuard<'_, Bench> {
        // A panic in judging is caught with the request, which is refused; what was counted stands.
        self.bench.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens; that nobody does is no failure.
    pub(crate) fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }
}

#[cfg(test)]
mod tests;
