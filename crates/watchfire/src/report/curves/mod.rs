//! What reuse costs and what it saves: the page of `watchfire eval`, its chart, its tables.
//!
//! The longer a verdict is reused, the fewer calls are made and the more verdicts are wrong. That is a curve, not a
//! number, so it is drawn as one: calls of a thousand alerts across, wrong reuse in percent of the alerts up, a point
//! for each lifetime, a line for each way of making the key. Both axes are logarithmic, because what is compared lies
//! decades apart. A logarithm has no place for nothing, and nothing is what one hopes for; so zero gets a place of its
//! own beyond a break in the axis ([`scale`]), and lines across the break are dashed: they have no slope.
//!
//! One drawing ([`drawing`]) serves the page ([`page()`]) and a file for documents ([`svg`]); the tables beside it hold
//! every number of it. Names of scenarios, steps and curves come from files: bounded, tamed, and escaped at the last
//! step, by the templates or by [`escaping`] where a drawing holds text.

mod drawing;
mod escaping;
mod labels;
mod page;
mod points;
mod scale;
mod standalone;
#[cfg(test)]
mod tests;

use super::markdown::{prose, row};
use points::{PointRow, left_over, shown};
use std::fmt::{self, Write};
use watchfire_engine::Figures;

/// What one replay came to.
pub(crate) struct Point {
    /// What stands beside its mark, such as `4 h`.
    pub(crate) label: String,
    /// How long verdicts lived; `None` if that is no single number. Points are joined in this order.
    pub(crate) hours: Option<f64>,
    /// Alerts that somebody was asked about, of a thousand.
    pub(crate) calls_per_1000: f64,
    /// Alerts with a reused verdict that the truth contradicts, in percent of all alerts.
    pub(crate) wrong_reuse_percent: f64,
    /// Attack alerts without a hostile verdict, in percent of the attack alerts.
    pub(crate) missed_percent: f64,
    /// Steps of attacks of which an alert got a hostile verdict.
    pub(crate) steps_caught: u64,
    /// Steps of attacks.
    pub(crate) steps_total: u64,
    /// Whether the page's other figures are those of this point.
    pub(crate) chosen: bool,
}

/// The points of one way of making the key that verdicts are reused by.
pub(crate) struct Curve {
    /// Its name, such as `material fields`.
    pub(crate) name: String,
    /// Its points, in any order.
    pub(crate) points: Vec<Point>,
}

/// What is not to be exceeded; drawn as lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Target {
    /// Calls of a thousand alerts.
    pub(crate) calls_per_1000: f64,
    /// Wrong reuse in percent of the alerts.
    pub(crate) wrong_reuse_percent: f64,
}

/// The page of an evaluation: no script, no request, less than 3 MB whatever is in it. `command` is the one that makes it.
pub(crate) fn page(
    title: &str,
    figures: &Figures,
    curves: &[Curve],
    target: Option<Target>,
    command: &str,
) -> String {
    page::page(title, figures, curves, target, command)
}

/// The chart as a file of its own, with its legend, for documents; it follows its reader's choice of light or dark.
pub(crate) fn svg(curves: &[Curve], target: Option<Target>) -> String {
    standalone::file(curves, target)
}

/// The numbers of the chart as a table in Markdown (GitHub's dialect).
pub(crate) fn markdown(curves: &[Curve]) -> String {
    let mut out = String::new();
    // A `String` takes all that is written to it.
    let _ = write_markdown(&mut out, curves);
    out
}

fn write_markdown(out: &mut String, curves: &[Curve]) -> fmt::Result {
    writeln!(out, "| key | verdicts live | calls of 1,000 | wrong reuse, % | missed, % | steps caught |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|")?;
    for curve in shown(curves) {
        for point in PointRow::all(curve) {
            let label = prose(&point.label);
            let label = if point.chosen { format!("**{label}**") } else { label };
            let cells =
                [prose(&points::name(curve)), label, point.calls, point.wrong, point.missed, point.steps];
            row(out, &cells)?;
        }
    }
    match left_over(curves) {
        0 => Ok(()),
        left => writeln!(out, "\nNot shown: {left} more curves."),
    }
}
