//! Chance, from a seed.
//!
//! Every source of records draws from a stream of its own of the same seed, so that changing one source does not
//! reshuffle the others. Ranges are made from the raw 64-bit numbers here, because `rand` reserves the right to change
//! its way of doing that between versions, and these files must come out the same byte for byte.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A repeatable source of choices.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The choices of one stream of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut numbers = ChaCha8Rng::seed_from_u64(seed);
        numbers.set_stream(stream);
        Self(numbers)
    }

    /// A number from 0 up to, but not including, `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // Multiply and shift (Lemire): the bias is below 2⁻⁴⁰ for every range used here.
        ((u128::from(self.0.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True in so many cases of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the items, of which there must be some.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// One of the items, each as likely as its weight says. There must be some.
    pub fn weighted<'a, T>(&mut self, items: &'a [(u32, T)]) -> &'a T {
        let total = items.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (weight, item) in items {
            let weight = u64::from(*weight);
            if left < weight {
                return item;
            }
            left -= weight;
        }
        &items[items.len() - 1].1
    }

    /// So many lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        self.letters("0123456789abcdef", digits)
    }

    /// So many characters out of an alphabet of ASCII characters.
    pub fn letters(&mut self, alphabet: &str, count: usize) -> String {
        (0..count).map(|_| char::from(*self.pick(alphabet.as_bytes()))).collect()
    }

    /// A random (version 4) UUID.
    pub fn uuid(&mut self) -> String {
        let variant = *self.pick(&['8', '9', 'a', 'b']);
        format!("{}-{}-4{}-{variant}{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    /// A port that a client would be given.
    pub fn port(&mut self) -> u16 {
        self.between(32_768, 60_999) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_and_a_stream_decide_everything() {
        let numbers = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            (0..8).map(|_| dice.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1, 1), numbers(1, 1));
        assert_ne!(numbers(1, 1), numbers(1, 2));
        assert_ne!(numbers(1, 1), numbers(2, 1));
    }

    #[test]
    fn every_number_of_a_range_comes_up_and_none_outside() {
        let mut dice = Dice::new(7, 0);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[(dice.between(5, 10) - 5) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 60), "{seen:?}");
        assert_eq!(Dice::new(7, 0).uuid().len(), 36);
    }
}
