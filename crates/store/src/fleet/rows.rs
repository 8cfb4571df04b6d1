//! What workers write and read. Unlike files, the records of one batch may come from several sources.

use super::{AlertKey, FleetError, MOST_IN_BATCH};
use crate::sources::alert_id;
use crate::{AnsweredRow, DeadRow, DecisionRow, LedgerRow, PatternRow, QuestionRow};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// Bytes of a source's head that tell what it is, for files; a partition's are said to be more, so that no file is taken for one.
const BEYOND_HEADS: i64 = (64 << 10) + 1;

/// A partition of a topic, as a source of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FleetSource {
    row: i64,
    tag: [u8; 5],
    first_seen: i64,
}

impl FleetSource {
    /// As a store has it: its row there, its tag, and when it was first seen (milliseconds since 1970).
    pub fn new(row: i64, tag: [u8; 5], first_seen: i64) -> Self {
        Self { row, tag, first_seen }
    }

    /// Its row in the store.
    pub fn row(self) -> i64 {
        self.row
    }

    /// When it was first seen, in milliseconds since 1970: the time of alerts that have none.
    pub fn first_seen(self) -> i64 {
        self.first_seen
    }

    /// The id of one of its alerts, the same in every store: ten hexadecimal digits, a dash, and its ordinal.
    pub fn alert_id(self, ordinal: u64) -> String {
        alert_id(self.tag, ordinal)
    }

    /// What a partition is known by in the table of sources: what stands for its head, how long that is, its name, and the tags
    /// that it may have, the first free one being its own.
    pub fn known_by(
        topic: &str,
        partition: i32,
    ) -> ([u8; 32], i64, String, impl Iterator<Item = [u8; 5]> + use<>) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"watchfire topic partition\0").update(topic.as_bytes());
        let hash = hasher.update(b"\0").update(&partition.to_le_bytes()).finalize();
        let tags = std::iter::successors(Some(hash), |hash| Some(blake3::hash(hash.as_bytes())));
        let tags = tags.map(|hash| {
            let bytes = hash.as_bytes();
            [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]]
        });
        (*hash.as_bytes(), BEYOND_HEADS, format!("{topic}/{partition}"), tags)
    }
}

impl fmt::Display for FleetSource {
    /// Its tag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An alert on its way to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetAlertRow {
    /// Its source's row.
    pub source: i64,
    /// Its place there: the record's offset and the item's index in the record.
    pub ordinal: u64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The pattern it belongs to.
    pub pattern: i64,
    /// The decision that holds for it.
    pub decision: i64,
    /// OCSF severity, 0–6.
    pub severity: u8,
    /// Priority, 0–100.
    pub priority: u8,
    /// Source address or name.
    pub src: Option<String>,
    /// Destination address or name.
    pub dst: Option<String>,
    /// User name.
    pub user: Option<String>,
}

impl FleetAlertRow {
    /// Where it stands.
    pub fn key(&self) -> AlertKey {
        (self.source, self.ordinal)
    }
}

/// An alert that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetAlert {
    /// As it was written; its decision and priority as an analyst changed them since.
    pub alert: FleetAlertRow,
    /// The decision that holds for it, as it stands.
    pub decision: DecisionRow,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetDead {
    /// Its source's row.
    pub source: i64,
    /// The record.
    pub row: DeadRow,
}

/// What a worker found, each kind in any order and at most [`MOST_IN_BATCH`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetBatch {
    /// Alerts.
    pub alerts: Vec<FleetAlertRow>,
    /// The patterns of all these alerts.
    pub patterns: Vec<PatternRow>,
    /// Decisions made for them.
    pub decisions: Vec<DecisionRow>,
    /// What those left open.
    pub questions: Vec<QuestionRow>,
    /// Records that could not be read.
    pub dead: Vec<FleetDead>,
}

impl FleetBatch {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
            && self.patterns.is_empty()
            && self.decisions.is_empty()
            && self.questions.is_empty()
            && self.dead.is_empty()
    }

    /// Refuses what is beyond its bounds, and alerts whose pattern is missing.
    pub fn check(&self) -> Result<(), FleetError> {
        let refuse = |what: String| Err(FleetError::Refused(what));
        let most = [self.alerts.len(), self.patterns.len(), self.decisions.len(), self.questions.len()]
            .into_iter()
            .fold(self.dead.len(), usize::max);
        if most > MOST_IN_BATCH {
            return refuse(format!("a batch of {most}, and {MOST_IN_BATCH} are allowed"));
        }
        let ordinals = self.alerts.iter().map(|alert| alert.ordinal);
        if ordinals
            .chain(self.dead.iter().map(|dead| dead.row.ordinal))
            .any(|ordinal| ordinal > i64::MAX as u64)
        {
            return refuse("an ordinal beyond 63 bits".to_owned());
        }
        let patterns: HashSet<i64> = self.patterns.iter().map(|pattern| pattern.id).collect();
        match self.alerts.iter().find(|alert| !patterns.contains(&alert.pattern)) {
            Some(alert) => {
                refuse(format!("an alert of pattern {}, which is not in its batch", alert.pattern))
            }
            None => Ok(()),
        }
    }

    /// Its patterns in the order of their ids, each once: where one came several times, as all of them together.
    pub fn patterns_once(&self) -> Vec<PatternRow> {
        let mut once: BTreeMap<i64, PatternRow> = BTreeMap::new();
        for pattern in &self.patterns {
            let Some(known) = once.get_mut(&pattern.id) else {
                once.insert(pattern.id, pattern.clone());
                continue;
            };
            known.first_seen = known.first_seen.min(pattern.first_seen);
            known.last_seen = known.last_seen.max(pattern.last_seen);
            if pattern.priority >= known.priority {
                (known.priority, known.decision) = (pattern.priority, pattern.decision);
            }
        }
        once.into_values().collect()
    }
}

/// What came of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// Alerts and dead letters that were there already, in the order of their keys.
    pub already: Vec<AlertKey>,
    /// The decisions that were there already and say something else, as they stand.
    pub decisions_known: Vec<DecisionRow>,
}

/// A stretch of time in which a pattern's decisions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternSpan {
    /// The pattern's id.
    pub pattern: i64,
    /// Its first moment, in milliseconds since 1970.
    pub from: i64,
    /// Its last moment.
    pub until: i64,
}

/// What a model answered to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetAnswer {
    /// What takes the place of the decision with the same id. Its pattern, its start and its volume stay.
    pub decision: DecisionRow,
    /// What was asked, and when it was answered.
    pub answered: AnsweredRow,
}

/// How far a source was put out, as it was committed with what was put out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOut {
    /// Which.
    pub source: FleetSource,
    /// The first record that was not done.
    pub next: i64,
    /// What was committed beside that: which records after it were done.
    pub text: String,
    /// How many records that is.
    pub reach: i64,
}

/// What one call cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The same whenever this entry is made again, and no other entry's.
    pub id: [u8; 16],
    /// Its lines; without any, nothing is entered.
    pub lines: Vec<LedgerRow>,
}

impl LedgerEntry {
    /// The entry of this number of a process that drew `process` by chance when it started.
    pub fn of(process: [u8; 16], number: u64, lines: Vec<LedgerRow>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"watchfire ledger entry\0").update(&process).update(&number.to_le_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self { id, lines }
    }
}
