//! Alerts over time: stacked bars by severity, and below them when each of the first findings took place.
//!
//! Across, everything is in percent of the room, so the drawing fits any width while its labels keep their size; only
//! the bars are stretched. The worst severity stands on the base line, where heights can be compared. Like the rest of
//! the drawings it takes no text from the input ([`super::charts`]): findings are named by their number.

use super::charts::{Svg, mark, severity_class, severity_named, short};
use super::figures::{counted, duration, grouped};
use std::fmt::{self, Write};
use watchfire_engine::{Finding, Timeline};
use watchfire_signal::{Severity, Timestamp};

/// Steps that are drawn; the engine makes no more.
const MAX_STEPS: usize = 240;
/// Findings that get a lane.
pub(super) const MAX_LANES: usize = 10;
/// Rows of the table that says the same in numbers.
const MAX_ROWS: usize = 24;
/// Units of height of the stretched part, so that its coordinates need few digits.
const UNITS: f64 = 1000.0;
/// Heights, in pixels: room above the plot, the plot, the line of times, a lane.
const ABOVE: usize = 10;
const PLOT: usize = 180;
const TIMES: usize = 26;
const LANE: usize = 17;
/// Most lines across the plot; [`round_distance`] asks for five.
const MAX_LINES: u64 = 8;
/// Most labels along the line of times.
const MAX_LABELS: i64 = 9;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Distances that times are labelled in.
const DISTANCES: [i64; 22] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    91 * DAY,
    365 * DAY,
    1825 * DAY,
    7300 * DAY,
];

/// A timeline that can be drawn.
pub(super) struct TimelineChart<'s> {
    timeline: &'s Timeline,
    steps: &'s [[u64; 7]],
    findings: &'s [Finding],
}

/// A row of the table beside the drawing.
pub(super) struct TimeRow {
    pub(super) from: String,
    /// Alerts by severity, in the order of [`TimelineChart::severities`], and all of them.
    pub(super) counts: Vec<String>,
}

impl<'s> TimelineChart<'s> {
    /// A chart, or `None` if no alert has a time.
    pub(super) fn new(timeline: &'s Timeline, findings: &'s [Finding]) -> Option<Self> {
        let steps = timeline.steps.get(..timeline.steps.len().min(MAX_STEPS))?;
        let sound = timeline.step_ms > 0 && Timestamp::from_millis(timeline.start_ms).is_some();
        let findings = findings.get(..findings.len().min(MAX_LANES))?;
        (sound && steps.iter().flatten().any(|&alerts| alerts > 0)).then_some(Self {
            timeline,
            steps,
            findings,
        })
    }

    /// The severities that occur, worst first.
    pub(super) fn severities(&self) -> Vec<Severity> {
        let occurs = |severity: &Severity| self.steps.iter().any(|step| step[usize::from(severity.id())] > 0);
        Severity::ALL.into_iter().rev().filter(occurs).collect()
    }

    /// The same with their marks, for a legend.
    pub(super) fn legend(&self) -> Vec<(Svg, &'static str)> {
        self.severities().into_iter().map(|severity| (mark(severity), severity.name())).collect()
    }

    /// How long a step is.
    pub(super) fn step(&self) -> String {
        duration(self.timeline.step_ms as f64 / 1000.0)
    }

