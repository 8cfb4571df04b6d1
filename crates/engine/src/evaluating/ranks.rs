//! In which order an analyst would come across the patterns of a scenario, who knows no label.

use super::figures::Step;
use std::collections::HashMap;
use watchfire_judge::ranking::{Candidate, Trace, rank, sensor, weight};
use watchfire_judge::{Assessed, Judgement};
use watchfire_signal::{Alert, Priority, Verdict};

/// The patterns of a scenario, in the order of their first alerts.
#[derive(Default)]
pub(super) struct Ranks {
    patterns: Vec<Pattern>,
    places: HashMap<i64, usize>,
    /// Time of the first alert.
    origin: i64,
}

/// A pattern, as an analyst comes across it.
struct Pattern {
    priority: Priority,
    /// The verdict of its most urgent alert.
    verdict: Verdict,
    trace: Trace,
    rule: u64,
    host: u64,
    sensor: u64,
    /// Places of its steps.
    steps: Vec<usize>,
}

impl Pattern {
    fn candidate(&self) -> Candidate<'_> {
        let Self { trace, rule, host, sensor, .. } = self;
        let weight = weight(self.priority, self.verdict);
        Candidate { trace, rule: *rule, host: *host, sensor: *sensor, weight }
    }
}

impl Ranks {
    /// Takes in an alert as it was judged without labels, and the step it belongs to.
    pub(super) fn add(
        &mut self,
        alert: &Alert<'_>,
        assessed: &Assessed,
        judgement: &Judgement,
        time: i64,
        step: Option<usize>,
    ) {
        if self.patterns.is_empty() {
            self.origin = time;
        }
        let place = *self.places.entry(assessed.pattern).or_insert(self.patterns.len());
        if place == self.patterns.len() {
            self.patterns.push(Pattern {
                priority: Priority::default(),
                verdict: Verdict::Unknown,
                trace: Trace::default(),
                rule: assessed.entities.rule,
                host: assessed.entities.asset,
                sensor: sensor(alert),
                steps: Vec::new(),
            });
        }
        let Some(pattern) = self.patterns.get_mut(place) else { return };
        if judgement.priority >= pattern.priority {
            (pattern.priority, pattern.verdict) = (judgement.priority, judgement.decision.verdict);
        }
        pattern.trace.add(time, self.origin);
        if let Some(step) = step.filter(|step| !pattern.steps.contains(step)) {
            pattern.steps.push(step);
        }
    }

    /// How many patterns there are.
    pub(super) fn len(&self) -> u64 {
        self.patterns.len() as u64
    }

    /// Writes down with each step when an analyst would see it.
    pub(super) fn number(&self, steps: &mut [Step]) {
        let candidates: Vec<Candidate<'_>> = self.patterns.iter().map(Pattern::candidate).collect();
        for (opened, place) in rank(&candidates).into_iter().enumerate() {
            for &step in self.patterns.get(place).map_or(&[][..], |pattern| &pattern.steps) {
                if let Some(step) = steps.get_mut(step).filter(|step| step.opened_as == 0) {
                    step.opened_as = opened as u64 + 1;
                }
            }
        }
    }
}
