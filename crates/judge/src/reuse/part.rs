//! Parts a pattern whose alerts are not alike after all: by the immaterial field that separates its verdicts best.
//!
//! Once a pattern's checks fail, each answer on it is noted with the values of the fields that the material table left out.
//! When reuse of the pattern is stopped, the field with the greatest gain of information (Quinlan 1986) parts it, if it
//! explains at least half of what is uncertain; each value is then a pattern of its own. Otherwise every alert is asked about.

use super::Side;
use watchfire_signal::Field;

/// Fields that may part a pattern, the more telling of equal ones first.
pub(crate) const PARTING: [Field; 16] = [
    Field::User,
    Field::TargetUser,
    Field::Process,
    Field::ProcessParent,
    Field::FileHash,
    Field::SourceIp,
    Field::SourceDomain,
    Field::DestinationIp,
    Field::DestinationDomain,
    Field::DestinationPort,
    Field::Url,
    Field::DnsQuestion,
    Field::UserAgent,
    Field::FilePath,
    Field::CommandLine,
    Field::EventAction,
];

/// Answers that are noted, at most.
const MAX_NOTES: usize = 64;
/// Fewer answers of either side say nothing about what separates them.
const FEWEST: usize = 2;
/// What share of the uncertainty a field has to explain.
const EXPLAINS: f64 = 0.5;
/// More values are no parting but a scattering.
const MAX_VALUES: usize = 8;

/// Answers on single alerts of a pattern: the side, and hashes of the values of the fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Vec<(Side, [u64; PARTING.len()])>);

impl Notes {
    pub(crate) fn add(&mut self, side: Side, values: [u64; PARTING.len()]) {
        if self.0.len() < MAX_NOTES {
            self.0.push((side, values));
        }
    }

    /// The field that separates the sides best: its place in [`PARTING`].
    pub(crate) fn best(&self) -> Option<usize> {
        let all = uncertainty(self.0.iter().map(|(side, _)| *side));
        let fewest = [Side::Hostile, Side::Benign, Side::Undecided]
            .map(|side| self.0.iter().filter(|(noted, _)| *noted == side).count());
        if fewest.iter().filter(|&&count| count >= FEWEST).count() < 2 {
            return None;
        }
        (0..PARTING.len())
            .filter_map(|field| {
                let mut values: Vec<u64> = self.0.iter().map(|(_, values)| values[field]).collect();
                values.sort_unstable();
                values.dedup();
                if !(2..=MAX_VALUES).contains(&values.len()) {
                    return None;
                }
                let left: f64 = values
                    .iter()
                    .map(|value| {
                        let with = || self.0.iter().filter(|(_, values)| values[field] == *value);
                        with().count() as f64 / self.0.len() as f64
                            * uncertainty(with().map(|(side, _)| *side))
                    })
                    .sum();
                (all - left >= EXPLAINS * all).then_some((field, left))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(field, _)| field)
    }
}

/// Shannon's entropy of the sides, in bits.
fn uncertainty(sides: impl Iterator<Item = Side>) -> f64 {
    let mut counts = [0_u32; 3];
    for side in sides {
        counts[side as usize] += 1;
    }
    let all = f64::from(counts.iter().sum::<u32>()).max(1.0);
    counts
        .into_iter()
        .filter(|&count| count > 0)
        .map(|count| -f64::from(count) / all * (f64::from(count) / all).log2())
        .sum()
}
