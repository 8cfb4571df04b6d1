//! Triggers that follow the hour's traffic.
//!
//! A size that fits the busy hours is never reached in the quiet ones: then every batch waits for the timer, though all that was
//! to be expected is there. A timer that fits the quiet hours keeps the stragglers of a busy one waiting for company that has
//! gone home. So the triggers follow what is usual at this hour of the day, and what came lately, and never go beyond what
//! was configured. A batch is a call, and calls are dear: so the size follows what is expected, and not what is sure to come.
//!
//! The rate λ that is expected is the greater of two estimates: the hour's own (an exponentially weighted mean over the
//! days, with a week's weight) and that of the last half hour (weighted alike, in its own time). With n = λ · age expected before the
//! timer, the size is n, to the next whole number above; the age is three times what it takes to fill that size, so that only
//! a lull ends a batch early, and at least a tenth of the configured one.

use super::BatchSettings;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const HOUR_MS: i64 = 3_600_000;
/// Of each new day in an hour's rate: 1 − e^(−1/7), a week's weight.
const DAY_WEIGHT: f64 = 0.133;
/// How long what came lately counts, in milliseconds.
const LATELY_MS: f64 = 1_800_000.0;
/// Shortest age, as a share of the configured one.
const LEAST_AGE: f64 = 0.1;

/// How many entries come at which hour of the day (UTC).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Entries an hour, by hour of the day; negative where nothing is known yet.
    usual: [f64; 24],
    /// The hour that is being counted, in hours since 1970, and what came in it so far.
    hour: i64,
    count: f64,
    /// What came lately, each entry weighted by its age, and when that was worked out.
    lately: f64,
    at: i64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { usual: [-1.0; 24], hour: i64::MIN, count: 0.0, lately: 0.0, at: 0 }
    }
}

impl Traffic {
    /// Counts an entry that came at `now`, in milliseconds since 1970.
    pub fn came(&mut self, now: i64) {
        self.pass(now);
        self.count += 1.0;
        self.lately += 1.0;
    }

    /// The triggers for now, within those of the settings. Without a timer there is nothing to follow.
    pub fn aim(&mut self, now: i64, settings: &BatchSettings) -> (usize, Duration) {
        self.pass(now);
        let Some(age) = settings.age else { return (settings.size, Duration::MAX) };
        let usual = self.usual[(now.div_euclid(HOUR_MS)).rem_euclid(24) as usize];
        // Entries that come evenly at rate λ have a weighted count of λ · LATELY_MS.
        let lately = self.lately / LATELY_MS * HOUR_MS as f64;
        if usual < 0.0 && lately < 1.0 {
            return (settings.size, age);
        }
        let rate = usual.max(lately).max(0.0) / HOUR_MS as f64;
        let expected = rate * age.as_millis() as f64;
        let size = (expected.ceil() as usize).clamp(1, settings.size.max(1));
        if expected <= 1.0 {
            // Each comes alone: waiting for a second one costs time, and asking at once costs calls. Calls are dearer.
            return (settings.size, age);
        }
        let fill_ms = size as f64 / rate;
        let least = age.mul_f64(LEAST_AGE);
        let aimed = Duration::from_millis((3.0 * fill_ms) as u64).clamp(least, age);
        (size, aimed)
    }

    /// Lets time go by: closes the hours that have ended, and forgets.
    fn pass(&mut self, now: i64) {
        let hour = now.div_euclid(HOUR_MS);
        if self.hour == i64::MIN {
            self.hour = hour;
            self.at = now;
        }
        // After a day of silence all hours of the day were empty once; more of them say nothing new.
        let ended = (hour - self.hour).clamp(0, 25);
        for step in 0..ended {
            let of_day = (self.hour + step).rem_euclid(24) as usize;
            let came = if step == 0 { self.count } else { 0.0 };
            let usual = &mut self.usual[of_day];
            *usual = if *usual < 0.0 { came } else { *usual + DAY_WEIGHT * (came - *usual) };
        }
        if ended > 0 {
            self.hour = hour;
            self.count = 0.0;
        }
        let gone = (now - self.at).max(0) as f64;
        self.lately *= (-gone / LATELY_MS).exp();
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MS, Traffic};
    use crate::BatchSettings;
    use proptest::prelude::*;
    use std::time::Duration;

    const MINUTE: i64 = 60_000;

    /// So many an hour, evenly, from `start` for `hours`.
    fn evenly(traffic: &mut Traffic, start: i64, hours: i64, an_hour: i64) {
        for n in 0..hours * an_hour {
            traffic.came(start + n * HOUR_MS / an_hour);
        }
    }

    #[test]
    fn nothing_known_leaves_the_settings_as_they_are() {
        let settings = BatchSettings::standard();
        assert_eq!(Traffic::default().aim(0, &settings), (10, Duration::from_secs(300)));
    }

    #[test]
    fn a_busy_hour_fills_batches_and_keeps_no_straggler_waiting() {
        let mut traffic = Traffic::default();
        evenly(&mut traffic, 0, 3, 3600);
        let (size, age) = traffic.aim(3 * HOUR_MS, &BatchSettings::standard());
        assert_eq!(size, 10);
        assert!((Duration::from_secs(30)..=Duration::from_secs(35)).contains(&age), "{age:?}");
    }

    #[test]
    fn a_quiet_hour_takes_what_comes_and_one_that_comes_alone_waits_for_company() {
        let mut traffic = Traffic::default();
        // Five in 300 s.
        evenly(&mut traffic, 0, 3, 60);
        let (size, age) = traffic.aim(3 * HOUR_MS, &BatchSettings::standard());
        assert_eq!((size, age), (5, Duration::from_secs(300)));
        let mut traffic = Traffic::default();
        evenly(&mut traffic, 0, 10, 2);
        assert_eq!(traffic.aim(10 * HOUR_MS, &BatchSettings::standard()), (10, Duration::from_secs(300)));
    }

    #[test]
    fn the_hour_of_the_day_is_known_again_the_next_day() {
        let mut traffic = Traffic::default();
        for day in 0..7 {
            evenly(&mut traffic, day * 24 * HOUR_MS + 9 * HOUR_MS, 1, 600);
        }
        let nine = 7 * 24 * HOUR_MS + 9 * HOUR_MS + MINUTE;
        let (_, age) = traffic.aim(nine, &BatchSettings::standard());
        assert!(age < Duration::from_secs(300), "{age:?}");
        let (size, age) = traffic.aim(nine + 12 * HOUR_MS, &BatchSettings::standard());
        assert_eq!((size, age), (10, Duration::from_secs(300)), "at nine in the evening nothing comes");
    }

    proptest! {
        #[test]
        fn triggers_never_go_beyond_what_was_configured(
            gaps in proptest::collection::vec(-1000_i64..10 * HOUR_MS, 0..200),
            size in 1_usize..50,
            seconds in 1_u64..1000,
        ) {
            let settings = BatchSettings { size, age: Some(Duration::from_secs(seconds)), ..BatchSettings::standard() };
            let (mut traffic, mut now) = (Traffic::default(), 0);
            for gap in gaps {
                now += gap;
                traffic.came(now);
                let (aimed, age) = traffic.aim(now, &settings);
                prop_assert!((1..=size).contains(&aimed));
                prop_assert!(age <= Duration::from_secs(seconds) && age >= Duration::from_secs(seconds).mul_f64(0.1));
            }
        }
    }
}
