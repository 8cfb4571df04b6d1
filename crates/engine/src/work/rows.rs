//! What a chunk leaves in the store.

use super::chunk::{JudgedChunk, ReadChunk, Verdicted};
use crate::archive::decision_to_row;
use crate::asking::question;
use std::collections::HashSet;
use watchfire_judge::{Assessed, Facts, Ground, Judgement};
use watchfire_signal::{Alert, Decider, Field};
use watchfire_store::{AlertRow, AlertRows, ChunkRow, Commit, DeadRow, QuestionRow};
use zstd::bulk::Compressor;

/// Level of zstd for kept text: the fastest of the ordinary ones.
const ZSTD_LEVEL: i32 = 1;

/// What is to be stored of a chunk.
pub(crate) fn commit(
    chunk: ChunkRow,
    read: &ReadChunk<'_>,
    facts: &[Facts<'_>],
    judged: &JudgedChunk,
) -> Commit {
    let mut alerts = AlertRows::default();
    let mut decisions = Vec::new();
    let mut written = HashSet::new();
    for ((alert, facts), verdicted) in read.alerts.iter().zip(facts).zip(&judged.verdicts) {
        let decision = &verdicted.judgement.decision;
        alerts.push(&alert_row(alert, facts, verdicted));
        if verdicted.judgement.fresh && written.insert(decision.id) {
            decisions.push(decision_to_row(decision));
        }
    }
    let dead = read
        .dead
        .iter()
        .zip(&judged.dead)
        .map(|(dead, &ordinal)| DeadRow {
            ordinal,
            line: dead.line,
            reason: dead.broken.reason.clone(),
            hint: dead.broken.hint.to_owned(),
            raw: dead.raw.clone(),
            whole: dead.whole,
        })
        .collect();
    Commit {
        chunk: Some(chunk),
        alerts,
        decisions,
        patterns: judged.patterns.clone(),
        dead,
        questions: Vec::new(),
    }
}

/// What is kept of an alert.
pub(crate) fn alert_row<'a>(
    alert: &'a Alert<'_>,
    facts: &'a Facts<'_>,
    verdicted: &Verdicted,
) -> AlertRow<'a> {
    let decision = &verdicted.judgement.decision;
    AlertRow {
        ordinal: verdicted.ordinal,
        time: verdicted.time,
        pattern: decision.pattern,
        decision: decision.id,
        severity: decision.severity.id(),
        priority: verdicted.judgement.priority.score(),
        source: bounded(alert.get(Field::SourceIp).or_else(|| alert.get(Field::SourceDomain))),
        destination: bounded(
            alert
                .get(Field::DestinationIp)
                .or_else(|| if facts.asset.is_empty() { None } else { Some(facts.asset.as_ref()) }),
        ),
        user: bounded(alert.get(Field::TargetUser).or_else(|| alert.get(Field::User))),
    }
}

/// What is to be asked about the alerts of a chunk that nobody was sure about.
pub(crate) fn questions(
    ground: &Ground,
    read: &ReadChunk<'_>,
    facts: &[Facts<'_>],
    assessed: &[Assessed],
    judged: &JudgedChunk,
) -> Vec<QuestionRow> {
    let mut asked = HashSet::new();
    let alerts = read.alerts.iter().zip(facts).zip(assessed).zip(&judged.verdicts);
    alerts
        .filter(|(_, verdicted)| {
            let Judgement { decision, fresh, .. } = &verdicted.judgement;
            *fresh && decision.decider == Decider::Fallback && asked.insert(decision.id)
        })
        .map(|(((alert, facts), assessed), verdicted)| {
            question(ground, alert, facts, assessed, &verdicted.judgement)
        })
        .collect()
}

/// A cell of the store: names longer than any real one are the attacker's.
fn bounded(text: Option<&str>) -> Option<&str> {
    text.map(|text| clip(text, 256))
}

/// The first `max` bytes, or fewer so as not to cut a character.
pub(crate) fn clip(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Packs the text of chunks as it is kept. Making a packer costs more than packing a short text with it.
#[derive(Default)]
pub(crate) struct Packer(Option<Compressor<'static>>);

impl Packer {
    /// A chunk's text, packed.
    pub(crate) fn pack(&mut self, text: &str) -> Vec<u8> {
        if self.0.is_none() {
            self.0 = Compressor::new(ZSTD_LEVEL).ok();
        }
        // Fails only for lack of memory; then the text is not kept.
        self.0.as_mut().and_then(|packer| packer.compress(text.as_bytes()).ok()).unwrap_or_default()
    }
}
