//! What ended calls still hold of a rolling quota, and until when.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// From so many on, what ends at almost the same time is kept as one, until the later of the two.
const MANY: usize = 65_536;

#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// In the order of time.
    entries: VecDeque<(Instant, u64)>,
    sum: u128,
}

impl Held {
    pub(super) const fn sum(&self) -> u128 {
        self.sum
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Instant, u64)> {
        self.entries.iter().copied()
    }

    /// Keeps the order: calls may have ended in the past. `window` is how long entries are kept at least.
    pub(super) fn hold(&mut self, until: Instant, amount: u64, window: Duration) {
        if amount == 0 {
            return;
        }
        self.sum += u128::from(amount);
        let mut until = until;
        let mut at = self.entries.partition_point(|&(other, _)| other < until);
        if self.entries.len() >= MANY {
            // Half as many stretches as entries make a window, so this ends the growth. Holding longer is always safe.
            let near = window / (MANY as u32 / 2);
            if let Some((other, held)) = self.entries.get_mut(at)
                && other.saturating_duration_since(until) <= near
                && let Some(both) = held.checked_add(amount)
            {
                *held = both;
                return;
            }
            // The end of the stretch, for those who come.
            until += near;
            at = self.entries.partition_point(|&(other, _)| other < until);
        }
        self.entries.insert(at, (until, amount));
    }

    pub(super) fn pass(&mut self, now: Instant) {
        while let Some(&(until, amount)) = self.entries.front()
            && until <= now
        {
            self.sum -= u128::from(amount);
            self.entries.pop_front();
        }
    }

    /// When this much of the sum is free; `None` if it is not that much.
    pub(super) fn freed(&self, mut amount: u128) -> Option<Instant> {
        for &(until, held) in &self.entries {
            let held = u128::from(held);
            if held >= amount {
                return Some(until);
            }
            amount -= held;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, MANY};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn memory_is_bounded_and_nothing_is_free_early() {
        let (start, window) = (Instant::now(), Duration::from_secs(60));
        let mut held = Held::default();
        let step = Duration::from_micros(100);
        for call in 0..1_000_000_u32 {
            let now = start + step * call;
            held.pass(now);
            held.hold(now + window, 1, window);
        }
        assert!(held.entries.len() <= MANY + MANY / 2, "{}", held.entries.len());
        assert!(held.sum() >= 600_000, "all of the last minute: {}", held.sum());
        assert!(held.sum() <= 600_100, "and hardly more: {}", held.sum());
        assert!(held.iter().is_sorted());
    }

    #[test]
    fn amounts_beyond_any_limit_add_up() {
        let now = Instant::now();
        let mut held = Held::default();
        (0..3).for_each(|_| held.hold(now, u64::MAX, Duration::from_secs(1)));
        assert_eq!(held.sum(), 3 * u128::from(u64::MAX));
        held.pass(now);
        assert_eq!(held.sum(), 0);
    }
}
