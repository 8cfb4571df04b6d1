//! Answers as a careless, a broken and a hostile model would give them.

use super::{Why, read_answers};
use crate::{Pack, PackConfig, Question, pack};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use watchfire_signal::{Severity, Verdict};

fn packed(floors: &[u8]) -> Pack {
    let questions = floors.iter().enumerate().map(|(index, &floor)| Question {
        id: index as i64,
        tenant: String::new(),
        family: "a".to_owned(),
        priority: 50,
        floor,
        fields: vec![("source.ip".to_owned(), "203.0.113.7".to_owned())],
        known: Vec::new(),
    });
    pack(questions.collect(), &PackConfig::default(), &mut ChaCha8Rng::seed_from_u64(3)).remove(0)
}

fn answer(id: &str) -> Value {
    json!({
        "id": id, "verdict": "benign_positive", "severity": "low", "confidence": 0.7, "reason": "source.ip is a scanner",
        "cited": [{"field": "source.ip", "value": "203.0.113.7"}], "techniques": ["T1595", "nonsense"],
        "actions": ["look"],
    })
}

#[test]
fn a_good_answer_counts_whether_fenced_or_not() {
    let pack = packed(&[0]);
    let text = json!({"answers": [answer(&pack.entries()[0].0)]}).to_string();
    for text in [text.clone(), format!("```json\n{text}\n```")] {
        let answers = read_answers(&pack, &text);
        assert_eq!(answers.failed, []);
        let good = &answers.good[0];
        assert_eq!((good.verdict, good.severity), (Verdict::BenignPositive, Severity::Low));
        assert_eq!(good.techniques, ["T1595"]);
    }
}

#[test]
fn what_fails_is_told_apart_and_the_rest_counts() {
    let pack = packed(&[0, 0, 3, 0, 0, 0]);
    let id = |index: usize| pack.entries()[index].0.as_str();
    let changed = |index: usize, key: &str, value: Value| {
        let mut answer = answer(id(index));
        answer[key] = value;
        answer
    };
    let all = json!({"answers": [
        answer(id(0)),
        changed(1, "cited", json!([{"field": "source.ip", "value": "192.0.2.1"}])),
        answer(id(2)),
        changed(3, "verdict", json!("all clear")),
        answer(id(4)), answer(id(4)),
        answer("aaaaaaaa"),
    ]});
    let answers = read_answers(&pack, &all.to_string());
    assert_eq!(answers.good.iter().map(|good| good.id).collect::<Vec<_>>(), [pack.entries()[0].1.id]);
    let expected = [
        (1, Why::CitesWhatIsNotThere),
        (2, Why::BelowFloor),
        (3, Why::Verdict),
        (4, Why::Repeated),
        (5, Why::Missing),
    ];
    assert_eq!(answers.failed, expected);
}

#[test]
fn a_severity_below_the_floor_is_lifted() {
    let pack = packed(&[4]);
    let mut low = answer(&pack.entries()[0].0);
    low["verdict"] = json!("suspicious");
    let answers = read_answers(&pack, &json!({"answers": [low]}).to_string());
    assert_eq!(answers.good[0].severity, Severity::High);
}

#[test]
fn an_object_of_another_shape_costs_no_other_its_answer() {
    let pack = packed(&[0, 0, 0, 0]);
    let id = |index: usize| pack.entries()[index].0.as_str();
    let mut text = answer(id(1));
    text["confidence"] = json!("high");
    let mut nested = answer(id(2));
    nested["reason"] = json!([[["deep"]]]);
    let all = json!({"answers": [null, 7, {"id": 5}, answer(id(0)), text, nested, answer(id(3))]});
    let answers = read_answers(&pack, &all.to_string());
    assert_eq!(answers.good.len(), 2);
    assert_eq!(answers.failed, [(1, Why::Shape), (2, Why::Shape)]);
}

#[test]
fn a_citation_is_of_something_that_is_there() {
    let mut question = packed(&[0]).into_questions().remove(0);
    question.add("process.command_line", "C:\\Temp\\a.exe <b>\n  --run\u{202e} `x`");
    question.known.push("the address is new".to_owned());
    let pack = pack(vec![question], &PackConfig::default(), &mut ChaCha8Rng::seed_from_u64(3)).remove(0);
    let holds = |field: &str, value: &str| {
        let mut answer = answer(&pack.entries()[0].0);
        answer["cited"] = json!([{"field": field, "value": value}]);
        read_answers(&pack, &json!({"answers": [answer]}).to_string()).failed.is_empty()
    };
    for value in [
        "C:\\Temp\\a.exe <b>\n  --run\u{202e} `x`",
        "C:\\\\Temp\\\\a.exe \\u003cb\\u003e --run `x`",
        "C:\\Temp\\a.exe",
        "C:\\Temp\\a.exe…",
    ] {
        assert!(holds("process.command_line", value), "{value}");
    }
    assert!(holds("known", "the address is new") && holds("known.1", "the address is new"));
    for (field, value) in [
        ("process.command_line", ""),
        ("process.command_line", "…"),
        ("process.command_line", "e"),
        ("process.command_line", "emp\\a"),
        ("process.command_line", "C:\\Temp\\b.exe"),
        ("source.ip", "203.0.113"),
        ("source.ip", "C:\\Temp\\a.exe"),
        ("user.name", "203.0.113.7"),
        ("known", "the address is old"),
    ] {
        assert!(!holds(field, value), "{field} {value}");
    }
}

