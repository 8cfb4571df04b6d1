//! What batches came to, and what to change.

use super::BatchSettings;
use super::answer::{Answer, Judged};
use crate::filter::Reason;
use std::time::Duration;
use watchfire_flow::Histogram;

/// Slowest users that are kept.
const SLOWEST: usize = 10;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Measurements that came.
    pub measurements: u64,
    /// Those that are believed.
    pub accepted: u64,
    /// Those that are not, by [`Reason::ALL`].
    pub rejected: [u64; Reason::ALL.len()],
    /// Those that were answered as they were before.
    pub repeated: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Levels that changed.
    pub shifts: u64,
    /// Sum of the qualities of all that were judged.
    pub quality: f64,
    /// Users, each once per batch.
    pub users: u64,
    /// Users that were given up.
    pub failed_users: u64,
    /// Users whose state was at hand.
    pub cached: u64,
    /// Calls to the store to read.
    pub loads: u64,
    /// Calls to the store to write.
    pub saves: u64,
    /// Users that were written.
    pub written: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Users that the store wanted later.
    pub throttles: u64,
    /// Users that somebody else wrote meanwhile.
    pub conflicts: u64,
    /// Users that were tried again.
    pub retries: u64,
}

impl Counts {
    /// The mean quality of what was judged; 0 where nothing was.
    pub fn mean_quality(&self) -> f64 {
        let judged = self.measurements - self.failed;
        if judged == 0 { 0.0 } else { self.quality / judged as f64 }
    }

    /// Counts what a batch's answers say.
    pub(super) fn count(&mut self, answers: &[Answer]) {
        self.measurements += answers.len() as u64;
        for answer in answers {
            let Some(outcome) = answer.outcome() else {
                self.failed += 1;
                continue;
            };
            self.quality += outcome.quality;
            self.repeated += u64::from(outcome.repeated);
            self.shifts += u64::from(outcome.shift);
            match outcome.reason() {
                None => self.accepted += 1,
                Some(reason) => self.rejected[reason as usize] += 1,
            }
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        self.measurements += other.measurements;
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.failed += other.failed;
        self.shifts += other.shifts;
        self.quality += other.quality;
        self.users += other.users;
        self.failed_users += other.failed_users;
        self.cached += other.cached;
        self.loads += other.loads;
        self.saves += other.saves;
        self.written += other.written;
        self.written_bytes += other.written_bytes;
        self.throttles += other.throttles;
        self.conflicts += other.conflicts;
        self.retries += other.retries;
        for (sum, count) in self.rejected.iter_mut().zip(other.rejected) {
            *sum += count;
        }
    }
}

/// What all batches of an engine came to. About 60 kB.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// What was counted.
    pub counts: Counts,
    /// Batches.
    pub batches: u64,
    /// Batches in which the time was not enough for somebody.
    pub timeouts: u64,
    /// Time per user: judging and, where it was tried again, waiting.
    pub user_time: Histogram,
    /// Time per batch.
    pub batch_time: Histogram,
    /// The slowest users, slowest first, at most ten.
    pub slowest: Vec<(String, Duration)>,
}

impl Statistics {
    pub(super) fn user(&mut self, user: &str, took: Duration) {
        self.user_time.record(took);
        if let Some(known) = self.slowest.iter_mut().find(|(name, _)| name == user) {
            known.1 = known.1.max(took);
        } else if self.slowest.len() < SLOWEST {
            self.slowest.push((user.to_owned(), took));
        } else if let Some(last) = self.slowest.last_mut()
            && last.1 < took
        {
            *last = (user.to_owned(), took);
        }
        self.slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    }

    pub(super) fn batch(&mut self, judged: &Judged) {
        self.batches += 1;
        self.counts.add(&judged.counts);
        self.batch_time.record(judged.took);
        let late = |dead: &super::DeadLetter| dead.reason == super::Failure::Timeout;
        self.timeouts += u64::from(judged.dead.iter().any(late));
    }

    /// What to change, in sentences with the figures that they rest on. None before ten batches.
    pub fn hints(&self, settings: &BatchSettings) -> Vec<String> {
        let mut hints = Vec::new();
        if self.batches < 10 {
            return hints;
        }
        let counts = &self.counts;
        let per_batch = counts.measurements as f64 / self.batches as f64;
        let p99 = self.batch_time.quantile(0.99);
        let most = settings.most_measurements;
        if per_batch < 0.1 * most as f64 && counts.saves > 0 {
            hints.push(format!(
                "batch size: a batch has {per_batch:.0} measurements in the mean, and may have {most}; larger ones cost fewer calls \
                 to the store, now {:.1} for 100 measurements",
                100.0 * (counts.loads + counts.saves) as f64 / counts.measurements.max(1) as f64
            ));
        }
        if p99 > settings.batch_time / 2 {
            hints.push(format!(
                "time limits: one batch in a hundred takes {p99:.0?} or more, of {:.0?} that it may; send smaller batches, or raise \
                 `batch_time_s`",
                settings.batch_time
            ));
        }
        if self.timeouts > 0 {
            hints.push(format!(
                "time limits: in {} of {} batches the time was not enough for somebody; raise `user_time_s` ({:.0?}) or `batch_time_s` ({:.0?})",
                self.timeouts, self.batches, settings.user_time, settings.batch_time
            ));
        }
        let conflicts = counts.conflicts as f64 / counts.users.max(1) as f64;
        if conflicts > 0.05 {
            hints.push(format!(
                "parallelism: {:.1} % of the users were written by somebody else meanwhile; send a user's measurements to one process",
                100.0 * conflicts
            ));
        }
        let throttles = counts.throttles as f64 / counts.users.max(1) as f64;
        if throttles > 0.01 {
            hints.push(format!(
                "parallelism: the store wanted {:.1} % of the users later; lower `users_in_flight` ({}), or give the store more room",
                100.0 * throttles,
                settings.users_in_flight
            ));
        }
        let cached = counts.cached as f64 / counts.users.max(1) as f64;
        if settings.cache_bytes > 0 && cached < 0.5 && counts.users > 1_000 {
            hints.push(format!(
                "memory: {:.0} % of the users were at hand; a larger `cache_mb` ({}) saves reads if the same users come again",
                100.0 * cached,
                settings.cache_bytes >> 20
            ));
        }
        if let Some((user, took)) = self.slowest.first()
            && *took > settings.user_time / 2
        {
            hints.push(format!(
                "time limits: the slowest user, {}, took {took:.0?}, of {:.0?} that one may",
                user.escape_debug(),
                settings.user_time
            ));
        }
        hints
    }
}
