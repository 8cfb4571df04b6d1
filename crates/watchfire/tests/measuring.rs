//! Measurements from the command line: what is said of each, what is told in the end, and what is not lost.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "support/mod.rs"]
mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;
use support::process::finish;
use support::{Workbench, example};
use watchfire_flow::{Clock, SystemClock};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn with_settings(more: &[&str]) -> Vec<String> {
    let settings = example("watchfire-measurements.toml").to_str().unwrap().to_owned();
    let mut arguments = vec!["--config".to_owned(), settings, "measure".to_owned()];
    arguments.extend(more.iter().map(|text| (*text).to_owned()));
    arguments
}

#[test]
fn the_example_is_judged_and_what_is_wrong_with_it_is_found() {
    let bench = Workbench::new();
    let file = example("measurements.csv").to_str().unwrap().to_owned();
    let run = bench.run(with_settings(&[&file, "--summary-json", "s.json", "--alerts", "a.ndjson"]));
    run.ends_with(0);
    let told = lines(&run.out());
    assert_eq!(told.len(), 907);
    let of = |user: &str, value: f64| {
        told.iter().find(|line| line["user"] == user && line["value"] == value).unwrap_or(&Value::Null)
    };
    assert_eq!(
        (&of("user-17", 250.0)["reason"], &of("user-29", 0.0)["reason"]),
        (&"outlier".into(), &"outlier".into())
    );
    assert_eq!(of("user-12", -400.0)["reason"], "out_of_range");
    assert_eq!(told.iter().filter(|line| line["repeated"] == true).count(), 2);
    let summary: Value = serde_json::from_slice(&std::fs::read(bench.path("s.json")).unwrap()).unwrap();
    assert_eq!(
        (&summary["measurements"], &summary["users"], &summary["failed"]),
        (&907.into(), &6.into(), &0.into())
    );
    for reason in ["stale", "duplicate", "unknown_unit", "not_finite"] {
        assert_eq!(summary["rejected"][reason], 1, "{reason}");
    }
    assert!(run.err().contains("907 measurements of 6 users"), "{}", run.err());
    // The alerts are what triage reads.
    let alerts = lines(&std::fs::read_to_string(bench.path("a.ndjson")).unwrap());
    assert_eq!(alerts.len() as u64, summary["alerts"].as_u64().unwrap());
    let titles: Vec<&str> =
        alerts.iter().filter_map(|alert| alert["finding_info"]["title"].as_str()).collect();
    assert!(
        titles.iter().any(|title| title.starts_with("heart_rate of user-17 is 250 bpm, expected ")),
        "{titles:?}"
    );
    assert!(titles.iter().all(|title| title.starts_with("heart_rate")), "temperature has too little weight");
    bench.run(["triage", "--quiet", "a.ndjson"]).ends_with(0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), alerts.len() as i64);
    assert_eq!(bench.count("SELECT count(*) FROM patterns"), 3, "each user's own");
    assert_eq!(bench.count("SELECT count(*) FROM dead_letters"), 0);
}

#[test]
fn sent_again_it_is_answered_as_it_was_and_changes_nothing() {
    let bench = Workbench::new();
    let file = bench.file(
        "m.ndjson",
        (0..90)
            .map(|n| {
                format!(
                    "{{\"user\":\"a\",\"metric\":\"m\",\"time\":{},\"value\":{}}}\n",
                    1_790_000_000 + 60 * n,
                    n % 7
                )
            })
            .collect::<String>(),
    );
    let file = file.to_str().unwrap();
    let first = bench.run(["measure", file]);
    first.ends_with(0);
    let bytes = "SELECT sum(length(value)) + sum(version) FROM measured_users";
    let before = bench.count(bytes);
    let second = bench.run(["measure", file, "--out", "again.ndjson"]);
    second.ends_with(0);
    assert_eq!(second.out(), "");
    assert_eq!(bench.count(bytes), before);
    let again = lines(&std::fs::read_to_string(bench.path("again.ndjson")).unwrap());
    for (first, mut again) in lines(&first.out()).into_iter().zip(again) {
        assert_eq!(again["repeated"].take(), true);
        again.as_object_mut().unwrap().remove("repeated");
        assert_eq!((&first["status"], &first["quality"]), (&again["status"], &again["quality"]));
    }
}

