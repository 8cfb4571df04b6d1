//! One budget: how many calls may be sent now, and when more may be.
//!
//! The rules are those of `watchfire_flow::Budget`: a call holds its place in the rolling window until one window after
//! its *answer*, a place among the calls at once until its answer, and one of the day's until midnight. Calls that were
//! sent at one moment are kept as one number, so a window of a thousand calls costs no more than one of ten.

use super::scenario::BudgetGroup;
use std::collections::VecDeque;

const DAY_S: f64 = 86_400.0;

/// The places of one budget. Moments are in seconds from the beginning, and never go back.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Free in the window.
    free: u64,
    /// On their way.
    flying: u64,
    /// Sent since midnight.
    today: u64,
    day: f64,
    /// When places in the window come back, and how many.
    returning: VecDeque<(f64, u64)>,
    /// When answers come, and how many.
    answers: VecDeque<(f64, u64)>,
    window: f64,
    latency: f64,
    concurrency: u64,
    /// `u64::MAX` for no limit.
    per_day: u64,
}

impl Slots {
    pub(super) fn of(group: &BudgetGroup) -> Self {
        Self {
            free: group.calls,
            flying: 0,
            today: 0,
            day: 0.0,
            returning: VecDeque::new(),
            answers: VecDeque::new(),
            window: group.window_s,
            latency: group.latency_s,
            concurrency: group.concurrency,
            per_day: if group.calls_per_day == 0 { u64::MAX } else { group.calls_per_day },
        }
    }

    /// Calls that may be sent at this moment.
    pub(super) fn free(&mut self, now: f64) -> u64 {
        while let Some((_, calls)) = self.returning.pop_front_if(|(when, _)| *when <= now) {
            self.free += calls;
        }
        while let Some((_, calls)) = self.answers.pop_front_if(|(when, _)| *when <= now) {
            self.flying -= calls;
        }
        let day = (now / DAY_S).floor();
        if day > self.day {
            (self.day, self.today) = (day, 0);
        }
        self.free.min(self.concurrency - self.flying).min(self.per_day - self.today)
    }

    /// Sends so many, which has to be no more than are free; gives the moment of their answers.
    pub(super) fn send(&mut self, now: f64, calls: u64) -> f64 {
        debug_assert!(calls <= self.free(now), "nobody sends what isn't free");
        self.free -= calls;
        self.flying += calls;
        self.today = self.today.saturating_add(calls);
        let answer = now + self.latency;
        self.answers.push_back((answer, calls));
        self.returning.push_back((answer + self.window, calls));
        answer
    }

    /// When more may be sent than now; something has to be on its way or the day's limit reached.
    pub(super) fn next(&self) -> f64 {
        if self.today >= self.per_day {
            return (self.day + 1.0) * DAY_S;
        }
        let first = |queue: &VecDeque<(f64, u64)>| queue.front().map_or(f64::INFINITY, |(when, _)| *when);
        match (self.free == 0, self.flying >= self.concurrency) {
            (true, true) => first(&self.returning).max(first(&self.answers)),
            (true, false) => first(&self.returning),
            (false, _) => first(&self.answers),
        }
    }
}

/// The most calls a second that a budget carries for ever.
pub(super) fn calls_per_s(group: &BudgetGroup) -> f64 {
    let window = group.calls as f64 / (group.window_s + group.latency_s);
    let at_once = group.concurrency as f64 / group.latency_s;
    let day = if group.calls_per_day == 0 { f64::INFINITY } else { group.calls_per_day as f64 / DAY_S };
    window.min(at_once).min(day)
}

#[cfg(test)]
mod tests {
    use super::{BudgetGroup, Slots, calls_per_s};
    use proptest::prelude::*;

    fn group(calls: u64, window_s: f64, concurrency: u64, latency_s: f64, calls_per_day: u64) -> BudgetGroup {
        BudgetGroup { calls, window_s, calls_per_day, concurrency, latency_s, ..BudgetGroup::default() }
    }

    /// Sends whenever it may, and gives when and how many.
    fn greedy(group: &BudgetGroup, until: f64) -> Vec<(f64, u64)> {
        let (mut slots, mut now, mut sent) = (Slots::of(group), 0.0, Vec::new());
        while now < until {
            let free = slots.free(now);
            if free > 0 {
                slots.send(now, free);
                sent.push((now, free));
            }
            now = slots.next();
        }
        sent
    }

    proptest! {
        #[test]
        fn no_window_of_a_provider_holds_more_than_the_limit(
            calls in 1_u64..40, window in 1.0..100.0_f64, concurrency in 1_u64..60, latency in 0.01..20.0_f64,
            pauses in prop::collection::vec((0.0..30.0_f64, 1_u64..20, 0.0..=1.0_f64), 1..60),
        ) {
            let group = group(calls, window, concurrency, latency, 0);
            let (mut slots, mut now) = (Slots::of(&group), 0.0);
            // The provider sees each call somewhere between its sending and its answer.
            let mut arrivals: Vec<f64> = Vec::new();
            for (pause, wanted, when) in pauses {
                now += pause;
                let sent = slots.free(now).min(wanted);
                if sent > 0 {
                    let answer = slots.send(now, sent);
                    arrivals.extend((0..sent).map(|_| now + when * (answer - now)));
                }
            }
            arrivals.sort_by(f64::total_cmp);
            for (first, from) in arrivals.iter().enumerate() {
                let held = arrivals[first..].iter().take_while(|at| **at < from + window - 1e-9).count();
                prop_assert!(held as u64 <= calls, "{held} calls in a window of {calls}");
            }
        }

        #[test]
        fn all_of_a_budget_is_used(
            calls in 1_u64..40, window in 1.0..100.0_f64, concurrency in 1_u64..60, latency in 0.1..20.0_f64,
        ) {
            let group = group(calls, window, concurrency, latency, 0);
            let until = 400.0 * (window + latency);
            let sent: u64 = greedy(&group, until).iter().map(|(_, calls)| calls).sum();
            let right = calls_per_s(&group) * until;
            prop_assert!(sent as f64 <= right + calls.max(concurrency) as f64 + 1.0, "{sent} of {right}");
            // Where the calls at once don't divide those of a window, part of it is left.
            if concurrency >= calls {
                prop_assert!(sent as f64 >= right - calls as f64 - 1.0, "{sent} of {right}");
            }
        }
    }

    #[test]
    fn fifteen_in_sixty_seconds_and_their_latency_and_never_sixteen() {
        let sent = greedy(&group(15, 60.0, 16, 4.0, 0), 640.0);
        assert_eq!(sent, (0..10).map(|n| (64.0 * f64::from(n), 15)).collect::<Vec<_>>());
    }

    #[test]
    fn a_days_calls_are_a_days() {
        let sent = greedy(&group(15, 60.0, 16, 4.0, 20), 3.0 * 86_400.0);
        let by_day = |day: f64| -> u64 {
            sent.iter().filter(|(at, _)| (at / 86_400.0).floor() == day).map(|(_, calls)| calls).sum()
        };
        assert_eq!((by_day(0.0), by_day(1.0), by_day(2.0)), (20, 20, 20));
    }
}
