//! The small drawings: bars, scales, marks. SVG, drawn here, so that the report needs no script and prints.
//!
//! Bars are SVG rather than coloured boxes because browsers leave out backgrounds when they print. They are measured in
//! percent of whatever room the page gives them, so one drawing fits a wall and a phone. Colours are classes of
//! `style.css`, which knows light from dark.
//!
//! **No function here takes text from the input**, only numbers, and names that are looked up in our own lists. So what
//! they draw is safe to put into a page as it stands, and [`Svg`] says so to the templates: it is the only thing in the
//! report that templates don't escape.

use std::fmt::{self, Display, Write};
use watchfire_engine::Percentiles;
use watchfire_signal::Severity;

/// A finished drawing; the one kind of value that templates don't escape. Whoever draws text of others escapes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Svg(String);

impl Svg {
    /// What `draw` writes; a `String` takes all that is written to it.
    pub(super) fn drawn(draw: impl FnOnce(&mut String) -> fmt::Result) -> Self {
        let mut drawing = String::new();
        match draw(&mut drawing) {
            Ok(()) => Self(drawing),
            Err(fmt::Error) => Self::default(),
        }
    }
}

impl Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}

/// What a bar stands for; its style sheet class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing in particular.
    Plain,
    /// A severity's colour.
    Severity(Severity),
    /// A priority's colour: that of the severity which asks for the same haste.
    Priority(u8),
    /// Looks hostile.
    Hostile,
    /// Closed without anyone looking.
    Closed,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Severity(severity) => severity_class(severity),
            Self::Priority(priority) => severity_class(haste(priority)),
            Self::Hostile => "s-critical",
            Self::Closed => "s-low",
        }
    }
}

/// The severity that asks for as much haste as a priority does, by OCSF's bounds of `priority_id`.
pub(super) fn haste(priority: u8) -> Severity {
    match priority {
        0..=29 => Severity::Low,
        30..=59 => Severity::Medium,
        60..=84 => Severity::High,
        _ => Severity::Critical,
    }
}

/// The class of a severity's colour, and the id of its mark.
pub(super) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "s-unknown",
        Severity::Informational => "s-info",
        Severity::Low => "s-low",
        Severity::Medium => "s-medium",
        Severity::High => "s-high",
        Severity::Critical => "s-critical",
        Severity::Fatal => "s-fatal",
    }
}

/// The severity of that name; unknown for any other.
pub(super) fn severity_named(name: &str) -> Severity {
    Severity::ALL.into_iter().find(|severity| severity.name() == name).unwrap_or_default()
}

