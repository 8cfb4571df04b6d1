//! `watchfire eval`

use super::curves::Curves;
use crate::cli::{Common, Decides, Eval};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped};
use std::path::Path;
use std::sync::Arc;
use watchfire_engine::{Evaluation, Figures, Input, Labels, ScenarioFigures, Who};
use watchfire_judge::tame;

pub(super) fn run(common: &Common, command: &Eval) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let mappings = settings.mappings(&command.mapping)?;
    let (ground, problems) = settings.ground()?;
    terminal::rule_problems(&problems);
    let mut lives: Vec<Option<f64>> = command.lives.iter().map(|hours| Some(*hours)).collect();
    if lives.is_empty() {
        lives.push(None);
    }
    let mut curves = Curves::of(&command.curves)?;
    let mut text = String::new();
    for hours in lives {
        let millis = hours.map(|hours| (hours * 3_600_000.0) as i64);
        let figures = Evaluation {
            inputs: command.files.iter().cloned().map(Input::File).collect(),
            labels: labels(command),
            who: match command.decider {
                Decides::Oracle => Who::Oracle,
                Decides::Cascade => Who::Cascade,
                Decides::Embedded => Who::Embedded,
            },
            lifetimes: millis.map(|millis| (millis, millis)),
            limits: settings.limits(),
            mappings: Arc::clone(&mappings),
            ground: ground.clone(),
            reputations: &(),
        }
        .run()?;
        if command.json {
            let line = serde_json::json!({ "hours": hours, "figures": figures });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&table(&figures, hours, command.steps));
        }
        curves.add(hours, figures);
    }
    terminal::write_out(text.as_bytes())?;
    curves.write()?;
    Ok(Status::Done)
}

fn labels(command: &Eval) -> Labels {
    let benign = Labels::BENIGN.iter().map(|label| (*label).to_owned());
    Labels { field: command.labels.clone(), benign: benign.chain(command.benign.iter().cloned()).collect() }
}

/// A line for each scenario, and one for all.
fn table(figures: &Figures, hours: Option<f64>, steps: bool) -> String {
    let mut text = match hours {
        Some(hours) => format!("Verdicts live {hours} h.\n"),
        None => "Verdicts live as long as the material table says.\n".to_owned(),
    };
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
