//! What was last found on a machine.

use super::{HEATED, MOMENT, Side};

/// What is kept of a machine.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// When something hostile was last found that was not known before.
    pub(super) turned: i64,
    /// When whoever was asked last said *hostile*.
    pub(super) hostile: i64,
    last: Option<(i64, Side)>,
}

impl Default for Host {
    fn default() -> Self {
        Self { turned: i64::MIN, hostile: i64::MIN, last: None }
    }
}

impl Host {
    /// Whether something hostile was found within the hour.
    pub(super) fn is_heated(&self, time: i64) -> bool {
        self.turned != i64::MIN && time.saturating_sub(self.turned) <= HEATED.1
    }

    /// Whether an answer about anything on it was of this side a moment ago.
    pub(super) fn said(&self, side: Side, time: i64) -> bool {
        self.last.is_some_and(|(at, said)| said == side && time.saturating_sub(at) <= MOMENT)
    }

    pub(super) fn answered(&mut self, side: Side, time: i64) {
        self.last = Some((time, side));
        if side == Side::Hostile {
            self.hostile = time;
        }
    }
}
