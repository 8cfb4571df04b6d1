//! What is done in the order of the input: judging and counting.

use super::chunk::{Found, JudgedChunk, ReadChunk, Verdicted};
use crate::tally::{Counted, Tally, material_of};
use std::time::Duration;
use watchfire_flow::{Clock, Histogram};
use watchfire_judge::{Archive, Assessed, Facts, Ground, Judge};
use watchfire_store::SourceId;

/// One alert in this many is timed on its own.
const SAMPLE: usize = 16;

/// Where a chunk belongs.
pub(crate) struct Place {
    /// The input, among those of the run.
    pub(crate) input: usize,
    pub(crate) source: SourceId,
    /// Whether it is the first of its input.
    pub(crate) is_first: bool,
    /// How long its text is.
    pub(crate) bytes: u64,
}

/// What is passed in order: the judge, the counts, and where in the input we are.
pub(crate) struct Court {
    pub(crate) judge: Judge,
    pub(crate) tally: Tally,
    pub(crate) input: usize,
    pub(crate) ordinal: u64,
    /// Time of the last alert that had one; before that, when the source was first read.
    pub(crate) time: i64,
    pub(crate) latency: Histogram,
}

impl Court {
    #[expect(clippy::too_many_arguments, reason = "everything a chunk's alerts are judged by, used once")]
    pub(crate) fn judge_chunk(
        &mut self,
        place: &Place,
        read: &ReadChunk<'_>,
        facts: &[Facts<'_>],
        assessed: &[Assessed],
        ground: &Ground,
        archive: &dyn Archive,
        clock: &dyn Clock,
        started: Duration,
    ) -> JudgedChunk {
        if place.input != self.input || place.is_first {
            (self.input, self.ordinal) = (place.input, 0);
            // Alerts before the first one with a time: the same in every run over this source.
            self.time = place.source.first_seen();
        }
        let mut judged = JudgedChunk {
            first_ordinal: self.ordinal,
            verdicts: Vec::with_capacity(read.alerts.len()),
            dead: Vec::with_capacity(read.dead.len()),
            patterns: Vec::new(),
        };
        let mut touched = Vec::new();
        for found in &read.found {
            let ordinal = self.ordinal;
            self.ordinal += 1;
            match *found {
                Found::Aside => {}
                Found::Dead => judged.dead.push(ordinal),
                Found::Alert(index) => {
                    let (alert, facts, assessed) = (&read.alerts[index], &facts[index], &assessed[index]);
                    if let Some(time) = alert.time {
                        self.time = time.as_millis();
                    }
                    let time = self.time;
                    let judgement = self.judge.judge(alert, facts, assessed, time, archive);
                    let material = if self.tally.is_new(assessed.pattern) {
                        material_of(alert, facts, &ground.material, assessed.say.category)
                    } else {
                        Vec::new()
                    };
                    let counted = Counted {
                        alert,
                        facts,
                        assessed,
                        judgement: &judgement,
                        time,
                        source: place.source,
                        ordinal,
                    };
                    self.tally.alert(&counted, &material, &mut touched);
                    if index % SAMPLE == 0 {
                        self.latency.record(clock.elapsed().saturating_sub(started));
                    }
                    judged.verdicts.push(Verdicted { ordinal, time, judgement });
                }
            }
        }
        judged.patterns = self.tally.pattern_rows(&touched);
        self.count(place, read);
        judged
    }

    fn count(&mut self, place: &Place, read: &ReadChunk<'_>) {
        let tally = &mut self.tally;
        tally.received += read.found.len() as u64;
        tally.set_aside += read.aside.len() as u64;
        tally.dead += read.dead.len() as u64;
        read.aside.iter().for_each(|kind| tally.aside.add(kind));
        read.dead.iter().for_each(|dead| tally.reasons.add(reason_kind(&dead.broken.reason)));
        if let Some(input) = tally.inputs.get_mut(place.input) {
            input.received += read.found.len() as u64;
            input.judged += read.alerts.len() as u64;
            input.set_aside += read.aside.len() as u64;
            input.dead += read.dead.len() as u64;
            input.bytes += place.bytes;
        }
    }
}

/// The kind of a reason: what stands before the position that JSON errors end with.
fn reason_kind(reason: &str) -> &str {
    reason.split(" at line ").next().unwrap_or(reason)
}
