//! Alerts over time, whatever the span.

use crate::summary::{Count, Counts, Timeline};
use hashbrown::HashMap;
use watchfire_signal::{Severity, Timestamp};

/// Cells that are kept before steps are made longer.
const MAX_CELLS: usize = 4096;
/// Steps in the finished timeline.
const MAX_STEPS: i64 = 240;
/// Hours that are counted apart: eleven years.
const MAX_HOURS: usize = 100_000;
const HOUR_MS: i64 = 3_600_000;

/// Collects alerts by time and severity. Steps start at one second and double whenever there are too many.
#[derive(Debug)]
pub(crate) struct TimelineBuilder {
    step_ms: i64,
    cells: HashMap<i64, [u64; 7]>,
    hours: HashMap<i64, u64>,
}

impl TimelineBuilder {
    pub(crate) fn new() -> Self {
        Self { step_ms: 1000, cells: HashMap::new(), hours: HashMap::new() }
    }

    pub(crate) fn add(&mut self, time: i64, severity: Severity) {
        self.cells.entry(time.div_euclid(self.step_ms)).or_default()[usize::from(severity.id())] += 1;
        if self.cells.len() > MAX_CELLS {
            self.coarsen();
        }
        let hour = time.div_euclid(HOUR_MS);
        if self.hours.len() < MAX_HOURS || self.hours.contains_key(&hour) {
            *self.hours.entry(hour).or_default() += 1;
        }
    }

    fn coarsen(&mut self) {
        self.step_ms *= 2;
        let mut cells: HashMap<i64, [u64; 7]> = HashMap::new();
        for (index, counts) in self.cells.drain() {
            let cell = cells.entry(index.div_euclid(2)).or_default();
            cell.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        self.cells = cells;
    }

    pub(crate) fn finish(mut self) -> Timeline {
        loop {
            let Some(first) = self.cells.keys().min().copied() else { return Timeline::default() };
            let last = self.cells.keys().max().copied().unwrap_or(first);
            if last - first < MAX_STEPS {
                let mut steps = vec![[0; 7]; (last - first + 1) as usize];
                for (index, counts) in self.cells {
                    steps[(index - first) as usize] = counts;
                }
                return Timeline { start_ms: first * self.step_ms, step_ms: self.step_ms, steps };
            }
            self.coarsen();
        }
    }

    pub(crate) fn busiest_hours(&self, count: usize) -> Counts {
        let mut hours: Vec<(i64, u64)> = self.hours.iter().map(|(&hour, &alerts)| (hour, alerts)).collect();
        hours.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let name = |hour: i64| {
            Timestamp::from_millis(hour * HOUR_MS).map_or_else(String::new, |time| time.to_string())
        };
        hours.into_iter().take(count).map(|(hour, alerts)| Count { name: name(hour), alerts }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_STEPS, TimelineBuilder};
    use watchfire_signal::Severity;

    #[test]
    fn any_span_fits_and_nothing_is_lost() {
        for span in [1_i64, 60_000, 86_400_000, 400 * 86_400_000] {
            let mut builder = TimelineBuilder::new();
            for index in 0..10_000 {
                builder.add(1_700_000_000_000 + span * index / 10_000, Severity::Low);
            }
            let timeline = builder.finish();
            assert!(timeline.steps.len() as i64 <= MAX_STEPS);
            assert_eq!(timeline.steps.iter().flatten().sum::<u64>(), 10_000);
        }
        assert_eq!(TimelineBuilder::new().finish().step_ms, 0);
    }
}
