//! Asks every open question: packs them, keeps as many calls on their way as the limits allow, and writes each answer down
//! with the line in the ledger that paid for it.
//!
//! What fails together is asked again in halves, then alone; what fails alone stays open, and the embedded deciders'
//! word stands. Where a provider was in trouble, what it left unanswered is tried again once the rest is done.

use crate::archive::{decision_from_row, decision_to_row};
use crate::asking::call::{Called, Line};
use crate::asking::open::Open;
use crate::asking::progress::{AskProgress, add};
use crate::asking::verdict::decided;
use crate::error::EngineError;
use crate::gates::Gates;
use crate::summary::{Asked, Count, Percentiles};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Histogram};
use watchfire_http::Http;
use watchfire_llm::{
    Answer, Failure, Hidden, Pack, PackConfig, PriceTable, Prompt, Provider, Pseudonyms, Question, Tier,
    estimate_tokens, pack, prompt, prompt_hash, read_answers, split,
};
use watchfire_store::{DecisionRow, LedgerRow, Store};

/// Questions that are in memory at once.
const PAGE: u32 = 20_000;
/// How often what was left unanswered is tried again after the rest.
const ROUNDS: u32 = 3;
/// How often the display learns what the budget does.
const OUTLOOK: Duration = Duration::from_millis(200);

/// A model, and how it may be asked.
pub struct Asker {
    /// What budgets are kept under: one per credential.
    pub name: String,
    /// How to speak to it.
    pub provider: Arc<dyn Provider>,
    /// How to reach it.
    pub http: Arc<dyn Http>,
    /// The model.
    pub model: String,
    /// At which tier.
    pub tier: Tier,
    /// What the provider allows.
    pub limits: BudgetConfig,
    /// How questions are packed.
    pub pack: PackConfig,
    /// Calls at once.
    pub concurrency: usize,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long one pack may take in all.
    pub patience: Duration,
    /// The most that a run may cost, in billionths of a US dollar.
    pub max_nano_usd: Option<i64>,
    /// What is replaced before a question leaves; `None` if nothing is.
    pub privacy: Option<Arc<Pseudonyms>>,
    /// What calls cost.
    pub prices: Arc<PriceTable>,
    /// When to stop calling a provider that fails.
    pub breaker: BreakerSettings,
    /// How far apart tries are.
    pub backoff: Backoff,
    /// Seed of ids and waits.
    pub seed: u64,
}

/// What asking would cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quote {
    /// Questions.
    pub questions: u64,
    /// Calls.
    pub calls: u64,
    /// Tokens of input, by an estimate that is rather too high.
    pub input_tokens: u64,
    /// Tokens of output, at most.
    pub output_tokens: u64,
    /// Cost at most, in billionths of a US dollar; `None` if the model has no known price.
    pub nano_usd: Option<i64>,
}

impl Asker {
    /// What decisions of this model are marked with: its name and the hash of its instructions.
    pub fn mark(&self) -> Arc<str> {
        format!("{}/{}@{}", self.provider.name(), self.model, prompt_hash()).into()
    }

    /// A question as it may leave, and what puts its answer right again. The same each time.
    fn leaving(&self, question: &Question) -> (Question, Hidden) {
        match &self.privacy {
            Some(pseudonyms) => pseudonyms.hide(question),
            None => (question.clone(), Hidden::default()),
        }
    }

