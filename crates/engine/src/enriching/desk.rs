//! One service: how it may be asked, and one indicator on its way there and back.

use crate::asking::{AskProgress, add};
use crate::gates::{Gates, Shut};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Deadline, Period, Slot, Spent};
use watchfire_http::{Http, HttpError, Response};
use watchfire_intel::services::{Advice, Finding, Lifetimes, Limit, Service, ServiceError};
use watchfire_judge::tame;
use watchfire_signal::{IndicatorKind, Reputation};
use watchfire_store::LedgerRow;

/// What stands in the ledger's tier for calls to services.
pub const LOOKUP: &str = "lookup";
/// How often the display learns what the budget does.
const OUTLOOK: Duration = Duration::from_millis(200);
/// Longest wait that follows a refusal that names none.
const UNNAMED_PAUSE: Duration = Duration::from_secs(1);

/// A service, and how it may be asked.
#[derive(Clone)]
pub struct Desk {
    /// How to speak to it.
    pub service: Arc<dyn Service>,
    /// How to reach it.
    pub http: Arc<dyn Http>,
    /// What it allows.
    pub limits: BudgetConfig,
    /// Calls at once.
    pub concurrency: usize,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long a run waits for it in all.
    pub patience: Duration,
    /// How long its answers hold.
    pub lifetimes: Lifetimes,
    /// When to stop calling it while it fails.
    pub breaker: BreakerSettings,
    /// How far apart tries are.
    pub backoff: Backoff,
}

/// An indicator, as services spell it.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) kind: IndicatorKind,
    pub(super) value: String,
    pub(super) priority: u8,
}

/// What came of asking about one.
#[derive(Debug)]
pub(super) struct Looked {
    /// The service's place in the enricher.
    pub(super) desk: usize,
    pub(super) lookup: Lookup,
    pub(super) told: Told,
    pub(super) ledger: Vec<LedgerRow>,
    pub(super) rate_limited: u64,
    pub(super) waited: Vec<Duration>,
    pub(super) took: Vec<Duration>,
}

#[derive(Debug)]
pub(super) enum Told {
    Found(Finding),
    /// Asked in vain.
    Failed(ServiceError),
    /// No answer came, or it was never sent: why, and what that makes of the indicator.
    Unasked(Reputation, String),
}

/// A service at work.
pub(super) struct Counter {
    pub(super) index: usize,
    pub(super) desk: Desk,
    pub(super) gates: Gates,
    pub(super) deadline: Deadline,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<AskProgress>,
    /// Whether asking ended because a limit is reached.
    pub(super) used_up: AtomicBool,
}

impl Counter {
    /// Asks about all of them, the first first, and hands out what came of each. Ends when all are done or nobody listens.
    pub(super) async fn serve(self: Arc<Self>, lookups: Vec<Lookup>, out: mpsc::Sender<Looked>, seed: u64) {
        let mut queue = VecDeque::from(lookups);
        let mut calls = JoinSet::new();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut tick = tokio::time::interval(OUTLOOK);
        loop {
            while calls.len() < self.desk.concurrency.max(1)
                && let Some(lookup) = queue.pop_front()
            {
                let (counter, mut rng) = (Arc::clone(&self), ChaCha8Rng::from_rng(&mut rng));
                calls.spawn(async move { counter.ask(lookup, &mut rng).await });
            }
            let (next, last) = self.gates.outlook(queue.len());
            let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            self.progress.next_slot_ms.store(millis(next), Ordering::Relaxed);
            self.progress.predicted_ms.store(millis(last), Ordering::Relaxed);
            tokio::select! {
                looked = calls.join_next() => match looked {
                    None => return,
                    Some(Ok(looked)) => {
                        if out.send(looked).await.is_err() {
                            return;
                        }
                    }
                    // It panicked: whoever asked must hear it.
                    Some(Err(error)) => {
                        if let Ok(panic) = error.try_into_panic() {
                            resume_unwind(panic);
                        }
                        return;
                    }
                },
                _ = tick.tick() => {}
            }
        }
    }

