//! What the whole keeps: nothing gets lost, more is never slower, and where theory has an answer, this one agrees.

use super::{BudgetGroup, Calibration, CapacityError, Part, Report, Scenario, simulate};
use proptest::prelude::*;

fn run(scenario: &Scenario) -> Report {
    simulate(scenario, &Calibration::default()).unwrap()
}

/// A model with so many calls at once of so long, one question each, and no window to speak of.
fn line(concurrency: u64, latency_s: f64) -> BudgetGroup {
    BudgetGroup {
        calls: 1_000_000_000,
        window_s: 0.001,
        concurrency,
        latency_s,
        alerts_per_call: 1,
        linger_s: 0.0,
        ..BudgetGroup::default()
    }
}

/// Alerts that are all open.
fn open(alerts_per_s: f64, group: BudgetGroup) -> Scenario {
    Scenario {
        alerts_per_s,
        by_rules: 0.0,
        by_analysts: 0.0,
        by_statistics: 0.0,
        burst: 1.0,
        checked_share: 0.0,
        budgets: vec![group],
        ..Scenario::default()
    }
}

fn near(found: f64, right: f64, share: f64) {
    assert!((found - right).abs() <= share * right.abs(), "{found} instead of {right}");
}

#[test]
fn one_line_waits_as_md1_does() {
    // Pollaczek and Khinchine: a line of constant service D at load r waits D·r / (2·(1 − r)) on average.
    for load in [0.3, 0.7, 0.9] {
        let scenario = Scenario { new_share: 1.0, hours: 600.0, ..open(load / 2.0, line(1, 2.0)) };
        let waits = run(&scenario).waits_s;
        near(waits.mean - 2.0, 2.0 * load / (2.0 * (1.0 - load)), 0.06);
    }
}

#[test]
fn a_steady_pattern_is_asked_about_as_renewal_theory_says() {
    let scenario = Scenario {
        new_share: 0.0,
        hours: 240.0,
        patterns: 2_000,
        life_growth: 1.0,
        first_life_h: 2.0,
        life_h: 2.0,
        ..open(0.5, line(100, 1.0))
    };
    let (weights, _) = super::zipf::shares(2_000, scenario.zipf, 2_000);
    let right: f64 = weights.iter().map(|weight| 0.5 * weight / (1.0 + 0.5 * weight * 7_201.0)).sum();
    near(run(&scenario).questions.known as f64, right * 240.0 * 3_600.0, 0.02);
}

#[test]
fn alerts_that_come_together_are_asked_about_together() {
    let evenly = Scenario { new_share: 0.0, patterns: 3_000, zipf: 0.5, ..open(5.0, line(100, 1.0)) };
    let in_bursts = Scenario { burst: 20.0, ..evenly.clone() };
    let (one, other) = (run(&evenly), run(&in_bursts));
    assert!(other.questions.known < one.questions.known);
    // Nobody is forgotten for it.
    near(other.decided.all(), 5.0 * 86_400.0, 0.05);
    let (weights, _) = super::zipf::shares(3_000, 0.5, 3_000);
    let right: f64 = weights.iter().map(|weight| 0.25 * weight / (1.0 + 0.25 * weight * 86_401.0)).sum();
    near(other.questions.known as f64, right * 86_400.0, 0.08);
}

#[test]
fn an_exhausted_budget_gives_exactly_what_it_allows() {
    let group = BudgetGroup { calls: 15, alerts_per_call: 4, ..BudgetGroup::default() };
    let scenario = Scenario { new_share: 1.0, hours: 64.0 / 6.0, ..open(50.0, group) };
    let told = run(&scenario);
    // Fifteen calls of four every 64 s, from the first full call on.
    let windows = 64.0 / 6.0 * 3_600.0 / 64.0;
    near(told.day.calls * scenario.hours / 24.0, 15.0 * windows, 0.002);
    near(told.questions.in_a_call, 4.0, 1e-9);
    assert_eq!(told.bound_by, Some(Part::Model));
    near(told.sustained_per_s.unwrap(), 60.0 / 64.0, 1e-6);
    // What is not answered waits, and the last one that was answered waited nearly the whole time.
    assert!(told.waits_s.longest > 0.9 * scenario.hours * 3_600.0);
}

