//! The figures of an evaluation, for a terminal.

use super::Variant;
use crate::terminal::grouped;
use std::path::Path;
use watchfire_engine::{Figures, ScenarioFigures};
use watchfire_judge::tame;

/// A line for each scenario, and one for all.
pub(super) fn table(figures: &Figures, variant: &Variant, steps: bool) -> String {
    let mut text = format!("Verdicts are reused by {}, {}.\n", variant.curve, variant.label);
    text.push_str(&format!(
        "{:<24} {:>9} {:>9} {:>8} {:>9} {:>9} {:>8} {:>9} {:>7} {:>8} {:>7}\n",
        "scenario",
        "alerts",
        "of attack",
        "calls",
        "of 1,000",
        "wrong %",
        "missed",
        "missed %",
        "precis.",
        "caught",
        "opened"
    ));
    for scenario in figures.scenarios.iter().chain([&figures.overall]) {
        text.push_str(&line(scenario));
        for step in scenario.steps.iter().filter(|_| steps) {
            let delay =
                step.delay_s.map_or_else(|| "never".to_owned(), |delay| format!("after {delay:.0} s"));
            text.push_str(&format!(
                "  {:<40} {:>7} alerts, {:>7} caught, {delay}; opened as number {}\n",
                tame(&step.name, 40),
                grouped(step.alerts),
                grouped(step.caught),
                step.opened_as,
            ));
        }
    }
    let overall = &figures.overall;
    let whys: Vec<String> =
        overall.calls_by_reason.iter().map(|why| format!("{} {}", why.name, grouped(why.alerts))).collect();
    if !whys.is_empty() {
        text.push_str(&format!("Asked because: {}.\n", whys.join(", ")));
    }
    let checks = overall.checks.all();
    if let Some(at_most) = overall.contradicted_at_most_percent {
        text.push_str(&format!(
            "Checks: {} of {} reused verdicts asked about nevertheless, {} contradicted: at most {at_most:.2} % of all with 95 % \
             confidence; in truth {:.3} %. Patterns no longer reused: {}.\n",
            grouped(checks.checked),
            grouped(checks.reused),
            grouped(checks.wrong),
            overall.contradicted_percent,
            overall.checks.stopped,
        ));
    }
    text.push('\n');
    text
}

fn line(scenario: &ScenarioFigures) -> String {
    let name = Path::new(&scenario.name)
        .file_name()
        .map_or_else(|| scenario.name.clone(), |name| name.to_string_lossy().into_owned());
    format!(
        "{:<24} {:>9} {:>9} {:>8} {:>9.2} {:>9.3} {:>8} {:>9.3} {:>7.3} {:>8} {:>7}\n",
        tame(&name, 24),
        grouped(scenario.alerts),
        grouped(scenario.attack_alerts),
        grouped(scenario.calls),
        scenario.calls_per_1000,
        scenario.wrong_reuse_percent,
        grouped(scenario.missed),
        scenario.missed_percent,
        scenario.precision,
        format!("{}/{}", scenario.steps_caught, scenario.steps_total),
        scenario.opened_until_all_seen,
    )
}
