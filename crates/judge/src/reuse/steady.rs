//! How steady a rule is: whether it comes all the time, and whether its answers are always the same.

use super::{GROWTH, HOUR, Side};

/// A rule that comes in at least this share of the hours is steady,
const OCCUPIED: f64 = 0.15;
/// if it came in at least as many.
const HOURS: i64 = 4;

/// What is kept of a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    /// What was last found of it.
    pub(super) side: Option<Side>,
    /// How often that was confirmed since.
    confirmations: u32,
    /// When somebody was last asked about it.
    pub(super) called: i64,
    first_hour: Option<i64>,
    last_hour: i64,
    hours: i64,
}

impl Rule {
    /// It came at `time`.
    pub(super) fn seen(&mut self, time: i64) {
        let hour = time.div_euclid(HOUR);
        if self.first_hour.is_none() || hour > self.last_hour {
            self.first_hour.get_or_insert(hour);
            self.last_hour = hour;
            self.hours += 1;
        }
    }

    fn is_steady(&self) -> bool {
        let since =
            self.first_hour.map_or(i64::MAX, |first| self.last_hour.saturating_sub(first).saturating_add(1));
        self.hours >= HOURS && self.hours as f64 >= OCCUPIED * since as f64
    }

    /// How long a verdict of this side lives: as long as the first one, or longer by what was confirmed.
    pub(super) fn life(&self, side: Side, first: i64, longest: i64) -> i64 {
        let first = first.min(longest);
        if self.side != Some(side) || !self.is_steady() {
            return first;
        }
        first.saturating_mul(GROWTH.saturating_pow(self.confirmations.saturating_sub(1))).min(longest)
    }

    /// An answer on one of its patterns; `confirms` unless it comes too soon to say anything.
    pub(super) fn answered(&mut self, side: Side, confirms: bool) {
        if self.side != Some(side) {
            self.turned(side);
        } else if confirms {
            self.confirmations = self.confirmations.saturating_add(1);
        }
    }

    /// One of its patterns turned.
    pub(super) fn turned(&mut self, side: Side) {
        (self.side, self.confirmations) = (Some(side), 0);
    }
}
