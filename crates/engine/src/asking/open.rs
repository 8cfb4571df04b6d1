//! An open question as it is kept.

use crate::error::EngineError;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use watchfire_llm::{Pack, Question};
use watchfire_store::Store;

/// Which open questions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Which {
    /// The most urgent, so many at most.
    pub(crate) limit: u32,
    /// Those that were asked less often than this.
    pub(crate) attempts: u32,
}

impl Which {
    /// All that fit into memory.
    pub(crate) const ALL: Self = Self { limit: 20_000, attempts: u32::MAX };
    /// Those of them that never were asked.
    pub(crate) const NEVER_ASKED: Self = Self { attempts: 1, ..Self::ALL };
}

/// A question as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Open {
    #[serde(flatten)]
    pub(crate) question: Question,
    /// Whether it checks that an earlier verdict would have been right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) checks: bool,
}

/// How many of a pack's questions check earlier verdicts.
pub(super) fn checks_in(pack: &Pack, open: &HashMap<i64, Open>) -> u32 {
    let checks =
        pack.entries().iter().filter(|(_, question)| open.get(&question.id).is_some_and(|open| open.checks));
    u32::try_from(checks.count()).unwrap_or(u32::MAX)
}

/// What is open, by decision.
pub(super) fn open_questions(store: &Store, which: Which) -> Result<HashMap<i64, Open>, EngineError> {
    let mut open = HashMap::new();
    for row in store.questions(which.limit, which.attempts)? {
        // What another version wrote and this one can't read is asked about again when its alert comes again.
        if let Ok(question) = serde_json::from_str::<Open>(&row.body) {
            open.insert(row.decision, question);
        }
    }
    Ok(open)
}

/// Questions that say the same, by the first of them, which is asked for all: a pattern is decided on anew for each order
/// of magnitude of its alerts, and each of these is a question.
pub(super) fn twins(open: &HashMap<i64, Open>) -> HashMap<i64, Vec<i64>> {
    let mut ids: Vec<&i64> = open.keys().collect();
    ids.sort_unstable();
    let mut first = HashMap::new();
    let mut twins: HashMap<i64, Vec<i64>> = HashMap::new();
    for id in ids {
        let Question { tenant, family, fields, .. } = &open[id].question;
        let asked: i64 = *first.entry((tenant, family, fields)).or_insert(*id);
        twins.entry(asked).or_default().push(*id);
    }
    twins
}
