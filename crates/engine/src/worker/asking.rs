//! Asks a model what is left open, one worker at a time for each question, and puts the answers where all workers find them.
//!
//! A question stands in the shared store from when its decision was made. Whoever waits for it claims it for a while and asks; the
//! others look whether it is gone. An answer counts only if the question is still open, so a decision changes once at most. Calls go out
//! through the same gates, packs and purse as on one machine: they know a store of their own in memory, which lives for a round.

use super::insisting::Insisting;
use crate::archive::decision_from_row;
use crate::asking::{AskProgress, Asker, Which};
use crate::error::EngineError;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use watchfire_flow::Clock;
use watchfire_signal::Decider;
use watchfire_store::fleet::{FleetAnswer, FleetStore, LedgerEntry, MOST_ASKED};
use watchfire_store::{Commit, DecisionRow, LedgerRow, Location, QuestionRow, Store};

/// Calls' worth of questions in a round.
const CALLS: usize = 8;
/// How often a question is asked in vain before what was decided stands.
const ATTEMPTS: u32 = 3;
/// How long a claim holds, and how often it is made anew while its questions are asked.
const LEASE: Duration = Duration::from_secs(60);
const RENEW: Duration = Duration::from_secs(15);
/// How often it is looked whether others have answered.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait where nothing may be asked: the day's limit, or the money.
const STOPPED: Duration = Duration::from_secs(30);

/// What is open, and what became of it; shared by who judges and who asks.
#[derive(Default)]
pub(super) struct Desk {
    /// Decisions that are waited for, by since when.
    open: RefCell<BTreeMap<i64, Instant>>,
    /// Decisions that are final now.
    resolved: RefCell<Vec<DecisionRow>>,
    /// Woken by new ones of the former, and of the latter.
    pub(super) asked: Notify,
    pub(super) answered: Notify,
    pub(super) counts: RefCell<Counts>,
}

/// How asking went since the start.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) closed: u64,
}

impl Desk {
    /// Waits for these from now on.
    pub(super) fn wait_for(&self, decisions: impl IntoIterator<Item = i64>) {
        let now = Instant::now();
        let mut open = self.open.borrow_mut();
        let before = open.len();
        for decision in decisions {
            open.entry(decision).or_insert(now);
        }
        if open.len() > before {
            self.asked.notify_one();
        }
    }

    pub(super) fn is_open(&self, decision: i64) -> bool {
        self.open.borrow().contains_key(&decision)
    }

    pub(super) fn open(&self) -> usize {
        self.open.borrow().len()
    }

    /// What has become final since this was asked last.
    pub(super) fn take_resolved(&self) -> Vec<DecisionRow> {
        std::mem::take(&mut self.resolved.borrow_mut())
    }

    fn resolve(&self, rows: Vec<DecisionRow>) {
        if rows.is_empty() {
            return;
        }
        let mut open = self.open.borrow_mut();
        for row in &rows {
            open.remove(&row.id);
        }
        self.resolved.borrow_mut().extend(rows);
        self.answered.notify_one();
    }

    /// Some of what is waited for, as much as may be asked about at once; the others when these are final.
    fn ids(&self) -> Vec<i64> {
        self.open.borrow().keys().take(MOST_ASKED).copied().collect()
    }

    fn older_than(&self, age: Duration) -> Vec<i64> {
        let now = Instant::now();
        let open = self.open.borrow();
        open.iter()
            .filter(|(_, since)| now.saturating_duration_since(**since) > age)
            .map(|(id, _)| *id)
            .take(MOST_ASKED)
            .collect()
    }
}

/// Who asks, if anybody does.
pub(super) struct Clerk<'c, S> {
    pub(super) store: &'c Insisting<'c, S>,
    pub(super) asker: Option<&'c Asker>,
    pub(super) desk: &'c Desk,
    pub(super) clock: &'c Arc<dyn Clock>,
    /// This worker's name.
    pub(super) who: &'c str,
    /// What entries of the ledger that this process makes are known by, and how many it made.
    pub(super) process: [u8; 16],
    pub(super) entries: &'c Cell<u64>,
    /// How long an answer is waited for before what was decided stands.
    pub(super) patience: Duration,
}

/// The budgets' states, kept from one round to the next.
#[derive(Default)]
struct Kept {
    budget: Option<(String, i64)>,
}

