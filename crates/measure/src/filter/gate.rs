//! How far from the expected is too far.
//!
//! Where the noise is given, the innovation over its standard deviation is a standard normal, and its square has the
//! chi-square distribution with one degree of freedom: the gate is that quantile. Where it is learned, tails are heavier than
//! normal more often than not, and a gate for normal noise rejects one value in fifty of ordinary network traffic. So the
//! tail is learned too: its 98 % quantile by stochastic approximation (H. Robbins and S. Monro 1951), on a
//! logarithmic scale, and the mean excess above it. Excesses over a high threshold are about exponential, so the value that is
//! exceeded with probability `p` is `quantile + excess · ln(0.02 / p)`. This is the idea of SPOT (A. Siffer, P.-A. Fouque,
//! A. Termier and C. Largouët, "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017) with the shape of the tail held at
//! zero, so that it fits into two numbers. What was rejected counts with the gate's width only.

/// The share of values beyond the learned quantile.
const BEYOND: f64 = 0.02;
/// The same quantile and mean excess of a normal distribution: what is believed at first, and the least that is believed.
const NORMAL_QUANTILE: f64 = 2.326;
const NORMAL_EXCESS: f64 = 0.37;
/// The quantile rises by a twentieth with a value beyond it, and falls by what balances that at a share of 0.02:
/// `DOWN = UP^(−0.02 / 0.98)`. Numbers instead of `exp`, whose last digit differs from system to system.
const UP: f64 = 1.05;
const DOWN: f64 = 0.999_004_8;
const EXCESS_RATE: f64 = 0.02;
/// No tail is believed to be heavier than this, so that no series ever is beyond judgement.
const MOST: f64 = 1e3;

/// The tail of a series' normalised innovations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    pub quantile: f64,
    pub excess: f64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { quantile: NORMAL_QUANTILE, excess: NORMAL_EXCESS }
    }
}

impl Tail {
    /// How many standard deviations are exceeded with probability `share`.
    pub(crate) fn gate(&self, share: f64) -> f64 {
        (self.quantile + self.excess * (BEYOND / share).ln().max(0.0)).max(normal_gate(share))
    }

    /// Takes in how many standard deviations a value was off, where `gate` was allowed.
    pub(crate) fn learn(&mut self, deviations: f64, gate: f64) {
        if deviations > self.quantile {
            let excess = deviations.min(gate) - self.quantile;
            self.excess = (self.excess + EXCESS_RATE * (excess - self.excess)).clamp(NORMAL_EXCESS, MOST);
            self.quantile *= UP;
        } else {
            self.quantile *= DOWN;
        }
        self.quantile = self.quantile.clamp(NORMAL_QUANTILE, MOST);
    }
}

/// How many standard deviations a normal variable exceeds, either way, with probability `share` (above 0, at most 1): the root of
/// the chi-square quantile at `1 − share`. By M. Abramowitz and I. A. Stegun, *Handbook of Mathematical Functions*, 26.2.23; off by at
/// most 4.5e-4.
pub(crate) fn normal_gate(share: f64) -> f64 {
    let t = (-2.0 * (share / 2.0).ln()).max(0.0).sqrt();
    let above = 2.515517 + t * (0.802853 + t * 0.010328);
    let below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_gate_is_the_root_of_the_chi_square_quantile() {
        for (share, quantile) in [(0.05, 3.841459), (0.01, 6.634897), (0.001, 10.827566), (1e-4, 15.136705)] {
            assert!((normal_gate(share) - f64::sqrt(quantile)).abs() < 5e-4, "{share}");
        }
    }

    #[test]
    fn a_heavy_tail_widens_the_gate_and_a_calm_one_narrows_it_again() {
        let mut tail = Tail::default();
        let normal = tail.gate(1e-4);
        for index in 0..3_000 {
            tail.learn(if index % 20 == 0 { 9.0 } else { 0.5 }, tail.gate(1e-4));
        }
        let heavy = tail.gate(1e-4);
        assert!(heavy > 9.0, "{heavy}");
        for _ in 0..20_000 {
            tail.learn(0.5, tail.gate(1e-4));
        }
        assert!(tail.gate(1e-4) < heavy / 1.5 && tail.gate(1e-4) >= normal);
    }
}
