//! What the predictor learns, when it speaks, and that it stays within its bounds.

use super::{
    Choice, Ending, HORIZON_MS, Kind, NOTHING, NextSteps, Place, Predictor, Proposal, Question, Seen,
    Silence, rule_id,
};
use crate::Category;
use proptest::prelude::{any, prop};
use watchfire_signal::Verdict;

const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn seen(time: i64, machine: u64, rule: &str) -> Seen<'_> {
    Seen { time, entity: [machine, 0], rule, name: "", techniques: &[], hostile: false }
}

fn ask(predictor: &Predictor, now: i64, machine: u64, rule: &str) -> Proposal {
    predictor.propose(&Question {
        now,
        entity: [machine, 0],
        rule,
        techniques: &[],
        category: Category::Other,
    })
}

/// So many days on which a scan is followed by guessing four minutes later, and every second time by a login.
fn taught(days: i64) -> Predictor {
    let mut predictor = Predictor::new();
    for day in 0..days {
        let machine = 1 + day.unsigned_abs() % 9;
        let start = START + day * 2 * HORIZON_MS;
        predictor.observe(&seen(start, machine, "ids/scan"));
        for attempt in 0..200 {
            predictor.observe(&seen(start + 4 * MINUTE + attempt * 100, machine, "sshd/guess"));
        }
        if day % 2 == 0 {
            predictor.observe(&seen(start + 9 * MINUTE, machine, "sshd/login"));
        }
    }
    predictor
}

#[test]
fn what_followed_every_time_is_foretold_with_its_time_and_grounds() {
    let predictor = taught(40);
    let now = START + 1000 * HORIZON_MS;
    let proposal = ask(&predictor, now, 77, "ids/scan");
    assert_eq!(proposal.silent, None);
    let first = &proposal.next[0];
    assert_eq!((first.what.as_str(), first.kind), ("sshd/guess", Kind::Rule));
    assert!(
        first.probability > 0.9 && first.at_least > 0.7 && first.at_least < first.probability,
        "{first:?}"
    );
    let (typical, within) = (first.typical_s.unwrap(), first.within_s.unwrap());
    assert!((60.0..=300.0).contains(&typical) && (typical..=300.0).contains(&within), "{first:?}");
    assert_eq!(first.grounds, "seen after this 40 of 40 times, on at least 9 machines");
    assert!(proposal.anything[0] > 0.9, "{:?}", proposal.anything);
}

#[test]
fn a_flood_counts_once() {
    let predictor = taught(40);
    let proposal = ask(&predictor, START + 1000 * HORIZON_MS, 77, "sshd/guess");
    // 8,000 alerts, but 40 steps: 20 were followed by a login, and 20 by nothing within a day (one is still open).
    let login = proposal.next.iter().find(|next| next.what == "sshd/login").unwrap();
    assert!((0.4..0.6).contains(&login.probability), "{login:?}");
    assert!(login.grounds.starts_with("seen after this 20 of 39 times"), "{}", login.grounds);
}

#[test]
fn it_is_silent_where_little_was_seen_and_where_anything_may_come() {
    assert_eq!(ask(&Predictor::new(), START, 1, "ids/scan").silent, Some(Silence::TooLittle));
    assert_eq!(ask(&taught(2), START + 1000 * HORIZON_MS, 77, "ids/scan").silent, Some(Silence::TooLittle));
    let mut predictor = Predictor::new();
    for day in 0..300_i64 {
        let next = format!("rule/{}", day * 7919 % 101);
        predictor.observe(&seen(START + day * 2 * HORIZON_MS, 1, "ids/scan"));
        predictor.observe(&seen(START + day * 2 * HORIZON_MS + MINUTE, 1, &next));
    }
    let proposal = ask(&predictor, START + 1000 * HORIZON_MS, 2, "ids/scan");
    assert_eq!((proposal.silent, proposal.next.len()), (Some(Silence::NothingStandsOut), 0));
    assert!(proposal.anything[0] > 0.5, "that something comes is sure: {:?}", proposal.anything);
}

