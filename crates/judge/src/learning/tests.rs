//! When a rule is harmless, and when nobody says so.

use super::{Learned, Teacher};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

/// A rule that came on one quiet machine in so many hours, harmlessly.
fn quiet(hours: i64) -> Learned {
    let mut teacher = Teacher::new(Learned::default());
    for hour in 0..hours {
        for alert in 0..20 {
            teacher.episode((1, 1), "wazuh4/5710", hour * HOUR + alert * 1000, false, 1.0);
        }
    }
    teacher.learned()
}

#[test]
fn a_rule_is_harmless_only_after_enough_hours_however_many_alerts() {
    assert_eq!(quiet(5).harmless(1, false, 1), None);
    let harmless = quiet(12).harmless(1, false, 1).unwrap();
    assert!(harmless.at_most < 0.045 && harmless.hostile == 0.0, "{harmless:?}");
    assert!((harmless.episodes - 12.0).abs() < 1e-9);
    assert_eq!(quiet(12).harmless(2, false, 1), None, "nobody knows that rule");
}

#[test]
fn what_is_harmless_on_a_quiet_machine_is_not_on_a_hot_one() {
    let mut learned = quiet(40);
    assert!(learned.harmless(1, false, 1).is_some());
    assert_eq!(learned.harmless(1, true, 1), None);
    // Ten times that, and never part of an attack: a tenth of it counts for hot machines.
    assert!(quiet(1500).harmless(1, true, 1).is_some());
    // An attack on a hot machine says nothing about quiet ones.
    let mut teacher = Teacher::new(learned);
    teacher.episode((9, 5), "other", 2000 * HOUR, true, 1.0);
    teacher.episode((1, 5), "wazuh4/5710", 2000 * HOUR + 29 * MINUTE, true, 1.0);
    let mut learned = teacher.learned();
    assert!(learned.harmless(1, false, 1).is_some());
    let rule = learned.experiences().find(|known| known.name == "wazuh4/5710").unwrap();
    assert!((rule.hot.hostile, rule.quiet.hostile) == (1.0, 0.0), "{rule:?}");
}

#[test]
fn one_attack_on_a_quiet_machine_ends_it() {
    let mut learned = quiet(40);
    learned.add(1, "wazuh4/5710", false, true, 1.0);
    assert_eq!(learned.harmless(1, false, 1), None);
}

#[test]
fn a_jump_is_not_harmless() {
    let mut learned = quiet(40);
    assert!(learned.harmless(1, false, 80).is_some());
    assert_eq!(learned.harmless(1, false, 81), None);
    learned.peak(1, "wazuh4/5710", 21);
    assert!(learned.harmless(1, false, 84).is_some());
}

#[test]
fn two_who_learned_know_together_what_one_would() {
    let (mut one, other) = (quiet(5), quiet(6));
    one.merge(&other);
    let both = one.experiences().next().unwrap();
    let whole = quiet(11);
    let whole = whole.experiences().next().unwrap();
    assert_eq!((both.quiet, both.hot, both.peak), (whole.quiet, whole.hot, whole.peak));
    assert!(one.forget(1) && !one.forget(1) && one.is_empty());
}
