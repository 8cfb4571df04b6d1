//! What a worker does with one chunk.

mod chunk;
mod court;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use chunk::{DeadRecord, Found, JudgedChunk, ReadChunk, Verdicted};
pub(crate) use court::{Court, Place};
pub(crate) use rows::{Packer, alert_row, clip, commit, questions};

use crate::archive::StoreArchive;
use crate::enriching::{Collector, Wanted, is_worth_asking};
use crate::pipeline::Output;
use crate::progress::Progress;
use crate::sink::Done;
use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;
use watchfire_flow::{Clock, Histogram, Stopwatch, Turn};
use watchfire_judge::{Assessed, Assessor, Decision, Facts, Ground, Judgement, Reputations};
use watchfire_signal::frame::Chunk;
use watchfire_signal::read::{Broken, Item, RecordReader};
use watchfire_signal::write::Record;
use watchfire_signal::{Alert, Decider, Priority, Timestamp};
use watchfire_store::{ChunkRow, SourceId, Store, StoreError};

/// Text kept of a dead letter, in bytes.
const MAX_DEAD: usize = 64 << 10;

/// A chunk, and where it comes from.
pub(crate) struct Job {
    pub(crate) ticket: u64,
    pub(crate) input: usize,
    pub(crate) source: SourceId,
    pub(crate) sequence: u64,
    pub(crate) chunk: Chunk,
}

/// What a worker has for itself.
pub(crate) struct Worker<'w> {
    pub(crate) reader: RecordReader,
    pub(crate) assessor: Assessor,
    pub(crate) packer: Packer,
    pub(crate) ground: &'w Ground,
    pub(crate) reputations: &'w (dyn Reputations + Sync),
    /// Where to collect the indicators that services may be asked about.
    pub(crate) wanted: Option<&'w Wanted>,
    pub(crate) store: &'w Store,
    pub(crate) archive: &'w StoreArchive<'w>,
    pub(crate) clock: &'w dyn Clock,
    pub(crate) progress: &'w Progress,
    pub(crate) output: Option<Output>,
    pub(crate) keep_raw: bool,
    /// Whether what is left open is to be asked.
    pub(crate) asks: bool,
    pub(crate) stages: Stages,
}

/// Time per alert, by stage.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    pub(crate) read: Histogram,
    pub(crate) assess: Histogram,
    pub(crate) judge: Histogram,
    pub(crate) write: Histogram,
}