#[test]
fn what_should_have_come_long_ago_is_no_longer_expected() {
    let mut predictor = taught(40);
    let now = START + 1000 * HORIZON_MS;
    predictor.observe(&seen(now, 77, "sshd/guess"));
    let probability = |now| {
        let next = ask(&predictor, now, 77, "sshd/guess").next;
        next.iter().find(|next| next.what == "sshd/login").map_or(0.0, |next| next.probability)
    };
    assert!(probability(now) > 0.4 && probability(now + 3 * HOUR) < 0.1, "{}", probability(now + 3 * HOUR));
    let anything = |now| ask(&predictor, now, 77, "sshd/guess").anything;
    assert!(anything(now)[1] > anything(now + 3 * HOUR)[1]);
}

#[test]
fn one_alert_of_the_far_future_neither_ends_what_is_open_nor_keeps_it_waiting() {
    let mut steps = NextSteps::new(100, 100, 100, HOUR);
    for machine in 1..=10 {
        steps.observe(START, machine, 1, || 0, 1);
    }
    for future in [i64::MAX, START + 9000 * HORIZON_MS] {
        steps.observe(future, 11, 1, || 0, 1);
    }
    assert!(steps.times() <= 4, "each ends two at most: {}", steps.times());
    for machine in 20..40 {
        steps.observe(START + 2 * HORIZON_MS, machine, 2, || 0, 1);
    }
    assert_eq!(steps.times(), 10, "all others end in their time, and what comes from the future never");
}

#[test]
fn grounds_name_what_came_last_where_the_alert_merely_goes_on() {
    let mut predictor = taught(40);
    let now = START + 1000 * HORIZON_MS;
    predictor.observe(&seen(now, 77, "ids/scan"));
    predictor.observe(&seen(now + MINUTE, 77, "sshd/guess"));
    predictor.observe(&seen(now + 2 * MINUTE, 77, "ids/scan"));
    let proposal = ask(&predictor, now + 2 * MINUTE, 77, "ids/scan");
    let login = &proposal.next[0];
    assert_eq!(login.what, "sshd/login");
    assert!(login.grounds.starts_with("seen after sshd/guess, which came last 20 of "), "{}", login.grounds);
}

#[test]
fn a_machine_s_own_habits_are_told_from_everybody_s() {
    let mut predictor = Predictor::new();
    for day in 0..60_i64 {
        for (machine, next) in [(1, "backup"), (2, "login"), (3, "login")] {
            let time = START + day * 2 * HORIZON_MS;
            predictor.observe(&seen(time, machine, "cron"));
            predictor.observe(&seen(time + MINUTE, machine, next));
        }
    }
    let now = START + 1000 * HORIZON_MS;
    assert_eq!(ask(&predictor, now, 1, "cron").next[0].what, "backup");
    assert_eq!(ask(&predictor, now, 2, "cron").next[0].what, "login");
    assert_eq!(ask(&predictor, now, 9, "cron").next[0].what, "login");
}

#[test]
fn techniques_and_whoever_acts_are_foretold_too() {
    let mut predictor = Predictor::new();
    let (scan, guess) = (["T1595".to_owned()], ["T1110.001".to_owned(), "no such".to_owned()]);
    for day in 0..30_i64 {
        let time = START + day * 2 * HORIZON_MS;
        // Whoever acts goes on to another machine each time, so that machines say nothing.
        let machine = 100 + 2 * day.unsigned_abs();
        let (first, then) = (
            Seen { entity: [machine, 7], techniques: &scan, ..seen(time, 0, "scan") },
            seen(time, 0, "guess"),
        );
        predictor.observe(&first);
        predictor.observe(&Seen {
            time: time + MINUTE,
            entity: [machine + 1, 7],
            techniques: &guess,
            hostile: true,
            ..then
        });
    }
    let now = START + 1000 * HORIZON_MS;
    let question =
        Question { now, entity: [5000, 8], rule: "scan", techniques: &scan, category: Category::Scanning };
    let proposal = predictor.propose(&question);
    let kinds: Vec<Kind> = proposal.next.iter().map(|next| next.kind).collect();
    assert_eq!(kinds, [Kind::Rule, Kind::Technique], "{proposal:?}");
    let (rule, technique) = (&proposal.next[0], &proposal.next[1]);
    assert_eq!((rule.what.as_str(), rule.hostile), ("guess", 1.0));
    assert_eq!(rule.grounds, "seen after this 30 of 30 times, by at least 1 source");
    assert_eq!(
        (technique.technique, technique.tactic.as_deref()),
        (Some("T1110.001"), Some("Credential Access"))
    );
    assert_eq!(technique.what, "Password Guessing");
}

