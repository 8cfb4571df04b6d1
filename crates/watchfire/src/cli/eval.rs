//! `watchfire eval`: what is measured, and how.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire eval --labels truth --steps alerts.csv      how well alerts are judged
  watchfire eval --next --labels truth day1.csv day2.csv   how well it is foretold what comes next
  watchfire eval --geo --held-out lgl.xml.gz            how well places are found in news")]
pub(crate) struct Eval {
    /// Files of labelled alerts in time order, each a scenario of its own; with --geo annotated news
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the truth stands: a column of CSV, or a member of JSON objects (dots lead inwards)
    #[arg(long, value_name = "FIELD", required_unless_present_any = ["next", "geo"])]
    pub(crate) labels: Option<String>,
    /// Ask at every step on a machine what comes next, by what there is to learn from all other files
    #[arg(long, conflicts_with_all = ["all", "lives", "key", "leave_one_out", "seeds", "answers", "lies", "decider", "html", "svg", "markdown"])]
    pub(crate) next: bool,
    /// With --next: alerts of a rule that are so many minutes apart are two steps; 0 makes every change a step
    #[arg(long, value_name = "MINUTES", requires = "next", default_value = "60", value_parser = clap::value_parser!(u32).range(0..=1440))]
    pub(crate) stretch: u32,
    /// Measure how well places are found in news: files are XML like that of LGL or TR-News, plain or gzip
    #[arg(long, conflicts_with_all = ["next", "labels", "benign", "all", "lives", "key", "leave_one_out", "seeds", "answers", "lies", "decider", "steps", "mapping", "html", "svg", "markdown", "target"])]
    pub(crate) geo: bool,
    /// With --geo: only every second article, beginning with the second: nothing was fitted on those of LGL and TR-News
    #[arg(long, requires = "geo", conflicts_with_all = ["labels", "next"])]
    pub(crate) held_out: bool,
    /// With --geo: show so many names of each kind that went wrong, the most frequent first
    #[arg(long, value_name = "N", requires = "geo", conflicts_with_all = ["labels", "next"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) misses: Option<u32>,
    /// A label of alerts that are no part of an attack, besides -, 0, benign, false, false_positive, none and normal
    #[arg(long, value_name = "LABEL")]
    pub(crate) benign: Vec<String>,
    /// Who decides
    #[arg(long, value_name = "WHO", default_value = "oracle")]
    pub(crate) decider: Decides,
    /// Let every verdict live this long, in hours, whatever happens, as a cache does; several for a curve
    #[arg(long, value_name = "HOURS", value_delimiter = ',', value_parser = hours)]
    pub(crate) lives: Vec<f64>,
    /// Which alerts share a verdict
    #[arg(long, value_name = "KEY", default_value = "material")]
    pub(crate) key: Keys,
    /// What a model said, in place of the labels: NDJSON of triage about each file, in the same order
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Vec<PathBuf>,
    /// Judge each file also by what there is to learn from the labels of all others
    #[arg(long)]
    pub(crate) leave_one_out: bool,
    /// Compare the keys and lifetimes that could be used, for curves
    #[arg(long, conflicts_with_all = ["lives", "key", "leave_one_out", "seeds"])]
    pub(crate) all: bool,
    /// Let the labels lie about this share of the alerts of some patterns
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) lies: Option<f64>,
    /// The share of the patterns that are lied about
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0.2")]
    pub(crate) lied_patterns: f64,
    /// Repeat with so many seeds, and say how surely the error stays within its bound
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) seeds: Option<u32>,
    /// Which alerts are lied about and which reused verdicts are checked follows from this
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Show every step of the attacks
    #[arg(long)]
    pub(crate) steps: bool,
    /// Mapping files for other JSON and CSV formats, besides those in the settings
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Vec<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) curves: Curves,
}

/// Where the curves of an evaluation go.
#[derive(Debug, Args)]
pub(crate) struct Curves {
    /// Write a page with the curve, its numbers and every step of the attacks (.html)
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write the curve as a drawing (.svg)
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the curve's numbers as a table in Markdown (.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Draw lines at so many calls of 1,000 alerts and so much wrong reuse in percent, such as 10,0.05
    #[arg(long, value_name = "CALLS,PERCENT", value_parser = target)]
    pub(crate) target: Option<(f64, f64)>,
}

fn target(text: &str) -> Result<(f64, f64), String> {
    let number =
        |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    let known = text.split_once(',').and_then(|(calls, wrong)| Some((number(calls)?, number(wrong)?)));
    known.ok_or_else(|| "two numbers above 0: calls of 1,000 alerts, wrong reuse in percent".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decides {
    /// The labels decide whatever is decided: measures reuse alone
    Oracle,
    /// The embedded deciders first, and the labels what these leave open
    Cascade,
    /// The embedded deciders alone
    Embedded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keys {
    /// Those that agree in their material fields, and on which the same rules match: how it is in a run
    Material,
    /// Those of the same vendor's rule
    Rule,
    /// Those of the same vendor's rule on the same machine
    RuleMachine,
}

fn share(text: &str) -> Result<f64, String> {
    let known = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    known.ok_or_else(|| "between 0 and 1".to_owned())
}

fn hours(text: &str) -> Result<f64, String> {
    let known = text.parse().ok().filter(|hours| (0.001..=100_000.0).contains(hours));
    known.ok_or_else(|| "between 0.001 and 100000 hours".to_owned())
}
