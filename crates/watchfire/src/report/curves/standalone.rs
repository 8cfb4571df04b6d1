//! The chart as a file of its own, for documents.
//!
//! GitHub shows such a file as an image: what it needs it must hold, and what it sees of the reader is whether they
//! like it dark, which need not be the theme of the page around it. So it brings its own paper, and is right on any.

use super::drawing::{Drawing, HEIGHT, key_shape};
use super::escaping::Escaped;
use super::points::{left_over, name, ordered, shown};
use super::{Curve, Target};
use std::fmt::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Pixels: the file's width, room beside the plot, a line of the legend, room above and below.
const WIDTH: f64 = 800.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 30.0;
const LEGEND_LINE: f64 = 22.0;
const EDGE: f64 = 18.0;
/// Width of a character, rather too much: fonts differ.
const CHARACTER: f64 = 7.2;
/// From a mark's middle to its name, and from a name to the next mark.
const BESIDE: f64 = 20.0;
const BETWEEN: f64 = 34.0;

pub(super) fn file(curves: &[Curve], target: Option<Target>) -> String {
    let mut out = String::new();
    // A `String` takes all that is written to it.
    let _ = write_file(&mut out, curves, target);
    out
}

fn write_file(out: &mut String, curves: &[Curve], target: Option<Target>) -> fmt::Result {
    let drawing = Drawing::new(curves, target);
    let entries = if drawing.is_some() { legend(curves) } else { Vec::new() };
    let plot_top = EDGE + entries.last().map_or(0.0, |entry| entry.y + LEGEND_LINE);
    let plot_height = if drawing.is_some() { HEIGHT } else { 40.0 };
    let height = plot_top + plot_height + EDGE / 2.0;
    write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="curves-is">"#
    )?;
    let title = drawing.as_ref().map_or_else(|| NOTHING_DRAWN.to_owned(), Drawing::title);
    write!(out, r#"<title id="curves-is">{}</title>"#, Escaped(&title))?;
    write!(out, "<style>{}{}</style>", include_str!("standalone.css"), include_str!("chart.css"))?;
    write!(
        out,
        r#"<rect class="card" x=".5" y=".5" width="{}" height="{}" rx="6"/>"#,
        WIDTH - 1.0,
        height - 1.0
    )?;
    for entry in entries {
        let (x, y) = (entry.x + LEFT, entry.y + EDGE + 4.0);
        write!(out, r#"<g transform="translate({x} {y})">"#)?;
        match entry.sign {
            Sign::Curve(index) => key_shape(out, index)?,
            Sign::Hollow => out.push_str(HOLLOW),
            Sign::Ring => out.push_str(RING),
            Sign::Nothing => {}
        }
        write!(out, r#"<text class="legend-name" x="{BESIDE}" y="4">{}</text></g>"#, Escaped(&entry.name))?;
    }
    if let Some(drawing) = drawing {
        let width = WIDTH - LEFT - RIGHT;
        write!(out, r#"<svg class="curves" x="{LEFT}" y="{plot_top}" width="{width}" height="{HEIGHT}">"#)?;
        drawing.write(out)?;
        out.push_str("</svg>");
    } else {
        let y = EDGE * 2.0;
        write!(out, r#"<text class="legend-name" x="{EDGE}" y="{y}">{NOTHING_DRAWN}</text>"#)?;
    }
    out.write_str("</svg>\n")
}

/// What is said instead of a chart.
pub(super) const NOTHING_DRAWN: &str = "There is no point to draw.";
/// The sign for a point that lost a step.
const HOLLOW: &str = r#"<path class="hollow any" d="M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"/>"#;
/// The sign for the chosen point.
const RING: &str = r#"<circle class="ring any" r="8"/><circle class="dot" r="4"/>"#;

struct Entry {
    name: String,
    sign: Sign,
    x: f64,
    y: f64,
}

/// What stands before a name.
enum Sign {
    /// The mark of the curve with this index.
    Curve(usize),
    Hollow,
    Ring,
    Nothing,
}

/// Names side by side, as many to a line as there is room for.
fn legend(curves: &[Curve]) -> Vec<Entry> {
    let mut names: Vec<(String, Sign)> =
        shown(curves).enumerate().map(|(index, curve)| (name(curve), Sign::Curve(index))).collect();
    if shown(curves).flat_map(ordered).any(super::points::loses) {
        names.push(("hollow: a step of an attack was lost".to_owned(), Sign::Hollow));
    }
    match left_over(curves) {
        0 => {}
        left => names.push((format!("not shown: {left} more"), Sign::Nothing)),
    }
    if shown(curves).flat_map(ordered).any(|point| point.chosen) {
        names.push(("ringed: chosen".to_owned(), Sign::Ring));
    }
    let (mut x, mut y) = (14.0, 0.0);
    let mut entries = Vec::with_capacity(names.len());
    for (name, sign) in names {
        let width = name.width() as f64 * CHARACTER;
        if x > 14.0 && LEFT + x + BESIDE + width > WIDTH - EDGE {
            (x, y) = (14.0, y + LEGEND_LINE);
        }
        entries.push(Entry { name, sign, x, y });
        x += BESIDE + width + BETWEEN;
    }
    entries
}