#[test]
fn names_that_move_cursors_are_tamed_and_long_ones_cut() {
    let mut predictor = Predictor::new();
    let name = format!("evil\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
    for day in 0..30_i64 {
        let time = START + day * 2 * HORIZON_MS;
        predictor.observe(&seen(time, 1, "first"));
        predictor.observe(&Seen { name: &name, ..seen(time + MINUTE, 1, &name) });
    }
    let proposal = ask(&predictor, START + 1000 * HORIZON_MS, 1, "first");
    let first = &proposal.next[0];
    assert!(first.what.starts_with("evil·[2J·x") && first.what.chars().count() <= 121);
    assert!(first.rule.chars().count() <= 121);
}

fn choice(action: &str, ending: Option<Ending>) -> Choice<'_> {
    Choice { rule: "edr/1", category: Category::Malware, verdict: Verdict::TruePositive, action, ending }
}

fn actions(predictor: &Predictor, rule: &str, category: Category) -> Proposal {
    predictor.propose(&Question { now: START, entity: [0, 0], rule, techniques: &[], category })
}

#[test]
fn what_analysts_chose_is_proposed_with_how_it_ended() {
    let mut predictor = Predictor::new();
    for index in 0..10 {
        let (action, ending) = match index {
            0 | 1 => ("", None),
            2 => ("isolate host", Some(Ending::NoEffect)),
            _ => ("isolate host", Some(Ending::Resolved)),
        };
        predictor.chosen(&choice(action, ending));
    }
    let proposal = actions(&predictor, "edr/1", Category::Malware);
    let first = &proposal.actions[0];
    assert_eq!((first.action.as_str(), first.chosen, first.of), ("true_positive: isolate host", 8, 10));
    assert_eq!(first.endings, [7, 0, 1, 0]);
    assert_eq!(first.grounds, "chosen 8 of 10 times for this rule; 7 resolved, 1 no effect");
    assert!((first.probability - 0.8).abs() < 1e-9 && first.at_least > 0.5, "{first:?}");
    // A rule nobody decided on is told by its category, and says so.
    let other = actions(&predictor, "edr/2", Category::Malware);
    assert_eq!(other.actions[0].grounds, "chosen 8 of 10 times for malware; 7 resolved, 1 no effect");
    assert_eq!(actions(&predictor, "edr/2", Category::Policy).silent_on_actions, Some(Silence::TooLittle));
}

#[test]
fn what_turned_out_wrong_is_not_proposed_and_what_is_taken_back_is_forgotten() {
    let mut predictor = Predictor::new();
    let wrong = choice("close", Some(Ending::Wrong));
    (0..6).for_each(|_| predictor.chosen(&wrong));
    let proposal = actions(&predictor, "edr/1", Category::Malware);
    assert_eq!((proposal.actions.len(), proposal.silent_on_actions), (0, Some(Silence::NothingStandsOut)));
    (0..6).for_each(|_| predictor.taken_back(&wrong));
    (0..6).for_each(|_| predictor.chosen(&choice("close", Some(Ending::Resolved))));
    assert_eq!(actions(&predictor, "edr/1", Category::Malware).actions[0].endings, [6, 0, 0, 0]);
}

