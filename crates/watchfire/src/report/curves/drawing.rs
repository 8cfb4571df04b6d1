//! The chart itself, for the page and for the file alike.
//!
//! Across, everything is in percent of the room, as in the [timeline](super::super::timeline), so that the drawing fits
//! a wall and a telephone while its labels keep their size; up and down it is in pixels. Curves differ by the shape of
//! their marks, so that they can be told apart without colour. A point that lost a step of an attack is hollow: fewer calls
//! at that price are no success.

use super::super::charts::{Svg, short};
use super::escaping::Escaped;
use super::labels::{Labelled, Side, Stretch, place};
use super::points::{MAX_CURVES, PointRow, label, loses, name, ordered, shown, steps};
use super::scale::Axis;
use super::{Curve, Point, Target};
use std::fmt::{self, Write};

/// Heights, in pixels: the axis' name, the plot, numbers and name of the other axis.
const ABOVE: f64 = 38.0;
const PLOT: f64 = 320.0;
const BELOW: f64 = 46.0;
/// The whole drawing's.
pub(super) const HEIGHT: f64 = ABOVE + PLOT + BELOW;
/// Widths that labels are placed for: what is common, and that of a telephone.
const WIDE: f64 = 680.0;
const NARROW: f64 = 280.0;
/// Half of a mark, and of the ring around a chosen one.
const MARK: f64 = 6.0;
const RING: f64 = 10.0;

/// Marks: filled shapes around the origin, one for each colour.
const SHAPES: [&str; 6] = [
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-6L5.5 4h-11z",
    "M0-6.2L6.2 0 0 6.2-6.2 0z",
    "M0 6L5.5-4h-11z",
    "M-3-5.2h6l3 5.2-3 5.2h-6l-3-5.2z",
];

/// What can be drawn of some curves.
pub(super) struct Drawing<'c> {
    across: Axis,
    up: Axis,
    lines: Vec<Line<'c>>,
    target: Option<Target>,
}

/// A curve: its kind, and its points with their places.
struct Line<'c> {
    name: String,
    kind: usize,
    points: Vec<Placed<'c>>,
}

/// A point that has a place: percent from the left, pixels from the top.
struct Placed<'c> {
    point: &'c Point,
    x: f64,
    y: f64,
}

