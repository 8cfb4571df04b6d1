//! What waits keep to, over histories that are made up.

use super::{Bounds, Heard, Hints, Schedule, Skipped};
use proptest::prelude::*;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-11-21, a Saturday, at noon.
const NOW_MS: i64 = 1_795_262_400_000;

/// Polls a feed until `end_ms`, which has had so many entries by each moment. Gives the moments of the polls.
fn polled(schedule: &mut Schedule, end_ms: i64, entries_by: impl Fn(i64) -> i64) -> Vec<i64> {
    let (mut seen, mut polls) = (None, Vec::new());
    while let Some(now_ms) = schedule.next_ms().filter(|next_ms| *next_ms < end_ms) {
        let there = entries_by(now_ms);
        let new = there - seen.replace(there).unwrap_or(there);
        schedule.heard(now_ms, Heard::Entries(new as u32), &Hints::default(), Bounds::default());
        polls.push(now_ms);
    }
    polls
}

/// The mean time between the polls of the last `days`, in minutes.
fn mean_minutes(polls: &[i64], days: i64) -> i64 {
    let from = polls.last().unwrap() - days * DAY_MS;
    let late: Vec<_> = polls.iter().filter(|poll| **poll >= from).collect();
    (*late.last().unwrap() - late[0]) / (late.len() as i64 - 1) / MINUTE_MS
}

#[test]
fn a_feed_is_polled_about_as_often_as_it_posts() {
    for (every_minutes, least, most) in
        [(1, 15, 16), (20, 18, 24), (60, 52, 70), (240, 200, 290), (1000, 800, 1250), (10_000, 1300, 1440)]
    {
        let mut schedule = Schedule::new(7, NOW_MS);
        let every_ms = every_minutes * MINUTE_MS;
        let polls = polled(&mut schedule, NOW_MS + 60 * DAY_MS, |at_ms| (at_ms - NOW_MS) / every_ms);
        let mean = mean_minutes(&polls, 40);
        println!("posts each {every_minutes} min: polled each {mean} min");
        assert!((least..=most).contains(&mean), "each {every_minutes} min: polled each {mean} min");
    }
}

#[test]
fn a_feed_that_posts_at_random_is_polled_about_as_often_too() {
    // One entry for each hour on average, at moments that a multiplicative hash makes up.
    let posted =
        |slot: i64| (slot.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) as u64 >> 32).is_multiple_of(6);
    let by =
        |at_ms: i64| (0..(at_ms - NOW_MS) / (10 * MINUTE_MS)).filter(|slot| posted(*slot)).count() as i64;
    let polls = polled(&mut Schedule::new(3, NOW_MS), NOW_MS + 20 * DAY_MS, by);
    let mean = mean_minutes(&polls, 15);
    println!("posts each 60 min on average, at random: polled each {mean} min");
    assert!((45..=85).contains(&mean), "polled each {mean} min");
}

#[test]
fn a_feed_that_dies_goes_to_the_longest_wait_within_days_and_one_that_wakes_comes_back() {
    let mut schedule = Schedule::new(1, NOW_MS);
    let hours = |at_ms: i64| (at_ms - NOW_MS) / HOUR_MS;
    polled(&mut schedule, NOW_MS + 10 * DAY_MS, hours);
    let died_ms = schedule.next_ms().unwrap();
    let silent = polled(&mut schedule, died_ms + 12 * DAY_MS, |_| 0);
    let last = silent.windows(2).last().unwrap();
    let long = silent.windows(2).find(|pair| pair[1] - pair[0] > 20 * HOUR_MS).unwrap();
    println!("silent: a wait of 20 h after {} h and {} polls", (long[0] - died_ms) / HOUR_MS, silent.len());
    assert!(last[1] - last[0] >= 22 * HOUR_MS, "{} min", (last[1] - last[0]) / MINUTE_MS);
    let mut awake = polled(&mut schedule, died_ms + 22 * DAY_MS, hours);
    let late = awake.split_off(awake.len() - 24);
    println!("awake again: polled each {} min", mean_minutes(&late, 1));
    assert!(mean_minutes(&late, 1) < 90, "{}", mean_minutes(&late, 1));
}