impl<S: FleetStore> Clerk<'_, S> {
    /// Asks until it is dropped. What is answered is stored at once; dropping the future loses at most calls that are on their way.
    pub(super) async fn run(&self) -> Result<(), EngineError> {
        let mut kept = Kept::default();
        loop {
            let ids = self.desk.ids();
            if ids.is_empty() {
                self.desk.asked.notified().await;
                continue;
            }
            self.look(&ids).await?;
            let overdue = self.desk.older_than(self.patience);
            if !overdue.is_empty() {
                self.close(&overdue).await?;
            }
            let went_on = match self.asker {
                Some(asker) => self.round(asker, &mut kept).await?,
                None => false,
            };
            if !went_on {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Takes in what was answered or closed by whoever.
    async fn look(&self, ids: &[i64]) -> Result<(), EngineError> {
        let rows = self.store.insist(|store| store.resolved(ids)).await?;
        self.desk.resolve(rows);
        Ok(())
    }

    /// What was decided stands.
    async fn close(&self, ids: &[i64]) -> Result<(), EngineError> {
        let held = self.store.insist(|store| store.claim(ids, self.who, LEASE, ids.len())).await?;
        let held: Vec<i64> = held.iter().map(|question| question.decision).collect();
        self.store.insist(|store| store.give_back(&held, self.who, 0)).await?;
        self.desk.counts.borrow_mut().closed += held.len() as u64;
        self.look(ids).await
    }

    /// Asks a few calls' worth of what nobody else asks. Says whether there was anything.
    async fn round(&self, asker: &Asker, kept: &mut Kept) -> Result<bool, EngineError> {
        let limit = CALLS * asker.pack.size.max(1);
        let ids = self.desk.ids();
        let questions = self.store.insist(|store| store.claim(&ids, self.who, LEASE, limit)).await?;
        if questions.is_empty() {
            return Ok(false);
        }
        let ids: Vec<i64> = questions.iter().map(|question| question.decision).collect();
        let decisions = self.store.insist(|store| store.decisions(&ids)).await?;
        self.desk.counts.borrow_mut().asked += ids.len() as u64;
        let scratch = scratch(decisions, &questions, &asker.name, kept, self.clock)?;
        let progress = Arc::new(AskProgress::new());
        let which = Which { limit: u32::try_from(limit).unwrap_or(u32::MAX), attempts: ATTEMPTS };
        let mut brought = Brought::default();
        let asked = {
            let round = asker.round(&scratch, self.clock, &progress, which, 0);
            let mut round = std::pin::pin!(round);
            let mut renewed = Instant::now();
            loop {
                tokio::select! {
                    asked = &mut round => break asked?,
                    () = tokio::time::sleep(LOOK) => {
                        self.bring(&scratch, &questions, &mut brought).await?;
                        self.look(&self.desk.ids()).await?;
                        if renewed.elapsed() > RENEW {
                            renewed = Instant::now();
                            // A claim that can't be made anew runs out, and somebody else asks the same: the first answer counts.
                            drop(self.store.store.claim(&ids, self.who, LEASE, limit).await);
                        }
                    }
                }
            }
        };
        kept.budget = scratch.budget(&asker.name)?;
        self.bring(&scratch, &questions, &mut brought).await?;
        self.give_back(&scratch, &questions, &brought).await?;
        self.look(&ids).await?;
        if !asked.stopped.is_empty() {
            tracing::warn!(reason = %watchfire_judge::tame(&asked.stopped, 300), "the model is not asked for a while");
            tokio::time::sleep(STOPPED).await;
        }
        Ok(true)
    }

    /// Brings what was answered by now, and paid for, into the store that all share.
    async fn bring(
        &self,
        scratch: &Store,
        questions: &[QuestionRow],
        brought: &mut Brought,
    ) -> Result<(), EngineError> {
        let mut lines: Vec<LedgerRow> = scratch.ledger_lines()?;
        let all = lines.len();
        lines.drain(..brought.lines.min(all));
        if lines.is_empty() {
            return Ok(());
        }
        let mut answers = Vec::new();
        for question in questions {
            if brought.answers.contains(&question.decision) {
                continue;
            }
            let Some(decision) = scratch.decision(question.decision)? else { continue };
            let is_answered = decision.decider == Decider::Llm.id() && decision_from_row(&decision).is_some();
            if let Some(answered) = scratch.answered(question.decision)?.filter(|_| is_answered) {
                brought.answers.insert(question.decision);
                answers.push(FleetAnswer { decision, answered });
            }
        }
        let paid = LedgerEntry::of(self.process, self.entries.replace(self.entries.get() + 1), lines);
        let stand = self.store.insist(|store| store.answer(&answers, &paid)).await?;
        brought.lines = all;
        self.desk.counts.borrow_mut().answered += stand.len() as u64;
        Ok(())
    }

    /// Gives back what was asked in vain. What was not asked at all, because nothing may be, is no worse for it.
    async fn give_back(
        &self,
        scratch: &Store,
        questions: &[QuestionRow],
        brought: &Brought,
    ) -> Result<(), EngineError> {
        let all = u32::try_from(questions.len()).unwrap_or(u32::MAX);
        let tried = scratch.questions(all, u32::MAX)?;
        let tried = tried.iter().filter(|question| question.attempts > 0);
        let tried: Vec<i64> =
            tried.map(|question| question.decision).filter(|id| !brought.answers.contains(id)).collect();
        if !tried.is_empty() {
            self.store.insist(|store| store.give_back(&tried, self.who, ATTEMPTS)).await?;
        }
        Ok(())
    }
}

/// What of a round is in the shared store.
#[derive(Default)]
struct Brought {
    answers: BTreeSet<i64>,
    /// Lines of the ledger.
    lines: usize,
}

/// A store in memory with these questions, for one round.
fn scratch(
    decisions: Vec<DecisionRow>,
    questions: &[QuestionRow],
    name: &str,
    kept: &Kept,
    clock: &Arc<dyn Clock>,
) -> Result<Store, EngineError> {
    let scratch = Store::open(&Location::Memory)?;
    let now = clock.unix_millis();
    let source = scratch.source(b"\0watchfire worker\0", "log", now)?;
    let questions =
        questions.iter().map(|question| QuestionRow { attempts: 0, ..question.clone() }).collect();
    scratch.commit(source, &[Commit { decisions, questions, ..Commit::default() }], now)?;
    if let Some((state, at)) = &kept.budget {
        scratch.put_budget(name, state, *at)?;
    }
    Ok(scratch)
}
