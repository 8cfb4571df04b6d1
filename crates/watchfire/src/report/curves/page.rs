//! The page of an evaluation, in the report's clothes.
//!
//! The curves come first, since they are what is decided by; then the figures of one point of theirs in full, down to
//! the steps of each attack, so that a lost step is found in the same place as the number it spoils.

use super::super::charts::{Svg, Tone, bar, gauge};
use super::super::figures::{NOTHING, counted, duration, grouped, share};
use super::super::panels::{Panel, Row, decider_meaning};
use super::drawing::{Drawing, key};
use super::points::{PointRow, decimal, fraction, left_over, loses, name, ordered, shown, steps};
use super::standalone::NOTHING_DRAWN;
use super::{Curve, Target};
use askama::Template;
use std::fmt;
use std::path::Path;
use watchfire_engine::{Figures, ScenarioFigures, Step};
use watchfire_judge::tame;

/// Scenarios shown; the rest are counted.
const MAX_SCENARIOS: usize = 60;
/// Steps of a scenario shown; the rest are counted. Those that were lost come first.
const MAX_STEPS: usize = 60;
/// Deciders shown.
const MAX_DECIDERS: usize = 25;
/// Characters of the title, of names, of the command.
const MAX_TITLE: usize = 120;
const MAX_NAME: usize = 64;
const MAX_COMMAND: usize = 4000;

pub(super) fn page(
    title: &str,
    figures: &Figures,
    curves: &[Curve],
    target: Option<Target>,
    command: &str,
) -> String {
    let overall = &figures.overall;
    let drawing = Drawing::new(curves, target);
    let page = Page {
        style: StyleSheet,
        title: tame(title, MAX_TITLE),
        headline: headline(figures),
        facts: facts(overall),
        chosen: chosen(curves),
        chart: drawing.as_ref().map(Drawing::draw),
        target: target.map(|target| {
            let (calls, wrong) = (decimal(target.calls_per_1000, 2), decimal(target.wrong_reuse_percent, 3));
            format!("at most {calls} calls of 1,000 alerts, and wrong reuse of {wrong}\u{a0}% of them")
        }),
        curves: shown(curves).enumerate().map(CurveTable::of).collect(),
        curves_left: left_over(curves),
        scenarios: figures.scenarios.iter().take(MAX_SCENARIOS).map(ScenarioView::of).collect(),
        scenarios_left: figures.scenarios.len().saturating_sub(MAX_SCENARIOS),
        all: ScenarioView::cells(overall),
        panels: [layers(overall), deciders(overall)],
        command: tame(command, MAX_COMMAND),
        version: env!("CARGO_PKG_VERSION"),
    };
    // Writing to a string fails only if a value's own `Display` does, and none of ours does.
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "report/eval.html", whitespace = "minimize")]
struct Page {
    style: StyleSheet,
    title: String,
    headline: [Headline; 4],
    facts: Vec<(&'static str, String)>,
    /// Which point the figures in full are of; may be empty.
    chosen: String,
    chart: Option<Svg>,
    target: Option<String>,
    curves: Vec<CurveTable>,
    curves_left: usize,
    scenarios: Vec<ScenarioView>,
    scenarios_left: usize,
    all: Vec<String>,
    panels: [Panel; 2],
    command: String,
    version: &'static str,
}

impl Page {
    /// Whether a hollow mark needs explaining.
    fn loses(&self) -> bool {
        self.curves.iter().flat_map(|curve| &curve.points).any(|point| point.loses)
    }
}

/// A number that is said first.
struct Headline {
    figure: String,
    noun: &'static str,
    note: String,
    bar: Svg,
}

/// A curve with its table.
struct CurveTable {
    name: String,
    key: Svg,
    points: Vec<PointRow>,
    points_left: usize,
}

impl CurveTable {
    fn of((index, curve): (usize, &Curve)) -> Self {
        let points = PointRow::all(curve);
        let points_left = curve.points.len() - points.len();
        Self { name: name(curve), key: key(index), points, points_left }
    }
}

/// A scenario's line, and its steps.
struct ScenarioView {
    name: String,
    cells: Vec<String>,
    steps: Vec<StepRow>,
    steps_left: usize,
    /// How many were lost, if any.
    lost: String,
    caught: String,
}

/// A step of an attack.
struct StepRow {
    name: String,
    alerts: String,
    caught: String,
    bar: Svg,
    delay: String,
    opened_as: String,
    is_lost: bool,
}

impl ScenarioView {
    fn of(scenario: &ScenarioFigures) -> Self {
        let mut steps: Vec<&Step> = scenario.steps.iter().collect();
        steps.sort_by_key(|step| step.caught > 0);
        let lost = scenario.steps_total.saturating_sub(scenario.steps_caught);
        Self {
            name: file_name(&scenario.name),
            cells: Self::cells(scenario),
            steps_left: steps.len().saturating_sub(MAX_STEPS),
            steps: steps.into_iter().take(MAX_STEPS).map(StepRow::of).collect(),
            lost: if lost == 0 { String::new() } else { format!("{} lost", grouped(lost)) },
            caught: fraction(scenario.steps_caught, scenario.steps_total),
        }
    }