#[test]
fn with_room_to_spare_nobody_waits_longer_than_a_call_takes() {
    let told = run(&Scenario { patterns: 500, ..open(20.0, line(1_000, 3.0)) });
    assert!(told.waits_s.longest <= 3.0 + 1e-6 && told.waits_s.p50 > 0.0, "{:?}", told.waits_s);
    assert_eq!(told.questions.waiting, 0);
}

#[test]
fn without_a_model_nobody_is_asked_and_nothing_costs() {
    let told = run(&Scenario { budgets: Vec::new(), ..Scenario::default() });
    assert_eq!((told.questions.answered, told.day.usd), (0, 0.0));
    near(told.decided.fallback, 0.2 * 1_000.0 * 86_400.0, 1e-9);
    near(told.decided.all(), 1_000.0 * 86_400.0, 1e-9);
}

#[test]
fn patience_that_ends_puts_alerts_out_and_holds_nobody_up() {
    let group = BudgetGroup { calls: 5, ..BudgetGroup::default() };
    let waits_for_ever = Scenario { new_share: 0.2, ..open(20.0, group) };
    let impatient = Scenario { patience_s: 120.0, ..waits_for_ever.clone() };
    let (one, other) = (run(&waits_for_ever), run(&impatient));
    assert_eq!(one.bound_by, Some(Part::Model));
    assert_ne!(other.bound_by, Some(Part::Model));
    assert!(other.questions.given_up > 0 && one.questions.given_up == 0);
    assert!(other.waits_s.longest <= 120.0 + 4.0 + 1e-6, "{:?}", other.waits_s);
    near(other.decided.all(), 20.0 * 86_400.0, 0.02);
}

#[test]
fn a_million_alerts_a_second_and_ten_thousand_budgets_are_a_matter_of_seconds() {
    let scenario = Scenario {
        alerts_per_s: 1_000_000.0,
        hours: 1.0,
        patterns: 1_000_000,
        new_share: 0.0001,
        budgets: vec![BudgetGroup { budgets: 10_000, calls: 15, ..BudgetGroup::default() }],
        ..Scenario::default()
    };
    let told = run(&scenario);
    near(told.decided.all(), 3.6e9, 0.001);
    let questions = &told.questions;
    assert!(questions.answered > 100_000, "{questions:?}");
}

#[test]
fn the_same_seed_gives_the_same_answer_and_another_one_another() {
    let scenario = Scenario {
        budgets: vec![BudgetGroup { budgets: 300, calls: 3, ..BudgetGroup::default() }],
        ..Scenario::default()
    };
    assert_eq!(run(&scenario), run(&scenario));
    assert_ne!(run(&scenario), run(&Scenario { seed: 1, ..scenario }));
}

#[test]
fn what_would_take_for_ever_is_refused() {
    let scenario = Scenario { first_life_h: 0.0, life_h: 0.0, hours: 700.0, ..open(1e7, line(1, 0.01)) };
    assert!(matches!(simulate(&scenario, &Calibration::default()), Err(CapacityError::TooMuch(_))));
}

#[test]
fn keys_that_are_all_one_bind_the_fleet_to_one_worker() {
    let even =
        Scenario { workers: 8, partitions: 64, entity_zipf: 0.0, budgets: Vec::new(), ..Scenario::default() };
    let one = Scenario { entities: 1, ..even.clone() };
    let alone = Scenario { workers: 1, ..even.clone() };
    let per_s = |scenario: &Scenario| {
        run(scenario)
            .parts
            .iter()
            .find(|part| part.part == Part::WorkerCores)
            .and_then(|part| part.carries_per_s)
            .unwrap()
    };
    near(per_s(&one), per_s(&alone), 1e-9);
    assert!(per_s(&even) > 7.0 * per_s(&alone));
}

