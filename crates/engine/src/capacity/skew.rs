//! What share of all alerts the busiest worker has.
//!
//! An alert's entity is its key, the key's hash says which partition, and partitions are handed to workers so that each has
//! as many as the others, whatever is in them. So the busiest worker has more than its share: of few partitions, because
//! the heaviest entities meet in one; of many workers, because nobody can have less than one partition.
//!
//! The share is the mean over drawn ways of hashing and handing out. More workers never make it larger, which a mean of
//! few draws need not know; so it is found for a fixed ladder of numbers of workers, brought to where it never rises, and
//! read off between the steps.

use super::Scenario;
use super::chance::Chance;
use super::zipf;

/// Entities that are hashed one by one; all others are spread evenly.
const HASHED: usize = 4_096;
/// Ways of hashing and handing out that are drawn.
const DRAWS: u64 = 24;

/// What workers and partitions have, as shares of all alerts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Skew {
    /// The busiest worker.
    pub(super) worker: f64,
    /// The fullest partition.
    pub(super) partition: f64,
}

/// Numbers of workers: every one up to 16, then three halves and four thirds in turn.
fn ladder(partitions: usize) -> Vec<usize> {
    let mut steps: Vec<usize> = (1..=16.min(partitions)).collect();
    let mut step = 16;
    while step < partitions {
        steps.push((step + step / 2).min(partitions));
        step *= 2;
        steps.push(step.min(partitions));
    }
    steps.dedup();
    steps
}

pub(super) fn skew(scenario: &Scenario) -> Skew {
    let partitions = scenario.partitions as usize;
    let (entities, rest) = zipf::shares(scenario.entities, scenario.entity_zipf, HASHED);
    let steps = ladder(partitions);
    let mut means = vec![0.0_f64; steps.len()];
    let mut fullest = 0.0;
    for draw in 0..DRAWS {
        let mut chance = Chance::new(scenario.seed, u64::MAX - draw);
        let mut loads = vec![rest / partitions as f64; partitions];
        for share in &entities {
            loads[chance.below(partitions)] += share;
        }
        fullest += loads.iter().copied().fold(0.0, f64::max) / DRAWS as f64;
        // They are handed out as they come, which is by chance already: an entity's partition is.
        let sums: Vec<f64> = std::iter::once(0.0)
            .chain(loads.iter().scan(0.0, |sum, load| {
                *sum += load;
                Some(*sum)
            }))
            .collect();
        for (mean, workers) in means.iter_mut().zip(&steps) {
            let busiest = (0..*workers)
                .map(|worker| sums[(worker + 1) * partitions / workers] - sums[worker * partitions / workers])
                .fold(0.0, f64::max);
            *mean += busiest / DRAWS as f64;
        }
    }
    for step in 1..means.len() {
        means[step] = means[step].min(means[step - 1]);
    }
    Skew { worker: read_off(&steps, &means, scenario.workers as usize).min(1.0), partition: fullest.min(1.0) }
}

/// The value at `workers`, between two steps as a straight line.
fn read_off(steps: &[usize], means: &[f64], workers: usize) -> f64 {
    let above = steps.partition_point(|step| *step < workers);
    let Some(step) = steps.get(above) else {
        // Workers beyond one a partition have nothing to do.
        return means.last().copied().unwrap_or(1.0);
    };
    if *step == workers || above == 0 {
        return means[above];
    }
    let (low, high) = (steps[above - 1] as f64, *step as f64);
    let way = (workers as f64 - low) / (high - low);
    means[above - 1] + way * (means[above] - means[above - 1])
}

#[cfg(test)]
mod tests {
    use super::skew;
    use crate::capacity::Scenario;

    fn busiest(workers: u64, partitions: u64, entities: u64, entity_zipf: f64) -> f64 {
        skew(&Scenario { workers, partitions, entities, entity_zipf, ..Scenario::default() }).worker
    }

    #[test]
    fn many_equal_keys_are_shared_evenly() {
        assert!((busiest(1, 64, 1_000_000, 0.0) - 1.0).abs() < 1e-9);
        assert!((busiest(8, 64, 1_000_000_000, 0.0) - 0.125).abs() < 1e-3);
    }

    #[test]
    fn one_key_is_one_workers() {
        assert!((busiest(5, 64, 1, 1.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn workers_beyond_the_partitions_have_nothing_to_do() {
        assert_eq!(busiest(6, 6, 40, 1.0).to_bits(), busiest(600, 6, 40, 1.0).to_bits());
    }

    #[test]
    fn more_workers_never_leave_the_busiest_with_more() {
        for partitions in [1, 6, 12, 100, 1_000] {
            let shares: Vec<f64> = (1..200).map(|workers| busiest(workers, partitions, 500, 1.2)).collect();
            assert!(shares.windows(2).all(|pair| pair[1] <= pair[0]), "{partitions}");
        }
    }
}