    /// In the order of the table's headings.
    fn cells(figures: &ScenarioFigures) -> Vec<String> {
        let of_attacks = |text: String| if figures.attack_alerts == 0 { NOTHING.to_owned() } else { text };
        vec![
            grouped(figures.alerts),
            grouped(figures.attack_alerts),
            grouped(figures.patterns),
            grouped(figures.calls),
            decimal(figures.calls_per_1000, 2),
            grouped(figures.wrong_reuse),
            decimal(figures.wrong_reuse_percent, 3),
            of_attacks(decimal(figures.missed_percent, 3)),
            decimal(figures.precision * 100.0, 3),
            of_attacks(decimal(figures.recall * 100.0, 3)),
            fraction(figures.steps_caught, figures.steps_total),
            grouped(figures.opened_until_all_seen),
        ]
    }
}

impl StepRow {
    fn of(step: &Step) -> Self {
        Self {
            name: tame(&step.name, MAX_NAME),
            alerts: grouped(step.alerts),
            caught: grouped(step.caught),
            bar: gauge(step.caught as f64, step.alerts as f64, Tone::Plain),
            delay: step.delay_s.map_or_else(|| "never".to_owned(), duration),
            opened_as: if step.opened_as == 0 { NOTHING.to_owned() } else { grouped(step.opened_as) },
            is_lost: step.caught == 0,
        }
    }
}

/// The input's name without the folders it lies in.
fn file_name(name: &str) -> String {
    let file = Path::new(name).file_name().map(|file| file.to_string_lossy());
    tame(file.as_deref().unwrap_or(name), MAX_NAME)
}

fn headline(figures: &Figures) -> [Headline; 4] {
    let overall = &figures.overall;
    let lost = overall.steps_total.saturating_sub(overall.steps_caught);
    let part = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 };
    let plain = |part| bar(part, 1.0, Tone::Plain);
    [
        Headline {
            figure: grouped(overall.alerts),
            noun: if overall.alerts == 1 { "alert" } else { "alerts" },
            note: format!(
                "{} of them part of an attack, in {}",
                grouped(overall.attack_alerts),
                counted(figures.scenarios.len() as u64, "scenario")
            ),
            bar: plain(if overall.alerts == 0 { 0.0 } else { 1.0 }),
        },
        Headline {
            figure: decimal(overall.calls_per_1000, 2),
            noun: "calls of 1,000",
            note: format!("{} in all", counted(overall.calls, "call")),
            bar: plain(overall.calls_per_1000 / 1000.0),
        },
        Headline {
            figure: format!("{}\u{a0}%", decimal(overall.wrong_reuse_percent, 3)),
            noun: "wrong reuse",
            note: format!("{} of {} reused verdicts", grouped(overall.wrong_reuse), grouped(overall.reused)),
            bar: bar(overall.wrong_reuse_percent, 100.0, Tone::Hostile),
        },
        Headline {
            figure: fraction(overall.steps_caught, overall.steps_total),
            noun: "steps caught",
            note: match (overall.steps_total, lost) {
                (0, _) => "there are no attacks".to_owned(),
                (_, 0) => "no step of an attack was lost".to_owned(),
                _ => format!("{} lost", counted(lost, "step")),
            },
            bar: gauge(part(overall.steps_caught, overall.steps_total), 1.0, Tone::Plain),
        },
    ]
}

