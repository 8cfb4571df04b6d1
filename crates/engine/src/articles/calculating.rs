//! Scores worked out anew for a reader: in batches, some at a time, in turns with the others who wait.

use super::{ArticleEvent, ArticleService, Shared};
use crate::error::EngineError;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use watchfire_flow::{Ask, Budget, BudgetConfig, Check, Clock, Counted, Quota};
use watchfire_store::articles::ArticleId;

/// Articles in a batch.
const BATCH: u32 = 50;
/// Batches at once.
const AT_ONCE: u64 = 3;
/// Calculations that a reader may ask for in [`WINDOW`].
const MOST_ASKED: u64 = 50;
const WINDOW: Duration = Duration::from_secs(300);
/// Calculations that are remembered, and readers whose requests are counted.
const REMEMBERED: usize = 1_000;
/// How often a batch is tried.
const TRIES: u32 = 3;
/// The first pause between tries; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(200);

/// How a calculation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It has not begun.
    Waiting,
    /// It goes on.
    Running,
    /// It is done.
    Done,
    /// It was given up, because the store failed again and again.
    Failed,
}

/// A calculation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub user: String,
    /// How it stands.
    pub state: JobState,
    /// Articles that were scored.
    pub done: u64,
    /// Articles that there are to score.
    pub total: u64,
}

/// A calculation that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// Its number.
    pub job: u64,
    /// Calculations that are not done, before it.
    pub ahead: usize,
    /// How long it will wait, by how long the last batches took.
    pub wait: Duration,
}

/// Why nothing is calculated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotQueued {
    /// There is no profile of this name.
    #[error("there is no profile of {0}")]
    Nobody(String),
    /// They asked too often.
    #[error("that is more than {MOST_ASKED} calculations in {} s", WINDOW.as_secs())]
    TooOften(Duration),
}

pub(super) struct Calculations {
    clock: Arc<dyn Clock>,
    /// Whose turn it is: readers take turns, batch by batch.
    turns: Budget,
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Default)]
struct State {
    last: u64,
    jobs: BTreeMap<u64, Job>,
    waiting: Vec<(u64, i64)>,
    limits: HashMap<String, Budget>,
    /// How long a batch takes, smoothed.
    batch_s: f64,
}

impl Calculations {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Result<Self, EngineError> {
        let config = BudgetConfig { quotas: vec![Quota::Concurrency(AT_ONCE)], ..BudgetConfig::default() };
        let turns = Budget::new(config, Arc::clone(clock)).map_err(EngineError::Budget)?;
        Ok(Self { clock: Arc::clone(clock), turns, state: Mutex::default(), asked: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, job: u64, change: impl FnOnce(&mut Job)) -> Option<Job> {
        let mut state = self.state();
        let job = state.jobs.get_mut(&job)?;
        change(job);
        Some(job.clone())
    }
}

impl State {
    /// Takes a request of this reader's, or says how long to wait.
    fn take(&mut self, user: &str, clock: &Arc<dyn Clock>) -> Result<(), Duration> {
        if self.limits.len() >= REMEMBERED && !self.limits.contains_key(user) {
            // Whoever has all of theirs left is not limited by being forgotten.
            self.limits.retain(|_, budget| budget.left().is_none_or(|left| left < MOST_ASKED));
        }
        if !self.limits.contains_key(user) {
            let quota = Quota::Rolling { counted: Counted::Requests, limit: MOST_ASKED, window: WINDOW };
            let config = BudgetConfig { quotas: vec![quota], ..BudgetConfig::default() };
            let Ok(budget) = Budget::new(config, Arc::clone(clock)) else { return Ok(()) };
            self.limits.insert(user.to_owned(), budget);
        }
        let Some(budget) = self.limits.get(user) else { return Ok(()) };
        match budget.try_acquire(&Ask::default()) {
            Some(slot) => {
                slot.settle(watchfire_flow::Spent::default());
                Ok(())
            }
            None => Err(match budget.check(&Ask::default()) {
                Check::Wait(wait) => wait,
                _ => WINDOW,
            }),
        }
    }

    /// Takes the first calculation of a reader for whom none goes on.
    fn next(&mut self, running: &HashMap<Id, String>) -> Option<(u64, i64, String)> {
        let user_of = |job: &u64| self.jobs.get(job).map(|job| &job.user);
        let is_free = |(job, _): &(u64, i64)| {
            user_of(job).is_none_or(|user| !running.values().any(|running| running == user))
        };
        let place = self.waiting.iter().position(is_free)?;
        let (job, since) = self.waiting.remove(place);
        let user = self.jobs.get(&job).map(|job| job.user.clone()).unwrap_or_default();
        Some((job, since, user))
    }

