//! What an evaluation counts, on alerts whose truth is known.

use std::sync::Arc;
use watchfire_engine::{Answers, EngineError, Evaluation, Figures, Input, Key, Labels, Lies, Who};
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Ground, MaterialTable, Network, RuleSet};
use watchfire_signal::frame::Limits;
use watchfire_signal::read::Mapping;

fn evaluate(text: &str, who: Who, life: Option<i64>) -> Result<Figures, EngineError> {
    evaluation(text, who, life).run()
}

fn evaluation(text: &str, who: Who, life: Option<i64>) -> Evaluation<'static> {
    Evaluation {
        inputs: vec![Input::Bytes("one".to_owned(), text.as_bytes().into())],
        labels: Labels {
            field: "truth.step".to_owned(),
            benign: Labels::BENIGN.iter().map(|label| (*label).to_owned()).collect(),
        },
        who,
        reuse: Policy { fixed_life_ms: life, ..Policy::default() },
        key: Key::Material,
        learned: Learned::default(),
        leave_one_out: false,
        answers: Vec::new(),
        lies: None,
        limits: Limits::default(),
        mappings: Arc::from([]),
        ground: Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()),
        reputations: &(),
    }
}

/// An alert of a rule at a minute, and the step it belongs to.
fn alert(rule: u32, minute: u32, step: &str) -> String {
    format!(
        r#"{{"timestamp":"2026-03-01T{:02}:{:02}:00Z","event_type":"alert","src_ip":"10.0.0.9","dest_ip":"10.0.0.5","alert":{{"signature_id":{rule},"signature":"unheard of {rule}","category":"family","severity":3}},"truth":{{"step":"{step}"}}}}"#,
        minute / 60,
        minute % 60,
    )
}

#[test]
fn reuse_is_counted_where_it_is_right_and_where_it_is_wrong() {
    // Two calls: one for each rule. The third alert of rule 1 is an attack, and takes the benign verdict of the first.
    let text = [
        alert(1, 0, "-"),
        alert(1, 1, ""),
        alert(1, 2, "scan"),
        alert(2, 3, "break-in"),
        alert(2, 4, "break-in"),
        alert(2, 5, "none"),
        r#"{"event_type":"flow"}"#.to_owned(),
    ]
    .join("\n");
    let figures = evaluate(&text, Who::Oracle, Some(3_600_000)).unwrap();
    let one = &figures.scenarios[0];
    assert_eq!((one.alerts, one.left_out, one.attack_alerts, one.out_of_order), (6, 1, 3, 0));
    assert_eq!((one.calls, one.reused, one.wrong_reuse, one.missed), (2, 4, 2, 1));
    assert_eq!((one.steps_total, one.steps_caught), (2, 1));
    assert_eq!(one.patterns, 2);
    let scan = one.steps.iter().find(|step| step.name == "scan").unwrap();
    assert_eq!((scan.alerts, scan.caught, scan.delay_s), (1, 0, None));
    let broken_in = one.steps.iter().find(|step| step.name == "break-in").unwrap();
    assert_eq!((broken_in.alerts, broken_in.caught, broken_in.delay_s), (2, 2, Some(0.0)));
    assert!((one.precision - 2.0 / 3.0).abs() < 1e-9 && (one.recall - 2.0 / 3.0).abs() < 1e-9);
    assert!(one.opened_until_all_seen <= 2);
    assert_eq!(figures.overall.calls, 2);

    // Verdicts that live a minute are asked for anew each time, and none is wrong.
    let brief = evaluate(&text, Who::Oracle, Some(1000)).unwrap().overall;
    assert_eq!((brief.calls, brief.reused, brief.missed, brief.steps_caught), (6, 0, 0, 2));
    // Nobody is asked where the embedded deciders are measured.
    let alone = evaluate(&text, Who::Embedded, None).unwrap().overall;
    assert_eq!((alone.alerts, alone.calls), (6, 0));
}

#[test]
fn labels_do_not_reach_the_ranking() {
    let truth = |index: u32| if index % 7 == 3 { "scan" } else { "-" };
    let with: Vec<String> = (0..60).map(|index| alert(index % 9, index, truth(index))).collect();
    let without: Vec<String> = (0..60).map(|index| alert(index % 9, index, "-")).collect();
    let mut without = without;
    // One label, so that there is a step to look for.
    without[3] = with[3].clone();
    let of = |lines: &[String]| {
        let figures = evaluate(&lines.join("\n"), Who::Oracle, None).unwrap();
        let step = figures.scenarios[0].steps.first().unwrap().clone();
        (step.name, figures.scenarios[0].patterns)
    };
    assert_eq!(of(&with).1, of(&without).1);
}