impl Worker<'_> {
    /// Takes a chunk from its text to rows and output. `enter` waits for the turn; `court` is only touched within it.
    pub(crate) fn work<'t>(
        &mut self,
        job: &Job,
        enter: impl FnOnce() -> Turn<'t>,
        court: &std::sync::Mutex<Court>,
    ) -> Result<Done, StoreError> {
        let started = self.clock.elapsed();
        let mut watch = Stopwatch::start(self.clock);
        let read = self.read(job.source, &job.chunk);
        per_alert(&mut self.stages.read, watch.lap(), read.found.len());

        let sound;
        let mut attempt = catch_unwind(AssertUnwindSafe(|| self.assess(&read.alerts)));
        let read = if attempt.is_ok() {
            &read
        } else {
            // One alert's failure stays its own: those that fail alone, too, become dead letters.
            drop(attempt);
            sound = self.without_failing(read);
            attempt = Ok(self.assess(&sound.alerts));
            &sound
        };
        let Ok((facts, assessed)) = attempt else { unreachable!("a failed attempt was replaced") };
        per_alert(&mut self.stages.assess, watch.lap(), read.alerts.len());

        let judged = {
            let _turn = enter();
            watch.lap();
            let mut court = court.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let place = Place {
                input: job.input,
                source: job.source,
                is_first: job.sequence == 0,
                bytes: job.chunk.text.len() as u64,
            };
            court.judge_chunk(&place, read, &facts, &assessed, self.ground, self.archive, self.clock, started)
        };
        per_alert(&mut self.stages.judge, watch.lap(), read.alerts.len());
        self.report_progress(read, &judged);
        self.collect_wanted(read, &judged);

        let chunk = ChunkRow {
            first_ordinal: judged.first_ordinal,
            hashes: read.hashes.clone(),
            decided: judged.decided(&read.found),
            raw: Vec::new(),
        };
        let commit = if chunk.hashes.is_empty() || self.store.is_stored(job.source, &chunk)? {
            None
        } else {
            let raw = if self.keep_raw { self.packer.pack(&job.chunk.text) } else { Vec::new() };
            let mut commit = commit(ChunkRow { raw, ..chunk }, read, &facts, &judged);
            if self.asks {
                commit.questions = questions(self.ground, read, &facts, &assessed, &judged);
            }
            Some(commit)
        };
        let output = self.write_output(job.source, &read.alerts, &facts, &assessed, &judged.verdicts);
        per_alert(&mut self.stages.write, watch.lap(), read.alerts.len());
        Ok(Done { ticket: job.ticket, source: job.source, commit, output })
    }

    pub(crate) fn read<'a>(&mut self, source: SourceId, chunk: &'a Chunk) -> ReadChunk<'a> {
        let mut read = ReadChunk::default();
        for part in &chunk.broken {
            read.hashes.push(source.record_hash(&part.excerpt, part.line));
            read.found.push(Found::Dead);
            read.dead.push(DeadRecord {
                line: part.line,
                broken: part.broken.clone(),
                raw: part.excerpt.clone(),
                whole: false,
            });
        }
        chunk.read(&mut self.reader, |range: Range<usize>, items: &mut Vec<Item<'a>>| {
            let text = &chunk.text[range.clone()];
            for (index, item) in items.drain(..).enumerate() {
                read.hashes.push(source.record_hash(text, index as u64));
                match item {
                    Item::Alert(alert) => {
                        read.found.push(Found::Alert(read.alerts.len()));
                        read.alerts.push(*alert);
                    }
                    Item::Aside(kind) => {
                        read.found.push(Found::Aside);
                        read.aside.push(kind.into_owned());
                    }
                    Item::Broken(broken) => {
                        read.found.push(Found::Dead);
                        read.dead.push(DeadRecord {
                            line: chunk.line_at(range.start),
                            broken,
                            raw: clip(text, MAX_DEAD).to_owned(),
                            whole: text.len() <= MAX_DEAD,
                        });
                    }
                }
            }
        });
        read
    }

    pub(crate) fn assess<'r>(&mut self, alerts: &'r [Alert<'_>]) -> (Vec<Facts<'r>>, Vec<Assessed>) {
        let facts: Vec<Facts<'r>> =
            alerts.iter().map(|alert| self.assessor.facts(alert, self.reputations)).collect();
        let assessed =
            alerts.iter().zip(&facts).map(|(alert, facts)| self.assessor.assess(alert, facts)).collect();
        (facts, assessed)
    }

    /// The chunk with the alerts that can't be assessed as dead records.
    pub(crate) fn without_failing<'a>(&mut self, read: ReadChunk<'a>) -> ReadChunk<'a> {
        let mut sound = ReadChunk { aside: read.aside, hashes: read.hashes, ..ReadChunk::default() };
        let (mut alerts, mut dead) = (read.alerts.into_iter(), read.dead.into_iter());
        for found in read.found {
            let alert = match found {
                Found::Alert(_) => alerts.next(),
                Found::Aside => None,
                Found::Dead => {
                    sound.dead.extend(dead.next());
                    None
                }
            };
            let Some(alert) = alert else {
                sound.found.push(found);
                continue;
            };
            let one = std::slice::from_ref(&alert);
            if catch_unwind(AssertUnwindSafe(|| self.assess(one).1.len())).is_ok() {
                sound.found.push(Found::Alert(sound.alerts.len()));
                sound.alerts.push(alert);
                continue;
            }
            sound.found.push(Found::Dead);
            sound.dead.push(DeadRecord {
                line: 0,
                broken: Broken::new("assessing it failed", "this is a bug: please report the record"),
                raw: clip(alert.raw, MAX_DEAD).to_owned(),
                whole: alert.raw.len() <= MAX_DEAD,
            });
        }
        sound
    }

    pub(crate) fn collect_wanted(&self, read: &ReadChunk<'_>, judged: &JudgedChunk) {
        let Some(wanted) = self.wanted else { return };
        let collector = Collector::default();
        for (alert, verdicted) in read.alerts.iter().zip(&judged.verdicts) {
            if is_worth_asking(&verdicted.judgement) {
                collector.priority.set(verdicted.judgement.priority.score());
                Facts::of(alert, &self.ground.network, &collector);
            }
        }
        wanted.take_in(collector);
    }

    pub(crate) fn report_progress(&self, read: &ReadChunk<'_>, judged: &JudgedChunk) {
        let add = |counter: &std::sync::atomic::AtomicU64, count: usize| {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        };
        add(&self.progress.received, read.found.len());
        add(&self.progress.judged, read.alerts.len());
        add(&self.progress.set_aside, read.aside.len());
        add(&self.progress.dead, read.dead.len());
        add(
            &self.progress.decisions,
            judged.verdicts.iter().filter(|verdicted| verdicted.judgement.fresh).count(),
        );
        let hostile = judged
            .verdicts
            .iter()
            .filter(|verdicted| verdicted.judgement.decision.verdict.is_hostile())
            .count();
        add(&self.progress.hostile, hostile);
    }

    pub(crate) fn write_output(
        &self,
        source: SourceId,
        alerts: &[Alert<'_>],
        facts: &[Facts<'_>],
        assessed: &[Assessed],
        verdicts: &[Verdicted],
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(output) = self.output else { return out };
        for (((alert, facts), assessed), verdicted) in alerts.iter().zip(facts).zip(assessed).zip(verdicts) {
            let decision = &verdicted.judgement.decision;
            if decision.severity < output.min_severity {
                continue;
            }
            let said = Said::of(verdicted, assessed.pattern);
            with_record(&source.alert_id(verdicted.ordinal), alert, facts, said, |record| {
                output.format.write(record, &mut out);
            });
        }
        out
    }
}

/// What is said of an alert.
#[derive(Clone, Copy)]
pub(crate) struct Said<'s> {
    pub(crate) decision: &'s Decision,
    /// Whether it was made for this alert.
    pub(crate) fresh: bool,
    pub(crate) priority: Priority,
    /// The alert's time.
    pub(crate) time: i64,
    pub(crate) pattern: i64,
}

