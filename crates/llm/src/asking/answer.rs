//! What is made of a model's answer: nothing is believed that can be checked.
//!
//! An answer counts only if it repeats an id that was asked, once; has a verdict and a severity from the closed lists;
//! cites nothing that the alert does not say; and does not go below what the rules allow. What fails is told apart, so
//! that the rest of the pack is not asked again.

use super::prompt::{SEVERITIES, VERDICTS};
use crate::{Pack, Question};
use serde::Deserialize;
use std::borrow::Cow;
use watchfire_signal::{Severity, Verdict};

/// Longest answer that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Longest reason, in characters.
const MAX_REASON: usize = 400;
/// Actions, techniques and citations beyond this many are left out.
const MAX_LIST: usize = 8;

/// A checked answer to one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The question's decision.
    pub id: i64,
    /// What the model found.
    pub verdict: Verdict,
    /// How severe.
    pub severity: Severity,
    /// How sure it says it is, 0–1.
    pub confidence: f64,
    /// Why; one sentence, bounded, without control characters.
    pub reason: String,
    /// Fields and values that it rests on, each present in the question.
    pub cited: Vec<(String, String)>,
    /// ATT&CK technique ids, by their form.
    pub techniques: Vec<String>,
    /// What to do, bounded.
    pub actions: Vec<String>,
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The whole is not what was asked for.
    NotReadable,
    /// There is none for this question.
    Missing,
    /// There are several for this question.
    Repeated,
    /// The verdict is not one of the list.
    Verdict,
    /// The severity is not one of the list.
    Severity,
    /// The confidence is not between 0 and 1.
    Confidence,
    /// There is no reason.
    NoReason,
    /// It cites what the alert does not say.
    CitesWhatIsNotThere,
    /// It goes below what the rules allow.
    BelowFloor,
}

impl Why {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReadable => "not readable",
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Verdict => "unknown verdict",
            Self::Severity => "unknown severity",
            Self::Confidence => "confidence out of range",
            Self::NoReason => "no reason",
            Self::CitesWhatIsNotThere => "cites what is not there",
            Self::BelowFloor => "below the rules' floor",
        }
    }
}

/// What a pack's answer holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// Answers that count.
    pub good: Vec<Answer>,
    /// Questions without one, by their place in the pack.
    pub failed: Vec<(usize, Why)>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    answers: Vec<WireAnswer<'a>>,
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    verdict: Cow<'a, str>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    confidence: f64,
    #[serde(borrow)]
    reason: Cow<'a, str>,
    #[serde(default)]
    cited: Vec<WireCited>,
    #[serde(default)]
    techniques: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
}

#[derive(Deserialize)]
struct WireCited {
    field: String,
    value: String,
}

/// Reads and checks the answer to a pack.
pub fn read_answers(pack: &Pack, text: &str) -> Answers {
    let mut answers = Answers::default();
    let wire = match serde_json::from_str::<Wire<'_>>(unfenced(text)) {
        Ok(wire) if text.len() <= MAX_TEXT => wire,
        _ => {
            answers.failed = (0..pack.len()).map(|index| (index, Why::NotReadable)).collect();
            return answers;
        }
    };
    for (index, (id, question)) in pack.entries().iter().enumerate() {
        let mut found = wire.answers.iter().filter(|answer| answer.id == id.as_str());
        let checked = match (found.next(), found.next()) {
            (None, _) => Err(Why::Missing),
            (Some(_), Some(_)) => Err(Why::Repeated),
            (Some(answer), None) => check(question, answer),
        };
        match checked {
            Ok(answer) => answers.good.push(answer),
            Err(why) => answers.failed.push((index, why)),
        }
    }
    answers
}

/// Some models put JSON into a fence whatever they are told.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(text).trim()
}

fn check(question: &Question, wire: &WireAnswer<'_>) -> Result<Answer, Why> {
    let verdict = VERDICTS.into_iter().find(|verdict| verdict.name() == wire.verdict).ok_or(Why::Verdict)?;
    let severity = SEVERITIES
        .into_iter()
        .find(|name| *name == wire.severity)
        .and_then(Severity::from_word)
        .ok_or(Why::Severity)?;
    if !(0.0..=1.0).contains(&wire.confidence) {
        return Err(Why::Confidence);
    }
    let reason = plain(&wire.reason, MAX_REASON);
    if reason.is_empty() {
        return Err(Why::NoReason);
    }
    let says = |field: &str, value: &str| {
        question.fields.iter().any(|(name, text)| name == field && !value.is_empty() && text.contains(value))
    };
    if !wire.cited.iter().all(|cited| says(&cited.field, &cited.value)) {
        return Err(Why::CitesWhatIsNotThere);
    }
    // A severity below the floor is no error of the model's, who does not know the floor: it is lifted. A verdict that
    // calls it harmless is.
    if verdict.is_benign() && question.floor() >= Severity::Medium {
        return Err(Why::BelowFloor);
    }
    Ok(Answer {
        id: question.id,
        verdict,
        severity: severity.max(question.floor()),
        confidence: wire.confidence,
        reason,
        cited: wire
            .cited
            .iter()
            .take(MAX_LIST)
            .map(|cited| (cited.field.clone(), plain(&cited.value, 200)))
            .collect(),
        techniques: wire.techniques.iter().filter(|id| is_technique(id)).take(MAX_LIST).cloned().collect(),
        actions: wire
            .actions
            .iter()
            .map(|action| plain(action, 300))
            .filter(|action| !action.is_empty())
            .take(MAX_LIST)
            .collect(),
    })
}

/// One line without control characters, bounded.
fn plain(text: &str, max: usize) -> String {
    let spaced: String = text.chars().take(max * 2).map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max).collect()
}

/// `T` and four digits, with or without a dot and three digits.
fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        None => digits(rest, 4),
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
    }
}

#[cfg(test)]
mod tests {
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

    proptest! {
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
            json!({"answers": [answer(id)]}).to_string().replace("0.7", "1e999"),
            json!({"answers": [answer(id)]}).to_string().replace("0.7", "-0.1"),
            json!({"answers": [answer(id)]}).to_string().replace("0.7", "NaN"),
        ] {
            assert!(read_answers(&pack, &text).good.is_empty());
        }
    }
}
