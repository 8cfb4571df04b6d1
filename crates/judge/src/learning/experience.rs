//! What was learned of one rule.

use crate::statistics::binomial::quantile;

/// How sure the bound is.
const CREDIBILITY: f64 = 0.95;
/// The prior of a rule on a quiet machine, as a beta distribution of the share of attacks: most rules are never one.
const QUIET: (f64, f64) = (0.05, 0.5);
/// On a hot one: a rule is either always part of the attack or never.
const HOT: (f64, f64) = (0.1, 0.1);
/// What an episode on a quiet machine counts for a hot one, if the rule was never part of an attack anywhere.
const CARRIED: f64 = 0.1;
/// Longest name of a rule.
const MAX_NAME: usize = 200;

/// Episodes of a rule on machines of one kind, weighted by who decided.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cell {
    /// Harmless ones.
    pub harmless: f64,
    /// Those that were part of an attack.
    pub hostile: f64,
}

/// What was learned of one rule.
#[derive(Debug, Clone, Default)]
pub struct Experience {
    /// The rule, for people.
    pub name: String,
    /// On quiet machines.
    pub quiet: Cell,
    /// On machines where something hostile had been found within half an hour.
    pub hot: Cell,
    /// The most harmless alerts of a machine in an hour.
    pub peak: u64,
    /// The bounds for quiet and hot machines, once they were worked out.
    bounds: [Option<f64>; 2],
}

impl Experience {
    pub(super) fn of(name: &str) -> Self {
        Self { name: name.chars().take(MAX_NAME).collect(), ..Self::default() }
    }

    /// The cell of this kind of machines.
    pub fn cell(&self, is_hot: bool) -> Cell {
        if is_hot { self.hot } else { self.quiet }
    }

    pub(super) fn add(&mut self, is_hot: bool, is_hostile: bool, weight: f64) {
        let cell = if is_hot { &mut self.hot } else { &mut self.quiet };
        let side = if is_hostile { &mut cell.hostile } else { &mut cell.harmless };
        *side += weight;
        self.bounds = [None; 2];
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (own, theirs) in [(&mut self.quiet, &other.quiet), (&mut self.hot, &other.hot)] {
            own.harmless += theirs.harmless;
            own.hostile += theirs.hostile;
        }
        self.peak = self.peak.max(other.peak);
        self.bounds = [None; 2];
    }

    /// What the share of attacks is at most, 0–1, with 95 % credibility.
    pub fn at_most(&mut self, is_hot: bool) -> f64 {
        let place = usize::from(is_hot);
        if let Some(known) = self.bounds[place] {
            return known;
        }
        let bound = self.share_at_most(is_hot);
        self.bounds[place] = Some(bound);
        bound
    }

    /// The same, worked out anew.
    pub fn share_at_most(&self, is_hot: bool) -> f64 {
        let cell = self.cell(is_hot);
        let (hostile, mut harmless) = if is_hot { HOT } else { QUIET };
        if is_hot && self.quiet.hostile + self.hot.hostile == 0.0 {
            harmless += CARRIED * self.quiet.harmless;
        }
        quantile(hostile + cell.hostile, harmless + cell.harmless, CREDIBILITY)
    }
}
