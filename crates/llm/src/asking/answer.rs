//! What is made of a model's answer: nothing is believed that can be checked.
//!
//! An answer counts only if it repeats an id that was asked, once; has a verdict and a severity from the closed lists;
//! cites nothing that the alert does not say; and does not go below what the rules allow. What fails is told apart, so
//! that the rest of the pack is not asked again: one object that is not as the schema wants it costs no other its answer.
//!
//! What decides is taken strictly (id, verdict, severity, confidence, citations); what only explains is brought into
//! bounds (reason, techniques, actions).

use super::prompt::{SEVERITIES, VERDICTS};
use crate::hostile::{is_unseen, plain, unfenced};
use crate::{Pack, Question};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use watchfire_signal::{Severity, Verdict};

/// Longest answer that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Longest reason, in characters.
const MAX_REASON: usize = 400;
/// Actions, techniques and citations beyond this many are left out.
const MAX_LIST: usize = 8;
/// Answers beyond this many are not looked at; there are never as many questions.
const MAX_ANSWERS: usize = 64;
/// A part of a value may be cited if it is at least so long, in bytes: `e` stands in every alert.
const MIN_PART: usize = 4;

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
    /// The answer to this question is not what was asked for.
    Shape,
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
            Self::Shape => "of another shape",
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
    answers: Vec<&'a RawValue>,
}

/// The id of an answer, whatever else it holds.
#[derive(Deserialize)]
struct WireId<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
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

/// Reads and checks the answer to a pack. Every question of the pack is in exactly one of the two lists.
pub fn read_answers(pack: &Pack, text: &str) -> Answers {
    let mut answers = Answers::default();
    let wire =
        if text.len() <= MAX_TEXT { serde_json::from_str::<Wire<'_>>(unfenced(text)).ok() } else { None };
    let Some(wire) = wire else {
        answers.failed = (0..pack.len()).map(|index| (index, Why::NotReadable)).collect();
        return answers;
    };
    let parts: Vec<(Cow<'_, str>, &RawValue)> = wire
        .answers
        .into_iter()
        .take(MAX_ANSWERS)
        .filter_map(|part| Some((serde_json::from_str::<WireId<'_>>(part.get()).ok()?.id, part)))
        .collect();
    for (index, (id, question)) in pack.entries().iter().enumerate() {
        let mut found = parts.iter().filter(|(echoed, _)| echoed == id.as_str());
        let checked = match (found.next(), found.next()) {
            (None, _) => Err(Why::Missing),
            (Some(_), Some(_)) => Err(Why::Repeated),
            (Some((_, part)), None) => match serde_json::from_str::<WireAnswer<'_>>(part.get()) {
                Ok(answer) => check(question, &answer),
                Err(_) => Err(Why::Shape),
            },
        };
        match checked {
            Ok(answer) => answers.good.push(answer),
            Err(why) => answers.failed.push((index, why)),
        }
    }
    answers
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
    if !wire.cited.iter().all(|cited| is_there(question, cited)) {
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

/// Whether a citation is of something that the question says: a field's value, a telling part of it between word
/// boundaries, or a sentence of what is known.
fn is_there(question: &Question, cited: &WireCited) -> bool {
    let value = folded(&cited.value);
    let value = value.trim_end_matches('…').trim_end_matches("...");
    let holds = |text: &str| {
        let text = folded(text);
        let is_word = |c: char| c.is_alphanumeric();
        text == value
            || (value.len() >= MIN_PART
                && text.match_indices(value).any(|(at, _)| {
                    let (before, after) = (&text[..at], &text[at + value.len()..]);
                    // `203.0.113` is no part of `203.0.113.7`.
                    let starts =
                        !before.trim_end_matches('.').ends_with(is_word) || !value.starts_with(is_word);
                    let ends =
                        !after.trim_start_matches('.').starts_with(is_word) || !value.ends_with(is_word);
                    starts && ends
                }))
    };
    let in_field = question.fields.iter().any(|(name, text)| *name == cited.field && holds(text));
    let in_known =
        cited.field.split('.').next() == Some("known") && question.known.iter().any(|text| holds(text));
    !value.is_empty() && (in_field || in_known)
}

/// A text as a model may repeat it: it saw escapes (`\\u003c`, `\\\\`) and copies them as they stand, or reads them; space
/// is space to it, and what shows nothing is lost. Both sides of a comparison are folded, so nothing is there that was not.
fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        let mut c = c;
        if c == '\\' {
            used = rest.len() - rest.trim_start_matches('\\').len();
            let digits =
                rest.get(used..).and_then(|rest| rest.strip_prefix('u')).and_then(|rest| rest.get(..4));
            let code = digits
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|digits| u32::from_str_radix(digits, 16).ok());
            if let Some(code) = code {
                used += 5;
                // Half of a pair shows nothing that could be cited.
                c = char::from_u32(code).unwrap_or('\u{200b}');
            }
        }
        rest = &rest[used..];
        if is_unseen(c) || c.is_whitespace() {
            if c.is_whitespace() && !plain.is_empty() && !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else {
            plain.push(c);
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
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
mod tests;
