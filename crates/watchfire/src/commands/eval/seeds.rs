//! The same replay with many seeds: how surely the error of reuse stays where the user wants it, if labels lie.

use super::variant::variants;
use super::{Desk, Policy};
use crate::exit::Problem;
use crate::terminal::grouped;

/// What one seed came to, in percent of the reused verdicts.
struct Outcome {
    contradicted: f64,
    at_most: f64,
    wrong: f64,
    calls: f64,
    caught: u64,
    stopped: u64,
}

/// Replays with the seeds 1 to `seeds`.
pub(super) fn run(desk: &Desk<'_>, policy: &Policy, seeds: u32) -> Result<String, Problem> {
    let mut outcomes = Vec::new();
    let mut steps = 0;
    for seed in 1..=seeds {
        for variant in variants(desk.command, &Policy { seed: u64::from(seed), ..policy.clone() }) {
            let overall = desk.replay(&variant)?.overall;
            steps = overall.steps_total;
            outcomes.push(Outcome {
                contradicted: overall.contradicted_percent,
                at_most: overall.contradicted_at_most_percent.unwrap_or(100.0),
                wrong: 100.0 * overall.wrong_reuse as f64 / overall.reused.max(1) as f64,
                calls: overall.calls_per_1000,
                caught: overall.steps_caught,
                stopped: overall.checks.stopped,
            });
        }
    }
    Ok(report(&outcomes, 100.0 * policy.greatest_error, steps))
}

fn report(outcomes: &[Outcome], bound: f64, steps: u64) -> String {
    let runs = outcomes.len();
    let count =
        |holds: &dyn Fn(&Outcome) -> bool| grouped(outcomes.iter().filter(|one| holds(one)).count() as u64);
    let spread = |value: &dyn Fn(&Outcome) -> f64| {
        let mut values: Vec<f64> = outcomes.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((share * runs as f64).ceil() as usize).saturating_sub(1)).copied();
        format!(
            "median {:.3}, 95th of 100 {:.3}, greatest {:.3}",
            at(0.5).unwrap_or(0.0),
            at(0.95).unwrap_or(0.0),
            at(1.0).unwrap_or(0.0)
        )
    };
    format!(
        "{runs} seeds, greatest error {bound} % of the reused verdicts.\n\
         contradicted by whoever is asked, %   {}\n\
         {:38}at most {bound} % with {} of {runs} seeds\n\
         contradicted by the truth, %          {}\n\
         {:38}at most {bound} % with {} of {runs} seeds\n\
         bound from checks, %                  {}\n\
         {:38}above what it bounds with {} of {runs} seeds\n\
         calls of 1,000                        {}\n\
         patterns no longer reused             {}\n\
         steps caught                          all {steps} with {} of {runs} seeds, at least {}\n",
        spread(&|one| one.contradicted),
        "",
        count(&|one| one.contradicted <= bound),
        spread(&|one| one.wrong),
        "",
        count(&|one| one.wrong <= bound),
        spread(&|one| one.at_most),
        "",
        count(&|one| one.at_most >= one.contradicted),
        spread(&|one| one.calls),
        spread(&|one| one.stopped as f64),
        count(&|one| one.caught == steps),
        outcomes.iter().map(|one| one.caught).min().unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::{Outcome, report};

    #[test]
    fn the_95th_of_100_is_that() {
        let outcomes: Vec<Outcome> = (1..=100_u32)
            .map(|seed| Outcome {
                contradicted: f64::from(seed) / 100.0,
                at_most: 0.5,
                wrong: 0.0,
                calls: 5.0,
                caught: u64::from(seed.min(33)),
                stopped: 0,
            })
            .collect();
        let text = report(&outcomes, 0.9, 33);
        assert!(text.contains("median 0.500, 95th of 100 0.950, greatest 1.000"), "{text}");
        assert!(text.contains("at most 0.9 % with 90 of 100 seeds"), "{text}");
        assert!(text.contains("above what it bounds with 50 of 100 seeds"), "{text}");
        assert!(text.contains("all 33 with 68 of 100 seeds, at least 1"), "{text}");
    }
}
