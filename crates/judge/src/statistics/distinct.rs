//! How many different things were seen, exactly for few and about right for many, in bounded memory.

use smallvec::SmallVec;

/// Up to this many are counted exactly.
const EXACT: usize = 24;
/// Bits of the sketch that takes over.
const BITS: usize = 1024;

/// Counts distinct 64-bit hashes: exactly up to 24, by linear counting (Whang et al. 1990) up to about 4,000 with an
/// error of a few percent, and "4,000 or more" beyond.
#[derive(Debug, Clone, Default)]
pub struct Distinct {
    exact: SmallVec<[u64; 2]>,
    sketch: Option<Box<[u64; BITS / 64]>>,
}

impl Distinct {
    /// Adds one. Returns whether it is new, as far as can be told.
    pub fn insert(&mut self, hash: u64) -> bool {
        if let Some(sketch) = &mut self.sketch {
            return set(sketch, hash);
        }
        if self.exact.contains(&hash) {
            return false;
        }
        if self.exact.len() < EXACT {
            self.exact.push(hash);
            return true;
        }
        let mut sketch = Box::new([0; BITS / 64]);
        for known in std::mem::take(&mut self.exact) {
            set(&mut sketch, known);
        }
        let new = set(&mut sketch, hash);
        self.sketch = Some(sketch);
        new
    }

    /// Adds everything that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for &hash in &other.exact {
            self.insert(hash);
        }
        let Some(theirs) = &other.sketch else { return };
        let ours = self.sketch.get_or_insert_with(|| Box::new([0; BITS / 64]));
        for hash in std::mem::take(&mut self.exact) {
            set(ours, hash);
        }
        ours.iter_mut().zip(theirs.iter()).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        let Some(sketch) = &self.sketch else { return self.exact.len() as u64 };
        let zeros = sketch.iter().map(|word| word.count_zeros()).sum::<u32>().max(1);
        (BITS as f64 * (BITS as f64 / f64::from(zeros)).ln()).round() as u64
    }
}

fn set(sketch: &mut [u64; BITS / 64], hash: u64) -> bool {
    // Fibonacci hashing: the high bits of the product depend on all bits of the hash.
    let bit = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize % BITS;
    let word = &mut sketch[bit / 64];
    let new = *word & (1 << (bit % 64)) == 0;
    *word |= 1 << (bit % 64);
    new
}

#[cfg(test)]
mod tests {
    use super::Distinct;
    use std::hash::{DefaultHasher, Hash, Hasher};

    fn spread(value: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn merging_counts_what_either_has_seen_once() {
        for (left, right) in [(0..10, 5..20), (0..10, 0..500), (0..500, 490..510), (0..500, 300..900)] {
            let count = |range: std::ops::Range<u64>| {
                let mut distinct = Distinct::default();
                for value in range {
                    distinct.insert(spread(value));
                }
                distinct
            };
            let (mut merged, both) = (count(left.clone()), count(left.start..right.end.max(left.end)));
            merged.merge(&count(right));
            assert_eq!(merged.count(), both.count());
        }
    }

    #[test]
    fn few_are_exact_and_many_are_about_right() {
        let mut distinct = Distinct::default();
        for round in 0..2 {
            for value in 0..24_u64 {
                assert_eq!(distinct.insert(spread(value)), round == 0);
            }
        }
        assert_eq!(distinct.count(), 24);
        for value in 24..1000_u64 {
            distinct.insert(spread(value));
        }
        let count = distinct.count();
        assert!((900..=1100).contains(&count), "{count}");
    }
}