fn scenarios() -> impl Strategy<Value = Scenario> {
    let load = (1.0..3_000.0_f64, 1.0..5.0_f64, prop::bool::ANY, 0.0..2_000.0_f64);
    let fleet = (1_u64..40, 1_u64..8, 1_u64..80, 1_u64..5_000, 0.0..1.6_f64);
    let patterns = (1_u64..3_000, 0.0..1.6_f64, 0.0..0.01_f64, 0.0..0.33_f64, 0.0..600.0_f64, 1.0..30.0_f64);
    let budgets =
        (1_u64..30, 1_u64..60, 1.0..120.0_f64, 0.1..10.0_f64, 1_u64..10, 0.0..2.0_f64, 0_u64..2_000);
    (load, fleet, patterns, budgets, 0_u64..1_000).prop_map(
        |(
            (alerts_per_s, peak, cold, outage_s),
            (workers, cores, partitions, entities, entity_zipf),
            (patterns, zipf, new_share, by, patience, burst),
            (budgets, calls, window_s, latency_s, alerts_per_call, linger_s, calls_per_day),
            seed,
        )| Scenario {
            alerts_per_s,
            peak,
            outage_s,
            workers,
            cores,
            partitions,
            entities,
            entity_zipf,
            patterns,
            zipf,
            burst,
            new_share,
            cold,
            by_rules: by,
            by_analysts: by,
            by_statistics: by,
            patience_s: if patience < 100.0 { 0.0 } else { patience },
            budgets: vec![BudgetGroup {
                budgets,
                calls,
                window_s,
                calls_per_day,
                latency_s,
                alerts_per_call,
                linger_s,
                ..BudgetGroup::default()
            }],
            seed,
            ..Scenario::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_question_and_every_alert_is_somewhere(scenario in scenarios()) {
        let told = run(&scenario);
        let questions = &told.questions;
        prop_assert_eq!(
            questions.known + questions.new + questions.checks,
            questions.answered + questions.given_up + questions.on_their_way + questions.waiting
        );
        let intake = told.intake;
        prop_assert!((intake.came - intake.taken - intake.left).abs() <= 1e-6 * intake.came);
        // Open alerts are counted where they are, each for itself; together they are those that came, but for chance.
        let came = scenario.alerts_per_s * 86_400.0;
        let chance = 6.0 * (came * scenario.open_share() * scenario.burst).sqrt()
            + 6.0 * scenario.burst * scenario.patterns as f64;
        prop_assert!((told.decided.all() - came).abs() <= chance, "{} of {}", told.decided.all(), came);
        // No budget gives more than it allows.
        let group = &scenario.budgets[0];
        let most = (group.budgets as f64) * super::slots::calls_per_s(group) * 86_400.0
            + (group.budgets * group.calls) as f64;
        prop_assert!(told.day.calls <= most + 1e-6);
    }

    #[test]
    fn more_workers_are_never_slower(scenario in scenarios(), more in 1_u64..40) {
        let bigger = Scenario { workers: scenario.workers + more, ..scenario.clone() };
        let (few, many) = (run(&scenario), run(&bigger));
        prop_assert!(many.sustained_per_s >= few.sustained_per_s);
        prop_assert!(many.intake.left <= few.intake.left + 1e-3);
        prop_assert!(many.worker_mb <= few.worker_mb + 1e-9);
        prop_assert_eq!(many.questions, few.questions);
    }

    #[test]
    fn more_cores_are_never_slower(scenario in scenarios(), more in 1_u64..8) {
        let bigger = Scenario { cores: scenario.cores + more, ..scenario.clone() };
        prop_assert!(run(&bigger).sustained_per_s >= run(&scenario).sustained_per_s);
    }
}
