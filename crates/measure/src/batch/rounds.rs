//! Rounds of reading, judging and writing, until every user of a part is done or given up.

use super::answer::Failure;
use super::cache::Versioned;
use super::work::{Stage, UserWork};
use super::{BatchError, Counts, Engine, Lane};
use crate::measurement::Measurement;
use std::iter::repeat_with;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};
use watchfire_flow::Deadline;
use watchfire_store::measurements::{UserFailure, UserWrite};

/// Measurements in a part from which judging goes to several tasks: about a millisecond's work for each.
const WORTH_SHARING: usize = 2_000;
/// Users that are judged before others get a turn.
const BEFORE_YIELD: usize = 32;

/// What one round came to.
#[derive(Debug, Default)]
struct Round {
    /// Somebody was read or written.
    progress: bool,
    /// The longest wait that the store asked for.
    asked: Option<Duration>,
    /// Who failed, and how.
    failed: Vec<(usize, UserFailure)>,
}

impl Engine {
    /// Works until every user is done or given up; a lane is left as soon as its user is.
    pub(super) async fn rounds(
        &self,
        mut works: Vec<UserWork>,
        mut lanes: Vec<Option<Lane>>,
        batch: &Arc<[Measurement]>,
        deadline: Deadline,
        counts: &mut Counts,
    ) -> Result<Vec<UserWork>, BatchError> {
        let began = self.clock.elapsed();
        let deadline = deadline.part(self.settings.user_time);
        for work in &mut works {
            if let Some(known) = self.cache.get(&work.user) {
                work.stage = Stage::Judge(known);
                counts.cached += 1;
            }
        }
        let mut without_progress = 0;
        loop {
            let mut round = Round::default();
            let in_time = self.load(&mut works, deadline, &mut round, counts).await;
            works = self.judge_works(works, batch).await;
            let in_time = in_time && self.save(&mut works, deadline, &mut round, counts).await;
            self.settle(&mut works, &mut round, counts);
            for (work, lane) in works.iter_mut().zip(&mut lanes) {
                if !work.is_open() && lane.take().is_some() {
                    work.took = work.judging + self.retrying(work, began);
                }
            }
            let open = works.iter().filter(|work| work.is_open()).count();
            if open == 0 {
                return Ok(works);
            }
            without_progress = if round.progress { 0 } else { without_progress + 1 };
            let wait = self.wait(without_progress.max(1), round.asked);
            if !in_time || wait >= deadline.remaining() {
                for work in works.iter_mut().filter(|work| work.is_open()) {
                    self.cache.forget(&work.user);
                    work.stage = Stage::Failed(Failure::Timeout);
                    work.took = self.clock.elapsed().saturating_sub(began);
                }
                return Ok(works);
            }
            counts.retries += open as u64;
            tokio::time::sleep(wait).await;
        }
    }

    /// Since the part began, for who was tried again; for others the store's time is everybody's.
    fn retrying(&self, work: &UserWork, began: Duration) -> Duration {
        if work.attempts == 0 { Duration::ZERO } else { self.clock.elapsed().saturating_sub(began) }
    }

    /// Reads who must be read, in one call. Says whether there was time for it.
    async fn load(
        &self,
        works: &mut [UserWork],
        deadline: Deadline,
        round: &mut Round,
        counts: &mut Counts,
    ) -> bool {
        let wanted: Vec<usize> =
            (0..works.len()).filter(|&at| matches!(works[at].stage, Stage::Load)).collect();
        if wanted.is_empty() {
            return true;
        }
        let users: Vec<String> = wanted.iter().map(|&at| works[at].user.clone()).collect();
        counts.loads += 1;
        let Ok(answers) = deadline.bound(self.store.load(&users)).await else { return false };
        // A store that gives fewer answers than it was asked for has lost the rest.
        for (at, answer) in wanted.into_iter().zip(answers.into_iter().chain(repeat_with(lost))) {
            match answer {
                Ok(stored) => {
                    works[at].loaded(stored);
                    round.progress = true;
                }
                Err(failure) => round.failed.push((at, failure)),
            }
        }
        true
    }

