//! What is wrong with what is there: the promises, one by one, each broken one counted and its first ten named.

mod order;
mod outcomes;
mod stores;
#[cfg(test)]
mod tests;

use crate::intake::Expected;
use crate::reading::Topped;
use crate::stored::Stored;
use serde::Serialize;
use std::collections::BTreeMap;

/// Examples that are kept of each kind.
const EXAMPLES: usize = 10;

/// A way in which something is unsound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was fed is not in the intake topic: the run itself is worth nothing.
    NotFed,
    /// An alert without a verdict.
    Lost,
    /// An alert with more than one verdict.
    Doubled,
    /// A verdict that is of no alert of the record that it names.
    Foreign,
    /// A verdict that stands before that of an earlier record with the same key.
    OutOfOrder,
    /// A verdict with another key than its record.
    OtherKey,
    /// What can't be read, without a dead letter.
    DeadLost,
    /// More dead letters than there is that can't be read.
    DeadDoubled,
    /// A message that is not what its topic is for.
    Strange,
    /// A verdict was put out that is not in the store.
    NotStored,
    /// A verdict was put out that is another in the store.
    Differs,
    /// The store has an alert that is none, or twice.
    StoredOnly,
    /// A dead letter that the store does not have, or has twice.
    DeadNotStored,
    /// The provider refused a call for being over the limit.
    Refused,
    /// The provider saw more calls in a window than the limit.
    OverLimit,
    /// Nothing went on any more, or not to the end.
    Stuck,
    /// A worker ended by itself, or not when it was told to.
    Ended,
}

impl Kind {
    /// What it is called in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFed => "fed and not in the topic",
            Self::Lost => "lost",
            Self::Doubled => "doubled",
            Self::Foreign => "verdicts of no alert",
            Self::OutOfOrder => "out of order",
            Self::OtherKey => "another key",
            Self::DeadLost => "dead letters lost",
            Self::DeadDoubled => "dead letters doubled",
            Self::Strange => "not understood",
            Self::NotStored => "put out, not stored",
            Self::Differs => "put out, stored differently",
            Self::StoredOnly => "stored, no alert",
            Self::DeadNotStored => "dead letters stored differently",
            Self::Refused => "calls refused",
            Self::OverLimit => "calls over the limit",
            Self::Stuck => "stuck",
            Self::Ended => "ended by itself",
        }
    }

    /// Those that every run is judged by, whether any was found or not.
    pub const ALL: [Self; 17] = [
        Self::NotFed,
        Self::Lost,
        Self::Doubled,
        Self::Foreign,
        Self::OutOfOrder,
        Self::OtherKey,
        Self::DeadLost,
        Self::DeadDoubled,
        Self::Strange,
        Self::NotStored,
        Self::Differs,
        Self::StoredOnly,
        Self::DeadNotStored,
        Self::Refused,
        Self::OverLimit,
        Self::Stuck,
        Self::Ended,
    ];
}

/// How often, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How often.
    pub count: u64,
    /// The first ten.
    pub examples: Vec<String>,
}

/// Everything that is unsound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(BTreeMap<Kind, Found>);

impl Findings {
    /// One more.
    pub fn add(&mut self, kind: Kind, example: impl FnOnce() -> String) {
        let found = self.0.entry(kind).or_default();
        found.count += 1;
        if found.examples.len() < EXAMPLES {
            found.examples.push(example());
        }
    }

    /// How often.
    pub fn count(&self, kind: Kind) -> u64 {
        self.0.get(&kind).map_or(0, |found| found.count)
    }

    /// The first of a kind.
    pub fn examples(&self, kind: Kind) -> &[String] {
        self.0.get(&kind).map_or(&[], |found| &found.examples)
    }

    /// Whether nothing is.
    pub fn is_sound(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was there to be judged, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Records in the intake topic.
    pub records: u64,
    /// Alerts in these.
    pub alerts: u64,
    /// Records that are no alert and are not broken.
    pub set_aside: u64,
    /// Items that can't be read.
    pub dead: u64,
    /// Different keys.
    pub keys: u64,
    /// Verdicts that were put out.
    pub verdicts: u64,
    /// Dead letters that were put out.
    pub dead_letters: u64,
    /// Messages that were written, and withdrawn with their transaction.
    pub withdrawn: u64,
    /// Of the verdicts, those by a model.
    pub by_model: u64,
    /// Questions that are still open in the store.
    pub questions: u64,
}

/// Judges what is in the topics and the store by what has to become of each record that was fed.
pub fn judge(fed: &[Expected], topped: &Topped, stored: &Stored, findings: &mut Findings) -> Totals {
    for strange in &topped.strange {
        findings.add(Kind::Strange, || strange.clone());
    }
    let wanted = outcomes::wanted(fed, topped, findings);
    outcomes::alerts(&wanted, topped, findings);
    outcomes::dead(&wanted, topped, findings);
    order::check(topped, findings);
    stores::check(&wanted, topped, stored, findings);
    let keys: std::collections::HashSet<&[u8]> = topped.intake.iter().map(|record| &*record.key).collect();
    let expected = wanted.values().map(|wanted| wanted.expected);
    Totals {
        records: topped.intake.len() as u64,
        alerts: expected.clone().map(|expected| expected.alerts.len() as u64).sum(),
        set_aside: expected
            .clone()
            .filter(|expected| expected.alerts.is_empty() && expected.dead == 0)
            .count() as u64,
        dead: expected.map(|expected| u64::from(expected.dead)).sum(),
        keys: keys.len() as u64,
        verdicts: topped.verdicts.len() as u64,
        dead_letters: topped.dead.len() as u64,
        withdrawn: topped.withdrawn,
        by_model: topped.verdicts.iter().filter(|verdict| verdict.decided.decider == 4).count() as u64,
        questions: stored.questions,
    }
}
