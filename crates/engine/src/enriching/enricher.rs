//! Asks all services at once about all that is wanted.

use super::desk::{Counter, Desk, Looked, Lookup, Told};
use super::progress::EnrichProgress;
use super::wanted::Wanted;
use crate::asking::{AskProgress, add};
use crate::error::EngineError;
use crate::gates::Gates;
use crate::reputation::ReputationCache;
use crate::summary::{Count, Enriched, EnrichedBy, Percentiles};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::{Clock, Deadline, Histogram};
use watchfire_intel::services::{Outbound, spelled};
use watchfire_signal::{Indicator, Reputation};
use watchfire_store::{ServiceAnswerRow, Store};

/// Answers that may wait to be written down.
const WAITING: usize = 256;
/// How often it is written down where the budgets stand.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// All services, and what may be sent to them.
#[derive(Clone, Default)]
pub struct Enricher {
    /// The services.
    pub desks: Vec<Desk>,
    /// What may leave.
    pub outbound: Outbound,
    /// Seed of waits.
    pub seed: u64,
}

/// What asking would take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forecast {
    /// Indicators, each once.
    pub indicators: u64,
    /// For each service, how many calls it would take at least, and how many answers still hold.
    pub services: Vec<(String, u64, u64)>,
}

/// What is to be asked, sorted out.
struct Plan {
    enriched: Enriched,
    lookups: Vec<Vec<Lookup>>,
}

impl Enricher {
    /// Sorts out what each service is to be asked.
    fn plan(&self, reputations: &ReputationCache, wanted: &Wanted) -> Plan {
        let lists = reputations.intel();
        let mut enriched = Enriched::default();
        let mut kept: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut seen = HashSet::new();
        let by_service =
            |desk: &Desk| EnrichedBy { service: desk.service.name().to_owned(), ..EnrichedBy::default() };
        enriched.services = self.desks.iter().map(by_service).collect();
        let mut lookups: Vec<Vec<Lookup>> = vec![Vec::new(); self.desks.len()];
        for (kind, value, priority) in wanted.by_priority() {
            let indicator = Indicator { kind, value: &value };
            let Some((kind, value)) = spelled(indicator) else {
                enriched.indicators += 1;
                *kept.entry("unreadable").or_default() += 1;
                continue;
            };
            if !seen.insert((kind, value.clone())) {
                continue;
            }
            enriched.indicators += 1;
            if let Some(reason) = self.outbound.kept(&lists, indicator) {
                *kept.entry(reason.name()).or_default() += 1;
                continue;
            }
            if lists.lookup(indicator).reputation() == Reputation::Malicious {
                enriched.settled += 1;
                continue;
            }
            for ((desk, by), lookups) in self.desks.iter().zip(&mut enriched.services).zip(&mut lookups) {
                if desk.service.request(kind, &value).is_none() {
                    continue;
                }
                by.indicators += 1;
                if reputations.holds(desk.service.name(), kind, &value) {
                    by.cached += 1;
                } else {
                    lookups.push(Lookup { kind, value: value.clone(), priority });
                }
            }
        }
        enriched.kept = counts(&kept);
        Plan { enriched, lookups }
    }

    /// Whether any service would be asked about an indicator.
    pub(crate) fn would_ask(&self, reputations: &ReputationCache, indicator: Indicator<'_>) -> bool {
        let Some((kind, value)) = spelled(indicator) else { return false };
        let lists = reputations.intel();
        self.outbound.kept(&lists, indicator).is_none()
            && lists.lookup(indicator).reputation() != Reputation::Malicious
            && self.desks.iter().any(|desk| {
                desk.service.request(kind, &value).is_some()
                    && !reputations.holds(desk.service.name(), kind, &value)
            })
    }

    /// What asking would take; asks nobody.
    pub fn forecast(&self, reputations: &ReputationCache, wanted: &Wanted) -> Forecast {
        let plan = self.plan(reputations, wanted);
        let services = plan.enriched.services.iter().zip(&plan.lookups);
        Forecast {
            indicators: plan.enriched.indicators,
            services: services
                .map(|(by, lookups)| (by.service.clone(), lookups.len() as u64, by.cached))
                .collect(),
        }
    }

