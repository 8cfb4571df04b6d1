//! The part of a limit that one of several processes may use by itself, while it can't ask what they share.

use tokio::time::Instant;

/// What a whole limit is divided into: by every number up to 16 without a rest.
pub const PARTS: u64 = 720_720;

/// A part of every limit of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    parts: u64,
    /// Days and months that began before this are not touched: others may have used them up, in milliseconds since 1970.
    since_unix_ms: i64,
    /// From then on it is nobody's who does not ask.
    until: Option<Instant>,
}

impl Share {
    /// All of it, as where nobody else uses the credential.
    pub(super) const ALL: Self = Self { parts: PARTS, since_unix_ms: i64::MIN, until: None };

    pub(super) fn new(parts: u64, since_unix_ms: i64, until: Instant) -> Self {
        Self { parts: parts.min(PARTS), since_unix_ms, until: Some(until) }
    }

    pub(super) fn holds(self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// So much of a limit. Rounded down: what is left over is nobody's.
    pub(super) fn of(self, limit: u64) -> u64 {
        if self.is_all() {
            return limit;
        }
        let part = u128::from(limit) * u128::from(self.parts) / u128::from(PARTS);
        u64::try_from(part).unwrap_or(limit)
    }

    pub(super) const fn is_all(self) -> bool {
        self.parts == PARTS
    }

    /// Whether a period that began then may be touched.
    pub(super) const fn covers(self, begins_at: i64) -> bool {
        begins_at >= self.since_unix_ms
    }
}

#[cfg(test)]
mod tests {
    use super::{PARTS, Share};
    use proptest::prelude::*;
    use tokio::time::Instant;

    proptest! {
        #[test]
        fn the_shares_of_a_group_never_add_up_to_more_than_the_limit(limit in 1_u64..1_000_000, group in 1_u64..40) {
            let share = Share::new(PARTS / group, 0, Instant::now()).of(limit);
            prop_assert!(share * group <= limit);
            prop_assert!(group > 16 || share == limit / group, "and nothing but the rest is lost");
        }
    }
}