    /// What it would cost to ask what is open.
    pub fn quote(&self, store: &Store) -> Result<Quote, EngineError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let open = open_questions(store)?;
        let open: Vec<Question> = twins(&open).keys().map(|id| self.leaving(&open[id].question).0).collect();
        let mut quote = Quote { questions: open.len() as u64, nano_usd: Some(0), ..Quote::default() };
        for pack in pack(open, &self.pack, &mut rng) {
            let prompt = prompt(&pack, &self.model, self.tier);
            let (input, output) = size(&prompt);
            quote.calls += 1;
            quote.input_tokens += input;
            quote.output_tokens += output;
            let usage = watchfire_llm::Usage { input, output, ..watchfire_llm::Usage::default() };
            let nano = self.prices.cost(self.provider.name(), &self.model, self.tier, &usage);
            quote.nano_usd = quote.nano_usd.zip(nano).map(|(sum, nano)| sum.saturating_add(nano_of(nano)));
        }
        Ok(quote)
    }

    /// Asks what is open until it is answered or there is no use in asking. Blocks; to be called outside of any runtime.
    pub fn ask(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<Asked, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map_err(EngineError::Runtime)?.block_on(self.ask_all(store, clock, progress))
    }

    /// As [`Asker::ask`], on the caller's runtime. Dropping the future ends asking: what was answered is written down.
    pub async fn ask_all(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<Asked, EngineError> {
        let gates = Gates::open(&self.name, &self.limits, self.breaker, self.backoff, store, clock)?;
        let line = Arc::new(Line {
            http: Arc::clone(&self.http),
            provider: Arc::clone(&self.provider),
            gates,
            prices: Arc::clone(&self.prices),
            clock: Arc::clone(clock),
            progress: Arc::clone(progress),
            timeout: self.timeout,
            patience: self.patience,
            max_nano: self.max_nano_usd,
            committed_nano: AtomicI64::new(0),
        });
        let run = Run {
            asker: self,
            store,
            mark: self.mark(),
            line: Arc::clone(&line),
            progress,
            rng: ChaCha8Rng::seed_from_u64(self.seed),
            asked: Asked { model: self.model.clone(), ..Asked::default() },
            outcomes: BTreeMap::new(),
            waited: Histogram::new(),
            took: Histogram::new(),
            twins: HashMap::new(),
        };
        let outcome = run.all(clock).await;
        line.gates.close(store, clock)?;
        outcome
    }
}

/// Tokens that a prompt takes, in and out, at most.
fn size(prompt: &Prompt) -> (u64, u64) {
    let input = estimate_tokens(&prompt.system)
        + estimate_tokens(&prompt.user)
        + estimate_tokens(&prompt.schema.to_string());
    (input, u64::from(prompt.max_output_tokens))
}

fn nano_of(nano: u64) -> i64 {
    i64::try_from(nano).unwrap_or(i64::MAX)
}

/// What is open, by decision.
fn open_questions(store: &Store) -> Result<HashMap<i64, Open>, EngineError> {
    let mut open = HashMap::new();
    for row in store.questions(PAGE)? {
        // What another version wrote and this one can't read is asked about again when its alert comes again.
        if let Ok(question) = serde_json::from_str::<Open>(&row.body) {
            open.insert(row.decision, question);
        }
    }
    Ok(open)
}

/// Questions that say the same, by the first of them, which is asked for all: a pattern is decided on anew for each order
/// of magnitude of its alerts, and each of these is a question.
fn twins(open: &HashMap<i64, Open>) -> HashMap<i64, Vec<i64>> {
    let mut ids: Vec<&i64> = open.keys().collect();
    ids.sort_unstable();
    let mut first = HashMap::new();
    let mut twins: HashMap<i64, Vec<i64>> = HashMap::new();
    for id in ids {
        let Question { tenant, family, fields, .. } = &open[id].question;
        let asked: i64 = *first.entry((tenant, family, fields)).or_insert(*id);
        twins.entry(asked).or_default().push(*id);
    }
    twins
}

struct Run<'r> {
    asker: &'r Asker,
    store: &'r Store,
    mark: Arc<str>,
    line: Arc<Line>,
    progress: &'r Arc<AskProgress>,
    rng: ChaCha8Rng,
    asked: Asked,
    outcomes: BTreeMap<&'static str, u64>,
    waited: Histogram,
    took: Histogram,
    /// For each question that is asked, all questions that its answer is for.
    twins: HashMap<i64, Vec<i64>>,
}

