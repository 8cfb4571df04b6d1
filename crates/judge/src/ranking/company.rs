//! What else surprised about the same time: an intrusion shows in several places within minutes, an everyday event in one.

use super::{Candidate, Scene};
use std::collections::HashMap;

/// How far apart two episodes on one machine may begin, in milliseconds.
const NEAR: i64 = 450_000;
/// How far apart two episodes anywhere may begin.
const WIDE: i64 = 3_600_000;
/// How much the company on the machine counts.
const NEAR_WEIGHT: f64 = 2.0;
/// How much the company anywhere counts.
const WIDE_WEIGHT: f64 = 0.75;

/// Gives each episode its weight: its surprise, times what its company makes of it.
pub(super) fn weigh(scenes: &mut [Scene], candidates: &[Candidate<'_>]) {
    let mut by_start: Vec<Scene> = scenes.to_vec();
    by_start.sort_by_key(|scene| scene.start);
    let mut on_host: HashMap<u64, Vec<Scene>> = HashMap::new();
    for scene in &by_start {
        on_host.entry(candidates[scene.pattern].host).or_default().push(*scene);
    }
    let cells = numbered(candidates.iter().map(|candidate| (candidate.host, candidate.sensor)));
    let patterns: Vec<usize> = (0..candidates.len()).collect();
    let mut most = Most(vec![0.0; candidates.len()], Vec::new());
    let company: Vec<(f64, f64)> = scenes
        .iter()
        .map(|scene| {
            let host = candidates[scene.pattern].host;
            let near = most
                .of_each(about(on_host.get(&host).map_or(&[][..], Vec::as_slice), scene, NEAR), &patterns);
            (near, most.of_each(about(&by_start, scene, WIDE), &cells))
        })
        .collect();
    let most = company.iter().fold((1e-9_f64, 1e-9_f64), |most, one| (most.0.max(one.0), most.1.max(one.1)));
    for (scene, (near, wide)) in scenes.iter_mut().zip(company) {
        scene.weight = scene.surprise * (1.0 + NEAR_WEIGHT * near / most.0 + WIDE_WEIGHT * wide / most.1);
    }
}

/// The scenes of other patterns that begin within this reach of a scene.
fn about<'s>(by_start: &'s [Scene], scene: &Scene, reach: i64) -> impl Iterator<Item = &'s Scene> {
    let (start, pattern) = (scene.start, scene.pattern);
    let from = by_start.partition_point(|other| other.start < start.saturating_sub(reach));
    let to = by_start.partition_point(|other| other.start <= start.saturating_add(reach));
    by_start[from..to].iter().filter(move |other| other.pattern != pattern)
}

/// A small number for each thing, the same for the same.
fn numbered(things: impl Iterator<Item = (u64, u64)>) -> Vec<usize> {
    let mut numbers = HashMap::new();
    things
        .map(|thing| {
            let next = numbers.len();
            *numbers.entry(thing).or_insert(next)
        })
        .collect()
}

/// The greatest surprise by cell, and the cells that have one.
struct Most(Vec<f64>, Vec<usize>);

impl Most {
    /// The sum of the most surprising scene of each cell; a scene's cell is that of its pattern.
    fn of_each<'s>(&mut self, scenes: impl Iterator<Item = &'s Scene>, cells: &[usize]) -> f64 {
        let Self(most, touched) = self;
        for scene in scenes {
            let cell = cells[scene.pattern];
            if most[cell] <= 0.0 {
                touched.push(cell);
            }
            most[cell] = most[cell].max(scene.surprise).max(f64::MIN_POSITIVE);
        }
        // In the order of their first scenes, so that the sum is always the same.
        touched.drain(..).map(|cell| std::mem::take(&mut most[cell])).sum()
    }
}