#[test]
fn a_file_without_labels_is_named() {
    let text = r#"{"timestamp":"2026-03-01T00:00:00Z","event_type":"alert","alert":{"signature_id":1}}"#;
    let error = evaluate(text, Who::Oracle, None).unwrap_err();
    assert_eq!(error.to_string(), "one: no alert in it has a value \"truth.step\"");
    assert!(error.hint().contains("--labels"));
}

/// A day of a rule that comes every ten minutes, on one of two machines.
fn day(machine: u8, first_rule: u32) -> String {
    (0..144)
        .map(|tenth| {
            alert(first_rule + tenth % 2, tenth * 10, "-").replace("10.0.0.5", &format!("10.0.0.{machine}"))
                + "\n"
        })
        .collect()
}

#[test]
fn what_one_scenario_teaches_saves_calls_in_the_other() {
    let mut evaluation = evaluation("", Who::Oracle, None);
    evaluation.inputs =
        [day(5, 1), day(6, 1)].map(|text| Input::Bytes("one".to_owned(), text.into_bytes().into())).into();
    let alone = evaluation.run().unwrap().overall;
    evaluation.leave_one_out = true;
    let taught = evaluation.run().unwrap().overall;
    assert!(alone.calls >= 4 && taught.calls == 0, "{} and {}", alone.calls, taught.calls);
    assert_eq!((taught.wrong_reuse, taught.missed), (0, 0));
    let by = |name: &str| {
        taught.by_decider.iter().find(|count| count.name == name).map_or(0, |count| count.alerts)
    };
    assert_eq!(by("learned"), 288);
    // Rules that the other scenario does not have are asked about as ever.
    evaluation.inputs =
        [day(5, 1), day(6, 8)].map(|text| Input::Bytes("one".to_owned(), text.into_bytes().into())).into();
    assert_eq!(evaluation.run().unwrap().overall.calls, alone.calls);
}

#[test]
fn lies_are_told_of_some_patterns_and_found_out() {
    let text: String = (0..20_u32)
        .flat_map(|rule| (0..70).map(move |minute| (rule, minute)))
        .map(|(rule, minute)| (minute * 20 + rule, alert(rule, minute * 20 + rule, "-") + "\n"))
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
        .collect();
    let mut honest = evaluation(&text, Who::Oracle, None);
    honest.reuse.checked = 0.05;
    let told = honest.run().unwrap().overall;
    assert_eq!((told.contradicted, told.checks.all().wrong, told.checks.stopped), (0, 0, 0));
    assert!(told.contradicted_at_most_percent.is_some_and(|bound| bound < 100.0));
    let mut lying = evaluation(&text, Who::Oracle, None);
    lying.reuse.checked = 0.05;
    lying.lies = Some(Lies { patterns: 1.0, alerts: 0.4, seed: 3 });
    let told = lying.run().unwrap().overall;
    assert!(told.calls > 200 && told.checks.stopped >= 5, "{} calls, {:?}", told.calls, told.checks);
    assert_eq!(told, lying.run().unwrap().overall, "the same seed, the same lies");
}

#[test]
fn a_coarser_key_asks_less_and_is_wrong_more_often() {
    // One rule on two machines: harmless on one, an attack on the other.
    let text: String = (0..60)
        .map(|minute| {
            let (machine, step) = if minute % 2 == 0 { ("10.0.0.5", "-") } else { ("10.0.0.6", "scan") };
            alert(1, minute, step).replace("10.0.0.5", machine) + "\n"
        })
        .collect();
    let of = |key| {
        let figures =
            Evaluation { key, ..evaluation(&text, Who::Oracle, Some(7_200_000)) }.run().unwrap().overall;
        (figures.calls, figures.wrong_reuse)
    };
    assert_eq!((of(Key::Rule), of(Key::RuleAndMachine)), ((1, 30), (2, 0)));
}

