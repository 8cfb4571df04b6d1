//! A chunk on its way: what was found in it, and what was decided on it.

use watchfire_judge::Judgement;
use watchfire_signal::Alert;
use watchfire_signal::read::Broken;

/// A record that can't be read, and where it stands.
pub(crate) struct DeadRecord {
    pub(crate) line: u64,
    pub(crate) broken: Broken,
    pub(crate) raw: String,
    pub(crate) whole: bool,
}

/// What was found in a chunk, in the order of its records.
pub(crate) enum Found {
    Alert(usize),
    Aside,
    Dead,
}

/// An alert with its place and verdict.
pub(crate) struct Verdicted {
    pub(crate) ordinal: u64,
    pub(crate) time: i64,
    pub(crate) judgement: Judgement,
}

#[derive(Default)]
pub(crate) struct ReadChunk<'a> {
    pub(crate) found: Vec<Found>,
    /// A hash of each record's text, and of its place in it where a record holds several.
    pub(crate) hashes: Vec<u64>,
    pub(crate) alerts: Vec<Alert<'a>>,
    pub(crate) aside: Vec<String>,
    pub(crate) dead: Vec<DeadRecord>,
}

pub(crate) struct JudgedChunk {
    pub(crate) first_ordinal: u64,
    pub(crate) verdicts: Vec<Verdicted>,
    /// Ordinals of the dead records.
    pub(crate) dead: Vec<u64>,
    pub(crate) patterns: Vec<watchfire_store::PatternRow>,
}

impl JudgedChunk {
    /// A hash of what was decided on each record.
    pub(crate) fn decided(&self, found: &[Found]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        let mut verdicts = self.verdicts.iter();
        for found in found {
            match (found, verdicts.as_slice().first()) {
                (Found::Alert(_), Some(verdicted)) => {
                    let Judgement { decision, priority, .. } = &verdicted.judgement;
                    hasher.update(&decision.id.to_le_bytes());
                    // A model's answer takes a decision's place under the same id.
                    hasher.update(&[decision.verdict.id(), decision.severity.id(), priority.score()]);
                    verdicts.next();
                }
                (Found::Dead, _) => drop(hasher.update(b"dead")),
                _ => drop(hasher.update(b"aside")),
            }
        }
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        short
    }
}
