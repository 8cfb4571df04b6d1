//! Fifteen alerts from ten addresses: exact matching knows a third of them, patterns most.

use crate::support::{Triaged, Workbench, example};
use serde_json::Value;

fn assert_free(run: &Triaged) {
    assert_eq!(run.count("calls"), 0);
    assert_eq!(run.summary()["cost_usd"].as_f64(), Some(0.0));
}

#[test]
fn patterns_answer_what_exact_matching_does_not() {
    let bench = Workbench::new();
    let first = bench.triage(&[&example("brute-force-15.ndjson")]);
    first.ends_with(0).came_to(15, 0, 0);
    let exact = first.share("hit_rate", "exact");
    assert!((0.33..=0.34).contains(&exact), "{exact}");
    let pattern = first.share("hit_rate", "pattern");
    assert!(pattern >= 0.60, "{pattern}");
    assert_free(&first);

    let second = bench.triage(&[&example("brute-force-15.ndjson")]);
    second.ends_with(0).came_to(15, 0, 0);
    assert_eq!(second.share("hit_rate", "pattern"), 1.0);
    // What exact matching finds within a file is a property of the file.
    assert_eq!(second.share("hit_rate", "exact"), exact);
    assert_eq!(second.count("calls_avoided"), 15);
    assert_free(&second);
}

#[test]
fn all_ten_addresses_are_counted() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("brute-force-15.ndjson")]);
    let finding = &run.summary()["findings"][0];
    assert_eq!(finding["alerts"].as_u64(), Some(15), "{finding}");
    assert_eq!(finding["source_count"].as_u64(), Some(10), "{finding}");
    assert_eq!(run.summary()["top_sources"].as_array().map(Vec::len), Some(10));
}

#[test]
fn eight_and_nine_failures_share_a_verdict_and_nine_thousand_do_not() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("eight-nine-ninethousand.ndjson")], &["--format", "ndjson"]);
    run.ends_with(0).came_to(3, 0, 0);
    let out = run.finished.out();
    let alerts: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts[0]["pattern"], alerts[1]["pattern"]);
    assert_ne!(alerts[0]["pattern"], alerts[2]["pattern"]);
    let reused: Vec<Option<bool>> = alerts.iter().map(|alert| alert["reused"].as_bool()).collect();
    assert_eq!(reused, [Some(false), Some(true), Some(false)]);
    let priority = |index: usize| alerts[index]["priority"].as_u64().unwrap();
    assert!(priority(2) > priority(0), "nine thousand are no more urgent than eight: {out}");
}

/// The summary without what differs from run to run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let line = if line.contains(" alerts/s") {
            let (funnel, _) = line.rsplit_once("   ").unwrap_or((line, ""));
            format!("{}   [time] · [speed]", funnel.trim_end())
        } else if line.contains("time per alert: ") {
            // `read 25.7 µs, assess 95.2 µs`
            line.split(' ')
                .map(|word| if word.parse::<f64>().is_ok() { "[…]" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        } else if line.starts_with("  store") || line.starts_with("  analysis") {
            line.split_inclusive(' ').map(|word| if word.contains('/') { "[path] " } else { word }).collect()
        } else {
            line.to_owned()
        };
        steady.push_str(line.trim_end());
        steady.push('\n');
    }
    steady
}

#[test]
fn the_summary_reads_well() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("brute-force-15.ndjson")]);
    run.ends_with(0);
    insta::assert_snapshot!("brute_force_summary", steady(&run.finished.out()));
}
