//! How well it is foretold what comes next, for a terminal.

use crate::terminal::grouped;
use std::path::Path;
use watchfire_engine::{NextFigures, NextPart, NextScenario};
use watchfire_judge::tame;

/// A line for each scenario, and the whole of all of them.
pub(super) fn table(figures: &NextFigures) -> String {
    let mut text = format!(
        "What comes next on a machine, learned from all other files and from the past of this one. Steps of a rule are {} min apart.\n",
        figures.stretch_s / 60.0
    );
    text.push_str(&format!(
        "{:<24} {:>9} {:>7} {:>7} {:>9}   {:<23} {:<23}\n{:51} {:>7} {:>7} {:>7}   {:>7} {:>7} {:>7}\n",
        "scenario",
        "alerts",
        "steps",
        "asked",
        "spoken %",
        "predictor",
        "most frequent successor",
        "",
        "top 1",
        "top 3",
        "Brier",
        "top 1",
        "top 3",
        "Brier"
    ));
    for scenario in figures.scenarios.iter().chain([&figures.overall]) {
        text.push_str(&line(scenario));
    }
    for part in figures.overall.parts.iter().filter(|part| part.questions > 0) {
        text.push_str(&of_part(part));
    }
    text.push_str(&details(&figures.overall));
    text
}

fn line(scenario: &NextScenario) -> String {
    let name = Path::new(&scenario.name)
        .file_name()
        .map_or_else(|| scenario.name.clone(), |name| name.to_string_lossy().into_owned());
    let all = scenario.parts.first();
    let mut text = format!(
        "{:<24} {:>9} {:>7} {:>7} {:>9.1}  ",
        tame(&name, 24),
        grouped(scenario.alerts),
        grouped(scenario.steps),
        grouped(all.map_or(0, |all| all.questions)),
        100.0 * scenario.coverage,
    );
    for way in all.iter().flat_map(|all| all.ways.iter().take(2)) {
        text.push_str(&format!(" {:>7.3} {:>7.3} {:>7.3}  ", way.top1, way.top3, way.brier));
    }
    format!("{}\n", text.trim_end())
}

fn of_part(part: &NextPart) -> String {
    let mut text = format!(
        "\n{}: {} questions, {} followed by anything within a day\n",
        part.name,
        grouped(part.questions),
        grouped(part.followed)
    );
    for way in &part.ways {
        text.push_str(&format!(
            "  {:<36} top 1 {:.3}   top 3 {:.3}   Brier {:.3}\n",
            way.name, way.top1, way.top3, way.brier
        ));
    }
    text
}

fn details(overall: &NextScenario) -> String {
    let mut text = format!(
        "\nOf what came as was said, {:.1} % came within the time that nine of ten should, {:.1} % within that of half.\n\
         Probabilities said differ from what came by {:.3} on average:",
        100.0 * overall.in_time,
        100.0 * overall.in_typical_time,
        overall.calibration_error,
    );
    for (count, said, came) in overall.calibration.iter().filter(|bin| bin.0 > 0) {
        text.push_str(&format!(" {said:.2}→{came:.2} ({})", grouped(*count)));
    }
    text.push_str(".\n");
    for window in &overall.windows {
        text.push_str(&format!(
            "Anything within {:>5} s: said {:.3}, came {:.3}; Brier {:.4}, {:.4} if that share were always said.\n",
            window.within_s, window.said, window.came, window.brier, window.brier_of_share,
        ));
    }
    text.push_str(&format!(
        "Steps not followed up to the end: {}. Memory: {:.1} MB.\n",
        grouped(overall.undecided),
        overall.memory_bytes as f64 / 1e6
    ));
    text
}