#[test]
fn a_dead_server_is_asked_less_and_less_up_to_the_longest_wait() {
    let mut schedule = Schedule::new(1, NOW_MS);
    let mut now_ms = NOW_MS;
    let mut waits = Vec::new();
    for _ in 0..12 {
        let next_ms = schedule.heard(now_ms, Heard::Failed, &Hints::default(), Bounds::default()).unwrap();
        waits.push((next_ms - now_ms) / MINUTE_MS);
        now_ms = next_ms;
    }
    for (failed, wait) in waits.iter().enumerate() {
        let ceiling = (60 << failed).min(24 * 60);
        assert!((ceiling / 2..=ceiling).contains(wait), "{waits:?}");
    }
    assert_eq!(schedule.failures(), 12);
    schedule.heard(now_ms, Heard::Entries(0), &Hints::default(), Bounds::default());
    assert_eq!(schedule.failures(), 0);
}

#[test]
fn what_a_feed_asks_for_is_a_floor_and_no_ceiling() {
    let wait_minutes = |hints: &Hints, heard| {
        let next_ms = Schedule::new(1, NOW_MS).heard(NOW_MS, heard, hints, Bounds::default()).unwrap();
        (next_ms - NOW_MS) / MINUTE_MS
    };
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    let new = Heard::Entries(1);
    assert!(wait_minutes(&Hints { ttl: hours(6), ..Hints::default() }, new) >= 360);
    assert!(wait_minutes(&Hints { update_every: hours(7), ..Hints::default() }, new) >= 420);
    assert!(wait_minutes(&Hints { fresh_for: hours(8), ..Hints::default() }, new) >= 480);
    assert!(wait_minutes(&Hints { ttl: hours(0), ..Hints::default() }, new) >= 55);
    let absurd = Hints { ttl: Some(Duration::MAX), ..Hints::default() };
    assert_eq!(wait_minutes(&absurd, new), 24 * 60);
    assert!(wait_minutes(&Hints::default(), Heard::Later(NOW_MS + 5 * HOUR_MS)) >= 300);
    assert_eq!(wait_minutes(&Hints::default(), Heard::Later(i64::MAX)), 24 * 60);
}

#[test]
fn what_is_gone_is_never_asked_again() {
    let mut schedule = Schedule::new(1, NOW_MS);
    assert_eq!(schedule.heard(NOW_MS, Heard::Gone, &Hints::default(), Bounds::default()), None);
    schedule.resume(NOW_MS + DAY_MS, Bounds::default());
    assert_eq!(schedule.next_ms(), None);
}

#[test]
fn after_a_restart_what_is_due_is_spread() {
    let mut in_minute = [0; 15];
    for seed in 0..1500 {
        let mut schedule = Schedule::new(seed, NOW_MS - DAY_MS);
        schedule.resume(NOW_MS, Bounds::default());
        in_minute[((schedule.next_ms().unwrap() - NOW_MS) / MINUTE_MS) as usize] += 1;
    }
    assert!(in_minute.iter().all(|feeds| (60..150).contains(feeds)), "{in_minute:?}");
    let mut due_later = Schedule::new(1, NOW_MS + HOUR_MS);
    due_later.resume(NOW_MS, Bounds::default());
    assert_eq!(due_later.next_ms(), Some(NOW_MS + HOUR_MS), "what is not due stays where it is");
}

#[test]
fn skipped_days_and_hours_are_waited_out_and_skipping_all_is_no_use() {
    let mut skipped = Skipped::default();
    skipped.day("Saturday");
    skipped.day(" sunday");
    skipped.day("Caturday");
    for hour in [24, 1, 2, 99] {
        skipped.hour(hour);
    }
    let hints = Hints { skipped, ..Hints::default() };
    let next_ms =
        Schedule::new(1, NOW_MS).heard(NOW_MS, Heard::Entries(0), &hints, Bounds::default()).unwrap();
    let monday_at_three = NOW_MS + 39 * HOUR_MS;
    assert!((monday_at_three..monday_at_three + 10 * MINUTE_MS).contains(&next_ms));
    let mut all = Skipped::default();
    (0..24).for_each(|hour| all.hour(hour));
    assert_eq!(all.next_allowed(NOW_MS, 0.5), NOW_MS);
}

