//! How alerts are spread over the day: a busy stretch, and the rest, with a mean of 1.

use super::Scenario;

const DAY_S: f64 = 86_400.0;

/// The rate at a moment as so many times the mean. A step function, so everything about it is exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    begin: f64,
    end: f64,
    busy: f64,
    quiet: f64,
}

impl Load {
    pub(super) fn of(scenario: &Scenario) -> Self {
        // Whole and even, so that moments of a day are exact.
        let busy_s = (scenario.peak_hours * 1_800.0).round() * 2.0;
        let begin = (DAY_S - busy_s) / 2.0;
        let quiet = ((DAY_S - scenario.peak * busy_s) / (DAY_S - busy_s)).max(0.0);
        Self { begin, end: begin + busy_s, busy: scenario.peak, quiet }
    }

    /// When the busy stretch begins, of the first day.
    pub(super) fn busy_from(&self) -> f64 {
        if self.busy > 1.0 { self.begin } else { 0.0 }
    }

    /// The rate from `at` on, and until when it stays.
    pub(super) fn piece(&self, at: f64) -> (f64, f64) {
        let day = (at / DAY_S).floor() * DAY_S;
        let within = at - day;
        if within < self.begin {
            (self.quiet, day + self.begin)
        } else if within < self.end {
            (self.busy, day + self.end)
        } else {
            (self.quiet, day + DAY_S)
        }
    }

    /// What came until `at`, in seconds of the mean rate.
    pub(super) fn until(&self, at: f64) -> f64 {
        let days = (at / DAY_S).floor();
        let within = at - days * DAY_S;
        let busy = (within - self.begin).clamp(0.0, self.end - self.begin);
        days * DAY_S + busy * self.busy + (within - busy) * self.quiet
    }

    /// What comes between two moments, in seconds of the mean rate.
    pub(super) fn between(&self, from: f64, to: f64) -> f64 {
        if to > from { (self.until(to) - self.until(from)).max(0.0) } else { 0.0 }
    }

    /// When `amount` seconds of the mean rate will have come since `from`; infinite for what never comes.
    pub(super) fn after(&self, from: f64, amount: f64) -> f64 {
        if !amount.is_finite() {
            return f64::INFINITY;
        }
        // Whole days first: a pattern that comes once a year need not walk through each of them.
        let days = (amount / DAY_S).floor();
        let (mut at, mut left) = (from + days * DAY_S, amount - days * DAY_S);
        // A day has three pieces, and what is left is less than a day.
        for _ in 0..8 {
            let (rate, until) = self.piece(at);
            let here = rate * (until - at);
            if left <= here && rate > 0.0 {
                return at + left / rate;
            }
            left -= here;
            at = until;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_S, Load};
    use crate::capacity::Scenario;
    use proptest::prelude::*;

    fn load(peak: f64, hours: f64) -> Load {
        Load::of(&Scenario { peak, peak_hours: hours, ..Scenario::default() })
    }

    #[test]
    fn a_day_is_a_day_whatever_its_peak() {
        for (peak, hours) in [(1.0, 4.0), (3.0, 4.0), (6.0, 4.0), (24.0, 1.0)] {
            let load = load(peak, hours);
            assert!((load.until(DAY_S) - DAY_S).abs() < 1e-6, "{peak} for {hours}");
            assert!((load.until(3.0 * DAY_S) - 3.0 * DAY_S).abs() < 1e-6);
        }
    }

    proptest! {
        #[test]
        fn after_finds_where_between_was(peak in 1.0..5.9_f64, from in 0.0..200_000.0_f64, amount in 0.0..300_000.0_f64) {
            let load = load(peak, 4.0);
            let to = load.after(from, amount);
            prop_assert!((load.between(from, to) - amount).abs() < 1e-3, "{} {}", to, load.between(from, to));
        }
    }
}
