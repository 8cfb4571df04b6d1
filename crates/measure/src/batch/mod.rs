//! Batches of many users' measurements: one read, one write, answers in input order.
//!
//! A batch is grouped by user; a user's measurements are judged one after another by time (those of one time in input order). All users of
//! the batch are read in one call, those that changed are written in one call. Users that fail are tried again by themselves, so
//! one user's failure costs nobody else anything.
//!
//! **Order.** While a batch works on a user it holds that user's lane ([`watchfire_flow::KeyedLanes`]), so batches of one process take turns.
//! A batch queues in all its lanes at once, behind one mutex: of two batches one is first in every lane that they share, and neither can wait for the other in
//! a circle. The lanes run as many jobs at once as they hold, for a job that holds a lane does nothing but wait. Writers in other processes are met by versions: a write from an old
//! version is a conflict, the user is read, judged and written again.
//!
//! **Exactness.** What was judged stands in the state that it changed, in one value. A lost answer is asked for by sending the same write again; a
//! conflict after that by judging again, where what was applied is found to be there. So each measurement is applied once, whatever was
//! lost, and whenever the process dies.
//!
//! **Attempts** are counted per user. A throttled user's attempt counts only in a round in which nobody got on: a store that is slow but
//! moves is not failing.

mod answer;
mod cache;
mod rounds;
mod settings;
mod statistics;
mod work;

#[cfg(test)]
mod tests;

pub use answer::{Answer, BatchError, DeadLetter, Failure, Judged};
pub use settings::BatchSettings;
pub use statistics::{Counts, Statistics};

use crate::measurement::Measurement;
use crate::settings::MeasureSettings;
use crate::state::UserState;
use cache::Cache;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use watchfire_flow::{Clock, Deadline, KeyedLanes, LaneRunner};
use watchfire_store::measurements::{MOST_USERS, MeasurementStore};
use work::{Stage, UserWork};

/// Judges batches. Shared by reference or in an `Arc`.
pub struct Engine {
    store: Arc<dyn MeasurementStore>,
    measure: Arc<MeasureSettings>,
    settings: BatchSettings,
    clock: Arc<dyn Clock>,
    lanes: KeyedLanes<String>,
    /// Held while a batch queues in its lanes.
    queueing: tokio::sync::Mutex<()>,
    cache: Cache,
    chance: Mutex<ChaCha8Rng>,
    statistics: Mutex<Statistics>,
}

/// A user's lane; it is left when this is dropped.
struct Lane {
    _left: oneshot::Sender<()>,
}

impl Engine {
    /// An engine on a store, and the runner of its lanes, which must be run for any batch to get on. Settings are taken as they are: check them before.
    pub fn new(
        store: Arc<dyn MeasurementStore>,
        measure: Arc<MeasureSettings>,
        settings: BatchSettings,
        clock: Arc<dyn Clock>,
    ) -> (Self, LaneRunner<String>) {
        let in_flight = settings.users_in_flight.max(1);
        let (lanes, runner) = KeyedLanes::new(in_flight, in_flight);
        let engine = Self {
            store,
            measure,
            clock,
            lanes,
            queueing: tokio::sync::Mutex::new(()),
            cache: Cache::new(settings.cache_bytes),
            chance: Mutex::new(ChaCha8Rng::seed_from_u64(settings.seed)),
            statistics: Mutex::default(),
            settings,
        };
        (engine, runner)
    }