impl Run<'_> {
    async fn all(mut self, clock: &Arc<dyn Clock>) -> Result<Asked, EngineError> {
        let started = Instant::now();
        let mut open = open_questions(self.store)?;
        self.asked.questions = open.len() as u64;
        self.progress.questions.store(self.asked.questions, Ordering::Relaxed);
        self.twins = twins(&open);
        let mut waiting: Vec<Question> = self
            .twins
            .keys()
            .filter_map(|id| open.get(id))
            .map(|open| self.asker.leaving(&open.question).0)
            .collect();
        for _ in 0..ROUNDS {
            if waiting.is_empty() || self.line.gates.stopped().is_some() {
                break;
            }
            waiting = self.round(waiting, &mut open, clock).await?;
            self.progress.given_up.store(0, Ordering::Relaxed);
        }
        self.asked.open = self.asked.questions - self.asked.answered;
        self.progress.given_up.store(self.asked.open, Ordering::Relaxed);
        self.asked.elapsed_s = started.elapsed().as_secs_f64();
        self.asked.outcomes = self
            .outcomes
            .iter()
            .map(|(name, calls)| Count { name: (*name).to_owned(), alerts: *calls })
            .collect();
        self.asked.wait_ms = Percentiles::of(&self.waited, 1e3);
        self.asked.call_ms = Percentiles::of(&self.took, 1e3);
        self.asked.stopped = self.line.gates.stopped().unwrap_or_default();
        Ok(self.asked)
    }

    /// Asks these questions; returns those that are worth another round.
    async fn round(
        &mut self,
        questions: Vec<Question>,
        open: &mut HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Vec<Question>, EngineError> {
        let mut queue: VecDeque<Pack> = pack(questions, &self.asker.pack, &mut self.rng).into();
        let mut calls: JoinSet<(Pack, Called)> = JoinSet::new();
        let mut later = Vec::new();
        let mut tick = tokio::time::interval(OUTLOOK);
        let mut saved = Instant::now();
        loop {
            while calls.len() < self.asker.concurrency.max(1)
                && let Some(pack) = queue.pop_front()
            {
                self.start(&mut calls, pack);
            }
            self.tell(queue.len());
            tokio::select! {
                done = calls.join_next() => {
                    let Some(done) = done else { return Ok(later) };
                    let (pack, called) = done.map_err(|error| EngineError::Worker(error.to_string()))?;
                    self.take(pack, called, open, &mut queue, &mut later)?;
                }
                _ = tick.tick() => {
                    // A kill must not make the next process forget what the provider remembers.
                    if saved.elapsed() > Duration::from_secs(1) {
                        saved = Instant::now();
                        self.line.gates.save(self.store, clock)?;
                    }
                }
            }
        }
    }

    fn start(&mut self, calls: &mut JoinSet<(Pack, Called)>, pack: Pack) {
        let prompt = prompt(&pack, &self.asker.model, self.asker.tier);
        let line = Arc::clone(&self.line);
        let mut rng = ChaCha8Rng::from_rng(&mut self.rng);
        calls.spawn(async move {
            let items = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            let called = line.ask(&prompt, items, pack.priority(), &mut rng).await;
            (pack, called)
        });
    }

    /// Shows what the budget does.
    fn tell(&self, queued: usize) {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (next, last) = self.line.gates.outlook(queued);
        self.progress.next_slot_ms.store(millis(next), Ordering::Relaxed);
        self.progress.predicted_ms.store(millis(last), Ordering::Relaxed);
    }

    /// Takes in what a call brought.
    fn take(
        &mut self,
        pack: Pack,
        called: Called,
        open: &mut HashMap<i64, Open>,
        queue: &mut VecDeque<Pack>,
        later: &mut Vec<Question>,
    ) -> Result<(), EngineError> {
        self.count(&called);
        let mut decisions = Vec::new();
        let mut again: Vec<Question> = Vec::new();
        match &called.outcome {
            Ok(completion) => {
                let answers = read_answers(&pack, &completion.text);
                let mut failed: Vec<usize> = answers.failed.iter().map(|&(index, _)| index).collect();
                for answer in &answers.good {
                    let taken = self.decide(answer, open)?;
                    if taken.is_empty() {
                        failed
                            .extend(pack.entries().iter().position(|(_, question)| question.id == answer.id));
                    }
                    decisions.extend(taken);
                }
                again.extend(failed.iter().filter_map(|&index| Some(pack.entries().get(index)?.1.clone())));
            }
            Err(
                Failure::Refused { .. }
                | Failure::Truncated { .. }
                | Failure::Garbled { .. }
                | Failure::Rejected(_),
            ) => {
                again.extend(pack.entries().iter().map(|(_, question)| question.clone()));
            }
            // It is not the questions' fault.
            Err(_) => later.extend(pack.entries().iter().map(|(_, question)| question.clone())),
        }
        let alone = pack.len() == 1;
        let unanswered: Vec<i64> = again.iter().chain(later.iter()).map(|question| question.id).collect();
        self.store.answer(&decisions, &unanswered, &called.ledger)?;
        self.asked.answered += decisions.len() as u64;
        add(&self.progress.answered, decisions.len() as u64);
        for decision in &decisions {
            open.remove(&decision.id);
        }
        if again.is_empty() {
            return Ok(());
        }
        if alone {
            // Asked alone in vain: what nobody embedded was sure of stays so.
            add(&self.progress.given_up, 1);
        } else if again.len() < pack.len() {
            // The rest of the pack was answered, so these can be asked together once more.
            queue.extend(watchfire_llm::pack(
                again,
                &PackConfig { size: 1, ..self.asker.pack },
                &mut self.rng,
            ));
        } else if let Some((first, second)) = split(again, &mut self.rng) {
            queue.push_back(first);
            queue.push_back(second);
        }
        Ok(())
    }

    /// The decisions that an answer comes to; none if the rules forbid it.
    fn decide(&self, answer: &Answer, open: &HashMap<i64, Open>) -> Result<Vec<DecisionRow>, EngineError> {
        let mut decisions = Vec::new();
        for id in self.twins.get(&answer.id).into_iter().flatten() {
            let (Some(open), Some(row)) = (open.get(id), self.store.decision(*id)?) else { continue };
            let (_, hidden) = self.asker.leaving(&open.question);
            let answer = hidden.restore_answer(answer.clone());
            let decided =
                decision_from_row(&row).and_then(|decision| decided(&decision, open, &answer, &self.mark));
            decisions.extend(decided.as_ref().map(decision_to_row));
        }
        Ok(decisions)
    }

    fn count(&mut self, called: &Called) {
        self.asked.calls += u64::from(called.tries.calls);
        self.asked.retries += u64::from(called.tries.calls.saturating_sub(1));
        self.asked.rate_limited += u64::from(called.tries.rate_limited);
        called.tries.waited.iter().for_each(|wait| self.waited.record(*wait));
        called.tries.took.iter().for_each(|took| self.took.record(*took));
        for LedgerRow { outcome, input, cached_input, cache_write, output, thinking, cost_nano, .. } in
            &called.ledger
        {
            self.asked.input_tokens += input + cached_input + cache_write;
            self.asked.output_tokens += output + thinking;
            self.asked.cost_nano_usd += cost_nano.unwrap_or(0);
            self.asked.unpriced += u64::from(cost_nano.is_none());
            *self.outcomes.entry(outcome_name(outcome)).or_default() += 1;
        }
    }
}

/// The same text for as long as the program runs.
fn outcome_name(outcome: &str) -> &'static str {
    crate::asking::call::OUTCOMES.into_iter().find(|name| *name == outcome).unwrap_or("other")
}
