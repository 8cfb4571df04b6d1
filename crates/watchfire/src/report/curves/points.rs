//! Points and curves as they are shown: put in order, bounded, spelled out.

use super::super::figures::{NOTHING, grouped};
use super::{Curve, Point};
use watchfire_judge::tame;

/// Curves that are shown.
pub(super) const MAX_CURVES: usize = 12;
/// Points of a curve that are shown.
const MAX_POINTS: usize = 64;
/// Characters of a curve's name.
const MAX_NAME: usize = 40;
/// Characters of a point's label.
const MAX_LABEL: usize = 16;

/// The curves that are shown.
pub(super) fn shown(curves: &[Curve]) -> impl Iterator<Item = &Curve> {
    curves.iter().take(MAX_CURVES)
}

/// How many are not.
pub(super) fn left_over(curves: &[Curve]) -> usize {
    curves.len().saturating_sub(MAX_CURVES)
}

/// A curve's name, fit to be shown.
pub(super) fn name(curve: &Curve) -> String {
    tame(&curve.name, MAX_NAME)
}

/// A point's label, fit to be shown.
pub(super) fn label(point: &Point) -> String {
    tame(&point.label, MAX_LABEL)
}

/// A curve's points in the order they are joined in: by lifetime, those without one last.
pub(super) fn ordered(curve: &Curve) -> Vec<&Point> {
    let mut points: Vec<&Point> = curve.points.iter().collect();
    points.sort_by(|a, b| lifetime(a).total_cmp(&lifetime(b)));
    points.truncate(MAX_POINTS);
    points
}

fn lifetime(point: &Point) -> f64 {
    point.hours.unwrap_or(f64::INFINITY)
}

/// Whether a step of an attack was lost.
pub(super) fn loses(point: &Point) -> bool {
    point.steps_caught < point.steps_total
}

/// `32/33`
pub(super) fn steps(point: &Point) -> String {
    fraction(point.steps_caught, point.steps_total)
}

/// `32/33`; nothing of nothing is a dash.
pub(super) fn fraction(part: u64, whole: u64) -> String {
    match (part, whole) {
        (0, 0) => NOTHING.to_owned(),
        _ => format!("{}/{}", grouped(part), grouped(whole)),
    }
}

/// A number with so many decimal places. What is not nothing is not shown as nothing.
pub(super) fn decimal(value: f64, places: usize) -> String {
    let least = 0.1_f64.powi(i32::try_from(places).unwrap_or(0));
    match value {
        v if !v.is_finite() => NOTHING.to_owned(),
        v if v > 0.0 && v < least / 2.0 => format!("<{least:.places$}"),
        v if v.abs() >= 1e12 => format!("{v:e}"),
        v => format!("{v:.places$}"),
    }
}

/// A point in words and numbers.
pub(super) struct PointRow {
    pub(super) label: String,
    pub(super) calls: String,
    pub(super) wrong: String,
    pub(super) missed: String,
    pub(super) steps: String,
    pub(super) loses: bool,
    pub(super) chosen: bool,
}

impl PointRow {
    /// Those of a curve.
    pub(super) fn all(curve: &Curve) -> Vec<Self> {
        ordered(curve).into_iter().map(Self::of).collect()
    }

    pub(super) fn of(point: &Point) -> Self {
        Self {
            label: label(point),
            calls: decimal(point.calls_per_1000, 2),
            wrong: decimal(point.wrong_reuse_percent, 3),
            missed: decimal(point.missed_percent, 3),
            steps: steps(point),
            loses: loses(point),
            chosen: point.chosen,
        }
    }

    /// On one line.
    pub(super) fn sentence(&self) -> String {
        format!(
            "{}: {} calls of 1,000 alerts, wrong reuse {} %, missed {} %, steps caught {}",
            self.label, self.calls, self.wrong, self.missed, self.steps
        )
    }
}
