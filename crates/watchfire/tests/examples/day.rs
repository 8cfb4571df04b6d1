//! The day of *Halden Instruments*: nine tenths noise, five attacks.

use crate::support::{Workbench, example};
use serde_json::Value;
use std::collections::BTreeSet;

/// The first page of findings: a tenth of all.
const FIRST_PAGE: usize = 15;

#[test]
fn the_first_command_judges_the_day() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("day.ndjson")]);
    run.ends_with(0);
    assert_eq!(run.count("dead"), 0);
    assert!(run.count("received") >= 2743, "{}", run.count("received"));
    assert!(run.count("judged") > 2000 && run.count("set_aside") > 300);
    assert_eq!(run.summary()["cost_usd"].as_f64(), Some(0.0));
    let formats = run.summary()["by_format"].as_object().unwrap();
    assert_eq!(formats.len(), 11, "{formats:?}");
    let out = run.finished.out();
    for part in ["alerts  →", "received ", "What to look at first", "✓", "watchfire decide "] {
        assert!(out.contains(part), "nothing of {part:?}: {out}");
    }
    assert_eq!(bench.count("SELECT count(*) FROM alerts") as u64, run.count("judged"));
}

/// An attack, as the guide to the examples tells it: when which format saw something.
struct Story {
    title: String,
    seen: Vec<(String, &'static str)>,
}

/// The five attacks, from the guide beside the examples.
fn stories() -> Vec<Story> {
    let guide = std::fs::read_to_string(example("README.md")).unwrap();
    let (_, spoilers) = guide.split_once("Spoilers").unwrap();
    let attacks = spoilers.split("\n### ").skip(1).take_while(|part| !part.starts_with("Texts aimed"));
    let stories: Vec<Story> = attacks
        .map(|part| Story {
            title: part.lines().next().unwrap_or_default().to_owned(),
            seen: part.lines().filter_map(row).collect(),
        })
        .collect();
    assert_eq!(stories.len(), 5);
    assert!(stories.iter().all(|story| story.seen.len() >= 3), "the guide's tables have changed");
    stories
}

/// `| 05:48:07 | vpn01 | Wazuh 4 | failed VPN login |`
fn row(line: &str) -> Option<(String, &'static str)> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let (time, format) = (cells.first()?, cells.get(2)?);
    let format = match *format {
        "Suricata EVE" => "suricata",
        "Wazuh 4" => "wazuh4",
        "Zeek" => "zeek",
        "Falco" => "falco",
        "Hayabusa" => "hayabusa",
        "GuardDuty" => "guardduty",
        "CloudTrail" => "cloudtrail",
        "OCSF 2004" => "ocsf",
        "Elastic Security (ECS)" => "ecs",
        "CEF in syslog" => "cef",
        _ => return None,
    };
    (time.len() == 8).then(|| ((*time).to_owned(), format))
}

/// The ids of a story's alerts: those of its formats at its times, or with the vendor's id in a record of that time.
fn ids<'a>(story: &Story, alerts: &'a [Value], records: &[&str]) -> BTreeSet<&'a str> {
    let mut ids = BTreeSet::new();
    for (time, format) in &story.seen {
        let stamp = format!("2026-03-17T{time}");
        let written: Vec<&&str> = records.iter().filter(|record| record.contains(&stamp)).collect();
        for alert in alerts.iter().filter(|alert| alert["format"] == *format) {
            let happened = alert["time"].as_str().is_some_and(|at| at.starts_with(&stamp));
            let told = alert["event_id"]
                .as_str()
                .is_some_and(|id| id.len() > 8 && written.iter().any(|record| record.contains(id)));
            if happened || told {
                ids.extend(alert["id"].as_str());
            }
        }
    }
    assert!(ids.len() >= 3, "{}: {ids:?}", story.title);
    ids
}

#[test]
fn each_of_the_five_attacks_is_on_the_first_page() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("day.ndjson")], &["--format", "ndjson"]);
    run.ends_with(0);
    let alerts: Vec<Value> =
        run.finished.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = std::fs::read_to_string(example("day.ndjson")).unwrap();
    let records: Vec<&str> = text.lines().collect();
    let findings = run.summary()["findings"].as_array().unwrap();
    let mut missing = Vec::new();
    for story in stories() {
        let ids = ids(&story, &alerts, &records);
        let rank = findings
            .iter()
            .position(|finding| finding["example"].as_str().is_some_and(|id| ids.contains(id)));
        if rank.is_none_or(|rank| rank >= FIRST_PAGE) {
            missing.push(format!("{} (first at {:?})", story.title, rank.map(|rank| rank + 1)));
        }
    }
    assert!(missing.is_empty(), "not among the first {FIRST_PAGE} findings: {missing:#?}");
}

#[test]
fn the_authorised_scan_and_what_only_looks_bad_do_not_lead_the_list() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("day.ndjson")]);
    let first = &run.summary()["findings"][0];
    assert!(!first["sources"].as_array().unwrap().contains(&Value::from("10.20.9.10")), "{first}");
}

#[test]
fn text_that_speaks_to_a_model_does_not_talk_its_alert_down() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("day.ndjson")], &["--format", "ndjson"]);
    let out = run.finished.out();
    let alert = out.lines().find(|line| line.contains("SELECT USER SQL Injection")).unwrap();
    let alert: Value = serde_json::from_str(alert).unwrap();
    assert!(["suspicious", "true_positive"].contains(&alert["verdict"].as_str().unwrap()), "{alert}");
    assert!(
        ["medium", "high", "critical", "fatal"].contains(&alert["severity"].as_str().unwrap()),
        "{alert}"
    );
}

#[test]
fn lists_of_intelligence_change_what_is_known() {
    let bench = Workbench::new();
    let lists = example("intel");
    let run = bench
        .triage_with(&[&example("day.ndjson")], &["--intel", lists.to_str().unwrap(), "--format", "ndjson"]);
    run.ends_with(0);
    assert_eq!(run.count("intel_lists"), 3);
    assert!(run.count("intel_entries") > 10);
    let reputations: BTreeSet<String> = run
        .finished
        .out()
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["reputation"].as_str().map(str::to_owned)
        })
        .collect();
    assert!(reputations.contains("malicious") && reputations.contains("unknown"), "{reputations:?}");
}