#[test]
fn a_reason_is_one_line_that_hides_nothing() {
    let pack = packed(&[0]);
    let mut odd = answer(&pack.entries()[0].0);
    odd["reason"] = json!(format!("a\u{1b}[2J\r\nb\u{202e}c\u{200b}d {}", "x".repeat(10_000)));
    odd["actions"] = json!(["\u{7}", "ask\nbob"]);
    let good = read_answers(&pack, &json!({"answers": [odd]}).to_string()).good.remove(0);
    assert!(good.reason.starts_with("a [2J bcd x") && good.reason.chars().count() <= super::MAX_REASON);
    assert_eq!(good.actions, ["ask bob"]);
}

/// What a hostile or broken model may put in any place.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("true_positive")),
        Just(json!("benign_positive")),
        Just(json!("203.0.113.7")),
        Just(json!("source.ip")),
        Just(json!("high")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((prop_oneof!["field", "value", "id", ".{0,5}"], inner), 0..6)
                .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_answered_what_counts_keeps_to_the_rules(
        floors in prop::collection::vec(0_u8..=6, 1..7),
        changes in prop::collection::vec((0_usize..6, 0_usize..8, anything()), 0..10),
        order in prop::collection::vec(0_usize..60, 0..4),
    ) {
        const KEYS: [&str; 8] =
            ["id", "verdict", "severity", "confidence", "reason", "cited", "techniques", "actions"];
        let pack = packed(&floors);
        let mut parts: Vec<Value> = pack.entries().iter().map(|(id, _)| answer(id)).collect();
        for (index, key, value) in changes {
            if let Some(part) = parts.get_mut(index) {
                part[KEYS[key]] = value;
            }
        }
        let repeated: Vec<Value> = order.iter().filter_map(|&index| parts.get(index).cloned()).collect();
        parts.extend(repeated);
        let text = json!({"answers": parts}).to_string();
        let answers = read_answers(&pack, &text);
        let mut seen: Vec<i64> = answers.failed.iter().map(|&(index, _)| pack.entries()[index].1.id).collect();
        seen.extend(answers.good.iter().map(|good| good.id));
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..floors.len() as i64).collect::<Vec<_>>());
        for good in &answers.good {
            let floor = Severity::from_id(floors[good.id as usize]);
            prop_assert!(good.severity >= floor);
            prop_assert!(!(good.verdict.is_benign() && floor >= Severity::Medium));
            prop_assert!((0.0..=1.0).contains(&good.confidence));
            prop_assert!(!good.reason.is_empty() && !good.reason.contains(char::is_control));
            prop_assert!(good.cited.iter().all(|(field, value)| field == "source.ip" && value == "203.0.113.7"));
            prop_assert!(good.actions.len() <= super::MAX_LIST && good.techniques.len() <= super::MAX_LIST);
        }
    }

    #[test]
    fn any_text_is_survived_and_every_question_is_accounted_for(text in ".{0,200}") {
        let pack = packed(&[0, 0, 0]);
        let answers = read_answers(&pack, &text);
        prop_assert_eq!(answers.good.len() + answers.failed.len(), 3);
    }
}

#[test]
fn depth_and_absurd_numbers_are_survived() {
    let pack = packed(&[0]);
    let id = &pack.entries()[0].0;
    for text in [
        "[".repeat(100_000),
        format!("{{\"answers\":{}", "[".repeat(10_000)),
        format!(
            "{{\"answers\":[{{\"id\":\"{id}\",\"reason\":{}{}}}]}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ),
        format!("{}{}", " ".repeat(2 << 20), json!({"answers": [answer(id)]})),
        json!({"answers": [answer(id)]}).to_string().replace("0.7", "1e999"),
        json!({"answers": [answer(id)]}).to_string().replace("0.7", "-0.1"),
        json!({"answers": [answer(id)]}).to_string().replace("0.7", "NaN"),
    ] {
        assert!(read_answers(&pack, &text).good.is_empty());
    }
}
