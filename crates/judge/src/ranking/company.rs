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
    let mut by_start: Vec<usize> = (0..scenes.len()).collect();
    by_start.sort_by_key(|&scene| scenes[scene].start);
    let about = |scene: Scene, reach: i64| {
        let from = by_start.partition_point(|&other| scenes[other].start < scene.start.saturating_sub(reach));
        let to = by_start.partition_point(|&other| scenes[other].start <= scene.start.saturating_add(reach));
        by_start[from..to]
            .iter()
            .map(|&other| scenes[other])
            .filter(move |other| other.pattern != scene.pattern)
    };
    let mut company: Vec<(f64, f64)> = Vec::with_capacity(scenes.len());
    for scene in &*scenes {
        let host = candidates[scene.pattern].host;
        let on_host = about(*scene, NEAR).filter(|other| candidates[other.pattern].host == host);
        let near = most_of_each(on_host.map(|other| (other.pattern as u64, 0, other.surprise)));
        let anywhere = about(*scene, WIDE).map(|other| {
            let candidate = &candidates[other.pattern];
            (candidate.host, candidate.sensor, other.surprise)
        });
        company.push((near, most_of_each(anywhere)));
    }
    let most = company.iter().fold((1e-9_f64, 1e-9_f64), |most, one| (most.0.max(one.0), most.1.max(one.1)));
    for (scene, (near, wide)) in scenes.iter_mut().zip(company) {
        scene.weight = scene.surprise * (1.0 + NEAR_WEIGHT * near / most.0 + WIDE_WEIGHT * wide / most.1);
    }
}

/// The sum of the most surprising of each cell.
fn most_of_each(scenes: impl Iterator<Item = (u64, u64, f64)>) -> f64 {
    let mut most: HashMap<(u64, u64), f64> = HashMap::new();
    // In the order of their first ones, so that the sum is always the same.
    let mut cells = Vec::new();
    for (one, other, surprise) in scenes {
        let known = most.entry((one, other)).or_insert_with(|| {
            cells.push((one, other));
            0.0
        });
        *known = known.max(surprise);
    }
    cells.iter().map(|cell| most[cell]).sum()
}
