//! Asks every open question: packs them, keeps as many calls on their way as the limits allow, and writes each answer down
//! with the line in the ledger that paid for it.
//!
//! What fails together is asked again in halves, then alone; what fails alone stays open, and the embedded deciders'
//! word stands. Where a provider was in trouble, what it left unanswered is tried again once the rest is done.

use crate::archive::{decision_from_row, decision_to_row};
use crate::asking::asker::Asker;
use crate::asking::call::{Called, Line, OUTCOMES};
use crate::asking::open::{Open, Which, checks_in, open_questions, twins};
use crate::asking::progress::{AskProgress, add};
use crate::asking::verdict::{Mark, decided};
use crate::error::EngineError;
use crate::summary::{Asked, Count, Percentiles};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::{Clock, Histogram};
use watchfire_llm::{Answer, Failure, Pack, PackConfig, Question, Tier, pack, prompt, read_answers, split};
use watchfire_store::{DecisionRow, LedgerRow, Store};

/// How often what was left unanswered is tried again after the rest.
pub(super) const ROUNDS: u32 = 3;
/// How often the display learns what the budget does.
const OUTLOOK: Duration = Duration::from_millis(200);

/// One time of asking.
pub(super) struct Run<'r> {
    pub(super) asker: &'r Asker,
    pub(super) store: &'r Store,
    mark: Mark,
    pub(super) line: Arc<Line>,
    pub(super) progress: &'r Arc<AskProgress>,
    pub(super) rng: ChaCha8Rng,
    pub(super) asked: Asked,
    outcomes: BTreeMap<&'static str, u64>,
    waited: Histogram,
    took: Histogram,
    /// For each question that is asked, all questions that its answer is for.
    pub(super) twins: HashMap<i64, Vec<i64>>,
    /// What answers come to, where it does not take the place of what is stored.
    aside: Option<Vec<DecisionRow>>,
}

impl<'r> Run<'r> {
    pub(super) fn new(
        asker: &'r Asker,
        store: &'r Store,
        line: Arc<Line>,
        progress: &'r Arc<AskProgress>,
    ) -> Self {
        Self {
            asker,
            store,
            mark: Mark { model: asker.mark(), settings: asker.settings() },
            line,
            progress,
            rng: ChaCha8Rng::seed_from_u64(asker.seed),
            asked: Asked { model: asker.model.clone(), ..Asked::default() },
            outcomes: BTreeMap::new(),
            waited: Histogram::new(),
            took: Histogram::new(),
            twins: HashMap::new(),
            aside: None,
        }
    }

    /// Asks until everything is answered or there is no use in asking.
    pub(super) async fn all(mut self, clock: &Arc<dyn Clock>, which: Which) -> Result<Asked, EngineError> {
        let open = open_questions(self.store, which)?;
        self.twins = twins(&open);
        self.rounds(open, clock).await?;
        Ok(self.asked)
    }

    /// Asks what was answered before, each question for itself, and leaves the decisions in the store as they are.
    /// Returns those that the answers come to now.
    pub(super) async fn again(
        mut self,
        answered: HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(Asked, Vec<DecisionRow>), EngineError> {
        self.twins = answered.keys().map(|id| (*id, vec![*id])).collect();
        self.aside = Some(Vec::new());
        self.rounds(answered, clock).await?;
        Ok((self.asked, self.aside.unwrap_or_default()))
    }

    async fn rounds(
        &mut self,
        mut open: HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), EngineError> {
        let started = Instant::now();
        self.asked.questions = open.len() as u64;
        self.progress.questions.store(self.asked.questions, Ordering::Relaxed);
        let mut waiting: Vec<Question> = self
            .twins
            .keys()
            .filter_map(|id| open.get(id))
            .map(|open| self.asker.leaving(&open.question).0)
            .collect();
        if self.asker.tier == Tier::Batch {
            self.batches(waiting, &mut open, clock).await?;
        } else {
            for _ in 0..ROUNDS {
                if waiting.is_empty() || self.line.gates.stopped().is_some() {
                    break;
                }
                waiting = self.round(waiting, &mut open, clock).await?;
                self.progress.given_up.store(0, Ordering::Relaxed);
            }
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
        Ok(())
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
        self.progress.breaker.store(self.line.gates.breaker_state(), Ordering::Relaxed);
    }

    /// Takes in what a call brought.
    fn take(
        &mut self,
        pack: Pack,
        mut called: Called,
        open: &mut HashMap<i64, Open>,
        queue: &mut VecDeque<Pack>,
        later: &mut Vec<Question>,
    ) -> Result<(), EngineError> {
        let checks = checks_in(&pack, open);
        called.ledger.iter_mut().for_each(|line| line.checks = checks);
        self.count(&called);
        let (mut decisions, mut again) = (Vec::new(), Vec::new());
        match &called.outcome {
            Ok(completion) => (decisions, again) = self.answers(&pack, &completion.text, open)?,
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
        match &mut self.aside {
            Some(aside) => {
                self.store.answer(&[], &[], &called.ledger)?;
                aside.extend(decisions.iter().cloned());
            }
            None => self.store.answer(&decisions, &unanswered, &called.ledger)?,
        }
        self.answered(&decisions, open);
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

    /// What the text of an answer comes to: decisions, and the questions that it does not answer.
    pub(super) fn answers(
        &self,
        pack: &Pack,
        text: &str,
        open: &HashMap<i64, Open>,
    ) -> Result<(Vec<DecisionRow>, Vec<Question>), EngineError> {
        let answers = read_answers(pack, text);
        let mut decisions = Vec::new();
        let mut failed: Vec<usize> = answers.failed.iter().map(|&(index, _)| index).collect();
        for answer in &answers.good {
            let taken = self.decide(answer, open)?;
            if taken.is_empty() {
                failed.extend(pack.entries().iter().position(|(_, question)| question.id == answer.id));
            }
            decisions.extend(taken);
        }
        let again = failed.iter().filter_map(|&index| Some(pack.entries().get(index)?.1.clone())).collect();
        Ok((decisions, again))
    }

    /// Counts what was answered and is written down.
    pub(super) fn answered(&mut self, decisions: &[DecisionRow], open: &mut HashMap<i64, Open>) {
        self.asked.answered += decisions.len() as u64;
        add(&self.progress.answered, decisions.len() as u64);
        for decision in decisions {
            open.remove(&decision.id);
        }
    }

    /// The decisions that an answer comes to; none if the rules forbid it.
    fn decide(&self, answer: &Answer, open: &HashMap<i64, Open>) -> Result<Vec<DecisionRow>, EngineError> {
        let mut decisions = Vec::new();
        for id in self.twins.get(&answer.id).into_iter().flatten() {
            let (Some(open), Some(row)) = (open.get(id), self.store.decision(*id)?) else { continue };
            let (_, hidden) = self.asker.leaving(&open.question);
            let answer = hidden.restore_answer(answer.clone());
            let decided =
                decision_from_row(&row).and_then(|decision| decided(&decision, &answer, &self.mark));
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
        self.account(&called.ledger);
    }

    /// Counts what calls took.
    pub(super) fn account(&mut self, ledger: &[LedgerRow]) {
        for LedgerRow { outcome, input, cached_input, cache_write, output, thinking, cost_nano, .. } in ledger
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
    OUTCOMES.into_iter().find(|name| *name == outcome).unwrap_or("other")
}
