//! What becomes of a batch that is on its way: found, looked at, and its results taken in.

use super::{Batch, Found, Look, ToAsk, is_passing};
use crate::asking::call::{CANCELLED, EXPIRED, LOST, UNMATCHED, UNREADABLE, outcome_of};
use crate::asking::open::{Open, checks_in};
use crate::asking::progress::add;
use crate::asking::run::Run;
use crate::error::EngineError;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use watchfire_flow::Clock;
use watchfire_llm::{
    BatchFailure, BatchPhase, BatchProvider, BatchResult, BatchResults, BatchStatus, Failure, Pack, Tier,
    Usage,
};
use watchfire_store::{BatchRow, LedgerRow};

/// How long after sending a batch its provider must have it in its list, if it has it at all.
const LISTED_AFTER: Duration = Duration::from_secs(60);
/// How far the provider's clock may be from ours.
const SKEW_MS: i64 = 120_000;
/// Pages of a provider's list that are looked through.
const MAX_PAGES: usize = 50;
/// How often results that can't be read are fetched again before they are given up.
const MAX_UNREADABLE: u32 = 5;

impl Run<'_> {
    /// Finds a batch whose number never came in the provider's list.
    pub(super) async fn find(
        &self,
        way: &dyn BatchProvider,
        row: &BatchRow,
        known: &HashSet<String>,
        clock: &Arc<dyn Clock>,
    ) -> Found {
        let mut page = None;
        for _ in 0..MAX_PAGES {
            let listed =
                self.fetch(way.list(page.as_deref())).await.and_then(|response| way.read_list(&response));
            let Ok(listed) = listed else { return Found::NotYet };
            let ours = listed.batches.iter().find(|status| is_it(status, row, known));
            if let Some(status) = ours {
                return Found::At(status.id.clone());
            }
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
        let age = clock.unix_millis().saturating_sub(row.at);
        let listed_after = i64::try_from(LISTED_AFTER.as_millis()).unwrap_or(i64::MAX);
        if age >= listed_after { Found::Nowhere } else { Found::NotYet }
    }

    /// Asks where a batch stands, and for all its results once it is over.
    pub(super) async fn look(&self, way: &dyn BatchProvider, batch: &mut Batch) -> Look {
        let Some(number) = &batch.row.number else { return Look::Waits };
        let status =
            match self.fetch(way.status(number)).await.and_then(|response| way.read_status(&response)) {
                Ok(status) if status.phase.is_over() => status,
                Ok(_) => return Look::Waits,
                Err(Failure::Rejected(_)) => return Look::Lost(LOST),
                Err(failure @ Failure::Unauthorized(_)) => return Look::Refused(failure.to_string()),
                Err(_) => return Look::Waits,
            };
        let mut results = status.results.clone().unwrap_or_default();
        for location in &status.locations {
            match self.fetch(way.results(location)).await.and_then(|response| way.read_results(&response)) {
                Ok(more) => {
                    results.results.extend(more.results);
                    results.unreadable += more.unreadable;
                }
                Err(Failure::Garbled { .. } | Failure::Rejected(_)) => {
                    batch.unreadable += 1;
                    return if batch.unreadable < MAX_UNREADABLE {
                        Look::Waits
                    } else {
                        Look::Lost(UNREADABLE)
                    };
                }
                Err(_) => return Look::Waits,
            }
        }
        Look::Over(Box::new(status), results)
    }

    /// Writes down what a batch brought, and adds what is to be asked again.
    pub(super) fn take_in(
        &mut self,
        batch: &Batch,
        status: &BatchStatus,
        results: BatchResults,
        open: &mut HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
        to_ask: &mut ToAsk,
    ) -> Result<(), EngineError> {
        let mut waiting: HashMap<&str, &Pack> =
            batch.contents.packs.iter().map(|(key, pack)| (key.as_str(), pack)).collect();
        let (mut decisions, mut again, mut ledger) = (Vec::new(), ToAsk::default(), Vec::new());
        for BatchResult { key, outcome } in results.results {
            let Some(pack) = waiting.remove(key.as_str()) else {
                // Nobody asked for it, or it came twice; it may be billed all the same.
                let usage = outcome.map_or_else(|failure| failure.usage(), |completion| completion.usage);
                ledger.push(self.batch_line(batch, UNMATCHED, usage, clock));
                continue;
            };
            let (name, usage) = match &outcome {
                Ok(completion) => ("answered", completion.usage),
                Err(failure) => (name_of(failure), failure.usage()),
            };
            let mut line = self.batch_line(batch, name, usage, clock);
            line.items = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            line.checks = checks_in(pack, open);
            ledger.push(line);
            match outcome {
                Ok(completion) => {
                    let (decided, failed) = self.answers(pack, &completion.text, open)?;
                    decisions.extend(decided);
                    // What failed alone stays open.
                    again.alone.extend(failed.into_iter().filter(|_| pack.len() > 1));
                }
                Err(BatchFailure::Failed(failure)) => {
                    let questions = pack.clone().into_questions();
                    if is_passing(&failure) {
                        again.together.extend(questions);
                    } else if pack.len() > 1 {
                        again.alone.extend(questions);
                    }
                }
                Err(BatchFailure::Expired | BatchFailure::Cancelled) => {
                    again.together.extend(pack.clone().into_questions());
                }
            }
        }
        for pack in waiting.into_values() {
            let name = status.phase.without_result().as_ref().map_or(LOST, name_of);
            let mut line = self.batch_line(batch, name, Usage::default(), clock);
            line.items = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            line.checks = checks_in(pack, open);
            ledger.push(line);
            again.together.extend(pack.clone().into_questions());
        }
        for _ in 0..results.unreadable {
            let mut line = self.batch_line(batch, UNREADABLE, Usage::default(), clock);
            line.cost_nano = None;
            ledger.push(line);
        }
        if let BatchPhase::Failed { reason } = &status.phase {
            self.line.gates.stop(format!("the provider gave the batch up: {reason}"));
        }
        // Somebody asked again who cancels a batch would be asked for ever.
        if status.phase == BatchPhase::Cancelled {
            self.line.gates.stop("the batch was cancelled");
        }
        let unanswered: Vec<i64> =
            again.together.iter().chain(&again.alone).map(|question| question.id).collect();
        if !self.store.end_batch(&batch.row.name, &decisions, &unanswered, &ledger)? {
            // Another process was faster: its word stands.
            return Ok(());
        }
        self.answered(&decisions, open);
        self.asked.calls += ledger.len() as u64;
        add(&self.progress.calls, ledger.len() as u64);
        let cost: i64 = ledger.iter().filter_map(|line| line.cost_nano).sum();
        self.progress.cost_nano.fetch_add(cost, Ordering::Relaxed);
        self.line.committed_nano.fetch_add(cost - batch.contents.reserved_nano, Ordering::Relaxed);
        self.account(&ledger);
        to_ask.together.append(&mut again.together);
        to_ask.alone.append(&mut again.alone);
        Ok(())
    }

    pub(super) fn batch_line(
        &self,
        batch: &Batch,
        outcome: &str,
        usage: Usage,
        clock: &Arc<dyn Clock>,
    ) -> LedgerRow {
        let took = u64::try_from(clock.unix_millis().saturating_sub(batch.row.at)).unwrap_or(0);
        let took = Duration::from_millis(took);
        self.line.entry(&batch.contents.model, Tier::Batch, outcome, usage, 1, took)
    }
}

/// Whether a listed batch is ours: by its name, or, with a provider that keeps none, by its time and size.
fn is_it(status: &BatchStatus, row: &BatchRow, known: &HashSet<String>) -> bool {
    if let Some(name) = &status.name {
        return *name == row.name;
    }
    let is_near =
        status.created_ms.is_some_and(|created| (row.at - SKEW_MS..=row.at + 2 * SKEW_MS).contains(&created));
    let is_alike = status.counts.is_some_and(|counts| counts.total == u64::from(row.requests));
    is_near && is_alike && !known.contains(&status.id)
}

/// What became of an item, for the ledger.
fn name_of(failure: &BatchFailure) -> &'static str {
    match failure {
        BatchFailure::Expired => EXPIRED,
        BatchFailure::Cancelled => CANCELLED,
        BatchFailure::Failed(failure) => outcome_of(&Err(failure.clone())),
    }
}