    async fn ask(&self, lookup: Lookup, rng: &mut ChaCha8Rng) -> Looked {
        let mut looked = Looked {
            desk: self.index,
            lookup,
            told: Told::Unasked(Reputation::NotAsked, String::new()),
            ledger: Vec::new(),
            rate_limited: 0,
            waited: Vec::new(),
            took: Vec::new(),
        };
        let (kind, priority) = (looked.lookup.kind, looked.lookup.priority);
        let Some(request) = self.desk.service.request(kind, &looked.lookup.value) else { return looked };
        loop {
            let waiting = Instant::now();
            let turn = self.gates.pass(0, priority, self.deadline).await;
            looked.waited.push(waiting.elapsed());
            let (slot, permit) = match turn {
                Ok(turn) => turn,
                Err(shut) => {
                    // What the last try was told says more than that there was no further one.
                    if looked.ledger.is_empty() {
                        looked.told = Told::Unasked(self.reputation_of(&shut), shut.to_string());
                    }
                    return looked;
                }
            };
            let tries = u32::try_from(looked.ledger.len()).unwrap_or(u32::MAX);
            if tries == 0 {
                self.gates.retry.budget().deposit();
            } else {
                add(&self.progress.retries, 1);
            }
            add(&self.progress.calls, 1);
            add(&self.progress.in_flight, 1);
            let sent = Instant::now();
            let answer = self.desk.http.send(request.clone().timeout(self.desk.timeout)).await;
            let took = sent.elapsed();
            self.progress.in_flight.fetch_sub(1, Ordering::Relaxed);
            looked.took.push(took);
            let outcome = self.read(&looked.lookup, answer, slot);
            looked.ledger.push(self.line(&looked.lookup, outcome_name(&outcome), took));
            let (advice, told) = match outcome {
                Ok(finding) => {
                    permit.success();
                    looked.told = Told::Found(finding);
                    return looked;
                }
                Err(Missed::Service(error)) => (error.advice(), Told::Failed(error)),
                Err(Missed::Http(error)) => {
                    let advice = if error.is_transient() { Advice::Retry(None) } else { Advice::Skip };
                    (advice, Told::Unasked(Reputation::Failed, error.to_string()))
                }
            };
            match advice {
                Advice::Retry(_) => permit.failure(),
                // The service works; it is the request, or the moment, that it objects to.
                _ => permit.success(),
            }
            looked.rate_limited += u64::from(matches!(advice, Advice::Pause(..)));
            self.react(advice, &told);
            looked.told = told;
            // Where asking again may help, after how long the service wants it.
            let (Advice::Retry(asked) | Advice::Pause(Limit::Short | Limit::Unknown, asked)) = advice else {
                return looked;
            };
            match self.gates.retry.next(tries + 1, Instant::now(), self.deadline, asked, rng) {
                Some(wait) => sleep(wait).await,
                None => return looked,
            }
        }
    }

    fn read(
        &self,
        lookup: &Lookup,
        answer: Result<Response, HttpError>,
        slot: Slot,
    ) -> Result<Finding, Missed> {
        match answer {
            Ok(response) => {
                slot.settle(Spent::default());
                self.desk.service.read(lookup.kind, &lookup.value, &response).map_err(Missed::Service)
            }
            Err(error) => {
                // What was sent may arrive yet: its slot comes back when the longest flight is over.
                if error.was_sent() {
                    drop(slot);
                } else {
                    slot.cancel();
                }
                Err(Missed::Http(error))
            }
        }
    }

    /// Pauses or stops everybody where the service's words are about everybody.
    fn react(&self, advice: Advice, told: &Told) {
        let words = || match told {
            Told::Failed(error) => error.to_string(),
            Told::Unasked(_, reason) => reason.clone(),
            Told::Found(_) => String::new(),
        };
        match advice {
            Advice::Retry(_) | Advice::Skip => {}
            Advice::Stop => self.gates.stop(words()),
            Advice::Pause(limit, after) => {
                add(&self.progress.rate_limited, 1);
                match limit {
                    Limit::Day => {
                        self.used_up.store(true, Ordering::Relaxed);
                        self.gates.budget.exhaust(Period::Day);
                        self.gates.stop(format!("the limit for the day is reached: {}", words()));
                    }
                    Limit::Week => {
                        self.used_up.store(true, Ordering::Relaxed);
                        self.gates.budget.pause(after.unwrap_or_default());
                        self.gates.stop(format!("the limit for the week is reached: {}", words()));
                    }
                    Limit::Short | Limit::Unknown => {
                        self.gates.budget.on_limited();
                        self.gates.budget.pause(after.unwrap_or(UNNAMED_PAUSE));
                    }
                }
            }
        }
    }

    /// What it makes of an indicator that its turn never came.
    fn reputation_of(&self, shut: &Shut) -> Reputation {
        match shut {
            Shut::NoTurn(_) => Reputation::Limited,
            Shut::Stopped(_) if self.used_up.load(Ordering::Relaxed) => Reputation::Limited,
            Shut::Stopped(_) | Shut::Failing => Reputation::Failed,
        }
    }

    fn line(&self, lookup: &Lookup, outcome: &str, took: Duration) -> LedgerRow {
        LedgerRow {
            at: self.clock.unix_millis(),
            service: self.desk.service.name().to_owned(),
            model: lookup.kind.name().to_owned(),
            tier: LOOKUP.to_owned(),
            outcome: outcome.to_owned(),
            items: 1,
            checks: 0,
            input: 0,
            cached_input: 0,
            cache_write: 0,
            output: 0,
            thinking: 0,
            cost_nano: Some(0),
            latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

enum Missed {
    Service(ServiceError),
    Http(HttpError),
}

fn outcome_name(outcome: &Result<Finding, Missed>) -> &'static str {
    match outcome {
        Ok(_) => "answered",
        Err(Missed::Service(ServiceError::Limited { .. })) => "rate limited",
        Err(Missed::Service(ServiceError::Unauthorized { .. })) => "unauthorized",
        Err(Missed::Service(ServiceError::Rejected { .. })) => "rejected",
        Err(Missed::Service(ServiceError::Server { .. })) => "failed",
        Err(Missed::Service(ServiceError::Garbled { .. })) => "garbled",
        Err(Missed::Http(_)) => "no answer",
    }
}

impl Told {
    /// What the indicator's reputation is now, with this service, and why.
    pub(super) fn reputation(&self) -> (Reputation, Option<String>) {
        match self {
            Self::Found(finding) => (finding.reputation, finding.evidence.clone()),
            Self::Failed(error) => (error.reputation(), Some(tame(&error.to_string(), 300))),
            Self::Unasked(reputation, reason) => (*reputation, Some(tame(reason, 300))),
        }
    }
}
