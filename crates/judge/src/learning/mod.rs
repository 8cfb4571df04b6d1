//! What is learned from those who decide: which rules are harmless, and when that holds.
//!
//! To an analyst: *in the last N hours in which this rule came on a machine, none (or k) were part of an attack; with 95 %
//! credibility fewer than 4.5 % are; so nobody is asked.* Two things make that safe enough to be of use:
//!
//! - **Heat.** What happens on a machine where something hostile was found within half an hour is learned and told apart from
//!   what happens elsewhere. Many rules are never part of an attack on a quiet machine and always on a hot one.
//! - **Abstention.** What is known of a rule is a beta distribution, from a prior for rules nobody knows, and the rule speaks
//!   only if even its unfavourable end is small. It never says *hostile*, and never anything where rules or intelligence
//!   set a floor. Where a rule comes more than four times as often in an hour as it ever harmlessly did, it is silent.
//!
//! An episode is one rule on one machine in one clock hour: a thousand alerts of it say no more than one. What was learned
//! is never learned from again; only answers of those who were asked count, and hostile ones at once.
//!
//! Rates per rule are smoothed as in Gelman et al., *Bayesian Data Analysis*, ch. 5. The priors are the middle of those that
//! fit best for rules of three out of four networks; `docs/eval.md` says what holds on the fourth.

mod experience;
mod teacher;
#[cfg(test)]
mod tests;

pub use experience::{Cell, Experience};
pub use teacher::{Teacher, pair};

use crate::statistics::BoundedMap;

/// For how long a machine is hot after something hostile was found there, in milliseconds.
pub const HOT_MS: i64 = 1_800_000;
/// Rules that are known, at most; the one that came up longest ago goes.
const BOUND: usize = 57_344;
/// As many times the greatest harmless number in an hour are a jump.
const JUMP: u64 = 4;
/// A rule that came seldom may come as often as this before it can jump.
const FEW: u64 = 2;

/// What was learned of each rule.
#[derive(Debug, Clone)]
pub struct Learned {
    rules: BoundedMap<u64, Experience>,
    /// The share of attacks that counts as harmless, 0–1.
    pub harmless_below: f64,
}

/// Why a rule is harmless here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmless {
    /// The share of attacks among its episodes is at most this, 0–1, with 95 % credibility.
    pub at_most: f64,
    /// Episodes that were known.
    pub episodes: f64,
    /// Those of them that were part of an attack.
    pub hostile: f64,
    /// More alerts than this in an hour are a jump.
    pub jump: u64,
}

impl Default for Learned {
    fn default() -> Self {
        Self { rules: BoundedMap::new(BOUND), harmless_below: 0.045 }
    }
}

impl Learned {
    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What is known of each rule, in no order.
    pub fn experiences(&self) -> impl Iterator<Item = &Experience> {
        self.rules.values()
    }

    /// Whether a rule is harmless on a machine that is hot or not, where it comes for the `in_hour`th time in this hour.
    pub fn harmless(&mut self, rule: u64, is_hot: bool, in_hour: u64) -> Option<Harmless> {
        self.rules.get(&rule)?;
        let bound = self.harmless_below;
        let known = self.rules.entry(rule, Experience::default);
        let jump = JUMP * known.peak.max(FEW);
        if in_hour > jump {
            return None;
        }
        let at_most = known.at_most(is_hot);
        let cell = known.cell(is_hot);
        (at_most <= bound).then_some(Harmless {
            at_most,
            episodes: cell.harmless + cell.hostile,
            hostile: cell.hostile,
            jump,
        })
    }

    /// An episode of a rule counts with this weight.
    pub fn add(&mut self, rule: u64, name: &str, is_hot: bool, is_hostile: bool, weight: f64) {
        let known = self.rules.entry(rule, || Experience::of(name));
        known.add(is_hot, is_hostile, weight);
    }

    /// A rule harmlessly came this often in an hour on a machine.
    pub fn peak(&mut self, rule: u64, name: &str, in_hour: u64) {
        let known = self.rules.entry(rule, || Experience::of(name));
        known.peak = known.peak.max(in_hour);
    }

    /// Takes in what somebody else learned.
    pub fn merge(&mut self, other: &Self) {
        for (rule, theirs) in other.rules.iter() {
            self.rules.entry(*rule, || Experience::of(&theirs.name)).merge(theirs);
        }
    }

    /// Forgets a rule; says whether it was known.
    pub fn forget(&mut self, rule: u64) -> bool {
        self.rules.remove(&rule).is_some()
    }
}
