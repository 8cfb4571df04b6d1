//! What was decided once is not decided again: a second run over the same alerts costs nothing and changes nothing.

use crate::support::alerts::alert_at;
use crate::support::{Workbench, example};
use serde_json::Value;

#[test]
fn a_second_run_over_the_day_decides_nothing_anew_and_adds_nothing() {
    let bench = Workbench::new();
    let tables = ["alerts", "intake", "patterns", "decisions", "sources", "dead_letters"];
    let rows = || tables.map(|table| bench.count(&format!("SELECT count(*) FROM {table}")));
    let first = bench.triage(&[&example("day.ndjson")]);
    let before = rows();
    let second = bench.triage(&[&example("day.ndjson")]);
    second.ends_with(0);
    assert_eq!(second.share("hit_rate", "pattern"), 1.0);
    assert_eq!(second.count("calls_avoided"), second.count("judged"));
    assert_eq!(rows(), before, "rows of {tables:?}");
    for key in ["by_verdict", "by_severity", "by_category", "by_decider", "set_aside_by_kind", "patterns"] {
        assert_eq!(first.summary()[key], second.summary()[key], "{key}");
    }
    let ranked = |summary: &Value| {
        let findings = summary["findings"].as_array().unwrap().iter();
        findings.map(|finding| (finding["example"].clone(), finding["priority"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(ranked(first.summary()), ranked(second.summary()), "the ranking");
}

#[test]
fn a_pattern_that_comes_back_for_many_months_is_known_the_second_time() {
    // One alert every eight hours, each past the lifetime of the decision before it.
    let bench = Workbench::new();
    let lines = (0..600).map(|number| {
        let (day, hour) = (number / 3, number % 3 * 8);
        let (month, day) = (1 + day / 28, 1 + day % 28);
        alert_at(7, &format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z")) + "\n"
    });
    let file = bench.file("months.json", lines.collect::<String>());
    bench.triage(&[&file]).ends_with(0).came_to(600, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM patterns"), 1);
    let decisions = bench.count("SELECT count(*) FROM decisions");
    let second = bench.triage(&[&file]);
    second.ends_with(0).came_to(600, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM decisions"), decisions);
    assert_eq!(second.share("hit_rate", "pattern"), 1.0, "of {decisions} decisions on one pattern");
}
