//! One pack of questions on its way: waits for its turn, is sent, and is sent again where that may help.
//!
//! Money is set aside before the call and settled after it, so calls that are in flight together can't overspend together.
//! Every try takes a new slot and gets a line in the ledger, whatever came of it.

use crate::asking::progress::{AskProgress, add};
use crate::gates::{Gates, Shut};
use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_flow::{CallPermit, Clock, Deadline, Denied, Period, Slot, Spent};
use watchfire_http::Http;
use watchfire_llm::{Advice, Completion, Failure, Limit, PriceTable, Prompt, Provider, Tier, Usage};
use watchfire_store::LedgerRow;

/// Everything that calls share.
pub(crate) struct Line {
    pub(crate) http: Arc<dyn Http>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) gates: Gates,
    pub(crate) prices: Arc<PriceTable>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: Arc<AskProgress>,
    /// How long one call may take.
    pub(crate) timeout: Duration,
    /// How long one pack may take in all, waits included.
    pub(crate) patience: Duration,
    /// The most that this run may cost, in billionths of a US dollar.
    pub(crate) max_nano: Option<i64>,
    /// What it has cost, with what calls in flight may cost.
    pub(crate) committed_nano: AtomicI64,
}

/// What became of one prompt.
pub(crate) struct Called {
    pub(crate) outcome: Result<Completion, Failure>,
    pub(crate) ledger: Vec<LedgerRow>,
    pub(crate) tries: Tries,
}

/// What it took.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pub(crate) calls: u32,
    pub(crate) rate_limited: u32,
    pub(crate) waited: Vec<Duration>,
    pub(crate) took: Vec<Duration>,
}

impl Line {
    /// Asks until there is an answer or no use in asking. Dropping the future gives up: a call that was sent by then
    /// keeps its slot.
    pub(crate) async fn ask(
        &self,
        prompt: &Prompt,
        items: u32,
        priority: u8,
        rng: &mut (impl Rng + Send),
    ) -> Called {
        let deadline = Deadline::within(self.patience);
        let mut called =
            Called { outcome: Err(unasked("not asked")), ledger: Vec::new(), tries: Tries::default() };
        loop {
            let waiting = Instant::now();
            let turn = self.turn(prompt, priority, deadline).await;
            called.tries.waited.push(waiting.elapsed());
            let (slot, permit, reserved) = match turn {
                Ok(turn) => turn,
                Err(failure) => {
                    called.outcome = Err(failure);
                    return called;
                }
            };
            if called.tries.calls > 0 {
                add(&self.progress.retries, 1);
            }
            called.tries.calls += 1;
            add(&self.progress.calls, 1);
            add(&self.progress.in_flight, 1);
            if called.tries.calls == 1 {
                // A tenth of a retry for each call that is none.
                self.gates.retry.budget().deposit();
            }
            let sent = Instant::now();
            let request = self.provider.request(prompt).timeout(self.timeout);
            let outcome = match self.http.send(request).await {
                Ok(response) => self.provider.read(&response),
                Err(error) => Err(Failure::from(error)),
            };
            let took = sent.elapsed();
            self.progress.in_flight.fetch_sub(1, Ordering::Relaxed);
            called.tries.took.push(took);
            let usage = match &outcome {
                Ok(completion) => completion.usage,
                Err(failure) => failure.usage(),
            };
            let line = self.line(prompt, &outcome, usage, items, took);
            let cost = line.cost_nano.unwrap_or(0);
            self.committed_nano.fetch_add(cost - reserved, Ordering::Relaxed);
            self.progress.cost_nano.fetch_add(cost, Ordering::Relaxed);
            called.ledger.push(line);
            give_back(slot, &outcome, usage, cost);

            let failure = match outcome {
                Ok(completion) => {
                    permit.success();
                    called.outcome = Ok(completion);
                    return called;
                }
                Err(failure) => failure,
            };
            match failure.advice() {
                // The service works; it is the request, or the moment, that it objects to.
                Advice::Split | Advice::Pause(..) | Advice::Stop => permit.success(),
                Advice::Retry(_) => permit.failure(),
            }
            let asked = self.react(&failure, &mut called.tries);
            let failed = called.tries.calls;
            let may_help = match failure.advice() {
                Advice::Retry(_) => true,
                Advice::Pause(limit, _) => !matches!(limit, Limit::Day | Limit::Spend),
                Advice::Split | Advice::Stop => false,
            };
            let wait = if may_help {
                self.gates.retry.next(failed, Instant::now(), deadline, asked, rng)
            } else {
                None
            };
            called.outcome = Err(failure);
            match wait {
                Some(wait) => sleep(wait).await,
                None => return called,
            }
        }
    }

    /// Waits for the breaker, then for a slot, then for money.
    async fn turn(
        &self,
        prompt: &Prompt,
        priority: u8,
        deadline: Deadline,
    ) -> Result<(Slot, CallPermit, i64), Failure> {
        let usage = prompt.estimate();
        let reserved = self.cost(&prompt.model, prompt.tier, &usage).unwrap_or(0);
        let (slot, permit) = self.gates.pass(usage.input, priority, deadline).await.map_err(|shut| {
            if let Shut::NoTurn(denied) = &shut
                && !matches!(denied, Denied::Never { .. })
            {
                self.gates.stop(format!("the limits leave no room: {denied}"));
            }
            unasked(&shut.to_string())
        })?;
        let committed = self.committed_nano.fetch_add(reserved, Ordering::Relaxed);
        if self.max_nano.is_some_and(|max| committed + reserved > max) {
            self.committed_nano.fetch_sub(reserved, Ordering::Relaxed);
            slot.cancel();
            permit.ignore();
            self.gates.stop("the money set aside for this run or day is spent");
            return Err(unasked("the money set aside for this run or day is spent"));
        }
        Ok((slot, permit, reserved))
    }