fn facts(overall: &ScenarioFigures) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if overall.attack_alerts > 0 {
        let [missed, recall] =
            [overall.missed_percent, overall.recall * 100.0].map(|value| decimal(value, 3));
        let alerts = grouped(overall.missed);
        facts.push((
            "Missed",
            format!("{missed}\u{a0}% of the attack alerts ({alerts}); recall {recall}\u{a0}%"),
        ));
    }
    let precision = match overall.precision {
        // There may have been none at all: the figures don't tell these apart.
        0.0 => "no hostile verdict is right".to_owned(),
        share => format!("{}\u{a0}% of the hostile verdicts are right", decimal(share * 100.0, 3)),
    };
    facts.push(("Precision", precision));
    facts.push(("Patterns", grouped(overall.patterns)));
    if overall.steps_total > 0 {
        let opened = grouped(overall.opened_until_all_seen);
        facts.push(("Opened", format!("{opened} patterns of a scenario at most, until every step was seen")));
    }
    if overall.left_out > 0 {
        facts.push((
            "Left out",
            format!("{}: no alerts, or not readable", counted(overall.left_out, "record")),
        ));
    }
    if overall.out_of_order > 0 {
        facts.push((
            "Out of order",
            format!("{} earlier than one before", counted(overall.out_of_order, "alert")),
        ));
    }
    facts
}

/// Which point the figures in full are of.
fn chosen(curves: &[Curve]) -> String {
    let points = shown(curves).flat_map(|curve| ordered(curve).into_iter().map(move |point| (curve, point)));
    let chosen = points.into_iter().find(|(_, point)| point.chosen);
    chosen.map_or_else(String::new, |(curve, point)| {
        let lost = if loses(point) { format!(" ({} steps caught)", steps(point)) } else { String::new() };
        format!("{}, {}{lost}", name(curve), super::points::label(point))
    })
}

/// Where verdicts come from: the cache, the embedded deciders, somebody who is asked.
fn layers(overall: &ScenarioFigures) -> Panel {
    let embedded = overall.alerts.saturating_sub(overall.reused).saturating_sub(overall.calls);
    let layers = [
        ("reused", "an earlier decision on the pattern still held", overall.reused),
        ("embedded", "decided anew by rules and statistics", embedded),
        ("asked", "left open; the labels answered as a model would", overall.calls),
    ];
    let rows = layers.into_iter().filter(|(.., alerts)| *alerts > 0);
    Panel {
        title: "Hit rates",
        note: "Alerts by where their verdict came from.".to_owned(),
        legend: "",
        headings: ["layer", "alerts", "share"],
        verbatim: false,
        rows: rows.map(|(name, detail, alerts)| counted_row(name, detail, alerts, overall.alerts)).collect(),
        empty: "There were no alerts.",
    }
}

fn deciders(overall: &ScenarioFigures) -> Panel {
    let mut counts: Vec<_> = overall.by_decider.iter().collect();
    counts.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.name.cmp(&b.name)));
    let left = counts.len().saturating_sub(MAX_DECIDERS);
    let more = if left == 0 { String::new() } else { format!(" {left} more are not shown.") };
    let rows = counts.into_iter().take(MAX_DECIDERS).map(|count| {
        counted_row(&tame(&count.name, MAX_NAME), decider_meaning(&count.name), count.alerts, overall.alerts)
    });
    Panel {
        title: "Deciders",
        note: format!(
            "Alerts by who made the decision that they got, reused ones included. Answers of the labels stand as \
             those of a model.{more}"
        ),
        legend: "",
        headings: ["decider", "alerts", "share"],
        verbatim: false,
        rows: rows.collect(),
        empty: "Nobody decided anything.",
    }
}

fn counted_row(name: &str, detail: &str, alerts: u64, all: u64) -> Row {
    Row { detail: detail.to_owned(), last: share(alerts, all), ..Row::new(name, alerts, all, Tone::Plain) }
}

/// The report's style sheet, the chart's and the page's.
struct StyleSheet;

impl fmt::Display for StyleSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        [include_str!("../style.css"), include_str!("chart.css"), include_str!("page.css")]
            .iter()
            .try_for_each(|sheet| f.write_str(sheet))
    }
}

impl askama::filters::HtmlSafe for StyleSheet {}
