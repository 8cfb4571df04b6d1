//! How long an alert took, stage by stage.

use super::charts::{Svg, percentiles};
use super::figures::duration;
use watchfire_engine::{Percentiles, Summary};

/// A row of the table of stages.
pub(super) struct StageRow<'s> {
    pub(super) stage: &'s str,
    /// p50, p95 and p99, for people.
    pub(super) figures: [String; 3],
    pub(super) bar: Svg,
}

/// The stages, on one scale.
pub(super) fn stages(summary: &Summary) -> Vec<StageRow<'_>> {
    let longest = summary.stages.iter().map(|stage| stage.us.p99).fold(0.0, f64::max);
    let rows = summary.stages.iter().map(|stage| StageRow {
        stage: &stage.stage,
        figures: figures(&stage.us, 1e6),
        bar: percentiles(&stage.us, longest),
    });
    rows.collect()
}

/// From reading to verdict, in a sentence.
pub(super) fn sentence(summary: &Summary) -> String {
    let [p50, p95, p99] = figures(&summary.latency_ms, 1e3);
    format!("From reading to verdict: half of the alerts within {p50}, 95 % within {p95}, 99 % within {p99}.")
}

fn figures(values: &Percentiles, per_second: f64) -> [String; 3] {
    [values.p50, values.p95, values.p99].map(|value| duration(value / per_second))
}
