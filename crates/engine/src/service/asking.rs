//! Asks a model, in the background, what the embedded deciders left open: the most urgent first, a few calls' worth at a time,
//! so that what comes in later and is more urgent does not wait for all that came before.

use super::{Event, Service, Shared};
use crate::archive::decision_from_row;
use crate::asking::{AskProgress, Asker, Which};
use crate::decide::weight_of;
use crate::error::EngineError;
use crate::summary::Asked;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::Instrument;
use watchfire_judge::Decision;
use watchfire_signal::{Decider, Severity, Verdict};
use watchfire_store::{DecisionRow, Search};

/// Calls' worth of questions that are asked before what is most urgent is looked for again.
const CALLS: u32 = 8;
/// How often a question is asked in vain before it is left open.
const ATTEMPTS: u32 = 3;
/// How long to wait where asking brought nothing.
const PAUSE: Duration = Duration::from_secs(10);
/// How long to wait where nothing may be asked: the day's limit, or the money.
const STOPPED: Duration = Duration::from_secs(60);
/// How often it is looked for questions that nobody told of.
const IDLE: Duration = Duration::from_secs(30);

/// How asking a model goes, for whoever watches.
#[derive(Debug)]
pub struct Outside {
    /// The model's name in the settings.
    pub name: String,
    /// Whoever asks this model holds it meanwhile: one credential, one budget.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    /// How far the present round has come.
    progress: Mutex<Arc<AskProgress>>,
    /// What all rounds came to.
    asked: Mutex<Asked>,
}

impl Outside {
    /// Nothing asked yet.
    pub fn new(name: &str) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self { name: name.to_owned(), turn: Arc::default(), progress: Mutex::default(), asked })
    }

    /// How far the present round has come.
    pub fn progress(&self) -> Arc<AskProgress> {
        Arc::clone(&self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state of its breaker, as the present or last round left it: closed, open or half_open.
    pub fn breaker(&self) -> &'static str {
        self.progress().breaker()
    }

    /// What all rounds came to since the start.
    pub fn asked(&self) -> Asked {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self) -> Arc<AskProgress> {
        let progress = Arc::new(AskProgress::new());
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&progress);
        progress
    }

    fn end(&self, asked: Asked) {
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *all = std::mem::take(&mut *all).and(asked);
    }
}

impl Service {
    /// Asks what is open until it is dropped, and takes in the answers. What is answered is stored at once; dropping the
    /// future loses at most the calls that are on their way.
    pub async fn ask(&self, asker: &Asker, outside: &Outside) -> Result<(), EngineError> {
        let limit = CALLS * u32::try_from(asker.pack.size.max(1)).unwrap_or(1);
        let which = Which { limit, attempts: ATTEMPTS };
        loop {
            let before = self.shared.open_decisions(which)?;
            if before.is_empty() {
                drop(tokio::time::timeout(IDLE, self.shared.asked.notified()).await);
                continue;
            }
            let progress = outside.begin();
            let span = tracing::debug_span!("ask", questions = before.len(), model = %outside.name);
            let round = asker.round(&self.shared.store, &self.shared.clock, &progress, which, 0);
            let asked = {
                let _turn = outside.turn.lock().await;
                round.instrument(span).await?
            };
            let answered = self.shared.take_answers(&before)?;
            let is_stopped = !asked.stopped.is_empty();
            outside.end(asked);
            if is_stopped {
                tokio::time::sleep(STOPPED).await;
            } else if answered == 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Shared {
    /// The decisions that are to be asked about next.
    fn open_decisions(&self, which: Which) -> Result<Vec<DecisionRow>, EngineError> {
        self.open.store(self.store.question_count()?, Ordering::Relaxed);
        let mut decisions = Vec::new();
        for question in self.store.questions(which.limit, which.attempts)? {
            decisions.extend(self.store.decision(question.decision)?);
        }
        Ok(decisions)
    }

    /// Tells the judge, the queue and whoever listens what was answered of these; says how many those are.
    pub(super) fn take_answers(&self, before: &[DecisionRow]) -> Result<u64, EngineError> {
        let mut patterns = Vec::new();
        for row in before {
            let Some(after) = self.store.decision(row.id)? else { continue };
            if after.decider != Decider::Llm.id() {
                continue;
            }
            let answer = decision_from_row(&after);
            if let Some(answer) = &answer {
                self.tell_of_answer(row, answer)?;
            }
            self.store.answered_late(row.id, row.pattern, (row.verdict, row.severity), &weight_of)?;
            if let Some(answer) = answer {
                let mut bench = self.bench();
                bench.court.judge.answered(answer);
                bench.court.tally.forget_lead(row.pattern);
            }
            patterns.push(row.pattern);
        }
        let answered = patterns.len() as u64;
        self.open.store(self.store.question_count()?, Ordering::Relaxed);
        if answered > 0 {
            patterns.sort_unstable();
            patterns.dedup();
            self.tell(Event::Patterns(patterns.into()));
        }
        Ok(answered)
    }
    /// Lets whoever wants to hear of it know that a model called hostile what had been left open.
    fn tell_of_answer(&self, before: &DecisionRow, answer: &Decision) -> Result<(), EngineError> {
        let verdict = Verdict::from_id(before.verdict).unwrap_or(Verdict::Unknown);
        if self.webhooks.all.is_empty() || verdict.is_hostile() || !answer.verdict.is_hostile() {
            return Ok(());
        }
        let search = Search { pattern: Some(before.pattern), ..Search::default() };
        let alert = self.store.search(&search, None, 1)?.pop().map(|alert| alert.id).unwrap_or_default();
        let deliveries = self.turned((verdict, Severity::from_id(before.severity)), answer, &alert)?;
        if !deliveries.is_empty() {
            self.store.put_deliveries(&deliveries, self.clock.unix_millis())?;
            self.webhooks.written(&self.store)?;
        }
        Ok(())
    }
}