    fn forget_old(&mut self) {
        while self.jobs.len() > REMEMBERED {
            let over = |job: &Job| matches!(job.state, JobState::Done | JobState::Failed);
            let Some(old) = self.jobs.values().find(|job| over(job)).map(|job| job.id) else { return };
            self.jobs.remove(&old);
        }
    }
}

impl ArticleService {
    /// Asks for the scores of a reader to be worked out anew, of articles published at `since` or later (milliseconds since
    /// 1970). Whoever asked for the same and waits yet is not queued twice.
    pub fn calculate(&self, user: &str, since: i64) -> Result<Queued, NotQueued> {
        if self.shared.readers.of(user).is_none() {
            return Err(NotQueued::Nobody(user.to_owned()));
        }
        let calculations = &self.shared.calculations;
        let mut state = calculations.state();
        state.take(user, &calculations.clock).map_err(NotQueued::TooOften)?;
        let known = state
            .waiting
            .iter()
            .find(|(job, from)| *from == since && state.jobs.get(job).is_some_and(|job| job.user == user));
        let job = if let Some((job, _)) = known {
            *job
        } else {
            state.last += 1;
            let id = state.last;
            state
                .jobs
                .insert(id, Job { id, user: user.to_owned(), state: JobState::Waiting, done: 0, total: 0 });
            state.waiting.push((id, since));
            state.forget_old();
            id
        };
        let open = |job: &&Job| matches!(job.state, JobState::Waiting | JobState::Running);
        let before = state.jobs.range(..job).map(|(_, job)| job).filter(open);
        let (ahead, batches) = before.fold((0, 0), |(ahead, batches), job| {
            (ahead + 1, batches + (job.total - job.done.min(job.total)).div_ceil(u64::from(BATCH)))
        });
        let wait = Duration::from_secs_f64((batches as f64 * state.batch_s / AT_ONCE as f64).min(86_400.0));
        drop(state);
        calculations.asked.notify_one();
        Ok(Queued { job, ahead, wait })
    }

    /// How a calculation stands; `None` if it is not known, or no longer.
    pub fn job(&self, id: u64) -> Option<Job> {
        self.shared.calculations.state().jobs.get(&id).cloned()
    }

    /// Calculations that wait, and that go on.
    pub fn jobs(&self) -> (usize, usize) {
        let state = self.shared.calculations.state();
        let running = state.jobs.values().filter(|job| job.state == JobState::Running).count();
        (state.waiting.len(), running)
    }

    /// Works calculations off, for ever. Dropping it ends those that go on; they are asked for again by whoever wants them.
    ///
    /// One of each reader goes on at a time, and those of all readers go on together: what is scarce are the turns, and for
    /// these they stand in line batch by batch. So nobody waits for the whole of somebody else's.
    pub async fn calculate_queued(&self) {
        let mut running = JoinSet::new();
        let mut readers: HashMap<Id, String> = HashMap::new();
        loop {
            while let Some((job, since, user)) = self.shared.calculations.state().next(&readers) {
                let shared = Arc::clone(&self.shared);
                let task = running.spawn(async move { shared.calculate(job, since).await });
                readers.insert(task.id(), user);
            }
            tokio::select! {
                Some(ended) = running.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    readers.remove(&id);
                }
                () = self.shared.calculations.asked.notified() => {}
            }
        }
    }
}

impl Shared {
    async fn calculate(self: Arc<Self>, id: u64, since: i64) {
        let outcome = self.calculate_all(id, since).await;
        let job = self.calculations.change(id, |job| {
            job.state = if outcome.is_ok() { JobState::Done } else { JobState::Failed };
        });
        if let Err(error) = outcome {
            tracing::error!(%error, "relevance could not be calculated");
        }
        if let Some(job) = job {
            self.tell(ArticleEvent::Job(job));
        }
    }

    async fn calculate_all(self: &Arc<Self>, id: u64, since: i64) -> Result<(), EngineError> {
        let Some(job) = self.calculations.change(id, |job| job.state = JobState::Running) else {
            return Ok(());
        };
        let user = job.user.clone();
        let Some(reader) = self.readers.of(&user) else { return Ok(()) };
        let total = self.blocking(move |shared| Ok(shared.store.articles().count_since(since)?)).await?;
        if let Some(job) = self.calculations.change(id, |job| job.total = total) {
            self.tell(ArticleEvent::Job(job));
        }
        let mut after = ArticleId(0);
        let mut batches = JoinSet::new();
        loop {
            let ids = self
                .blocking(move |shared| Ok(shared.store.articles().articles_since(after, since, BATCH)?))
                .await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            // Whoever waits here waits with the others, and readers take turns.
            let turn = Ask { user: reader.id.0 as u64, ..Ask::default() };
            let Ok(slot) = self.calculations.turns.acquire(turn).await else { break };
            let (shared, reader) = (Arc::clone(self), Arc::clone(&reader));
            batches.spawn(async move {
                let outcome = shared.batch(reader, ids).await;
                slot.settle(watchfire_flow::Spent::default());
                outcome
            });
            while let Some(done) = batches.try_join_next() {
                self.went_on(id, done.map_err(|error| EngineError::Worker(error.to_string()))??);
            }
        }
        while let Some(done) = batches.join_next().await {
            self.went_on(id, done.map_err(|error| EngineError::Worker(error.to_string()))??);
        }
        Ok(())
    }

    fn went_on(&self, id: u64, articles: u64) {
        let job = self.calculations.change(id, |job| {
            job.done += articles;
            job.total = job.total.max(job.done);
        });
        if let Some(job) = job {
            self.tell(ArticleEvent::Job(job));
        }
    }

    /// Scores a batch; where the store fails, again after a while.
    async fn batch(
        self: Arc<Self>,
        reader: Arc<super::readers::Reader>,
        ids: Vec<ArticleId>,
    ) -> Result<u64, EngineError> {
        let started = self.clock.elapsed();
        let mut pause = PAUSE;
        let ids = Arc::new(ids);
        for left in (0..TRIES).rev() {
            let (reader, these) = (Arc::clone(&reader), Arc::clone(&ids));
            match self.blocking(move |shared| shared.score_stored(&reader, &these)).await {
                Ok(()) => break,
                Err(error) if left == 0 => return Err(error),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        let took = self.clock.elapsed().saturating_sub(started).as_secs_f64();
        let mut state = self.calculations.state();
        state.batch_s = if state.batch_s == 0.0 { took } else { state.batch_s.mul_add(0.9, took * 0.1) };
        Ok(ids.len() as u64)
    }
}
