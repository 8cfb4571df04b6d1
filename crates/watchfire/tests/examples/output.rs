//! Every format that alerts and the analysis are written in, and what is said meanwhile.

use crate::support::process::finish;
use crate::support::{Workbench, example};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// The cells of a row, after RFC 4180.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = row.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(character),
        }
    }
    assert!(!quoted, "an open quote in {row}");
    cells.push(cell);
    cells
}

#[test]
fn every_format_of_alerts_has_one_line_an_alert() {
    let mut ids: BTreeSet<Vec<String>> = BTreeSet::new();
    for format in ["ndjson", "ocsf", "ecs"] {
        let bench = Workbench::new();
        let run = bench.triage_with(&[&example("day.ndjson")], &["--format", format]);
        run.ends_with(0);
        let out = String::from_utf8(run.finished.stdout.clone()).expect("UTF-8");
        let lines: Vec<Value> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        assert_eq!(lines.len() as u64, run.count("judged"), "{format}");
        let id = |line: &Value| match format {
            "ndjson" => line["id"].as_str().map(str::to_owned),
            "ocsf" => line["finding_info"]["uid"].as_str().map(str::to_owned),
            _ => line["event"]["id"].as_str().or(line["event.id"].as_str()).map(str::to_owned),
        };
        let found: Vec<String> = lines.iter().filter_map(id).collect();
        assert_eq!(found.len(), lines.len(), "{format}: lines without an id, such as {}", lines[0]);
        if format == "ocsf" {
            assert!(lines.iter().all(|line| line["class_uid"] == 2004
                && line["time"].is_i64()
                && line["metadata"].is_object()));
        }
        if format == "ecs" {
            assert!(lines.iter().all(|line| line["@timestamp"].is_string()));
        } else {
            ids.insert(found);
        }
        // The summary is still there, where it does not mix with the lines.
        assert!(run.finished.err().contains("received "), "{}", run.finished.err());
    }
    assert_eq!(ids.len(), 1, "the formats disagree about the alerts' ids");
}

#[test]
fn a_table_has_a_header_and_as_many_cells_in_every_row() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("day.ndjson")], &["--format", "csv"]);
    run.ends_with(0);
    let out = String::from_utf8(run.finished.stdout.clone()).expect("UTF-8");
    let rows: Vec<Vec<String>> = out.lines().map(cells).collect();
    assert_eq!(rows.len() as u64, run.count("judged") + 1);
    assert_eq!(rows[0][..3], ["id", "time", "priority"]);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert!(rows[1..].iter().all(|row| row[2].parse::<u8>().is_ok()));
}

#[test]
fn the_ending_of_a_file_tells_its_format() {
    let bench = Workbench::new();
    let file = example("brute-force-15.ndjson");
    let file = file.to_str().unwrap();
    for (name, start, lines) in [
        ("a.ndjson", "{\"id\":", Some(15)),
        ("a.jsonl", "{\"id\":", Some(15)),
        ("a.json", "{\"id\":", Some(15)),
        ("a.csv", "id,", Some(16)),
        ("a.html", "<!doctype html>", None),
        ("a.HTM", "<!doctype html>", None),
        ("a.md", "#", None),
    ] {
        let run = bench.run(["triage", "--out", name, file]);
        run.ends_with(0);
        let text = std::fs::read_to_string(bench.path(name)).unwrap();
        assert!(text.trim_start().starts_with(start), "{name}: {}", &text[..text.len().min(100)]);
        assert!(lines.is_none_or(|lines| text.lines().count() == lines), "{name}");
        assert!(run.out().contains(name), "where it is: {}", run.out());
    }
    bench.run(["triage", "--out", "result", "--format", "ocsf", file]).ends_with(0);
    assert_eq!(std::fs::read_to_string(bench.path("result")).unwrap().lines().count(), 15);
    // An output that can't be made costs no work.
    let run = bench.run(["triage", "--out", "no/such/folder/a.csv", file]);
    assert_ne!(run.status.code(), Some(0));
    run.is_no_panic().says(&["no/such/folder/a.csv"]);
}

