//! Opens patterns one by one; what was shown makes lighter what shows the same.

use super::{Candidate, Scene};
use std::collections::HashMap;

/// How far apart two alerts may be that show the same moment, in milliseconds.
const MOMENT: i64 = 3000;
/// How much it counts that the same sensor was opened on the machine, as a power.
const SAME_SENSOR: f64 = 0.65;

/// The order in which to open the candidates.
pub(super) fn open(scenes: &mut [Scene], candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut table = Table::of(scenes, candidates);
    let mut scores: Vec<f64> = (0..candidates.len()).map(|pattern| table.score(scenes, pattern)).collect();
    let mut left: Vec<usize> = (0..candidates.len()).collect();
    let mut opened = Vec::with_capacity(candidates.len());
    while !left.is_empty() {
        let best = left
            .iter()
            .enumerate()
            .max_by(|a, b| scores[*a.1].total_cmp(&scores[*b.1]).then(b.1.cmp(a.1)))
            .map(|(place, _)| place);
        let Some(best) = best else { break };
        let pattern = left.remove(best);
        opened.push(pattern);
        // Only what is of the same rule or on the same machine is worth less now.
        for other in table.opened(scenes, pattern) {
            scores[other] = table.score(scenes, other);
        }
    }
    opened
}

/// What was opened so far, and where patterns and their scenes are found.
struct Table<'c> {
    candidates: &'c [Candidate<'c>],
    of_pattern: Vec<Vec<usize>>,
    scenes_on: HashMap<u64, Vec<usize>>,
    patterns_on: HashMap<u64, Vec<usize>>,
    patterns_of: HashMap<u64, Vec<usize>>,
    rules: HashMap<u64, u32>,
    sensors: HashMap<(u64, u64), u32>,
}

impl<'c> Table<'c> {
    fn of(scenes: &[Scene], candidates: &'c [Candidate<'c>]) -> Self {
        let mut table = Self {
            candidates,
            of_pattern: vec![Vec::new(); candidates.len()],
            scenes_on: HashMap::new(),
            patterns_on: HashMap::new(),
            patterns_of: HashMap::new(),
            rules: HashMap::new(),
            sensors: HashMap::new(),
        };
        for (place, scene) in scenes.iter().enumerate() {
            table.of_pattern[scene.pattern].push(place);
            table.scenes_on.entry(candidates[scene.pattern].host).or_default().push(place);
        }
        for (place, candidate) in candidates.iter().enumerate() {
            table.patterns_on.entry(candidate.host).or_default().push(place);
            table.patterns_of.entry(candidate.rule).or_default().push(place);
        }
        table
    }

    fn score(&self, scenes: &[Scene], pattern: usize) -> f64 {
        let Candidate { rule, host, sensor, .. } = self.candidates[pattern];
        let shown = self.of_pattern[pattern].iter().map(|&place| {
            let scene = &scenes[place];
            (scene.weight / f64::from((1 + scene.seen).pow(2))).powi(2)
        });
        let sensor = f64::from(1 + self.sensors.get(&(host, sensor)).copied().unwrap_or(0));
        let rule = f64::from(1 + self.rules.get(&rule).copied().unwrap_or(0));
        let score = shown.sum::<f64>().sqrt() / sensor.powf(SAME_SENSOR) / rule;
        // Sums in another order must not change who is first.
        (score * 1e12).round()
    }

    /// Takes in that a pattern was opened; returns the patterns whose score that may change.
    fn opened(&mut self, scenes: &mut [Scene], pattern: usize) -> Vec<usize> {
        let Candidate { rule, host, sensor, trace, .. } = self.candidates[pattern];
        *self.rules.entry(rule).or_default() += 1;
        *self.sensors.entry((host, sensor)).or_default() += 1;
        for &place in self.scenes_on.get(&host).into_iter().flatten() {
            let scene = &mut scenes[place];
            let seen = trace.was_seen(scene.start.saturating_sub(MOMENT), scene.end.saturating_add(MOMENT));
            if scene.pattern != pattern && seen {
                scene.seen = scene.seen.saturating_add(1).min(1000);
            }
        }
        let on = self.patterns_on.get(&host).into_iter().flatten();
        on.chain(self.patterns_of.get(&rule).into_iter().flatten()).copied().collect()
    }
}