    /// Judges who was read.
    async fn judge_works(&self, mut works: Vec<UserWork>, batch: &Arc<[Measurement]>) -> Vec<UserWork> {
        let measurements: usize = works
            .iter()
            .filter(|work| matches!(work.stage, Stage::Judge(_)))
            .map(|work| work.places.len())
            .sum();
        let ahead = i64::try_from(self.settings.most_ahead.as_millis()).unwrap_or(i64::MAX);
        let latest_ms = self.clock.unix_millis().saturating_add(ahead);
        let tasks = self.settings.parallel.min(measurements / WORTH_SHARING);
        if tasks < 2 {
            for (count, work) in works.iter_mut().enumerate() {
                if count % BEFORE_YIELD == BEFORE_YIELD - 1 {
                    yield_now().await;
                }
                work.judge(&self.measure, batch, &*self.clock, latest_ms);
            }
            return works;
        }
        let share = works.len().div_ceil(tasks);
        let mut running = JoinSet::new();
        while !works.is_empty() {
            let mut part = works.split_off(works.len().saturating_sub(share));
            let (measure, batch, clock) =
                (Arc::clone(&self.measure), Arc::clone(batch), Arc::clone(&self.clock));
            let place = works.len();
            running.spawn(async move {
                for work in &mut part {
                    work.judge(&measure, &batch, &*clock, latest_ms);
                }
                (place, part)
            });
        }
        // A panic of one goes on here, as it would if it had been judged here.
        let mut parts = running.join_all().await;
        parts.sort_by_key(|(place, _)| *place);
        parts.into_iter().flat_map(|(_, part)| part).collect()
    }

    /// Writes who changed, in one call. Says whether there was time for it.
    async fn save(
        &self,
        works: &mut [UserWork],
        deadline: Deadline,
        round: &mut Round,
        counts: &mut Counts,
    ) -> bool {
        let mut places = Vec::new();
        let mut writes: Vec<UserWrite> = Vec::new();
        let mut states = Vec::new();
        for (at, work) in works.iter_mut().enumerate() {
            if !matches!(work.stage, Stage::Save { .. }) {
                continue;
            }
            if let Stage::Save { write, state } = std::mem::replace(&mut work.stage, Stage::Load) {
                places.push(at);
                writes.push(write);
                states.push(state);
            }
        }
        if writes.is_empty() {
            return true;
        }
        counts.saves += 1;
        counts.written_bytes += writes.iter().map(|write| write.value.len() as u64).sum::<u64>();
        let saved = deadline.bound(self.store.save(&writes)).await;
        let in_time = saved.is_ok();
        let answers = saved.unwrap_or_default().into_iter().chain(repeat_with(lost));
        for (((at, write), state), answer) in places.into_iter().zip(writes).zip(states).zip(answers) {
            match answer {
                Ok(version) => {
                    self.cache.put(&write.user, Versioned { version, state });
                    works[at].stage = Stage::Done;
                    counts.written += 1;
                    round.progress = true;
                }
                Err(failure) => {
                    self.cache.forget(&write.user);
                    if !matches!(failure, UserFailure::Conflict) {
                        works[at].stage = Stage::Save { write, state };
                    }
                    round.failed.push((at, failure));
                }
            }
        }
        in_time
    }

    /// Counts attempts, and gives up whom it is no use to try again.
    fn settle(&self, works: &mut [UserWork], round: &mut Round, counts: &mut Counts) {
        for (at, failure) in &round.failed {
            let work = &mut works[*at];
            let counted = match failure {
                UserFailure::Throttled { after } => {
                    counts.throttles += 1;
                    round.asked = round.asked.max(*after);
                    !round.progress
                }
                UserFailure::Conflict => {
                    counts.conflicts += 1;
                    true
                }
                UserFailure::Lost(_) | UserFailure::Failed(_) | UserFailure::Refused(_) => true,
            };
            work.attempts += u32::from(counted);
            let refused = matches!(failure, UserFailure::Refused(_));
            if refused || work.attempts >= self.settings.backoff.attempts {
                work.stage = Stage::Failed(given_up(failure));
            }
        }
    }
}

/// What is said of a user whose last failure was this.
pub(super) fn given_up(failure: &UserFailure) -> Failure {
    match failure {
        UserFailure::Conflict => Failure::Conflict,
        UserFailure::Throttled { .. } => Failure::Throttled,
        UserFailure::Lost(text) | UserFailure::Failed(text) => Failure::Store(text.clone()),
        UserFailure::Refused(text) => Failure::Refused(text.clone()),
    }
}

fn lost<T>() -> Result<T, UserFailure> {
    Err(UserFailure::Lost("the store gave no answer".to_owned()))
}
