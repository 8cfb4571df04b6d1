//! What ends a verdict's life and what prolongs it, and what checks say.

use super::part::{Notes, PARTING};
use super::{Book, HOUR, Measured, Place, Plan, Policy, Reuse, Side, Stratum, Why};
use proptest::prelude::{any, prop};

const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;
const LONGEST: i64 = 24 * HOUR;
const PLACE: Place = Place { pattern: 7, part: 0, rule: 1, host: 1 };

/// Reuse of one pattern, with whoever is asked.
struct Bench {
    reuse: Reuse,
    book: Book,
}

impl Bench {
    fn new(policy: Policy) -> Self {
        Self { reuse: Reuse::new(policy), book: Book::default() }
    }

    /// Without checks.
    fn quiet() -> Self {
        Self::new(Policy { checked: 0.0, ..Policy::default() })
    }

    fn plan(&mut self, time: i64) -> Plan {
        self.reuse.seen(&mut self.book, PLACE, time);
        self.reuse.plan(&mut self.book, PLACE, time, LONGEST, true)
    }

    /// An alert; if somebody is asked, this is the answer. Says why somebody was.
    fn alert(&mut self, time: i64, answer: Side) -> Option<Why> {
        let Plan::Ask(why) = self.plan(time) else { return None };
        self.reuse.answered(&mut self.book, PLACE, time, answer, why);
        Some(why)
    }

    /// An answer about something else.
    fn elsewhere(&mut self, place: Place, time: i64, answer: Side) {
        let mut book = Book::default();
        self.reuse.seen(&mut book, place, time);
        let Plan::Ask(why) = self.reuse.plan(&mut book, place, time, LONGEST, true) else { panic!() };
        self.reuse.answered(&mut book, place, time, answer, why);
    }
}

#[test]
fn a_steady_verdict_lives_longer_each_time_it_is_confirmed_and_a_seldom_one_never() {
    let mut steady = Bench::quiet();
    let asked: Vec<i64> = (0..14 * 24 * 4)
        .filter(|quarter| steady.alert(START + quarter * 15 * MINUTE, Side::Benign).is_some())
        .map(|quarter| quarter / 4)
        .collect();
    let lives: Vec<i64> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(lives[..5].is_sorted() && lives[0] == 1, "{lives:?}");
    assert!(lives[4..].iter().all(|life| (24..=25).contains(life)), "{lives:?}");
    assert!(asked.len() < 24, "{asked:?}");

    let mut seldom = Bench::quiet();
    assert!((0..40).all(|n| seldom.alert(START + n * 9 * HOUR, Side::Benign).is_some()));
}

#[test]
fn one_contradiction_is_asked_about_again_before_a_pattern_turns() {
    let mut bench = Bench::quiet();
    assert_eq!(bench.alert(START, Side::Benign), Some(Why::New));
    // A lie, when the hour is over.
    assert_eq!(bench.alert(START + 61 * MINUTE, Side::Hostile), Some(Why::Age));
    assert_eq!(bench.book.side, Some(Side::Benign));
    assert_eq!(bench.alert(START + 62 * MINUTE, Side::Benign), Some(Why::Confirm));
    assert_eq!(bench.book.side, Some(Side::Benign));
    // The truth, twice.
    assert!(bench.alert(START + 130 * MINUTE, Side::Hostile).is_some());
    assert_eq!(bench.alert(START + 131 * MINUTE, Side::Hostile), Some(Why::Confirm));
    assert_eq!(bench.book.side, Some(Side::Hostile));
    assert_eq!(bench.alert(START + 132 * MINUTE, Side::Hostile), None);
}

#[test]
fn a_hostile_verdict_on_the_machine_ends_benign_ones_there() {
    let mut bench = Bench::quiet();
    bench.alert(START, Side::Benign);
    assert_eq!(bench.alert(START + MINUTE, Side::Benign), None);
    bench.elsewhere(Place { host: 2, rule: 8, pattern: 8, part: 0 }, START + 2 * MINUTE, Side::Hostile);
    assert_eq!(bench.alert(START + 3 * MINUTE, Side::Benign), None, "another machine");
    bench.elsewhere(Place { rule: 9, pattern: 9, ..PLACE }, START + 4 * MINUTE, Side::Hostile);
    assert_eq!(bench.alert(START + 5 * MINUTE, Side::Benign), Some(Why::Context));
    assert_eq!(bench.alert(START + 6 * MINUTE, Side::Benign), None);
    assert_eq!(bench.alert(START + 16 * MINUTE, Side::Benign), Some(Why::Age), "ten minutes while it is hot");
}