    /// Judges a batch. What is answered as judged is durable.
    ///
    /// Dropping this leaves open which users were written; sent again, nothing is applied twice.
    pub async fn judge(&self, batch: Vec<Measurement>) -> Result<Judged, BatchError> {
        let most = self.settings.most_measurements;
        if batch.len() > most {
            return Err(BatchError::TooMany { found: batch.len(), most });
        }
        let began = self.clock.elapsed();
        let deadline = Deadline::within(self.settings.batch_time);
        let batch: Arc<[Measurement]> = batch.into();
        let mut answers: Vec<Option<Answer>> = vec![None; batch.len()];
        let mut works = grouped(&batch, &mut answers);
        let mut counts = Counts { users: works.len() as u64, ..Counts::default() };
        let at_once = self.settings.users_in_flight.clamp(1, MOST_USERS);
        while !works.is_empty() {
            let rest = works.split_off(works.len().min(at_once));
            let part =
                self.judge_part(std::mem::replace(&mut works, rest), &batch, deadline, &mut counts).await?;
            self.take_answers(part, &mut answers, &mut counts);
        }
        let mut judged = Judged { answers: Vec::with_capacity(batch.len()), ..Judged::default() };
        for (index, answer) in answers.into_iter().enumerate() {
            // Every place belongs to a user, or was answered for its names.
            let lost = || Answer::Failed { attempts: 0, reason: Failure::Timeout };
            let answer = answer.unwrap_or_else(lost);
            if let Answer::Failed { attempts, reason } = &answer {
                let (measurement, attempts, reason) = (batch[index].clone(), *attempts, reason.clone());
                judged.dead.push(DeadLetter { index, measurement, attempts, reason });
            }
            judged.answers.push(answer);
        }
        counts.count(&judged.answers);
        judged.counts = counts;
        judged.took = self.clock.elapsed().saturating_sub(began);
        self.statistics_mut().batch(&judged);
        Ok(judged)
    }

    /// Judges any number of measurements, batch after batch, and gives each batch's answers as they come: memory is that of one batch.
    /// Answers are in the order of the input, with [`DeadLetter::index`] from the beginning of the batch.
    ///
    /// Dropping this is as dropping [`Engine::judge`] of the batch at hand.
    pub async fn judge_all(
        &self,
        input: impl IntoIterator<Item = Measurement>,
        mut each: impl FnMut(Judged),
    ) -> Result<(), BatchError> {
        let mut input = input.into_iter();
        loop {
            let batch: Vec<Measurement> =
                input.by_ref().take(self.settings.most_measurements.max(1)).collect();
            if batch.is_empty() {
                return Ok(());
            }
            each(self.judge(batch).await?);
        }
    }

    /// What is known of a user, from the store. Dropping this ends the reading.
    pub async fn user(&self, user: &str) -> Result<Option<UserState>, Failure> {
        let users = [user.to_owned()];
        let deadline = Deadline::within(self.settings.user_time);
        let answers = deadline.bound(self.store.load(&users)).await.map_err(|_| Failure::Timeout)?;
        match answers.into_iter().next() {
            None => Err(Failure::Store("the store gave no answer".to_owned())),
            Some(Err(failure)) => Err(rounds::given_up(&failure)),
            Some(Ok(None)) => Ok(None),
            Some(Ok(Some(stored))) => UserState::decode(&stored.value).map(Some).map_err(Failure::Unreadable),
        }
    }

    /// Takes a user away; says whether there was one. Batches of this process that have the user come before or after it. Dropping this
    /// leaves open whether it was done.
    pub async fn remove(&self, user: &str) -> Result<bool, Failure> {
        let deadline = Deadline::within(self.settings.user_time);
        let removing = async {
            let lane = self.hold(&[UserWork::new(user.to_owned())]).await;
            let _lane = lane.map_err(|closed| Failure::Store(closed.to_string()))?;
            let removed = self.store.remove(user).await;
            // Also where it failed: what the store has now is not known.
            self.cache.forget(user);
            removed.map_err(|failure| rounds::given_up(&failure))
        };
        deadline.bound(removing).await.map_err(|_| Failure::Timeout)?
    }

    /// Reads users ahead of time, so that their next batch needs no read: at most 1,000, the rest is passed over. What can't be read is left out.
    /// Says how many are at hand now. Dropping this ends the reading.
    pub async fn warm(&self, users: &[String]) -> usize {
        let users = &users[..users.len().min(MOST_USERS)];
        let deadline = Deadline::within(self.settings.batch_time);
        let Ok(answers) = deadline.bound(self.store.load(users)).await else { return 0 };
        for (user, answer) in users.iter().zip(answers) {
            if let Ok(Some(stored)) = answer
                && self.cache.get(user).is_none()
                && let Ok(state) = UserState::decode(&stored.value)
            {
                self.cache.put(user, cache::Versioned { version: stored.version, state: Arc::new(state) });
            }
        }
        self.cache.size().0
    }

