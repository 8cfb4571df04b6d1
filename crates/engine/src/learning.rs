//! What was learned from everybody who was asked: worked out anew from their verdicts each time, so that it never
//! disagrees with them, and what is forgotten is gone.

use crate::error::EngineError;
use std::collections::{HashMap, HashSet};
use watchfire_judge::learning::{Learned, Teacher, pair};
use watchfire_signal::Verdict;
use watchfire_store::Store;

/// Answers of models that are learned from: the latest.
const MAX_ANSWERS: u32 = 200_000;
/// What an answer of a model counts against one of an analyst: models are sure more often than they are right.
const MODEL: f64 = 0.5;

/// A verdict on one rule on one machine.
struct Lesson {
    time: i64,
    at: i64,
    rule: String,
    asset: String,
    is_hostile: bool,
    weight: f64,
}

/// What was learned so far. What analysts said of a pattern counts for the hours of its first and last alert.
pub fn learned(store: &Store) -> Result<Learned, EngineError> {
    let forgotten: HashMap<String, i64> = store.forgotten()?.into_iter().collect();
    let before = |rule: &str| {
        let of = |name: &str| forgotten.get(name).copied().unwrap_or(i64::MIN);
        of(rule).max(of(""))
    };
    let mut lessons = Vec::new();
    let mut by_analyst = HashSet::new();
    for row in store.analyst_decisions()? {
        let pattern = watchfire_judge::pattern_number(row.pattern_key);
        by_analyst.insert(pattern);
        let (Some(is_hostile), Some((first, last))) = (side(row.verdict), store.pattern_span(pattern)?)
        else {
            continue;
        };
        let (rule, asset) = described(&row.description);
        for time in if first == last { vec![first] } else { vec![first, last] } {
            lessons.push(Lesson {
                time,
                at: row.decided_at,
                rule: rule.clone(),
                asset: asset.clone(),
                is_hostile,
                weight: 1.0,
            });
        }
    }
    for row in store.told(MAX_ANSWERS)? {
        if let (Some(is_hostile), false) = (side(row.verdict), by_analyst.contains(&row.pattern)) {
            let (rule, asset) = described(&row.description);
            lessons.push(Lesson { time: row.time, at: row.at, rule, asset, is_hostile, weight: MODEL });
        }
    }
    lessons.sort_by(|a, b| {
        (a.time, &a.rule, &a.asset, a.is_hostile).cmp(&(b.time, &b.rule, &b.asset, b.is_hostile))
    });
    let mut teacher = Teacher::new(Learned::default());
    for lesson in lessons.iter().filter(|lesson| lesson.at > before(&lesson.rule)) {
        let pair = pair(&lesson.rule, &lesson.asset);
        teacher.episode(pair, &lesson.rule, lesson.time, lesson.is_hostile, lesson.weight);
    }
    Ok(teacher.learned())
}

/// Whether a verdict says *hostile* or *harmless*; `None` if it says neither.
fn side(verdict: u8) -> Option<bool> {
    let verdict = Verdict::from_id(verdict)?;
    (verdict.is_hostile() || verdict.is_benign()).then_some(verdict.is_hostile())
}

/// The rule and the machine of a pattern.
fn described(description: &str) -> (String, String) {
    let description: serde_json::Value = serde_json::from_str(description).unwrap_or_default();
    let text =
        |key: &str| description.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    (text("rule_key"), text("asset"))
}