/// A number that looks drawn by lot.
fn lot(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// A month of a network: so many rules, few of them frequent, each usually followed by its neighbours.
fn month(rules: u64, machines: u64, alerts: u64) -> Predictor {
    let mut predictor = Predictor::new();
    let mut state = 1;
    let keys: Vec<String> = (0..rules).map(|rule| format!("suricata/{}", 2_000_000 + rule)).collect();
    let names: Vec<String> =
        (0..rules).map(|rule| format!("ET RULE number {rule} of a usual length")).collect();
    for index in 0..alerts {
        let (one, other) = (lot(&mut state) % rules, lot(&mut state) % rules);
        let rule = (one * other / rules + lot(&mut state) % 3) % rules;
        let machine = 1 + lot(&mut state) % machines;
        let place = rule as usize;
        predictor.observe(&Seen {
            time: START + index as i64 * 2_000,
            entity: [machine, 1 + lot(&mut state) % (4 * machines)],
            rule: &keys[place],
            name: &names[place],
            techniques: &[],
            hostile: false,
        });
        if index % 50 == 0 {
            predictor.chosen(&Choice { rule: &keys[place], ..choice("isolate host", None) });
        }
    }
    predictor
}

#[test]
fn a_thousand_rules_take_two_megabytes_at_most() {
    let predictor = month(1_000, 500, 400_000);
    assert!(predictor.known() >= 990);
    let bytes = predictor.footprint();
    println!("{:.2} MB: {:?}", bytes as f64 / 1e6, predictor.footprints());
    assert!(bytes <= 2_000_000, "{bytes}");
}

#[test]
fn invented_rules_and_machines_don_t_grow_it_past_its_bounds() {
    let mut predictor = Predictor::new();
    let mut most = 0;
    for index in 0..60_000_u64 {
        let rule = format!("invented/{index}");
        let time = START + index as i64;
        predictor.observe(&Seen { entity: [index % 5_000 + 1, index + 1], ..seen(time, 0, &rule) });
        predictor.chosen(&Choice { rule: &rule, ..choice(&rule, None) });
        if index % 5_000 == 0 {
            most = most.max(predictor.footprint());
        }
    }
    assert!(most <= 5_000_000, "{most}");
}

proptest::proptest! {
    #[test]
    fn probabilities_are_probabilities_and_the_same_alerts_give_the_same(
        alerts in prop::collection::vec((0_u64..4, 0_u8..8, any::<i64>(), 0_i64..20_000_000), 1..300),
        wild in any::<bool>(),
        now in any::<i64>(),
    ) {
        let replay = || {
            let mut predictor = Predictor::new();
            let mut time = START;
            for (machine, rule, anywhen, gap) in &alerts {
                time = if wild { *anywhen } else { time + gap };
                predictor.observe(&Seen { entity: [*machine, machine + 1], ..seen(time, 0, &format!("r{rule}")) });
            }
            predictor
        };
        let (one, other) = (replay(), replay());
        for rule in 0..9 {
            let rule = format!("r{rule}");
            let proposal = ask(&one, now, 1, &rule);
            proptest::prop_assert_eq!(&proposal, &ask(&other, now, 1, &rule));
            let rules = proposal.next.iter().filter(|next| next.kind == Kind::Rule);
            let sum: f64 = rules.clone().map(|next| next.probability).sum();
            proptest::prop_assert!(sum <= 1.0 + 1e-9 && rules.count() <= 5);
            for next in &proposal.next {
                proptest::prop_assert!((0.0..=1.0).contains(&next.probability));
                proptest::prop_assert!((0.0..=next.probability).contains(&next.at_least));
                proptest::prop_assert!(next.what != rule, "what is there can't come next");
            }
            proptest::prop_assert!(proposal.anything.iter().all(|share| (0.0..=1.0).contains(share)));
            proptest::prop_assert!(proposal.anything.is_sorted());
            let place = Place::alone(1, rule_id(&rule), 0);
            let (distribution, _) = one.on_machine(&place);
            let known = one.known();
            let is_known = distribution.listed.iter().any(|(listed, _)| *listed == place.rule);
            proptest::prop_assert!(!is_known);
            let others = known.saturating_sub(distribution.listed.len()) as f64 + 1.0;
            let sum: f64 = distribution.listed.iter().map(|(_, share)| share).sum::<f64>() + others * distribution.each_other;
            proptest::prop_assert!((sum - 1.0).abs() < 1e-6, "{}", sum);
        }
    }

    #[test]
    fn what_is_open_ends_as_nothing_a_day_later_and_never_twice(gaps in prop::collection::vec(0_i64..3 * HORIZON_MS, 1..60)) {
        let mut steps = NextSteps::new(100, 100, 100, HOUR);
        let (mut time, mut taken) = (START, 0);
        for (index, gap) in gaps.iter().enumerate() {
            time += gap;
            taken += u32::from(steps.observe(time, 1 + index as u64 % 3, 1 + index as u64 % 5, || 0, 5).is_some());
        }
        // Every step ends once at most; those that are open at the end, one for each entity, have not ended.
        proptest::prop_assert!(steps.times() <= taken);
        for later in 0..30 {
            steps.observe(time + 3 * HORIZON_MS, 100 + later, 1, || 0, 5);
        }
        proptest::prop_assert_eq!(steps.times(), taken);
        proptest::prop_assert!(steps.distribution(&Place::alone(1, 1, 0), 5).of(NOTHING) > 0.0);
    }
}