#[test]
fn bad_lines_are_told_with_file_and_line_and_the_rest_is_judged() {
    let bench = Workbench::new();
    let good = "{\"user\":\"a\",\"metric\":\"m\",\"time\":1790000000,\"value\":1}\n";
    bench.file(
        "bad.ndjson",
        format!("{good}nothing\n{{\"user\":\"\",\"metric\":\"m\",\"time\":1,\"value\":1}}\n"),
    );
    let run = bench.run(["measure", "bad.ndjson"]);
    run.ends_with(3);
    assert!(
        run.err().contains("bad.ndjson: line 2: ") && run.err().contains("bad.ndjson: line 3: user is empty"),
        "{}",
        run.err()
    );
    assert_eq!(lines(&run.out()).len(), 1);
    bench.file("none.csv", "a,b\n1,2\n");
    let none = bench.run(["measure", "none.csv"]);
    none.ends_with(3);
    assert!(none.err().contains("none.csv: line 1: the header has no column `user`"), "{}", none.err());
    bench.run(["measure", "missing.csv"]).ends_with(2).says(&["missing.csv"]);
    bench.run(["measure", "."]).ends_with(2).says(&["is a directory"]);
}

#[test]
fn compressed_files_and_standard_input_are_read_alike() {
    let bytes = std::fs::read(example("measurements.csv")).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let zipped = gzip.finish().unwrap();
    // Each with a store of its own.
    let plain = finish(&mut Workbench::new().command(["measure", "--quiet", "-"]), bytes);
    plain.ends_with(0);
    let packed = finish(&mut Workbench::new().command(["measure", "--quiet", "-"]), zipped.clone());
    packed.ends_with(0);
    assert_eq!(packed.out(), plain.out());
    assert_eq!(plain.err(), "");
    let bench = Workbench::new();
    bench.file("m.csv.gz", zipped);
    let rejected = bench.run(["measure", "--quiet", "--rejected", "m.csv.gz"]);
    rejected.ends_with(0);
    let told = lines(&rejected.out());
    assert!(!told.is_empty() && told.iter().all(|line| line["status"] == "rejected"));
}

#[test]
fn settings_that_can_not_be_kept_are_named() {
    let bench = Workbench::new();
    let check = |text: &str, parts: &[&str]| {
        bench.file("s.toml", text);
        bench.run(["--config", "s.toml", "check"]).ends_with(2).says(parts);
    };
    check("[measurements]\nurl = \"postgres://a:hush@db/x\"", &["a password does not stand in the settings"]);
    check("[measurements.metrics.cpu]\nwarm_up = 0", &["metrics.cpu.warm_up", "docs/measurements.md"]);
    check("[measurements]\nstore = \"postgres\"", &["WATCHFIRE_MEASUREMENTS_URL"]);
    check("[measurements]\nbatch = 0", &["batch: between 1 and 10000"]);
    check("[measurements]\nstore = \"floppy\"", &["s.toml:2"]);
    let all_well = bench.run(["check"]);
    all_well.ends_with(0);
    assert!(all_well.out().contains("measures   in sqlite, batches of 500"), "{}", all_well.out());
}

/// Killed at any moment and given again until it ends, a run leaves what one that was left alone leaves.
#[test]
fn kills_lose_nothing_and_apply_nothing_twice() {
    let rows = (0..20_000).map(|n| {
        let value = f64::from(n * 7_919 % 101) / 10.0 + if n % 97 == 0 { 500.0 } else { 0.0 };
        format!("user-{},load,{},{value}\n", n % 300, 1_790_000_000 + n)
    });
    let text: String = std::iter::once("user,metric,time,value\n".to_owned()).chain(rows).collect();
    let states = |bench: &Workbench| -> Vec<(String, Vec<u8>)> {
        let sql = bench.sql();
        let mut statement = sql.prepare("SELECT user, value FROM measured_users ORDER BY user").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let alone = Workbench::new();
    let file = alone.file("m.csv", &text);
    let clock = SystemClock::new();
    alone.run(["measure", "--quiet", "--out", "out.ndjson", file.to_str().unwrap()]).ends_with(0);
    let took = clock.elapsed();
    assert_eq!(states(&alone).len(), 300);

    let bench = Workbench::new();
    let file = bench.file("m.csv", &text);
    let mut killed = 0;
    for kill in 1..=15_u32 {
        let mut child = support::process::start(&mut bench.command([
            "measure",
            "--quiet",
            "--out",
            "out.ndjson",
            file.to_str().unwrap(),
        ]));
        support::process::pause(took * (kill * 37 % 100) / 100);
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed >= 5, "only {killed} of 15 were killed while they ran");
    bench.run(["measure", "--quiet", "--out", "out.ndjson", file.to_str().unwrap()]).ends_with(0);
    assert_eq!(states(&bench), states(&alone), "after {killed} kills");
}