#[test]
fn less_severe_alerts_can_be_left_out() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("day.ndjson")], &["--format", "ndjson", "--min-severity", "high"]);
    run.ends_with(0);
    let counts = &run.summary()["by_severity"];
    let severe = ["high", "critical", "fatal"].map(|name| counts[name].as_u64().unwrap_or(0));
    let out = run.finished.out();
    let shown: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        shown
            .iter()
            .all(|alert| ["high", "critical", "fatal"].contains(&alert["severity"].as_str().unwrap()))
    );
    assert_eq!(shown.len() as u64, severe.iter().sum::<u64>());
    assert!((1..run.count("judged")).contains(&(shown.len() as u64)));
    // They are judged and counted all the same.
    assert_eq!(bench.count("SELECT count(*) FROM alerts") as u64, run.count("judged"));
    let text = bench.run(["report", "--min-severity", "critical", "--top", "500"]).out();
    let (_, findings) = text.split_once("What to look at first").unwrap();
    let (findings, _) = findings.split_once("ATT&CK tactics").unwrap();
    assert!(
        findings.contains("critical") && !findings.contains("  high  ") && !findings.contains("  medium  "),
        "{findings}"
    );
}

#[test]
fn the_list_is_as_long_as_was_asked_for() {
    let bench = Workbench::new();
    let day = example("day.ndjson");
    let shown = |top: &str| {
        let out = bench.run(["triage", "--top", top, day.to_str().unwrap()]).out();
        out.lines().filter(|line| line.trim_start().starts_with("→ ")).count()
    };
    assert_eq!(shown("0"), 0);
    assert_eq!(shown("3"), 3);
    assert!(shown("100000") > 50);
}

#[test]
fn progress_can_be_read_by_programs() {
    let bench = Workbench::new();
    let run = bench.triage_with(&[&example("day.ndjson")], &["--json-progress"]);
    run.ends_with(0);
    let err = run.finished.err();
    let events: Vec<Value> = err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let last = events.last().expect("at least one event");
    assert_eq!(last["event"], "done");
    for key in ["received", "judged", "set_aside", "dead", "calls"] {
        assert_eq!(last[key], run.summary()[key], "{key}");
    }
    assert_eq!(last["bytes"], last["bytes_total"]);
    assert_eq!(last["percent"].as_f64(), Some(100.0));
}

#[test]
fn quiet_says_nothing_but_errors() {
    let bench = Workbench::new();
    let day = example("day.ndjson");
    let run = bench.run(["triage", "--quiet", day.to_str().unwrap()]);
    run.ends_with(0);
    assert!(run.stdout.is_empty() && run.stderr.is_empty(), "{}", run.told());
    let run = bench.run(["triage", "--quiet", day.to_str().unwrap(), "nowhere.json"]);
    run.ends_with(1).says(&["nowhere.json"]);
    assert!(run.stdout.is_empty(), "{}", run.told());
    let run = bench.run(["triage", "--quiet", "--format", "ndjson", day.to_str().unwrap()]);
    assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{}", run.err());
}

#[test]
fn without_a_terminal_there_are_no_escape_sequences() {
    let bench = Workbench::new();
    let day = example("day.ndjson");
    for (name, value) in [("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")] {
        for arguments in [&["triage"] as &[&str], &["triage", "--format", "ndjson"]] {
            let run =
                finish(bench.command(arguments).arg(&day).arg("nowhere.json").env(name, value), Vec::new());
            assert!(!run.stdout.contains(&0x1b) && !run.stderr.contains(&0x1b), "{name}: {}", run.told());
        }
    }
}

#[test]
fn a_terminal_has_colours_unless_they_are_not_wanted() {
    let works = Command::new("script")
        .args(["-qec", "true", "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !works.is_ok_and(|status| status.success()) {
        println!("skipped: there is no `script` to make a terminal with");
        return;
    }
    let bench = Workbench::new();
    let line = format!(
        "'{}' --store '{}' triage '{}' 2>/dev/null",
        env!("CARGO_BIN_EXE_watchfire"),
        bench.store().display(),
        example("brute-force-15.ndjson").display()
    );
    let on_terminal = |no_color: Option<&str>| {
        let mut command = bench.bare("script");
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color");
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        let run = finish(&mut command, Vec::new());
        assert!(run.out().contains("15 alerts"), "{}", run.told());
        run.out()
    };
    assert!(on_terminal(None).contains('\u{1b}'), "no colours at all");
    assert!(!on_terminal(Some("1")).contains('\u{1b}'), "colours in spite of NO_COLOR");
}
