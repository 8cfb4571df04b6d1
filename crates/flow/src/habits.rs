//! What is asked for at which hour, so that it can be there beforehand.
//!
//! An analyst who opens the same list every morning at eight need not wait for it at eight. For each key and hour of the day
//! a weight says on how many of the last days it was asked for in that hour: a day adds 256, and all weights lose an eighth
//! each day. Asking a hundred times in one hour counts once, so a script does not make a habit. What was asked for in the
//! same hour on two days running is a habit on the third. What was asked for every day for months stays one for twelve days
//! without, so it outlives weekends and most holidays.
//!
//! Hours are counted from 1970 in universal time. Where clocks change, a habit moves by an hour and is learned anew within
//! two days.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

const HOURS: usize = 24;
const HOUR_MS: i64 = 3_600_000;
/// What one day adds.
const DAY: u16 = 256;
/// On the day after two days running, (256 + 256 · 7⁄8) · 7⁄8 = 420 is left.
const HABIT: u16 = 400;

/// How much is remembered, and how much is warmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitSettings {
    /// Keys at most. Where there is one more, the eighth with the least weight goes.
    pub keys: usize,
    /// How long before an hour begins its keys are due.
    pub ahead: Duration,
    /// Keys that are due at once, at most.
    pub at_once: usize,
}

impl Default for HabitSettings {
    /// 1,000 keys; five minutes ahead; 200 at once.
    fn default() -> Self {
        Self { keys: 1_000, ahead: Duration::from_secs(300), at_once: 200 }
    }
}

/// What is asked for at which hour.
#[derive(Debug)]
pub struct Habits<K> {
    settings: HabitSettings,
    keys: HashMap<K, Habit>,
    /// The day on which weights were last made less.
    day: i64,
}

#[derive(Debug, Clone)]
struct Habit {
    weights: [u16; HOURS],
    /// The last hour in which it was asked for.
    asked: i64,
    /// The last hour for which it was due.
    due: i64,
}

impl Habit {
    fn weight(&self) -> u32 {
        self.weights.iter().map(|weight| u32::from(*weight)).sum()
    }
}

impl<K: Clone + Eq + Hash> Habits<K> {
    /// Nothing is known yet.
    pub fn new(settings: HabitSettings) -> Self {
        let settings = HabitSettings { keys: settings.keys.max(1), ..settings };
        Self { settings, keys: HashMap::new(), day: i64::MIN }
    }

    /// A key was asked for at this moment, in milliseconds since 1970. Warming it is not asking.
    pub fn asked(&mut self, key: &K, now_ms: i64) {
        self.age(now_ms);
        let hour = now_ms.div_euclid(HOUR_MS);
        if !self.keys.contains_key(key) {
            self.make_room();
            let habit = Habit { weights: [0; HOURS], asked: i64::MIN, due: i64::MIN };
            self.keys.insert(key.clone(), habit);
        }
        let Some(habit) = self.keys.get_mut(key) else { return };
        if habit.asked < hour {
            habit.asked = hour;
            let weight = &mut habit.weights[hour.rem_euclid(HOURS as i64) as usize];
            *weight = weight.saturating_add(DAY);
        }
    }