    /// Asks about what is wanted until it is answered or the time for it is over. Blocks; to be called outside of any
    /// runtime.
    pub fn ask(
        &self,
        store: &Store,
        reputations: &ReputationCache,
        wanted: &Wanted,
        clock: &Arc<dyn Clock>,
        progress: &EnrichProgress,
    ) -> Result<Enriched, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map_err(EngineError::Runtime)?.block_on(self.ask_all(
            store,
            reputations,
            wanted,
            clock,
            progress,
        ))
    }

    /// As [`Enricher::ask`], on the caller's runtime. Dropping the future ends asking: what was answered is written down.
    pub async fn ask_all(
        &self,
        store: &Store,
        reputations: &ReputationCache,
        wanted: &Wanted,
        clock: &Arc<dyn Clock>,
        progress: &EnrichProgress,
    ) -> Result<Enriched, EngineError> {
        let started = Instant::now();
        let Plan { mut enriched, lookups } = self.plan(reputations, wanted);
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let mut counters: Vec<Arc<Counter>> = Vec::new();
        let mut serving = JoinSet::new();
        for (index, (desk, lookups)) in self.desks.iter().zip(lookups).enumerate() {
            let name = desk.service.name();
            let progress = progress.of(name);
            progress.questions.store(lookups.len() as u64, Ordering::Relaxed);
            let counter = Arc::new(Counter {
                index,
                desk: desk.clone(),
                gates: Gates::open(
                    &format!("service {name}"),
                    &desk.limits,
                    desk.breaker,
                    desk.backoff,
                    store,
                    clock,
                )?,
                deadline: Deadline::within(desk.patience),
                clock: Arc::clone(clock),
                progress,
                used_up: AtomicBool::new(false),
            });
            counters.push(Arc::clone(&counter));
            serving.spawn(counter.serve(lookups, sender.clone(), self.seed.wrapping_add(index as u64)));
        }
        drop(sender);

        let mut accounts: Vec<Account> = counters.iter().map(|_| Account::default()).collect();
        let mut save = tokio::time::interval(SAVE_EVERY);
        loop {
            tokio::select! {
                looked = receiver.recv() => {
                    let Some(looked) = looked else { break };
                    let (Some(account), Some(counter)) =
                        (accounts.get_mut(looked.desk), counters.get(looked.desk))
                    else {
                        continue;
                    };
                    account.take(&looked, &counter.progress);
                    keep(&looked, counter, store, reputations, clock.unix_millis())?;
                }
                _ = save.tick() => {
                    for counter in &counters {
                        counter.gates.save(store, clock)?;
                    }
                }
            }
        }
        for counter in &counters {
            counter.gates.close(store, clock)?;
        }
        while let Some(served) = serving.join_next().await {
            served.map_err(|error| EngineError::Worker(error.to_string()))?;
        }
        reputations.forget_merged();
        for ((by, account), counter) in enriched.services.iter_mut().zip(accounts).zip(&counters) {
            by.calls = account.calls;
            by.rate_limited = account.rate_limited;
            by.reputations = counts(&account.reputations);
            by.wait_ms = Percentiles::of(&account.waited, 1e3);
            by.call_ms = Percentiles::of(&account.took, 1e3);
            by.stopped = counter.gates.stopped().unwrap_or_default();
        }
        enriched.elapsed_s = started.elapsed().as_secs_f64();
        Ok(enriched)
    }
}

/// Writes an answer down, with what it took; what is no answer is known to this run alone.
fn keep(
    looked: &Looked,
    counter: &Counter,
    store: &Store,
    reputations: &ReputationCache,
    now: i64,
) -> Result<(), EngineError> {
    let (reputation, evidence) = looked.told.reputation();
    let lifetime = match &looked.told {
        Told::Found(_) => counter.desk.lifetimes.of(reputation),
        Told::Failed(_) | Told::Unasked(..) => None,
    };
    let millis = |lifetime: Duration| i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    let row = ServiceAnswerRow {
        service: counter.desk.service.name().to_owned(),
        kind: looked.lookup.kind.id(),
        value: looked.lookup.value.clone(),
        reputation: reputation.id(),
        evidence,
        at: now,
        until: lifetime.map_or(i64::MAX, |lifetime| now.saturating_add(millis(lifetime))),
    };
    let kept = if lifetime.is_some() { std::slice::from_ref(&row) } else { &[] };
    store.put_service_answers(kept, &looked.ledger)?;
    reputations.tell(row);
    Ok(())
}

/// What a service was asked, as it is counted.
#[derive(Default)]
struct Account {
    calls: u64,
    rate_limited: u64,
    reputations: BTreeMap<&'static str, u64>,
    waited: Histogram,
    took: Histogram,
}

impl Account {
    fn take(&mut self, looked: &Looked, progress: &AskProgress) {
        self.calls += looked.ledger.len() as u64;
        self.rate_limited += looked.rate_limited;
        *self.reputations.entry(looked.told.reputation().0.name()).or_default() += 1;
        looked.waited.iter().for_each(|wait| self.waited.record(*wait));
        looked.took.iter().for_each(|took| self.took.record(*took));
        match looked.told {
            Told::Found(_) => add(&progress.answered, 1),
            Told::Failed(_) | Told::Unasked(..) => add(&progress.given_up, 1),
        }
    }
}

fn counts(by_name: &BTreeMap<&'static str, u64>) -> Vec<Count> {
    by_name.iter().map(|(name, count)| Count { name: (*name).to_owned(), alerts: *count }).collect()
}