#[test]
fn a_schedule_that_was_stored_goes_on_as_if_it_had_not_been() {
    let mut kept = Schedule::new(9, NOW_MS);
    polled(&mut kept, NOW_MS + DAY_MS, |at_ms| (at_ms - NOW_MS) / (37 * MINUTE_MS));
    let text = serde_json::to_string(&kept).unwrap();
    let mut stored: Schedule = serde_json::from_str(&text).unwrap();
    for heard in [Heard::Entries(2), Heard::Failed, Heard::Failed, Heard::Entries(0)] {
        let now_ms = kept.next_ms().unwrap();
        let one = kept.heard(now_ms, heard, &Hints::default(), Bounds::default()).unwrap();
        let other = stored.heard(now_ms, heard, &Hints::default(), Bounds::default()).unwrap();
        // A number read from text may differ in its last binary digit.
        assert!((one - other).abs() <= 2, "{one} {other}");
    }
}

fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        any::<u32>().prop_map(Heard::Entries),
        (0_u32..3).prop_map(Heard::Entries),
        any::<i64>().prop_map(Heard::Later),
        Just(Heard::Failed),
    ]
}

proptest! {
    #[test]
    fn no_history_leads_out_of_the_bounds(
        seed: u64,
        history in proptest::collection::vec((heard(), -DAY_MS..40 * DAY_MS), 1..60),
        ttl_s in proptest::option::of(any::<u64>()),
        bounds_s in (0_u64..100_000, 0_u64..10_000_000),
        hours in 0_u32..1 << 24,
    ) {
        let bounds = Bounds::new(Duration::from_secs(bounds_s.0), Duration::from_secs(bounds_s.1));
        let mut skipped = Skipped::default();
        (0..24).filter(|hour| hours & 1 << hour != 0).for_each(|hour| skipped.hour(hour));
        let plain = Hints { ttl: ttl_s.map(Duration::from_secs), ..Hints::default() };
        let hints = Hints { skipped, ..plain };
        let mut schedule = Schedule::new(seed, NOW_MS);
        let mut now_ms = NOW_MS;
        for (heard, passed_ms) in history {
            let next_ms = schedule.clone().heard(now_ms, heard, &plain, bounds).unwrap();
            let wait_ms = next_ms - now_ms;
            let (shortest, longest) = (bounds.shortest().as_millis() as i64, bounds.longest().as_millis() as i64);
            prop_assert!((shortest..=longest).contains(&wait_ms), "{} not in {}..={}", wait_ms, shortest, longest);
            let skipping_ms = schedule.heard(now_ms, heard, &hints, bounds).unwrap();
            prop_assert!(skipping_ms >= next_ms && skipping_ms <= next_ms + 7 * DAY_MS);
            prop_assert!(!skipped.skips(skipping_ms) || hours == (1 << 24) - 1);
            now_ms += passed_ms;
        }
    }

    #[test]
    fn whatever_was_stored_leads_to_a_wait_within_the_bounds(
        events in prop_oneof![any::<f64>(), Just(0.0), Just(-1.0)], span_s: f64, answered_ms: i64, next_ms: i64,
        failures: u32, now_ms in 0..i64::MAX / 2,
    ) {
        let answered_ms = Some(answered_ms);
        let mut schedule = Schedule { chance: 1, events, span_s, answered_ms, failures, next_ms: Some(next_ms) };
        schedule.resume(now_ms, Bounds::default());
        for heard in [Heard::Entries(1), Heard::Failed] {
            let wait_ms = schedule.heard(now_ms, heard, &Hints::default(), Bounds::default()).unwrap() - now_ms;
            prop_assert!((15 * MINUTE_MS..=DAY_MS).contains(&wait_ms), "{wait_ms}");
        }
    }
}