    /// Pauses or stops everybody where the provider's words are about everybody. Returns how long to wait.
    fn react(&self, failure: &Failure, tries: &mut Tries) -> Option<Duration> {
        match failure.advice() {
            Advice::Retry(after) => after,
            Advice::Pause(limit, after) => {
                tries.rate_limited += 1;
                add(&self.progress.rate_limited, 1);
                match limit {
                    Limit::Day => {
                        self.gates.budget.exhaust(Period::Day);
                        self.gates.stop(format!("the provider's limit for the day is reached: {failure}"));
                    }
                    // A limit on spending in some minutes passes by itself, and then the provider says when.
                    Limit::Spend if after.is_some() => {
                        self.gates.budget.pause(after.unwrap_or_default());
                    }
                    Limit::Spend => self.gates.stop(format!("the provider wants to be paid: {failure}")),
                    Limit::Requests | Limit::Tokens | Limit::Concurrency | Limit::Unknown => {
                        self.gates.budget.on_limited();
                        self.gates.budget.pause(after.unwrap_or(Duration::from_secs(1)));
                    }
                }
                after
            }
            Advice::Stop => {
                self.gates.stop(failure.to_string());
                None
            }
            Advice::Split => None,
        }
    }

    /// What so much costs, in billionths of a US dollar; `None` if nobody knows.
    pub(super) fn cost(&self, model: &str, tier: Tier, usage: &Usage) -> Option<i64> {
        let nano = self.prices.cost(self.provider.name(), model, tier, usage)?;
        i64::try_from(nano).ok()
    }

    fn line(
        &self,
        prompt: &Prompt,
        outcome: &Result<Completion, Failure>,
        usage: Usage,
        items: u32,
        took: Duration,
    ) -> LedgerRow {
        let tier = outcome.as_ref().map_or(prompt.tier, |completion| completion.tier);
        self.entry(&prompt.model, tier, outcome_of(outcome), usage, items, took)
    }

    /// A line of the ledger.
    pub(super) fn entry(
        &self,
        model: &str,
        tier: Tier,
        outcome: &str,
        usage: Usage,
        items: u32,
        took: Duration,
    ) -> LedgerRow {
        LedgerRow {
            at: self.clock.unix_millis(),
            service: self.provider.name().to_owned(),
            model: model.to_owned(),
            tier: tier.name().to_owned(),
            outcome: outcome.to_owned(),
            items,
            checks: 0,
            input: usage.input,
            cached_input: usage.cached_input,
            cache_write: usage.cache_write,
            output: usage.output,
            thinking: usage.thinking,
            cost_nano: if usage == Usage::default() { Some(0) } else { self.cost(model, tier, &usage) },
            latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Gives a slot back by what is known of the call's fate.
fn give_back(slot: Slot, outcome: &Result<Completion, Failure>, usage: Usage, cost_nano: i64) {
    match outcome {
        Err(Failure::Unreachable { sent: false, .. }) => slot.cancel(),
        // It may arrive yet: the slot comes back when the longest flight is over.
        Err(Failure::Unreachable { sent: true, .. }) => drop(slot),
        _ => {
            let micro_usd = u64::try_from(cost_nano / 1000).unwrap_or(0);
            // What failed used no tokens that anybody knows of: the estimate stands.
            let tokens = (usage != Usage::default()).then(|| usage.all_input());
            slot.settle(Spent { tokens, micro_usd: Some(micro_usd) });
        }
    }
}

/// Nothing was sent.
fn unasked(reason: &str) -> Failure {
    Failure::Unreachable { reason: reason.to_owned(), sent: false }
}

/// What can come of a call, for the ledger.
pub(super) const OUTCOMES: [&str; 14] = [
    "answered",
    "rate limited",
    "refused",
    "cut off",
    "garbled",
    "failed",
    "unauthorized",
    "rejected",
    "no answer",
    EXPIRED,
    CANCELLED,
    UNREADABLE,
    UNMATCHED,
    LOST,
];

/// A batch ended before it came to this.
pub(super) const EXPIRED: &str = "expired";
/// A batch was cancelled before it came to this.
pub(super) const CANCELLED: &str = "cancelled";
/// A result of a batch that can't be read.
pub(super) const UNREADABLE: &str = "unreadable";
/// A result of a batch that nobody asked for, or that came twice.
pub(super) const UNMATCHED: &str = "unmatched";
/// A batch whose results the provider no longer has.
pub(super) const LOST: &str = "lost";

/// What came of a call, for the ledger.
pub(super) fn outcome_of(outcome: &Result<Completion, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "answered",
        Err(Failure::Limited { .. }) => "rate limited",
        Err(Failure::Refused { .. }) => "refused",
        Err(Failure::Truncated { .. }) => "cut off",
        Err(Failure::Garbled { .. }) => "garbled",
        Err(Failure::Server { .. }) => "failed",
        Err(Failure::Unauthorized(_)) => "unauthorized",
        Err(Failure::Rejected(_)) => "rejected",
        Err(Failure::Unreachable { .. }) => "no answer",
    }
}
