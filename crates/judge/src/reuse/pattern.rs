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
    last: Option<i64>,
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
    /// Since when the pattern is harmless by what was learned, and how many alerts in an hour would be too many; whatever
    /// was answered about it is kept beside that.
    pub(super) learned: Option<(i64, u64)>,
    /// The hours of the last answers that were learned from, on a quiet machine and on a hot one.
    taught: [Option<i64>; 2],
    pub(super) mode: Mode,
    pub(super) checks: u64,
    pub(super) failures: u64,
    /// What was found of single alerts, since a check failed.
    pub(crate) notes: Notes,
}

impl Book {
    /// The next alert.
    pub(super) fn seen(&mut self, time: i64) {
        let last = self.last.unwrap_or(time);
        self.silence = time.saturating_sub(last).max(0);
        let hour = time.div_euclid(HOUR);
        if hour > self.hour || self.last.is_none() {
            (self.hour, self.in_hour) = (hour, 0);
        }
        self.in_hour += 1;
        self.last = Some(last.max(time));
    }

    /// The silence that the last alert broke.
    pub(super) fn silence(&self) -> i64 {
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

    /// How many alerts came in this hour, this one among them.
    pub(crate) fn in_hour(&self) -> u64 {
        self.in_hour
    }

    /// From `time` on, the pattern is harmless by what was learned; more alerts than `jump` in an hour are not.
    pub(crate) fn learned(&mut self, time: i64, jump: u64) {
        self.learned = Some((time, jump));
    }

    /// Whether what was learned may stand in the place of what was answered.
    pub(crate) fn may_be_learned(&self) -> bool {
        !self.is_contradicted
            && self.mode != Mode::Stopped
            && matches!(self.side, Some(Side::Benign | Side::Undecided))
    }

    /// Whether an answer now is the hour's first that can be learned from.
    pub(crate) fn teaches(&mut self, is_hot: bool) -> bool {
        self.taught[usize::from(is_hot)].replace(self.hour) != Some(self.hour)
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
