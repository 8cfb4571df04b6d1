//! What is kept of a pattern for reuse.

use super::part::Notes;
use super::{HOUR, Side};

/// How far a pattern is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    #[default]
    Trusted,
    /// A check failed: it is checked closely.
    Watched,
    /// It failed too often: its verdict is not reused.
    Stopped,
}

/// What is kept of a pattern.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    /// What was found; `None` if nobody was asked yet.
    pub(super) side: Option<Side>,
    /// From when on the verdict's life counts.
    pub(super) judged: i64,
    /// When somebody was last asked about this very pattern.
    pub(super) own: i64,
    last: i64,
    /// The silence that the last alert broke.
    silence: i64,
    /// The longest silence that an answer after it confirmed.
    pub(super) longest_silence: i64,
    hour: i64,
    pub(super) in_hour: u64,
    /// The most alerts in an hour that an answer confirmed.
    pub(super) most_in_hour: u64,
    /// Whether the last answer was another.
    pub(super) is_contradicted: bool,
    pub(super) mode: Mode,
    pub(super) checks: u64,
    pub(super) failures: u64,
    /// What was found of single alerts, since a check failed.
    pub(crate) notes: Notes,
}

impl Book {
    /// The first alert.
    pub(super) fn begin(&mut self, time: i64) {
        (self.last, self.hour, self.in_hour) = (time, time.div_euclid(HOUR), 1);
    }

    /// The next alert; returns the silence before it.
    pub(super) fn seen(&mut self, time: i64) -> i64 {
        self.silence = time.saturating_sub(self.last).max(0);
        self.last = self.last.max(time);
        let hour = time.div_euclid(HOUR);
        if hour > self.hour {
            (self.hour, self.in_hour) = (hour, 0);
        }
        self.in_hour += 1;
        self.silence
    }

    /// An answer was the same again.
    pub(super) fn confirmed(&mut self) {
        self.longest_silence = self.longest_silence.max(self.silence);
        self.most_in_hour = self.most_in_hour.max(self.in_hour);
        self.is_contradicted = false;
    }

    /// Two answers in a row were another.
    pub(super) fn turn(&mut self, side: Side) {
        self.side = Some(side);
        self.is_contradicted = false;
        (self.longest_silence, self.most_in_hour, self.in_hour) = (0, 0, 1);
    }

    /// Whether its verdict is not reused any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.mode == Mode::Stopped
    }

    /// Whether what is found of its alerts is worth noting.
    pub(crate) fn is_watched(&self) -> bool {
        self.mode != Mode::Trusted
    }
}