    /// The same in numbers, several steps to a row if need be.
    pub(super) fn rows(&self) -> Vec<TimeRow> {
        let severities = self.severities();
        let steps_per_row = self.steps.len().div_ceil(MAX_ROWS).max(1);
        let rows = self.steps.chunks(steps_per_row).enumerate().map(|(index, steps)| {
            let sum = |severity: &Severity| {
                steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step[usize::from(severity.id())]))
            };
            let all = steps.iter().map(total).fold(0_u64, u64::saturating_add);
            let counts = severities.iter().map(sum).chain([all]).map(grouped).collect();
            TimeRow { from: label(self.start_of(index * steps_per_row), ..19), counts }
        });
        rows.collect()
    }

    /// The drawing.
    pub(super) fn draw(&self) -> Svg {
        Svg::drawn(|drawing| {
            let lanes: Vec<(usize, f64, f64)> = self.lanes();
            let below = if lanes.is_empty() { 0 } else { lanes.len() * LANE + 10 };
            let height = ABOVE + PLOT + TIMES + below;
            write!(
                drawing,
                r#"<svg class="timeline" height="{height}" role="img" aria-labelledby="timeline-is">"#
            )?;
            let (from, to) = (label(self.start_of(0), ..16), label(self.start_of(self.steps.len()), ..16));
            let total = self.steps.iter().flatten().fold(0_u64, |sum, &alerts| sum.saturating_add(alerts));
            let is = counted(total, "alert");
            write!(drawing, r#"<title id="timeline-is">{is} from {from} to {to} UTC, by severity</title>"#)?;
            let scale = self.scale();
            scale.draw(drawing)?;
            self.bars(drawing, &scale)?;
            self.times(drawing, height)?;
            for (row, lane) in lanes.into_iter().enumerate() {
                self.lane(drawing, ABOVE + PLOT + TIMES + row * LANE + LANE / 2, lane)?;
            }
            drawing.write_str("</svg>")
        })
    }

    fn scale(&self) -> Scale {
        let largest = self.steps.iter().map(total).max().unwrap_or(1).max(4);
        let distance = round_distance(largest);
        Scale { distance, highest: largest.div_ceil(distance).saturating_mul(distance) }
    }

    /// The stacked bars: one path for each severity, and for each step an invisible area that says what is in it.
    fn bars(&self, drawing: &mut String, scale: &Scale) -> fmt::Result {
        let count = self.steps.len();
        write!(
            drawing,
            r#"<svg y="{ABOVE}" width="100%" height="{PLOT}" viewBox="0 0 {count} {UNITS}" preserveAspectRatio="none">"#
        )?;
        let mut tops = vec![0.0_f64; count];
        for severity in self.severities() {
            write!(drawing, r#"<path class="{}" d=""#, severity_class(severity))?;
            for (index, (step, top)) in self.steps.iter().zip(&mut tops).enumerate() {
                let alerts = step[usize::from(severity.id())];
                if alerts > 0 {
                    // A single alert among thousands must not vanish.
                    let height = (alerts as f64 / scale.highest as f64 * UNITS).round().max(4.0);
                    write!(drawing, "M{index}.06 {}h.88v-{height}h-.88z", UNITS - *top)?;
                    *top += height;
                }
            }
            drawing.push_str(r#""/>"#);
        }
        for (index, step) in self.steps.iter().enumerate().filter(|(_, step)| total(step) > 0) {
            let from = label(self.start_of(index), ..19);
            let parts = self.severities().into_iter().filter_map(|severity| {
                let alerts = step[usize::from(severity.id())];
                (alerts > 0).then(|| format!("{} {}", grouped(alerts), severity.name()))
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            write!(
                drawing,
                r#"<rect class="area" x="{index}" width="1" height="{UNITS}"><title>from {from}: {parts}</title></rect>"#
            )?;
        }
        drawing.write_str("</svg>")
    }

    /// Times below the plot, with faint lines down through the lanes.
    fn times(&self, drawing: &mut String, height: usize) -> fmt::Result {
        let (start, end) = (self.start_of(0), self.start_of(self.steps.len()));
        let span = end.saturating_sub(start).max(1);
        let Some(distance) = DISTANCES.into_iter().find(|distance| span / distance < MAX_LABELS) else {
            return Ok(());
        };
        let first = start.div_euclid(distance).saturating_mul(distance);
        let first = if first < start { first.saturating_add(distance) } else { first };
        let (top, text) = (ABOVE + PLOT, ABOVE + PLOT + 18);
        for index in 0..=MAX_LABELS {
            let time = first.saturating_add(index.saturating_mul(distance));
            if time > end {
                break;
            }
            let x = short(self.across(time));
            let label = match distance {
                _ if time % DAY == 0 => label(time, ..10),
                d if d < MINUTE => label(time, 11..19),
                _ => label(time, 11..16),
            };
            // A label at the right edge must not stand out of the page; a narrow screen has room for every other one.
            let class = match index % 2 {
                _ if x > 97.0 => "edge every-other",
                0 => "time",
                _ => "time every-other",
            };
            write!(drawing, r#"<line class="base" x1="{x}%" x2="{x}%" y1="{top}" y2="{}"/>"#, top + 5)?;
            write!(drawing, r#"<line class="grid" x1="{x}%" x2="{x}%" y1="{}" y2="{height}"/>"#, text + 6)?;
            write!(drawing, r#"<text class="{class}" x="{x}%" y="{text}">{label}</text>"#)?;
        }
        Ok(())
    }

    /// Which findings have a place in time: their index, and where they begin and end in percent.
    fn lanes(&self) -> Vec<(usize, f64, f64)> {
        let place = |(index, finding): (usize, &Finding)| {
            let first = Timestamp::parse(&finding.first)?.as_millis();
            let last = Timestamp::parse(&finding.last)?.as_millis().max(first);
            Some((index, self.across(first), self.across(last)))
        };
        self.findings.iter().enumerate().filter_map(place).collect()
    }

    /// One finding's line from its first to its last alert, with its number and its severity's mark.
    fn lane(&self, drawing: &mut String, y: usize, (index, from, to): (usize, f64, f64)) -> fmt::Result {
        let severity = self.findings.get(index).map_or("", |finding| &finding.severity);
        let class = severity_class(severity_named(severity));
        let (number, from, to) = (index + 1, short(from), short(to));
        let (x, dx, side) = if from < 6.0 { (to, 11, "after") } else { (from, -11, "before") };
        write!(
            drawing,
            r##"<a href="#finding-{number}" aria-label="finding {number}"><g class="lane {class}">"##
        )?;
        write!(drawing, r#"<line x1="{from}%" x2="{to}%" y1="{y}" y2="{y}"/>"#)?;
        // Two marks on one spot are a blot.
        let ends = if to - from < 1.2 { 1 } else { 2 };
        for x in [from, to].into_iter().take(ends) {
            let shape = format_args!(r##"<use href="#{class}" x="-6" y="-6" width="12" height="12"/>"##);
            write!(drawing, r#"<svg class="end" x="{x}%" y="{y}">{shape}</svg>"#)?;
        }
        write!(drawing, r#"<text class="{side}" x="{x}%" dx="{dx}" y="{y}" dy="4">{number}</text></g></a>"#)
    }

    fn start_of(&self, step: usize) -> i64 {
        let steps = i64::try_from(step).unwrap_or(i64::MAX);
        self.timeline.start_ms.saturating_add(steps.saturating_mul(self.timeline.step_ms))
    }

    /// Where a time stands, in percent from the left; what lies outside stands at the edge.
    fn across(&self, time: i64) -> f64 {
        let (start, end) = (self.start_of(0) as f64, self.start_of(self.steps.len()) as f64);
        ((time as f64 - start) / (end - start).max(1.0) * 100.0).clamp(0.0, 100.0)
    }
}

/// A part of a time's RFC 3339 text, with a space for its `T`.
fn label(time: i64, part: impl std::slice::SliceIndex<str, Output = str>) -> String {
    let text = Timestamp::from_millis(time).map(|time| time.to_string()).unwrap_or_default();
    text.get(part).unwrap_or_default().replace('T', " ")
}

/// What the plot reaches up to, and the distance of its lines.
struct Scale {
    distance: u64,
    highest: u64,
}

impl Scale {
    /// Horizontal lines with the numbers they stand for.
    fn draw(&self, drawing: &mut String) -> fmt::Result {
        for line in 0..=(self.highest / self.distance).min(MAX_LINES) {
            let value = line.saturating_mul(self.distance);
            let y = short(ABOVE as f64 + PLOT as f64 * (1.0 - value as f64 / self.highest as f64));
            let class = if line == 0 { "base" } else { "grid" };
            write!(drawing, r#"<line class="{class}" x1="0" x2="100%" y1="{y}" y2="{y}"/>"#)?;
            write!(drawing, r#"<text class="number" x="-8" y="{y}" dy="4">{}</text>"#, grouped(value))?;
        }
        Ok(())
    }
}

fn total(step: &[u64; 7]) -> u64 {
    step.iter().fold(0_u64, |sum, &alerts| sum.saturating_add(alerts))
}

/// The distance of 1, 2 or 5 times a power of ten that divides `largest` into two to five parts or so.
fn round_distance(largest: u64) -> u64 {
    let mut distance = 1_u64;
    for factor in [2, 5, 10].into_iter().cycle() {
        if largest / distance < 5 {
            break;
        }
        let magnitude = 10_u64.pow(distance.ilog10());
        distance = magnitude.saturating_mul(factor);
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::{MAX_ROWS, TimelineChart, round_distance};
    use watchfire_engine::Timeline;

    const DAY_MS: i64 = 86_400_000;

    fn timeline(start_ms: i64, step_ms: i64, alerts: &[u64]) -> Timeline {
        let step = |&count: &u64| [0, 0, count, 0, 0, u64::from(count > 0), 0];
        Timeline { start_ms, step_ms, steps: alerts.iter().map(step).collect() }
    }

    #[test]
    fn a_timeline_without_alerts_is_none() {
        assert!(TimelineChart::new(&Timeline::default(), &[]).is_none());
        assert!(TimelineChart::new(&timeline(0, 1000, &[0, 0]), &[]).is_none());
        assert!(TimelineChart::new(&timeline(-5, 1000, &[1]), &[]).is_none());
        assert!(TimelineChart::new(&timeline(0, 0, &[1]), &[]).is_none());
    }

    #[test]
    fn numbers_and_drawing_hold_every_alert() {
        let alerts: Vec<u64> = (0..240).collect();
        let timeline = timeline(20_000 * DAY_MS, DAY_MS / 240, &alerts);
        let chart = TimelineChart::new(&timeline, &[]).unwrap();
        let rows = chart.rows();
        assert!(rows.len() <= MAX_ROWS);
        let all = rows.iter().map(|row| row.counts[2].replace(',', "").parse::<u64>().unwrap());
        assert_eq!(all.sum::<u64>(), 28_919);
        let drawing = chart.draw().to_string();
        assert_eq!(drawing.matches("<title>from").count(), 239);
        for said in [
            "28,919\u{a0}alerts from 2024-10-04 00:00 to 2024-10-05 00:00 UTC",
            "from 2024-10-04 23:54:00: 1 critical, 239 low",
            ">03:00<",
            ">2024-10-05<",
        ] {
            assert!(drawing.contains(said), "{said}");
        }
    }

    #[test]
    fn any_span_is_labelled_and_nothing_overflows() {
        for step_ms in [1, 1000, 60_000, DAY_MS, 400 * DAY_MS, i64::MAX] {
            for alerts in [&[1][..], &[u64::MAX, u64::MAX, 3], &[0, 7, 0, 12_000]] {
                let timeline = timeline(20_000 * DAY_MS, step_ms, alerts);
                let chart = TimelineChart::new(&timeline, &[]).unwrap();
                let drawing = chart.draw().to_string();
                assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{step_ms}");
                assert!(drawing.len() < 20_000);
                assert!(chart.rows().len() == alerts.len());
            }
        }
    }

    #[test]
    fn lines_stand_at_round_numbers() {
        let distances = [4, 7, 12, 49, 50, 312, 2812, u64::MAX].map(round_distance);
        assert_eq!(distances, [1, 2, 5, 10, 20, 100, 1000, 5_000_000_000_000_000_000]);
    }
}
