//! Opens patterns one by one; what was shown makes lighter what shows the same.

use super::{Candidate, Scene};
use std::collections::HashMap;

/// How far apart two alerts may be that show the same moment, in milliseconds.
const MOMENT: i64 = 3000;
/// How much it counts that the same sensor was opened on the machine, as a power.
const SAME_SENSOR: f64 = 0.65;

/// The order in which to open the candidates.
pub(super) fn open(scenes: &mut [Scene], candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut of_pattern: Vec<Vec<usize>> = vec![Vec::new(); candidates.len()];
    let mut on_host: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, scene) in scenes.iter().enumerate() {
        of_pattern[scene.pattern].push(place);
        on_host.entry(candidates[scene.pattern].host).or_default().push(place);
    }
    let mut rules: HashMap<u64, u32> = HashMap::new();
    let mut sensors: HashMap<(u64, u64), u32> = HashMap::new();
    let mut left: Vec<usize> = (0..candidates.len()).collect();
    let mut opened = Vec::with_capacity(candidates.len());
    while !left.is_empty() {
        let score = |pattern: usize| {
            let Candidate { rule, host, sensor, .. } = candidates[pattern];
            let shown = of_pattern[pattern].iter().map(|&place| {
                let scene = &scenes[place];
                (scene.weight / f64::from((1 + scene.seen).pow(2))).powi(2)
            });
            let sensor = f64::from(1 + sensors.get(&(host, sensor)).copied().unwrap_or(0));
            let rule = f64::from(1 + rules.get(&rule).copied().unwrap_or(0));
            let score = shown.sum::<f64>().sqrt() / sensor.powf(SAME_SENSOR) / rule;
            // Sums in another order must not change who is first.
            (score * 1e12).round()
        };
        let best = left
            .iter()
            .enumerate()
            .max_by(|a, b| score(*a.1).total_cmp(&score(*b.1)).then(b.1.cmp(a.1)))
            .map(|(place, _)| place);
        let Some(best) = best else { break };
        let pattern = left.remove(best);
        opened.push(pattern);
        let Candidate { rule, host, sensor, trace, .. } = candidates[pattern];
        *rules.entry(rule).or_default() += 1;
        *sensors.entry((host, sensor)).or_default() += 1;
        for &place in on_host.get(&host).into_iter().flatten() {
            let scene = &mut scenes[place];
            let seen = trace.was_seen(scene.start.saturating_sub(MOMENT), scene.end.saturating_add(MOMENT));
            if scene.pattern != pattern && seen {
                scene.seen += 1;
            }
        }
    }
    opened
}