impl<'c> Drawing<'c> {
    /// A drawing, or `None` if no point has a place in one.
    pub(super) fn new(curves: &'c [Curve], target: Option<Target>) -> Option<Self> {
        let points = || shown(curves).flat_map(ordered).filter(|point| has_place(point));
        points().next()?;
        let wanted = |of: fn(Target) -> f64| target.map(of).filter(|value| *value > 0.0);
        let calls = points().map(|point| point.calls_per_1000).chain(wanted(|target| target.calls_per_1000));
        let wrong = points()
            .map(|point| point.wrong_reuse_percent)
            .chain(wanted(|target| target.wrong_reuse_percent));
        let (across, up) = (Axis::spanning(calls), Axis::spanning(wrong));
        let place = |point: &'c Point| {
            let x = across.place(point.calls_per_1000)? * 100.0;
            let y = height_of(up.place(point.wrong_reuse_percent)?);
            Some(Placed { point, x, y })
        };
        let line = |(index, curve): (usize, &'c Curve)| Line {
            name: name(curve),
            kind: index % SHAPES.len(),
            points: ordered(curve).into_iter().filter_map(place).collect(),
        };
        let lines = shown(curves).enumerate().map(line).collect();
        Some(Self { across, up, lines, target })
    }

    /// A title for those who don't see it.
    pub(super) fn title(&self) -> String {
        let names: Vec<&str> = self.lines.iter().map(|line| line.name.as_str()).collect();
        format!("Wrong reuse in percent of the alerts against calls of 1,000 alerts: {}", names.join(", "))
    }

    /// As it stands in a page.
    pub(super) fn draw(&self) -> Svg {
        Svg::drawn(|drawing| {
            write!(
                drawing,
                r#"<svg class="curves" height="{HEIGHT}" role="img" aria-labelledby="curves-is">"#
            )?;
            write!(drawing, r#"<title id="curves-is">{}</title>"#, Escaped(&self.title()))?;
            self.write(drawing)?;
            drawing.write_str("</svg>")
        })
    }

    /// What is in it, without the element around it.
    pub(super) fn write(&self, drawing: &mut String) -> fmt::Result {
        self.scales(drawing)?;
        self.targets(drawing)?;
        for line in &self.lines {
            line.stretches(drawing)?;
        }
        for line in &self.lines {
            line.marks(drawing)?;
        }
        self.labels(drawing)
    }

    fn scales(&self, drawing: &mut String) -> fmt::Result {
        let floor = ABOVE + PLOT;
        for mark in self.up.marks() {
            let y = short(height_of(mark.place));
            let class = if mark.place == 0.0 { "base" } else { "grid" };
            write!(drawing, r#"<line class="{class}" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#)?;
            write!(drawing, r#"<text class="number" x="-8" y="{y}" dy="4">{}</text>"#, mark.label)?;
        }
        let marks = self.across.marks();
        let count = marks.len();
        for (index, mark) in marks.into_iter().enumerate() {
            let x = short(mark.place * 100.0);
            let class = if mark.place == 0.0 { "base" } else { "grid" };
            // A narrow screen has room for every other number; those of a scale without zero begin with the first.
            let numbered = if count > 5 && index % 2 == 1 { "time wide-only" } else { "time" };
            write!(drawing, r#"<line class="{class}" x1="{x}%" x2="{x}%" y1="{ABOVE}" y2="{floor}"/>"#)?;
            write!(
                drawing,
                r#"<text class="{numbered}" x="{x}%" y="{}">{}</text>"#,
                floor + 17.0,
                mark.label
            )?;
        }
        write!(drawing, r#"<line class="base" x1="0" x2="100%" y1="{floor}" y2="{floor}"/>"#)?;
        write!(drawing, r#"<line class="base" x1="0" x2="0" y1="{ABOVE}" y2="{floor}"/>"#)?;
        if let Some(gap) = self.up.gap() {
            cut(drawing, 0.0, height_of(gap), "M-6 1L6-5v4L-6 5z", "M-6 1L6-5M-6 5L6-1")?;
        }
        if let Some(gap) = self.across.gap() {
            cut(drawing, gap * 100.0, floor, "M-5 6L1-6h4L-1 6z", "M-5 6L1-6M-1 6L5-6")?;
        }
        write!(drawing, r#"<text class="axis" x="0" y="12" dx="-8">wrong reuse, % of alerts ↑</text>"#)?;
        let below = HEIGHT - 6.0;
        write!(drawing, r#"<text class="axis end" x="100%" y="{below}">calls of 1,000 alerts →</text>"#)
    }

    /// Where the target's lines are: percent from the left, pixels from the top.
    fn target_places(&self) -> (Option<f64>, Option<f64>) {
        let place = |axis: &Axis, value: f64| axis.place(value).filter(|_| value > 0.0);
        let calls = self.target.and_then(|target| place(&self.across, target.calls_per_1000));
        let wrong = self.target.and_then(|target| place(&self.up, target.wrong_reuse_percent));
        (calls.map(|place| place * 100.0), wrong.map(height_of))
    }

    fn targets(&self, drawing: &mut String) -> fmt::Result {
        let (calls, wrong) = self.target_places();
        if let Some(x) = calls.map(short) {
            let (floor, above) = (ABOVE + PLOT, ABOVE - 5.0);
            write!(drawing, r#"<line class="target" x1="{x}%" x2="{x}%" y1="{ABOVE}" y2="{floor}"/>"#)?;
            write!(drawing, r#"<text class="time target" x="{x}%" y="{above}">target</text>"#)?;
        }
        if let Some(y) = wrong.map(short) {
            let above = short(y - 4.0);
            write!(drawing, r#"<line class="target" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#)?;
            write!(drawing, r#"<text class="end target" x="100%" y="{above}">target</text>"#)?;
        }
        Ok(())
    }

    fn labels(&self, drawing: &mut String) -> fmt::Result {
        let places: Vec<&Placed<'_>> = self.lines.iter().flat_map(|line| &line.points).collect();
        let wide = self.sides(&places, WIDE, None);
        let narrow = self.sides(&places, NARROW, Some(&wide));
        for ((placed, side), narrow) in places.into_iter().zip(wide).zip(narrow) {
            let Some(side) = side else { continue };
            let (dx, dy) = side.offset(reach(placed.point));
            let anchor = match side.across {
                1 => "begin",
                0 => "time",
                _ => "end",
            };
            let chosen = if placed.point.chosen { " chosen" } else { "" };
            let hidden = if narrow.is_none() { " wide-only" } else { "" };
            write!(
                drawing,
                r#"<text class="label {anchor}{chosen}{hidden}" x="{}%" y="{}" dx="{}" dy="{}">{}</text>"#,
                short(placed.x),
                short(placed.y),
                short(dx),
                short(dy),
                Escaped(&said(placed.point)),
            )?;
        }
        Ok(())
    }

    /// On which sides labels stand, in a plot so wide.
    fn sides(&self, places: &[&Placed<'_>], width: f64, given: Option<&[Option<Side>]>) -> Vec<Option<Side>> {
        let at = |placed: &Placed<'_>| (placed.x / 100.0 * width, placed.y);
        let labelled = places.iter().map(|placed| {
            let (x, y) = at(placed);
            Labelled { x, y, reach: reach(placed.point), label: said(placed.point) }
        });
        let labelled: Vec<Labelled> = labelled.collect();
        let pairs = self.lines.iter().flat_map(|line| line.points.windows(2));
        let drawn = pairs.filter_map(|pair| {
            let [from, to] = pair else { return None };
            Some([at(from), at(to)])
        });
        let (calls, wrong) = self.target_places();
        let upright = calls.map(|x| x / 100.0 * width).map(|x| [(x, ABOVE), (x, ABOVE + PLOT)]);
        let level = wrong.map(|y| [(0.0, y), (width, y)]);
        let stretches: Vec<Stretch> = drawn.chain(upright).chain(level).collect();
        place(&labelled, &stretches, (width, ABOVE + PLOT), given)
    }
}

impl Line<'_> {
    /// The line itself; dashed where it crosses the break before zero.
    fn stretches(&self, drawing: &mut String) -> fmt::Result {
        let is_zero = |point: &Point| (point.calls_per_1000 == 0.0, point.wrong_reuse_percent == 0.0);
        for pair in self.points.windows(2) {
            let [from, to] = pair else { continue };
            let through = if is_zero(from.point) == is_zero(to.point) { "" } else { " through" };
            let (x1, x2, y1, y2) = (short(from.x), short(to.x), short(from.y), short(to.y));
            write!(
                drawing,
                r#"<line class="curve k{}{through}" x1="{x1}%" x2="{x2}%" y1="{y1}" y2="{y2}"/>"#,
                self.kind
            )?;
        }
        Ok(())
    }

    fn marks(&self, drawing: &mut String) -> fmt::Result {
        for placed in &self.points {
            let (x, y) = (short(placed.x), short(placed.y));
            write!(drawing, r#"<svg class="point" x="{x}%" y="{y}"><g>"#)?;
            let sentence = PointRow::of(placed.point).sentence();
            write!(drawing, "<title>{}, {}</title>", Escaped(&self.name), Escaped(&sentence))?;
            if placed.point.chosen {
                write!(drawing, r#"<circle class="ring k{}" r="{RING}"/>"#, self.kind)?;
            }
            shape(drawing, self.kind, loses(placed.point))?;
            drawing.push_str("</g></svg>");
        }
        Ok(())
    }
}

/// The mark of a curve beside its name in a legend.
pub(super) fn key(index: usize) -> Svg {
    Svg::drawn(|drawing| {
        drawing.push_str(r#"<svg class="key" viewBox="-14 -7 28 14" aria-hidden="true">"#);
        key_shape(drawing, index)?;
        drawing.write_str("</svg>")
    })
}

/// The same around the origin, without an element around it.
pub(super) fn key_shape(drawing: &mut String, index: usize) -> fmt::Result {
    debug_assert!(index < MAX_CURVES);
    let kind = index % SHAPES.len();
    write!(drawing, r#"<line class="curve k{kind}" x1="-14" x2="14" y1="0" y2="0"/>"#)?;
    shape(drawing, kind, false)
}

fn shape(drawing: &mut String, kind: usize, is_hollow: bool) -> fmt::Result {
    let Some(path) = SHAPES.get(kind) else { return Ok(()) };
    let hollow = if is_hollow { " hollow" } else { "" };
    write!(drawing, r#"<path class="mark-{kind} k{kind}{hollow}" d="{path}"/>"#)
}

/// A break of an axis: the line is taken away between two strokes.
fn cut(drawing: &mut String, x: f64, y: f64, gap: &str, strokes: &str) -> fmt::Result {
    let (x, y) = (short(x), short(y));
    write!(drawing, r#"<svg class="point" x="{x}%" y="{y}">"#)?;
    write!(drawing, r#"<path class="gap" d="{gap}"/><path class="strokes" d="{strokes}"/></svg>"#)
}

/// A point's label; with the steps if one was lost.
fn said(point: &Point) -> String {
    if loses(point) { format!("{} · {}", label(point), steps(point)) } else { label(point) }
}

fn reach(point: &Point) -> f64 {
    if point.chosen { RING } else { MARK }
}

fn has_place(point: &Point) -> bool {
    [point.calls_per_1000, point.wrong_reuse_percent].iter().all(|value| value.is_finite() && *value >= 0.0)
}

fn height_of(place: f64) -> f64 {
    ABOVE + PLOT * (1.0 - place)
}