/// A bar of `value` where `largest` fills the room. What is not nothing can be seen.
pub(super) fn bar(value: f64, largest: f64, tone: Tone) -> Svg {
    Svg::drawn(|drawing| {
        drawing.push_str(r#"<svg class="bar" aria-hidden="true">"#);
        strip(drawing, tone.class(), value, largest)?;
        drawing.write_str("</svg>")
    })
}

/// A bar on a visible track, for shares and scores: what is missing to the full shows too.
pub(super) fn gauge(value: f64, full: f64, tone: Tone) -> Svg {
    Svg::drawn(|drawing| {
        drawing.push_str(r#"<svg class="bar gauge" aria-hidden="true">"#);
        strip(drawing, "track", 1.0, 1.0)?;
        strip(drawing, tone.class(), value, full)?;
        drawing.write_str("</svg>")
    })
}

/// Three bars in one: the light one ends at p99, the middle one at p95, the dark one at p50.
pub(super) fn percentiles(values: &Percentiles, largest: f64) -> Svg {
    Svg::drawn(|drawing| {
        drawing.push_str(r#"<svg class="bar" aria-hidden="true">"#);
        strip(drawing, "p99", values.p99, largest)?;
        strip(drawing, "p95", values.p95, largest)?;
        strip(drawing, "p50", values.p50, largest)?;
        drawing.write_str("</svg>")
    })
}

/// One strip of a bar; nothing draws nothing.
fn strip(drawing: &mut String, class: &str, value: f64, largest: f64) -> fmt::Result {
    match width_percent(value, largest) {
        0.0 => Ok(()),
        percent => write!(drawing, r#"<rect class="{class}" width="{}%" height="100%"/>"#, short(percent)),
    }
}

/// A severity's mark: its shape tells it apart without colour. The page holds the shapes once ([`marks`]).
pub(super) fn mark(severity: Severity) -> Svg {
    let class = severity_class(severity);
    Svg(format!(r##"<svg class="mark {class}" aria-hidden="true"><use href="#{class}"/></svg>"##))
}

/// The shapes that [`mark`] refers to: from a dash over a ring to a crossed-out octagon, the fuller the worse.
pub(super) fn marks() -> Svg {
    const SHAPES: [(Severity, &str); 7] = [
        (Severity::Unknown, r#"<path d="M2 6h10v2H2z"/>"#),
        (
            Severity::Informational,
            r#"<path d="M7 2a5 5 0 100 10A5 5 0 007 2zm0 2a3 3 0 110 6 3 3 0 010-6z"/>"#,
        ),
        (Severity::Low, r#"<circle cx="7" cy="7" r="4.6"/>"#),
        (Severity::Medium, r#"<path d="M2.6 2.6h8.8v8.8H2.6z"/>"#),
        (Severity::High, r#"<path d="M7 1.4L13.4 12.4H.6z"/>"#),
        (Severity::Critical, r#"<path d="M7 .4L13.6 7 7 13.6.4 7z"/>"#),
        (
            Severity::Fatal,
            r#"<path fill-rule="evenodd" d="M4.2.5h5.6l3.7 3.7v5.6l-3.7 3.7H4.2L.5 9.8V4.2zM4 5.1L5.9 7 4 8.9 5.1 10 7 8.1 8.9 10 10 8.9 8.1 7 10 5.1 8.9 4 7 5.9 5.1 4z"/>"#,
        ),
    ];
    Svg::drawn(|drawing| {
        drawing.push_str(r#"<svg class="shapes" aria-hidden="true" width="0" height="0">"#);
        for (severity, shape) in SHAPES {
            let id = severity_class(severity);
            write!(drawing, r#"<symbol id="{id}" viewBox="0 0 14 14">{shape}</symbol>"#)?;
        }
        drawing.write_str("</svg>")
    })
}

/// How much of the room a value takes, in percent: 0 only for nothing, else at least a hair, at most all.
fn width_percent(value: f64, largest: f64) -> f64 {
    if !(value > 0.0 && largest > 0.0) {
        return 0.0;
    }
    (value / largest * 100.0).clamp(0.8, 100.0)
}

/// A coordinate without digits that nobody sees.
pub(super) fn short(value: f64) -> f64 {
    if value.is_finite() { (value * 100.0).round() / 100.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{Tone, bar, gauge, mark, marks, percentiles, severity_named};
    use watchfire_engine::Percentiles;
    use watchfire_signal::Severity;

    #[test]
    fn the_largest_fills_the_room_and_the_smallest_is_still_seen() {
        assert!(bar(2812.0, 2812.0, Tone::Plain).to_string().contains(r#"width="100%""#));
        assert!(bar(1.0, 1e9, Tone::Plain).to_string().contains(r#"width="0.8%""#));
        assert!(!bar(0.0, 2812.0, Tone::Plain).to_string().contains("rect"));
    }

    #[test]
    fn absurd_numbers_draw_nothing() {
        for absurd in [f64::NAN, f64::NEG_INFINITY, -3.0] {
            assert!(!bar(absurd, 10.0, Tone::Plain).to_string().contains("rect"));
            assert!(!bar(10.0, absurd, Tone::Plain).to_string().contains("rect"));
        }
        assert!(gauge(f64::INFINITY, 1.0, Tone::Hostile).to_string().contains(r#"s-critical" width="100%""#));
    }

    #[test]
    fn percentiles_lie_over_each_other_with_the_longest_behind() {
        let drawing = percentiles(&Percentiles { p50: 1.0, p95: 2.0, p99: 4.0 }, 4.0).to_string();
        let ends: Vec<usize> = ["100%\" height", "50%\" height", "25%\" height"]
            .map(|end| drawing.find(end).unwrap_or(usize::MAX))
            .into();
        assert!(ends.is_sorted() && ends[2] < usize::MAX, "{drawing}");
    }

    #[test]
    fn every_severity_has_a_shape_of_its_own() {
        let shapes = marks().to_string();
        for severity in Severity::ALL {
            let id = mark(severity)
                .to_string()
                .split_once("href=\"#")
                .unwrap()
                .1
                .split_once('"')
                .unwrap()
                .0
                .to_owned();
            assert!(shapes.contains(&format!(r#"id="{id}""#)), "{id}");
            assert_eq!(severity_named(severity.name()), severity);
        }
        assert_eq!(severity_named("\"><script>"), Severity::Unknown);
    }
}