    /// What all batches came to.
    pub fn statistics(&self) -> Statistics {
        self.statistics_mut().clone()
    }

    /// What to change, in sentences with the figures that they rest on.
    pub fn hints(&self) -> Vec<String> {
        self.statistics_mut().hints(&self.settings)
    }

    /// Users in the cache, and the bytes that they take there.
    pub fn cached(&self) -> (usize, usize) {
        self.cache.size()
    }

    async fn judge_part(
        &self,
        mut works: Vec<UserWork>,
        batch: &Arc<[Measurement]>,
        deadline: Deadline,
        counts: &mut Counts,
    ) -> Result<Vec<UserWork>, BatchError> {
        match deadline.bound(self.hold(&works)).await {
            Ok(lanes) => self.rounds(works, lanes?, batch, deadline, counts).await,
            Err(_) => {
                for work in &mut works {
                    work.stage = Stage::Failed(Failure::Timeout);
                }
                Ok(works)
            }
        }
    }

    /// Waits for the lanes of these users.
    async fn hold(&self, works: &[UserWork]) -> Result<Vec<Option<Lane>>, BatchError> {
        let mut lanes = Vec::with_capacity(works.len());
        let queueing = self.queueing.lock().await;
        for work in works {
            let (enter, entered) = oneshot::channel();
            let (leave, left) = oneshot::channel::<()>();
            let hold = async move {
                if enter.send(()).is_ok() {
                    // Nothing is ever sent: the other end is dropped.
                    let _ = left.await;
                }
            };
            let submitted = self.lanes.submit(work.user.clone(), hold).await;
            drop(submitted.map_err(|_| BatchError::Closed)?);
            lanes.push((entered, Lane { _left: leave }));
        }
        drop(queueing);
        let mut held = Vec::with_capacity(lanes.len());
        for (entered, lane) in lanes {
            entered.await.map_err(|_| BatchError::Closed)?;
            held.push(Some(lane));
        }
        Ok(held)
    }

    fn take_answers(&self, works: Vec<UserWork>, answers: &mut [Option<Answer>], counts: &mut Counts) {
        let mut statistics = self.statistics_mut();
        for work in works {
            statistics.user(&work.user, work.took);
            if let Stage::Failed(reason) = work.stage {
                counts.failed_users += 1;
                for place in work.places {
                    answers[place] = Some(Answer::Failed { attempts: work.attempts, reason: reason.clone() });
                }
                continue;
            }
            for (place, outcome) in work.places.into_iter().zip(work.outcomes) {
                answers[place] = Some(match outcome {
                    Ok(outcome) => Answer::Judged(outcome),
                    Err(error) => {
                        Answer::Failed { attempts: work.attempts, reason: Failure::TooManyMetrics(error) }
                    }
                });
            }
        }
    }

    fn statistics_mut(&self) -> MutexGuard<'_, Statistics> {
        self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, failed: u32, asked: Option<Duration>) -> Duration {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        self.settings.backoff.wait(
            failed,
            asked.map(|asked| asked.min(self.settings.backoff.patience)),
            &mut *chance,
        )
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.store.name()).finish_non_exhaustive()
    }
}

/// The users in the order of their first measurements; names that can't be are answered at once.
fn grouped(batch: &[Measurement], answers: &mut [Option<Answer>]) -> Vec<UserWork> {
    let mut works: Vec<UserWork> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (place, measurement) in batch.iter().enumerate() {
        if let Some(wrong) = measurement.wrong() {
            answers[place] = Some(Answer::Failed { attempts: 0, reason: Failure::Name(wrong) });
            continue;
        }
        let work = *known.entry(&measurement.user).or_insert_with(|| {
            works.push(UserWork::new(measurement.user.clone()));
            works.len() - 1
        });
        works[work].places.push(place);
    }
    for work in &mut works {
        // Stable: those of one time stay in input order.
        work.places.sort_by_key(|place| batch[*place].time);
    }
    works
}
