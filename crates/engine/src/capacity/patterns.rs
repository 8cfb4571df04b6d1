//! Which open patterns there are, how often each comes, and whose budget its questions take.

use super::Scenario;
use super::chance::Chance;
use super::slots::calls_per_s;
use super::zipf;

/// The questions that come to one budget, at the scenario's rate of alerts.
#[derive(Debug, Clone, Default)]
pub(super) struct Demand {
    /// Which of the scenario's groups its budget is of.
    pub(super) group: usize,
    /// Alerts a second of each of its open patterns.
    pub(super) known: Vec<f64>,
    /// How many of these come together.
    pub(super) burst: f64,
    /// Alerts a second of patterns that nobody saw before.
    pub(super) new: f64,
    /// Reused verdicts a second that are asked about nevertheless.
    pub(super) checks: f64,
}

/// Shares the open alerts out. A budget without anything to ask is there too.
pub(super) fn demands(scenario: &Scenario) -> Vec<Demand> {
    let open = scenario.open_share() * scenario.alerts_per_s;
    let weight: f64 = scenario.budgets.iter().map(|group| group.weight * group.budgets as f64).sum();
    let (new, known) = (open * scenario.new_share, open * (1.0 - scenario.new_share));
    let mut demands = Vec::with_capacity(scenario.budgets_in_all() as usize);
    // Up to which budget, and up to which part of the weight, each group reaches.
    let mut groups = Vec::with_capacity(scenario.budgets.len());
    let mut reached = 0.0;
    for (group, told) in scenario.budgets.iter().enumerate() {
        let share = told.weight / weight;
        let first = demands.len();
        demands.extend((0..told.budgets).map(|_| Demand {
            group,
            known: Vec::new(),
            burst: scenario.burst,
            new: new * share,
            checks: known * scenario.checked_share * share,
        }));
        reached += share * told.budgets as f64;
        groups.push((reached, first, told.budgets as usize));
    }
    let Some((_, last_first, last_count)) = groups.last().copied() else { return demands };
    let mut chance = Chance::new(scenario.seed, u64::MAX / 2);
    for rate in open_patterns(scenario, known) {
        let drawn = chance.unit();
        let (first, count) = groups
            .iter()
            .find(|(reached, ..)| drawn < *reached)
            .map_or((last_first, last_count), |(_, first, count)| (*first, *count));
        demands[first + chance.below(count)].known.push(rate);
    }
    demands
}

/// The rates of the open patterns, `all` in sum: of all patterns evenly through the ranks, as many as the share of alerts.
fn open_patterns(scenario: &Scenario, all: f64) -> Vec<f64> {
    let share = scenario.open_share();
    if share <= 0.0 || all <= 0.0 {
        return Vec::new();
    }
    let (weights, _) = zipf::shares(scenario.patterns, scenario.zipf, scenario.patterns as usize);
    let step = |rank: usize| (rank as f64 * share + 0.5).floor();
    let mut chosen: Vec<f64> = weights
        .iter()
        .enumerate()
        .filter(|(rank, _)| step(rank + 1) > step(*rank))
        .map(|(_, weight)| *weight)
        .collect();
    if chosen.is_empty() {
        chosen.push(1.0);
    }
    let sum: f64 = chosen.iter().sum();
    for weight in &mut chosen {
        *weight *= all / sum;
    }
    chosen
}

impl Demand {
    /// Questions a second if all rates were so many times what they are, and each verdict stood for so long (with the time
    /// that its answer takes).
    ///
    /// Renewal theory: a pattern is asked about, stands, and waits for its next alert.
    pub(super) fn questions_per_s(&self, times: f64, stands_s: f64) -> f64 {
        let known: f64 = self
            .known
            .iter()
            .map(|rate| {
                let rate = rate * times / self.burst;
                rate / (1.0 + rate * stands_s)
            })
            .sum();
        known + times * (self.new + self.checks)
    }
}

/// The rate of alerts, as so many times the scenario's, at which the first budget is used up; infinite if none ever is.
pub(super) fn sustained_times(scenario: &Scenario, demands: &[Demand]) -> f64 {
    const MOST: f64 = 1e12;
    let most: Vec<(f64, f64)> = scenario
        .budgets
        .iter()
        .map(|group| {
            (calls_per_s(group) * group.alerts_per_call as f64, scenario.longest_life_s() + group.latency_s)
        })
        .collect();
    let carried = |times: f64| {
        demands.iter().all(|demand| {
            let (capacity, stands) = most[demand.group];
            demand.questions_per_s(times, stands) <= capacity
        })
    };
    if carried(MOST) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (1e-12_f64, MOST);
    for _ in 0..50 {
        let middle = (low * high).sqrt();
        if carried(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::{demands, sustained_times};
    use crate::capacity::{BudgetGroup, Scenario};

    #[test]
    fn every_open_alert_is_some_budgets() {
        let groups = vec![
            BudgetGroup { budgets: 40, ..BudgetGroup::default() },
            BudgetGroup { budgets: 3, weight: 20.0, ..BudgetGroup::default() },
        ];
        let scenario = Scenario { budgets: groups, patterns: 200_000, zipf: 0.3, ..Scenario::default() };
        let demands = demands(&scenario);
        assert_eq!(demands.len(), 43);
        let of = |demand: &super::Demand| demand.known.iter().sum::<f64>() + demand.new;
        let all: f64 = demands.iter().map(of).sum();
        assert!((all / (scenario.open_share() * scenario.alerts_per_s) - 1.0).abs() < 1e-9);
        let heavy: f64 = demands[40..].iter().map(of).sum();
        assert!((heavy / all - 0.6).abs() < 0.03, "{heavy} of {all}");
    }

    #[test]
    fn a_share_of_the_patterns_is_open_not_only_rare_ones() {
        for by_rules in [0.0, 0.5, 0.9, 0.999] {
            let scenario = Scenario { by_rules, by_analysts: 0.0, by_statistics: 0.0, ..Scenario::default() };
            let count: usize = demands(&scenario).iter().map(|demand| demand.known.len()).sum();
            let right = scenario.open_share() * scenario.patterns as f64;
            assert!((count as f64 - right).abs() <= 1.0, "{count} of {right}");
        }
    }

    #[test]
    fn without_new_patterns_and_checks_enough_calls_carry_any_number_of_alerts() {
        let mut scenario = Scenario { new_share: 0.0, checked_share: 0.0, ..Scenario::default() };
        assert!(sustained_times(&scenario, &demands(&scenario)).is_infinite());
        scenario.set("calls", 1.0).unwrap();
        scenario.set("alerts_per_call", 1.0).unwrap();
        // 2,000 open patterns a day are more than one call in 64 s answers.
        assert!(sustained_times(&scenario, &demands(&scenario)).is_finite());
    }

    #[test]
    fn only_new_patterns_are_bound_by_calls_alone() {
        let scenario = Scenario { new_share: 1.0, checked_share: 0.0, ..Scenario::default() };
        let times = sustained_times(&scenario, &demands(&scenario));
        // 16 calls at once of 4 s; 6 questions in each.
        let right = 4.0_f64.min(1_000.0 / 64.0) * 6.0 / (0.2 * 1_000.0);
        assert!((times / right - 1.0).abs() < 1e-6, "{times} for {right}");
    }
}