#[test]
fn recorded_answers_take_the_place_of_labels_and_labels_still_judge_them() {
    // The model took the attack for harmless, and was not asked about the last alert.
    let text =
        [alert(1, 0, "-"), r#"{"event_type":"flow"}"#.to_owned(), alert(2, 1, "scan"), alert(3, 2, "-")]
            .join("\n");
    let said =
        ["0", "2"].map(|place| format!(r#"{{"id":"ab-{place}","verdict":"benign_positive"}}"#)).join("\n");
    let mut evaluation = evaluation(&text, Who::Oracle, None);
    evaluation.answers = vec![Answers::read(said.as_bytes(), "said").unwrap()];
    let figures = evaluation.run().unwrap().overall;
    assert_eq!((figures.alerts, figures.calls, figures.missed, figures.steps_caught), (3, 2, 1, 0));
}

/// A month in which every second day brings rule 1 on a machine and then rule 2, every fourth with rule 3 in between;
/// every step is a flood.
fn network(machine: u32) -> Input {
    let mut text = String::new();
    for day in 0..14_u32 {
        let rules: &[u32] = if day % 2 == 0 { &[1, 2] } else { &[1, 3, 2] };
        for (place, rule) in rules.iter().enumerate() {
            for second in 0..20 {
                text.push_str(&format!(
                    r#"{{"timestamp":"2026-03-{:02}T09:{:02}:{second:02}Z","event_type":"alert","src_ip":"10.0.0.9","dest_ip":"10.0.0.{machine}","alert":{{"signature_id":{rule},"signature":"unheard of {rule}","category":"family","severity":3}},"truth":{{"step":"-"}}}}"#,
                    1 + 2 * day,
                    10 * place,
                ));
                text.push('\n');
            }
        }
    }
    Input::Bytes(format!("network {machine}"), text.into_bytes().into())
}

#[test]
fn what_comes_next_is_asked_at_steps_and_learned_from_the_others() {
    let mut evaluation = evaluation("", Who::Embedded, None);
    evaluation.inputs = vec![network(5), network(6), network(7)];
    let figures = evaluation.next_steps(3_600_000).unwrap();
    let [one, ..] = &figures.scenarios[..] else { panic!("{figures:?}") };
    // 20 alerts each, but 35 steps; after the last one, it is not known what comes.
    assert_eq!((one.alerts, one.steps, one.undecided), (700, 35, 1));
    let all = &one.parts[0];
    assert_eq!((all.questions, all.followed), (34, 21));
    let [predictor, frequent, ..] = &all.ways[..] else { panic!("{all:?}") };
    assert!(predictor.top3 >= frequent.top3 && predictor.brier < 0.5, "{all:?}");
    assert!(one.coverage > 0.5 && (figures.overall.alerts, figures.overall.steps) == (2_100, 105));
    // The same again gives the same.
    assert_eq!(evaluation.next_steps(3_600_000).unwrap(), figures);
    // Alone there is nobody to learn from, so it begins silent.
    evaluation.inputs.truncate(1);
    let alone = evaluation.next_steps(3_600_000).unwrap();
    assert!(alone.overall.coverage < one.coverage);
    let [_, _, unlearned, _, lot] = &alone.overall.parts[0].ways[..] else { panic!("{alone:?}") };
    assert!((unlearned.top1, unlearned.top3) == (lot.top1, lot.top3), "who learns nothing knows nothing");
    // Everything came ten minutes later, on the dot.
    assert_eq!((one.in_time, one.in_typical_time), (1.0, 1.0));
}

/// A file of the public data sets, or `None` where they are not.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn data(name: &str) -> Option<std::path::PathBuf> {
    let Some(folder) = std::env::var_os("WATCHFIRE_DATA") else {
        println!("skipped: WATCHFIRE_DATA is not set");
        return None;
    };
    Some(std::path::PathBuf::from(folder).join(name))
}

#[test]
fn on_every_network_held_back_what_comes_next_is_foretold_better_than_by_what_usually_does() {
    let Some(folder) = data("ait") else { return };
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/mappings/ait.toml");
    let mapping = Mapping::from_toml(&std::fs::read_to_string(mapping).unwrap()).unwrap();
    let mut evaluation = evaluation("", Who::Embedded, None);
    evaluation.mappings = Arc::from([mapping]);
    evaluation.inputs = ["russellmitchell", "santos", "shaw", "wardbeck"]
        .map(|name| Input::File(folder.join(format!("{name}.csv.gz"))))
        .into();
    let figures = evaluation.next_steps(3_600_000).unwrap();
    for scenario in &figures.scenarios {
        let [all, spoken, silent, ..] = &scenario.parts[..] else { panic!("{scenario:?}") };
        let [predictor, frequent, unlearned, frequent_unlearned, lot] = &all.ways[..] else {
            panic!("{all:?}")
        };
        for (one, other) in [(predictor, frequent), (unlearned, frequent_unlearned), (predictor, lot)] {
            assert!(one.top3 > other.top3 && one.brier < other.brier, "{}: {all:?}", scenario.name);
        }
        // Where it is silent, it would have been wrong more often.
        assert!(spoken.ways[0].top3 > silent.ways[0].top3 + 0.1, "{}", scenario.name);
        assert!((0.3..0.9).contains(&scenario.coverage) && scenario.memory_bytes < 2_000_000);
    }
    assert!(figures.overall.calibration_error < 0.06, "{:?}", figures.overall.calibration);
}
