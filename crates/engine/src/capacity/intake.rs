//! The intake topic as a vessel: alerts flow in at the day's rate and out as fast as the machines carry.
//!
//! All rates are steps, so the level is a line between two moments, and the moments are found exactly: the day's steps, the
//! end of an outage, and where the vessel runs empty.

use super::Scenario;
use super::load::Load;
use serde::Serialize;

/// What became of the intake topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Intake {
    /// Alerts that came.
    pub came: f64,
    /// Alerts that workers took.
    pub taken: f64,
    /// Alerts that lie there at the end.
    pub left: f64,
    /// Most that ever lay there.
    pub most: f64,
    /// The longest that an alert has to wait there until it is taken, in seconds; none if it never is.
    pub longest_s: Option<f64>,
    /// How long after an outage it took until nothing lay there any more; none if it did not come to that.
    pub caught_up_s: Option<f64>,
}

/// Goes through the time simulated with machines that carry so many alerts a second.
pub(super) fn intake(scenario: &Scenario, carries_per_s: f64) -> Intake {
    let load = Load::of(scenario);
    let horizon = scenario.hours * 3_600.0;
    let out_from = load.busy_from().min(horizon);
    let out_to = (out_from + scenario.outage_s).min(horizon);
    let mut intake = Intake::default();
    // How long whoever comes at this moment waits behind what lies there.
    let waits = |now: f64, left: f64| {
        let alone = left / carries_per_s;
        if out_to <= out_from || now >= out_to || now + alone < out_from {
            alone
        } else {
            out_to - out_from.max(now) + alone
        }
    };
    let mut longest = waits(0.0, 0.0);
    let mut now = 0.0;
    while now < horizon {
        let (times, until) = load.piece(now);
        let stands_still = now >= out_from && now < out_to;
        let carries = if stands_still { 0.0 } else { carries_per_s };
        let mut until = until.min(horizon);
        for mark in [out_from, out_to] {
            if mark > now {
                until = until.min(mark);
            }
        }
        let comes = scenario.alerts_per_s * times;
        let rises = comes - carries;
        if intake.left > 0.0 && rises < 0.0 {
            // A moment that rounding brings back to now would stay there for ever.
            let empty = now + intake.left / -rises;
            if empty <= now {
                intake.taken += intake.left;
                intake.left = 0.0;
            } else {
                until = until.min(empty);
            }
        }
        let seconds = until - now;
        let came = comes * seconds;
        let taken =
            if intake.left > 0.0 || rises > 0.0 { (carries * seconds).min(intake.left + came) } else { came };
        intake.came += came;
        intake.taken += taken;
        intake.left = (intake.left + came - taken).max(0.0);
        // What is left over by rounding is nothing.
        if intake.left < 1e-9 * (1.0 + intake.came) && rises <= 0.0 {
            intake.taken += intake.left;
            intake.left = 0.0;
        }
        intake.most = intake.most.max(intake.left);
        now = until;
        longest = longest.max(waits(now, intake.left));
        if intake.left == 0.0 && scenario.outage_s > 0.0 && now >= out_to && intake.caught_up_s.is_none() {
            intake.caught_up_s = Some(now - out_to);
        }
    }
    intake.longest_s = Some(longest).filter(|seconds| seconds.is_finite());
    intake
}

#[cfg(test)]
mod tests {
    use super::intake;
    use crate::capacity::Scenario;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_came_was_taken_or_lies_there(
            rate in 0.1..1e6_f64, carries in 0.1..1e6_f64, peak in 1.0..6.0_f64, outage in 0.0..20_000.0_f64, hours in 24.0..100.0_f64,
        ) {
            let scenario = Scenario { alerts_per_s: rate, peak, outage_s: outage, hours, ..Scenario::default() };
            let told = intake(&scenario, carries);
            prop_assert!((told.came - told.taken - told.left).abs() <= 1e-6 * told.came, "{told:?}");
            prop_assert!(told.most >= told.left && told.left >= 0.0 && told.taken >= 0.0);
            prop_assert!(told.taken <= carries * hours * 3_600.0 * (1.0 + 1e-9));
        }

        #[test]
        fn faster_machines_never_leave_more(rate in 1.0..1e5_f64, carries in 1.0..1e5_f64, more in 1.0..3.0_f64, peak in 1.0..6.0_f64) {
            let scenario = Scenario { alerts_per_s: rate, peak, outage_s: 600.0, ..Scenario::default() };
            let (slow, fast) = (intake(&scenario, carries), intake(&scenario, carries * more));
            prop_assert!(fast.left <= slow.left + 1e-3 && fast.most <= slow.most + 1e-3);
        }
    }

    #[test]
    fn an_outage_is_caught_up_with_what_is_to_spare() {
        let scenario = Scenario { alerts_per_s: 1_000.0, outage_s: 600.0, ..Scenario::default() };
        let told = intake(&scenario, 3_000.0);
        // 600,000 lie there, and 2,000 a second are to spare.
        assert!((told.most - 600_000.0).abs() < 1e-3);
        assert!((told.caught_up_s.unwrap() - 300.0).abs() < 1e-3);
        assert!((told.longest_s.unwrap() - 600.0).abs() < 1e-3);
        assert!(told.left == 0.0);
        assert!(intake(&scenario, 999.0).caught_up_s.is_none());
    }

    #[test]
    fn half_the_rate_leaves_half() {
        let told = intake(&Scenario { hours: 1.0, ..Scenario::default() }, 500.0);
        assert!((told.left - 1_800_000.0).abs() < 1e-3 && (told.longest_s.unwrap() - 3_600.0).abs() < 1e-3);
    }
}
