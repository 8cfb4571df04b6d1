//! A language model and how it may be asked: at what price, at what rate, and how questions leave for it.

use crate::asking::call::Line;
use crate::asking::open::{Open, Which, open_questions, twins};
use crate::asking::progress::AskProgress;
use crate::asking::run::Run;
use crate::error::EngineError;
use crate::gates::{Gates, SharedGates};
use crate::summary::Asked;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock};
use watchfire_http::Http;
use watchfire_llm::{
    Failure, Hidden, PackConfig, PriceTable, Provider, Pseudonyms, Question, Tier, pack, prompt, prompt_hash,
    settings,
};
use watchfire_store::{BatchRow, DecisionRow, Store};

const DAY_MS: i64 = 86_400_000;

/// What stands before a model's name in the settings in the name that its budget and batches are kept under.
pub const ASKER_PREFIX: &str = "llm ";

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
    /// Budget and breaker, where others use them too; else both are made anew, and the budget is kept in the store.
    pub shared: Option<SharedGates>,
    /// How questions are packed.
    pub pack: PackConfig,
    /// Calls at once.
    pub concurrency: usize,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long one pack may take in all.
    pub patience: Duration,
    /// How long a run waits for batches; what is not answered by then is read by a later one.
    pub batch_wait: Duration,
    /// The most that a run may cost, in billionths of a US dollar.
    pub max_nano_usd: Option<i64>,
    /// The most that a day (UTC) may cost with this provider, by the ledger of this store.
    pub max_nano_usd_per_day: Option<i64>,
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

    /// How it is asked, for decisions to say.
    pub fn settings(&self) -> String {
        let mut text = settings(&*self.provider, &self.model, self.tier, &self.pack);
        if self.privacy.is_some() {
            text.push_str(", names replaced");
        }
        text
    }

    /// A question as it may leave, and what puts its answer right again. The same each time.
    pub(super) fn leaving(&self, question: &Question) -> (Question, Hidden) {
        match &self.privacy {
            Some(pseudonyms) => pseudonyms.hide(question),
            None => (question.clone(), Hidden::default()),
        }
    }

    /// What it would cost to ask what is open.
    pub fn quote(&self, store: &Store) -> Result<Quote, EngineError> {
        let open = open_questions(store, Which::ALL)?;
        Ok(self.quote_for(twins(&open).keys().map(|id| &open[id].question)))
    }

    /// What it would cost to ask these.
    pub(crate) fn quote_for<'q>(&self, questions: impl Iterator<Item = &'q Question>) -> Quote {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let open: Vec<Question> = questions.map(|question| self.leaving(question).0).collect();
        let mut quote = Quote { questions: open.len() as u64, nano_usd: Some(0), ..Quote::default() };
        for pack in pack(open, &self.pack, &mut rng) {
            let prompt = prompt(&pack, &self.model, self.tier);
            let usage = prompt.estimate();
            quote.calls += 1;
            quote.input_tokens += usage.input;
            quote.output_tokens += usage.output;
            let nano = self.prices.cost(self.provider.name(), &self.model, self.tier, &usage);
            quote.nano_usd = quote.nano_usd.zip(nano).map(|(sum, nano)| sum.saturating_add(nano_of(nano)));
        }
        quote
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

    /// Asks what has come up since; what was asked in vain before stays open. What was spent `before` counts towards the run's
    /// purse. Blocks; to be called outside of any runtime.
    pub fn ask_more(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
        before: &Asked,
    ) -> Result<Asked, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let round = self.round(store, clock, progress, Which::NEVER_ASKED, before.cost_nano_usd);
        runtime.map_err(EngineError::Runtime)?.block_on(round)
    }

    /// Asks what is open, from what earlier rounds left in the purse.
    pub(crate) async fn round(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
        which: Which,
        spent_nano: i64,
    ) -> Result<Asked, EngineError> {
        let line = self.line(store, clock, progress, spent_nano)?;
        let run = Run::new(self, store, Arc::clone(&line), progress);
        let outcome = run.all(clock, which).await;
        line.gates.close(store, clock)?;
        outcome
    }

    /// What this run may still cost, after what it `spent` and what was spent today.
    fn purse(&self, store: &Store, clock: &Arc<dyn Clock>, spent: i64) -> Result<Option<i64>, EngineError> {
        let per_run = self.max_nano_usd.map(|most| most.saturating_sub(spent));
        let Some(per_day) = self.max_nano_usd_per_day else { return Ok(per_run) };
        let now = clock.unix_millis();
        let midnight = now - now.rem_euclid(DAY_MS);
        let of_today = store.ledger(midnight, i64::MAX)?;
        let ours = of_today.iter().filter(|line| line.service == self.provider.name());
        let left = per_day.saturating_sub(ours.map(|line| line.cost_nano).sum());
        Ok(Some(per_run.map_or(left, |per_run| per_run.min(left))))
    }

    /// Asks the provider to cancel a batch. Blocks; to be called outside of any runtime.
    pub fn cancel(&self, batch: &BatchRow) -> Result<(), EngineError> {
        let (Some(way), Some(number)) = (self.provider.batches(), &batch.number) else {
            return Err(EngineError::NotCancelled("its number is not known yet".to_owned()));
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let sent = runtime.map_err(EngineError::Runtime)?.block_on(self.http.send(way.cancel(number)));
        let cancelled = sent.map_err(Failure::from).and_then(|response| way.read_cancelled(&response));
        cancelled.map_err(|failure| EngineError::NotCancelled(failure.to_string()))
    }

    /// As [`Asker::ask`], on the caller's runtime. Dropping the future ends asking: what was answered is written down.
    pub async fn ask_all(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<Asked, EngineError> {
        self.round(store, clock, progress, Which::ALL, 0).await
    }

    /// Asks again what was answered, and leaves the decisions as they are: the decisions that the answers come to now.
    /// Every question is asked on its own behalf, also where two say the same. Dropping the future ends asking.
    pub(crate) async fn ask_again(
        &self,
        store: &Store,
        answered: HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<(Asked, Vec<DecisionRow>), EngineError> {
        let line = self.line(store, clock, progress, 0)?;
        let run = Run::new(self, store, Arc::clone(&line), progress);
        let outcome = run.again(answered, clock).await;
        line.gates.close(store, clock)?;
        outcome
    }

    /// Where calls go out, through gates that must be closed in the end.
    fn line(
        &self,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
        spent: i64,
    ) -> Result<Arc<Line>, EngineError> {
        let gates = match &self.shared {
            Some(shared) => Gates::shared(&self.name, shared, self.backoff),
            None => Gates::open(&self.name, &self.limits, self.breaker, self.backoff, store, clock)?,
        };
        Ok(Arc::new(self.line_through(gates, store, clock, progress, spent)?))
    }

    /// What calls share, through these gates.
    pub(crate) fn line_through(
        &self,
        gates: Gates,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
        spent: i64,
    ) -> Result<Line, EngineError> {
        Ok(Line {
            http: Arc::clone(&self.http),
            provider: Arc::clone(&self.provider),
            gates,
            prices: Arc::clone(&self.prices),
            clock: Arc::clone(clock),
            progress: Arc::clone(progress),
            timeout: self.timeout,
            patience: self.patience,
            max_nano: self.purse(store, clock, spent)?,
            committed_nano: AtomicI64::new(0),
        })
    }
}

pub(super) fn nano_of(nano: u64) -> i64 {
    i64::try_from(nano).unwrap_or(i64::MAX)
}