impl<'s> Said<'s> {
    pub(crate) fn of(verdicted: &'s Verdicted, pattern: i64) -> Self {
        let Judgement { decision, fresh, priority, .. } = &verdicted.judgement;
        Self { decision, fresh: *fresh, priority: *priority, time: verdicted.time, pattern }
    }
}

/// An alert with what is said of it, as writers take it.
pub(crate) fn with_record<R>(
    id: &str,
    alert: &Alert<'_>,
    facts: &Facts<'_>,
    said: Said<'_>,
    write: impl FnOnce(&Record<'_>) -> R,
) -> R {
    let Said { decision, fresh, priority, time, pattern } = said;
    // The sentence cites the alert that the decision was made on.
    let reason = if fresh || decision.decider == Decider::Analyst {
        Cow::Borrowed(decision.detail.reason.as_str())
    } else {
        Cow::Owned(format!("Same pattern as an earlier alert: {}", decision.detail.reason))
    };
    write(&Record {
        id,
        alert,
        time: Timestamp::from_millis(time).unwrap_or_default(),
        verdict: decision.verdict,
        severity: decision.severity,
        priority,
        confidence: decision.confidence,
        decider: decision.decider,
        reused: !fresh,
        category: decision.detail.category.name(),
        reason: &reason,
        techniques: &decision.detail.techniques,
        rules: &decision.detail.rules,
        next_steps: &decision.detail.next_steps,
        evidence: &decision.detail.evidence,
        model: &decision.detail.model,
        settings: &decision.detail.settings,
        decision: &format!("{:016x}", decision.id),
        valid_from: decision.valid_from,
        pattern: &format!("{pattern:016x}"),
        valid_until: decision.valid_until,
        version: &decision.detail.version,
        asset: &facts.asset,
        reputation: facts.reputation,
        reputations: (facts.source_reputation, facts.destination_reputation),
    })
}

fn per_alert(histogram: &mut Histogram, duration: Duration, count: usize) {
    if let Ok(count) = u32::try_from(count)
        && count > 0
    {
        histogram.record_n(duration / count, u64::from(count));
    }
}