    /// The keys to be loaded now, so that they are there when they are asked for: the habits of this hour, or of the next
    /// where it is about to begin; those that are surest first. Each is due once for an hour.
    pub fn due(&mut self, now_ms: i64) -> Vec<K> {
        self.age(now_ms);
        let ahead = i64::try_from(self.settings.ahead.as_millis()).unwrap_or(i64::MAX);
        let hour = now_ms.saturating_add(ahead).div_euclid(HOUR_MS);
        let of_day = hour.rem_euclid(HOURS as i64) as usize;
        let mut due: Vec<_> = self
            .keys
            .iter_mut()
            .filter(|(_, habit)| habit.weights[of_day] >= HABIT && habit.due < hour)
            .collect();
        due.sort_unstable_by_key(|(_, habit)| Reverse((habit.weights[of_day], habit.asked)));
        due.truncate(self.settings.at_once);
        for (_, habit) in &mut due {
            habit.due = hour;
        }
        due.into_iter().map(|(key, _)| key.clone()).collect()
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Makes all weights less, once for each day that began; forgets keys that have none left.
    fn age(&mut self, now_ms: i64) {
        let day = now_ms.div_euclid(HOUR_MS * HOURS as i64);
        if day <= self.day {
            return;
        }
        // After 64 days nothing is left of any weight.
        let days = if self.day == i64::MIN { 0 } else { (day - self.day).min(64) };
        self.day = day;
        for _ in 0..days {
            for habit in self.keys.values_mut() {
                for weight in &mut habit.weights {
                    *weight = (u32::from(*weight) * 7 / 8) as u16;
                }
            }
        }
        self.keys.retain(|_, habit| habit.weight() > 0);
    }

    /// Forgets an eighth of the keys where there is no room: those with the least weight, of these the ones that were not
    /// asked for longest. An eighth, so that it need not be done for every new key.
    fn make_room(&mut self) {
        if self.keys.len() < self.settings.keys {
            return;
        }
        let mut keys: Vec<_> =
            self.keys.iter().map(|(key, habit)| ((habit.weight(), habit.asked), key.clone())).collect();
        keys.sort_unstable_by_key(|(rank, _)| *rank);
        let gone = self.keys.len() + 1 - self.settings.keys;
        for (_, key) in keys.into_iter().take(gone.max(self.settings.keys / 8)) {
            self.keys.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MS, HabitSettings, Habits};
    use proptest::prelude::*;

    const DAY_MS: i64 = 24 * HOUR_MS;
    /// Some midnight.
    const START: i64 = 20_000 * DAY_MS;

    fn at(day: i64, hour: i64, minute: i64) -> i64 {
        START + day * DAY_MS + hour * HOUR_MS + minute * 60_000
    }

    #[test]
    fn what_is_asked_for_on_two_days_at_eight_is_due_just_before_eight_and_once() {
        let mut habits = Habits::new(HabitSettings::default());
        habits.asked(&"list", at(0, 8, 10));
        assert!(habits.due(at(1, 7, 56)).is_empty());
        habits.asked(&"list", at(1, 8, 40));
        assert!(habits.due(at(2, 7, 54)).is_empty());
        assert_eq!(habits.due(at(2, 7, 56)), ["list"]);
        assert!(habits.due(at(2, 8, 1)).is_empty());
        assert!(habits.due(at(2, 9, 1)).is_empty());
    }

    #[test]
    fn a_service_that_starts_late_warms_the_hour_it_is_in() {
        let mut habits = Habits::new(HabitSettings::default());
        habits.asked(&1, at(0, 8, 0));
        habits.asked(&1, at(1, 8, 0));
        assert_eq!(habits.due(at(2, 8, 30)), [1]);
    }

    #[test]
    fn asking_often_in_one_hour_is_no_habit() {
        let mut habits = Habits::new(HabitSettings::default());
        for minute in 0..60 {
            habits.asked(&1, at(0, 8, minute));
        }
        assert!(habits.due(at(1, 8, 0)).is_empty());
    }

    #[test]
    fn a_habit_is_lost_and_a_key_forgotten_when_it_is_not_asked_for() {
        let mut habits = Habits::new(HabitSettings::default());
        for day in 0..30 {
            habits.asked(&1, at(day, 8, 0));
        }
        assert_eq!(habits.due(at(31, 8, 0)), [1]);
        assert!(habits.due(at(45, 8, 0)).is_empty());
        assert!(habits.due(at(120, 8, 0)).is_empty());
        assert!(habits.is_empty());
    }

    #[test]
    fn keys_that_come_once_do_not_push_out_a_habit() {
        let mut habits = Habits::new(HabitSettings { keys: 100, ..HabitSettings::default() });
        habits.asked(&-1, at(0, 8, 0));
        habits.asked(&-1, at(1, 8, 0));
        for key in 0..10_000 {
            habits.asked(&key, at(1, 9, 0));
            assert!(habits.len() <= 100);
        }
        assert_eq!(habits.due(at(2, 8, 0)), [-1]);
    }

    #[test]
    fn the_surest_are_due_first_and_no_more_than_allowed() {
        let mut habits = Habits::new(HabitSettings { at_once: 2, ..HabitSettings::default() });
        for day in 0..5 {
            for key in (0..4).filter(|key| day >= *key) {
                habits.asked(&key, at(day, 8, 0));
            }
        }
        assert_eq!(habits.due(at(5, 8, 0)), [0, 1]);
        assert_eq!(habits.due(at(5, 8, 1)), [2, 3]);
        assert!(habits.due(at(5, 8, 2)).is_empty());
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_nothing_panics_at_any_time(
            asked in proptest::collection::vec((0_u8..50, any::<i64>()), 0..200), keys in 0_usize..20,
        ) {
            let mut habits = Habits::new(HabitSettings { keys, ..HabitSettings::default() });
            for (key, now) in asked {
                habits.asked(&key, now);
                prop_assert!(habits.len() <= keys.max(1));
                prop_assert!(habits.due(now).len() <= habits.len());
            }
        }
    }
}
