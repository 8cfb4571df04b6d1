//! What analysts decided before: on this very pattern, and on others of the same rule.
//!
//! A decision on the pattern itself is the last word. For patterns that nobody decided on, the share of hostile
//! decisions on other patterns of the same rule is a base rate; with few decisions that says little, so it counts only
//! when even the unfavourable end of its confidence interval is on one side. Everywhere else history abstains.

use hashbrown::HashMap;
use watchfire_signal::Verdict;

/// A share of hostile decisions whose upper bound is below this makes a rule benign.
const BENIGN_BELOW: f64 = 0.05;
/// A share whose lower bound is above this makes it hostile.
const HOSTILE_ABOVE: f64 = 0.8;
/// One-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.645;

/// What analysts decided.
#[derive(Debug, Clone, Default)]
pub struct History {
    patterns: HashMap<[u8; 16], AnalystWord>,
    rules: HashMap<String, BaseRate>,
}

/// An analyst's decision on a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalystWord {
    /// What was decided.
    pub verdict: Verdict,
    /// Who decided.
    pub analyst: String,
    /// Why, in their words.
    pub reason: String,
}

/// How often a rule's patterns were found hostile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BaseRate {
    /// Patterns found hostile.
    pub hostile: u32,
    /// Patterns found benign.
    pub benign: u32,
}

impl BaseRate {
    /// The bounds of the share of hostile patterns, each held with 95 % confidence: Wilson's score interval (1927).
    pub fn bounds(self) -> (f64, f64) {
        let n = f64::from(self.hostile + self.benign);
        if n == 0.0 {
            return (0.0, 1.0);
        }
        let share = f64::from(self.hostile) / n;
        let z2 = Z * Z;
        let centre = share + z2 / (2.0 * n);
        let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
    }

    /// What it says of the next pattern, if it is sure: a verdict and its confidence.
    pub fn verdict(self) -> Option<(Verdict, f64)> {
        let (low, high) = self.bounds();
        if high < BENIGN_BELOW {
            Some((Verdict::BenignPositive, 1.0 - high))
        } else if low > HOSTILE_ABOVE {
            Some((Verdict::TruePositive, low))
        } else {
            None
        }
    }
}

impl History {
    /// Takes in a decision on a pattern, given in the order in which they were made; a later one on the same pattern
    /// replaces the earlier. `rule` is the rule's identity, as [`rule_key`](crate::rule_key) gives it.
    pub fn add(&mut self, stem: [u8; 16], rule: &str, word: AnalystWord) {
        let count = |rate: &mut BaseRate, verdict: Verdict, by: i64| {
            let side = if verdict.is_hostile() {
                &mut rate.hostile
            } else if verdict.is_benign() {
                &mut rate.benign
            } else {
                return;
            };
            *side = (i64::from(*side) + by).max(0) as u32;
        };
        let rate = self.rules.entry(rule.to_owned()).or_default();
        count(rate, word.verdict, 1);
        if let Some(before) = self.patterns.insert(stem, word) {
            count(rate, before.verdict, -1);
        }
    }

    /// What was decided on this pattern.
    pub fn on_pattern(&self, stem: &[u8; 16]) -> Option<&AnalystWord> {
        self.patterns.get(stem)
    }

    /// What was decided on the patterns of this rule.
    pub fn on_rule(&self, rule: &str) -> BaseRate {
        self.rules.get(rule).copied().unwrap_or_default()
    }

    /// Whether nobody decided anything.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{AnalystWord, BaseRate, History};
    use watchfire_signal::Verdict;

    fn word(verdict: Verdict) -> AnalystWord {
        AnalystWord { verdict, analyst: "ana".to_owned(), reason: String::new() }
    }

    #[test]
    fn a_base_rate_speaks_only_when_it_is_sure() {
        assert_eq!(BaseRate { hostile: 0, benign: 10 }.verdict(), None);
        assert_eq!(
            BaseRate { hostile: 0, benign: 60 }.verdict().map(|(verdict, _)| verdict),
            Some(Verdict::BenignPositive)
        );
        assert_eq!(BaseRate { hostile: 1, benign: 60 }.verdict(), None);
        assert_eq!(BaseRate { hostile: 4, benign: 0 }.verdict(), None);
        assert_eq!(
            BaseRate { hostile: 15, benign: 0 }.verdict().map(|(verdict, _)| verdict),
            Some(Verdict::TruePositive)
        );
    }

    #[test]
    fn wilsons_interval_is_wilsons() {
        // One-sided z = 1.645, 1 of 10: computed by hand from the formula.
        let (low, high) = BaseRate { hostile: 1, benign: 9 }.bounds();
        assert!((low - 0.0231).abs() < 5e-4 && (high - 0.3441).abs() < 5e-3, "{low} {high}");
    }

    #[test]
    fn a_second_decision_on_a_pattern_replaces_the_first() {
        let mut history = History::default();
        history.add([1; 16], "r", word(Verdict::TruePositive));
        history.add([1; 16], "r", word(Verdict::BenignPositive));
        assert_eq!(history.on_rule("r"), BaseRate { hostile: 0, benign: 1 });
        assert_eq!(history.on_pattern(&[1; 16]).map(|word| word.verdict), Some(Verdict::BenignPositive));
        assert_eq!(history.on_pattern(&[2; 16]), None);
    }
}
