//! One user's part of a batch: from a loaded state to a write, as often as it takes.

use super::answer::Failure;
use super::cache::Versioned;
use crate::filter::{Outcome, Reason};
use crate::measurement::Measurement;
use crate::settings::MeasureSettings;
use crate::state::{TooManySeries, UserState};
use std::sync::Arc;
use std::time::Duration;
use watchfire_flow::Clock;
use watchfire_store::measurements::{StoredUser, UserWrite};

/// A user's measurements, and how far they got.
#[derive(Debug)]
pub(super) struct UserWork {
    pub user: String,
    /// Places in the batch, by time and then by place.
    pub places: Vec<usize>,
    pub stage: Stage,
    pub attempts: u32,
    /// Spent in judging.
    pub judging: Duration,
    /// Spent for this user alone: judging and, where it was tried again, everything.
    pub took: Duration,
    /// Answers of the last judging, as places are.
    pub outcomes: Vec<Result<Outcome, TooManySeries>>,
}

/// What is to be done next for a user.
#[derive(Debug)]
pub(super) enum Stage {
    /// It must be read.
    Load,
    /// It must be judged.
    Judge(Versioned),
    /// It must be written; the write may have been done already, if an answer was lost.
    Save { write: UserWrite, state: Arc<UserState> },
    /// It is answered by its outcomes; written, if anything changed.
    Done,
    /// It is given up.
    Failed(Failure),
}

impl UserWork {
    pub(super) fn new(user: String) -> Self {
        Self {
            user,
            places: Vec::new(),
            stage: Stage::Load,
            attempts: 0,
            judging: Duration::ZERO,
            took: Duration::ZERO,
            outcomes: Vec::new(),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Done | Stage::Failed(_))
    }

    /// What was read of the user becomes a state.
    pub(super) fn loaded(&mut self, stored: Option<StoredUser>) {
        self.stage = match stored {
            None => Stage::Judge(Versioned { version: 0, state: Arc::default() }),
            Some(stored) => match UserState::decode(&stored.value) {
                Ok(state) => Stage::Judge(Versioned { version: stored.version, state: Arc::new(state) }),
                Err(error) => Stage::Failed(Failure::Unreadable(error)),
            },
        };
    }

    /// Judges the user's measurements in their order. What changes nothing is done with that. What is later than `latest_ms` is refused: taken in, it
    /// would make all that comes before it stale.
    pub(super) fn judge(
        &mut self,
        settings: &MeasureSettings,
        batch: &[Measurement],
        clock: &dyn Clock,
        latest_ms: i64,
    ) {
        let Stage::Judge(known) = &self.stage else { return };
        let began = clock.elapsed();
        let from = known.version;
        let mut state = UserState::clone(&known.state);
        let mut changed = false;
        self.outcomes.clear();
        for place in &self.places {
            let measurement = &batch[*place];
            if measurement.time.as_millis() > latest_ms {
                self.outcomes.push(Ok(Outcome::refused(Reason::OutOfRange)));
                continue;
            }
            let judged = state.judge(settings.of(&measurement.metric), measurement);
            self.outcomes.push(judged.map(|(outcome, change)| {
                changed |= change;
                outcome
            }));
        }
        self.stage = if changed {
            let write = UserWrite { user: self.user.clone(), from, value: state.encode() };
            Stage::Save { write, state: Arc::new(state) }
        } else {
            Stage::Done
        };
        self.judging += clock.elapsed().saturating_sub(began);
    }
}
