//! The most frequent successor: what the predictor is compared with.

use std::collections::HashMap;
use watchfire_judge::propositions::{Distribution, NOTHING};

/// How often each rule was followed by which, and all of them together.
#[derive(Debug, Clone, Default)]
pub(super) struct Frequent {
    after: HashMap<u64, HashMap<u64, u64>>,
    all: HashMap<u64, u64>,
}

/// What somebody says of what comes next.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// The most probable first; ties in a fixed order.
    listed: Vec<(u64, f64)>,
    each_other: f64,
    /// The sum of the squares of all probabilities.
    squares: f64,
    candidates: usize,
}

impl Frequent {
    pub(super) fn learn(&mut self, rule: u64, next: u64) {
        *self.after.entry(rule).or_default().entry(next).or_default() += 1;
        *self.all.entry(next).or_default() += 1;
    }

    /// Relative frequencies of what followed a rule; if nothing ever did, those of what followed any.
    pub(super) fn guess(&self, rule: u64) -> Guess {
        let counts = self.after.get(&rule).unwrap_or(&self.all);
        let possible = || counts.iter().filter(|(next, _)| **next != rule);
        let sum = possible().map(|(_, count)| *count).sum::<u64>() as f64;
        let mut listed: Vec<(u64, f64)> =
            possible().map(|(next, count)| (*next, *count as f64 / sum)).collect();
        listed.sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        Guess { listed, ..Guess::default() }
    }
}

impl From<Distribution> for Guess {
    fn from(distribution: Distribution) -> Self {
        let Distribution { listed, each_other, .. } = distribution;
        Self { listed, each_other, ..Self::default() }
    }
}

impl Guess {
    /// There are so many candidates; who says nothing of any says the same of all.
    pub(super) fn among(mut self, candidates: usize) -> Self {
        // What is not known is always one of them.
        self.candidates = candidates.max(self.listed.len() + 1);
        if self.listed.is_empty() {
            self.each_other = 1.0 / self.candidates as f64;
        }
        let others = (self.candidates - self.listed.len()) as f64;
        self.squares = self.listed.iter().map(|(_, probability)| probability.powi(2)).sum::<f64>()
            + others * self.each_other.powi(2);
        self
    }

    pub(super) fn probability(&self, next: u64) -> f64 {
        let listed = self.listed.iter().find(|(listed, _)| *listed == next);
        listed.map_or(self.each_other, |(_, probability)| *probability)
    }

    /// Brier's score of all candidates (1950), 0–2: the smaller the better.
    pub(super) fn brier(&self, next: u64) -> f64 {
        self.squares - 2.0 * self.probability(next) + 1.0
    }

    /// The chance that a rule is among the first so many of those named.
    pub(super) fn names(&self, next: u64, first: usize) -> f64 {
        let rules = || self.listed.iter().filter(|(rule, _)| *rule != NOTHING);
        if rules().next().is_none() {
            // All the same: as good as drawn by lot.
            return (first as f64 / self.candidates as f64).min(1.0);
        }
        f64::from(u8::from(rules().take(first).any(|(rule, _)| *rule == next)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Frequent, Guess};

    #[test]
    fn what_came_most_often_is_named_first_and_scored_as_brier_did() {
        let mut frequent = Frequent::default();
        for next in [2, 2, 2, 3] {
            frequent.learn(1, next);
        }
        let guess = frequent.guess(1).among(5);
        assert_eq!((guess.names(2, 1), guess.names(3, 1), guess.names(3, 3)), (1.0, 0.0, 1.0));
        assert!((guess.brier(2) - (0.25_f64.powi(2) * 2.0)).abs() < 1e-12);
        assert!((guess.brier(9) - (0.75_f64.powi(2) + 0.25_f64.powi(2) + 1.0)).abs() < 1e-12);
        // What never came before has the frequencies of all, and can't follow itself.
        let guess = frequent.guess(2).among(5);
        assert_eq!((guess.names(3, 1), guess.probability(2)), (1.0, 0.0));
    }

    #[test]
    fn who_knows_nothing_is_as_good_as_the_lot() {
        let guess = Guess::default().among(10);
        assert!((guess.names(7, 3) - 0.3).abs() < 1e-12);
        assert!((guess.brier(7) - (0.9_f64.powi(2) + 9.0 * 0.01)).abs() < 1e-12);
    }
}
