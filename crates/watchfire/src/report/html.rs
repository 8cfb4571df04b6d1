//! The report as one page that needs nothing else: no script, no font, no request.
//!
//! The page is a template (`templates/report.html`), whose engine escapes every value that is put in, for text and for
//! attributes alike. The two things it does not escape are marked by type: drawings ([`Svg`]), which hold no text from
//! the input but what [`super::curves`] escapes itself, and the style sheet, which is ours. A Content-Security-Policy in the page stands behind that: whatever
//! got through would still load nothing and run nothing.

use super::charts::{self, Svg, Tone, bar, gauge, mark, severity_class, severity_named};
use super::figures::{bytes, grouped};
use super::finding::{self, FindingView, Place};
use super::headline::{Headline, Step};
use super::latency::{self, StageRow};
use super::panels::{self, Panel, Section};
use super::timeline::{MAX_LANES, TimelineChart};
use askama::Template;
use std::fmt;
use watchfire_engine::{InputSummary, Summary};
use watchfire_signal::Verdict;

/// Findings shown; the rest are counted.
const MAX_FINDINGS: usize = 50;
/// Inputs shown one by one; the rest are counted. Those with errors come first.
const MAX_INPUTS: usize = 60;

/// The page.
pub(super) fn page(summary: &Summary) -> String {
    let page = Page::new(summary);
    // Writing to a string fails only if a value's own `Display` does, and none of ours does.
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "report.html", whitespace = "minimize")]
struct Page<'s> {
    style: StyleSheet,
    summary: &'s Summary,
    headline: Headline,
    findings: Vec<FindingView<'s>>,
    timeline: Option<TimelineChart<'s>>,
    stages: Vec<StageRow<'s>>,
    sections: Vec<Section>,
    unjudged: Vec<Panel>,
    inputs: Vec<InputRow<'s>>,
}

/// An input, with its records received, judged, set aside and dead, and its size, for people.
struct InputRow<'s> {
    input: &'s InputSummary,
    figures: [String; 5],
}

impl<'s> Page<'s> {
    fn new(summary: &'s Summary) -> Self {
        let mut inputs: Vec<&InputSummary> = summary.inputs.iter().collect();
        inputs.sort_by_key(|input| input.error.is_empty());
        let inputs = inputs.into_iter().take(MAX_INPUTS).map(|input| InputRow {
            input,
            figures: [
                grouped(input.received),
                grouped(input.judged),
                grouped(input.set_aside),
                grouped(input.dead),
                bytes(input.bytes),
            ],
        });
        Self {
            style: StyleSheet,
            summary,
            headline: Headline::new(summary),
            findings: finding::first(summary, MAX_FINDINGS),
            timeline: TimelineChart::new(&summary.timeline, &summary.findings),
            stages: latency::stages(summary),
            sections: panels::sections(summary),
            unjudged: panels::unjudged(summary),
            inputs: inputs.collect(),
        }
    }

    /// How many findings are not shown; empty if all are.
    fn findings_left(&self) -> String {
        some(self.summary.findings_total.saturating_sub(self.findings.len() as u64))
    }

    fn forgotten(&self) -> String {
        some(self.summary.forgotten)
    }

    fn pending(&self) -> String {
        some(self.summary.pending)
    }

    fn inputs_left(&self) -> usize {
        self.summary.inputs.len().saturating_sub(self.inputs.len())
    }

    /// How many findings have a lane below the timeline.
    fn lanes(&self) -> usize {
        self.findings.len().min(MAX_LANES)
    }

    fn has_errors(&self) -> bool {
        self.summary.inputs.iter().any(|input| !input.error.is_empty())
    }
}

impl Step {
    /// How much is left of the alerts, as a bar; an empty one keeps the place where there is no such share.
    fn left_bar(&self) -> Svg {
        bar(self.left.unwrap_or_default(), 1.0, Tone::Plain)
    }
}

impl FindingView<'_> {
    fn severity_mark(&self) -> Svg {
        mark(severity_named(&self.finding.severity))
    }

    fn severity_class(&self) -> &'static str {
        severity_class(severity_named(&self.finding.severity))
    }

    fn priority_gauge(&self) -> Svg {
        gauge(self.finding.priority.into(), 100.0, Tone::Priority(self.finding.priority))
    }

    /// Badges differ by their outline, so that they can be told apart without colour.
    fn verdict_class(&self) -> &'static str {
        match Verdict::from_name(&self.finding.verdict) {
            Some(Verdict::TruePositive) => "sure",
            Some(Verdict::Suspicious) => "likely",
            Some(verdict) if verdict.is_benign() => "closed",
            _ => "open",
        }
    }
}

/// A number if there is one to speak of.
fn some(number: u64) -> String {
    if number == 0 { String::new() } else { grouped(number) }
}

/// The style sheet, as it stands.
struct StyleSheet;

impl fmt::Display for StyleSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(include_str!("style.css"))
    }
}

impl askama::filters::HtmlSafe for StyleSheet {}