#[test]
fn a_flood_and_an_unheard_of_silence_are_asked_about() {
    let mut bench = Bench::quiet();
    let asked: Vec<Why> = (0..500).filter_map(|n| bench.alert(START + n, Side::Benign)).collect();
    assert_eq!(asked, [Why::New, Why::Volume, Why::Volume]);
    // A rule that comes all the time elsewhere, and here after a day.
    let mut bench = Bench::quiet();
    for n in 0..48 {
        bench.elsewhere(Place { pattern: 100 + n, host: 100, ..PLACE }, START + n * HOUR, Side::Benign);
    }
    assert_eq!(bench.alert(START + 48 * HOUR, Side::Benign), Some(Why::New));
    assert_eq!(bench.alert(START + 49 * HOUR, Side::Benign), None);
    assert_eq!(bench.alert(START + 66 * HOUR, Side::Benign), Some(Why::Silence));
    assert_eq!(bench.alert(START + 83 * HOUR, Side::Benign), None, "it has been as silent before");
}

#[test]
fn what_is_from_long_before_is_asked_about() {
    let mut bench = Bench::quiet();
    bench.alert(START, Side::Benign);
    assert_eq!(bench.alert(START - 30 * MINUTE, Side::Benign), None, "somewhat late");
    assert_eq!(bench.alert(START - 9 * HOUR, Side::Hostile), Some(Why::Earlier));
    for extreme in [i64::MIN, i64::MAX, 0, -1] {
        bench.alert(extreme, Side::Benign);
    }
}

#[test]
fn a_pattern_whose_checks_fail_is_no_longer_reused() {
    let mut bench = Bench::new(Policy { checked: 0.02, ..Policy::default() });
    let (mut stopped, mut reused) = (None, 0);
    for n in 0..20_000_i64 {
        // Every fifth alert is something else than the rest.
        let answer = if n % 5 == 3 { Side::Hostile } else { Side::Benign };
        match bench.alert(START + n * 1000, answer) {
            Some(Why::Stopped) => {
                stopped.get_or_insert(n);
            }
            None => reused += 1,
            _ => (),
        }
    }
    assert!(stopped.is_some_and(|at| at < 2000) && reused < 2000, "{stopped:?}, reused {reused}");
    let measured = bench.reuse.measured();
    assert_eq!(measured.stopped, 1);
    assert!(measured.at_most().is_some_and(|share| share > 0.01));
}

#[test]
fn the_bound_is_weighted_by_what_was_reused() {
    let stratum = |reused, checked, wrong| Stratum { reused, checked, wrong };
    let measured = Measured {
        strata: [stratum(9000, 298, 0), stratum(0, 0, 0), stratum(1000, 100, 10), Stratum::default()],
        stopped: 0,
    };
    let estimate = measured.estimate().unwrap();
    assert!((estimate - 0.1 * 0.1).abs() < 1e-12);
    // Two strata: each with 97.5 %. 0 of 298 is at most 1.23 %, 10 of 100 at most 17.62 %.
    let at_most = measured.at_most().unwrap();
    assert!((at_most - (0.9 * 0.012_302 + 0.1 * 0.176_223)).abs() < 1e-4, "{at_most}");
    assert_eq!(Measured::default().at_most(), None);
}

#[test]
fn a_pattern_is_parted_by_the_field_that_separates_its_verdicts() {
    let user = PARTING.iter().position(|field| *field == watchfire_signal::Field::User).unwrap();
    let mut notes = Notes::default();
    for n in 0..20_u64 {
        let mut values = [5; PARTING.len()];
        values[user] = n % 2;
        // Scattered, and so no help.
        values[user + 1] = n;
        notes.add(if n % 2 == 0 { Side::Hostile } else { Side::Benign }, values);
    }
    assert_eq!(notes.best(), Some(user));
    let mut alike = Notes::default();
    for n in 0..20 {
        alike.add(if n % 2 == 0 { Side::Hostile } else { Side::Benign }, [5; PARTING.len()]);
    }
    assert_eq!(alike.best(), None);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever comes when, whoever says what: the same again for the same seed, never reused without an answer, and with a
    /// fixed life exactly what a cache does.
    #[test]
    fn plans_follow_from_alerts_and_answers_alone(steps in prop::collection::vec((0_i64..40_000_000, any::<bool>()), 1..200), seed in any::<u64>()) {
        let run = |policy: Policy| {
            let mut bench = Bench::new(policy);
            let mut time = START;
            let plans: Vec<Option<Why>> = steps.iter().map(|&(pause, hostile)| {
                time += pause;
                bench.alert(time, if hostile { Side::Hostile } else { Side::Benign })
            }).collect();
            (plans, bench.reuse.measured())
        };
        let policy = Policy { seed, checked: 0.1, ..Policy::default() };
        let (plans, measured) = run(policy.clone());
        proptest::prop_assert_eq!(&(plans.clone(), measured), &run(policy));
        proptest::prop_assert_eq!(plans[0], Some(Why::New));
        proptest::prop_assert!(measured.all().wrong <= measured.all().checked && measured.all().checked <= measured.all().reused);

        let (fixed, _) = run(Policy { fixed_life_ms: Some(HOUR), ..Policy::default() });
        let (mut time, mut judged) = (START, None);
        for (&(pause, _), plan) in steps.iter().zip(&fixed) {
            time += pause;
            let reused = judged.is_some_and(|judged| time - judged <= HOUR);
            proptest::prop_assert_eq!(plan.is_none(), reused, "{:?}", fixed);
            if !reused {
                judged = Some(time);
            }
        }
    }
}
