//! Chance, from a seed: the same seed gives the same fleet, on any machine and with any number of threads.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of chance of its own.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of this number; streams of other numbers know nothing of it.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(stream);
        Self(source)
    }

    /// From 0 to 1, and never 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of so many.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// How long until something comes that comes once a second.
    pub(super) fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// How many come where so many are expected.
    ///
    /// By Knuth's product of chances below 30; above, by the normal distribution that it is there to within a few percent of
    /// its width.
    pub(super) fn poisson(&mut self, mean: f64) -> u64 {
        if mean < 30.0 {
            let least = (-mean).exp();
            let mut product = self.unit();
            let mut count = 0;
            while product > least {
                product *= self.unit();
                count += 1;
            }
            return count;
        }
        let (radius, angle) = ((2.0 * self.exponential()).sqrt(), std::f64::consts::TAU * self.unit());
        (mean + mean.sqrt() * radius * angle.cos()).round().max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn counts_have_the_mean_and_the_variance_that_they_should() {
        for mean in [0.01, 0.7, 12.0, 29.0, 31.0, 4_000.0] {
            let mut chance = Chance::new(7, 3);
            let drawn: Vec<f64> = (0..20_000).map(|_| chance.poisson(mean) as f64).collect();
            let found = drawn.iter().sum::<f64>() / 20_000.0;
            let spread = drawn.iter().map(|x| (x - found).powi(2)).sum::<f64>() / 20_000.0;
            let error = 5.0 * (mean / 20_000.0).sqrt();
            assert!((found - mean).abs() < error, "{found} for {mean}");
            assert!((spread / mean - 1.0).abs() < 0.2, "{spread} for {mean}");
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |stream| Chance::new(1, stream).unit().to_bits();
        assert_eq!(draw(4), draw(4));
        assert_ne!(draw(4), draw(5));
    }
}
