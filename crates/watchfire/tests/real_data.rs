//! What people's own files come to: the public data sets at the path in `WATCHFIRE_DATA`. Skipped where it is not set.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use support::{Triaged, Workbench, example};

/// A part of the data, or `None` if there is none.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn data(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("WATCHFIRE_DATA") else {
        println!("skipped: WATCHFIRE_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    assert!(path.exists(), "{} is not there", path.display());
    Some(path)
}

/// The compressed files in a folder, in order.
fn packed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "gz")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn lines(file: &Path) -> u64 {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut text).unwrap();
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64
}

fn paths(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

/// Nothing dead, nothing unread, everything stored.
fn assert_clean(bench: &Workbench, run: &Triaged) {
    run.ends_with(0);
    assert_eq!(run.count("dead"), 0, "{}", run.summary()["dead_by_reason"]);
    assert_eq!(run.count("pending"), 0);
    assert!(run.summary()["inputs"].as_array().unwrap().iter().all(|input| input["error"] == ""));
    assert_eq!(bench.count("SELECT count(*) FROM alerts") as u64, run.count("judged"));
    assert_eq!(bench.count("SELECT sum(alerts) FROM patterns") as u64, run.count("judged"));
    assert_eq!(run.summary()["forgotten"], Value::from(0));
}

#[test]
fn suricata_s_alerts_are_told_from_its_other_records() {
    let Some(file) = data("suricata-mixed/eve.json.gz") else { return };
    let bench = Workbench::new();
    let run = bench.triage(&[&file]);
    assert_clean(&bench, &run);
    run.came_to(68, 4932, 0);
    assert_eq!(run.count("received"), 5000);
}

#[test]
fn every_wazuh_alert_is_judged() {
    let Some(file) = data("wazuh/spiral.json.gz") else { return };
    let bench = Workbench::new();
    let run = bench.triage(&[&file]);
    assert_clean(&bench, &run);
    run.came_to(865, 0, 0);
}

#[test]
fn of_zeek_s_logs_the_notices_are_judged() {
    let Some(folder) = data("zeek") else { return };
    let files = packed(&folder);
    let bench = Workbench::new();
    let run = bench.triage(&paths(&files));
    assert_clean(&bench, &run);
    assert_eq!(files.iter().map(|file| lines(file)).sum::<u64>(), 154_498);
    run.came_to(207, 154_498 - 207, 0);
}

#[test]
fn every_alert_of_every_team_is_judged_and_known_the_second_time() {
    let Some(folder) = data("suricata-cptc") else { return };
    for file in packed(&folder) {
        let bench = Workbench::new();
        let run = bench.triage(&[&file]);
        assert_clean(&bench, &run);
        let lines = lines(&file);
        assert_eq!(run.count("judged"), lines, "{}", file.display());

        let tables = ["alerts", "intake", "patterns", "decisions", "sources", "dead_letters"];
        let rows = || tables.map(|table| bench.count(&format!("SELECT count(*) FROM {table}")));
        let before = rows();
        let warm = bench.triage(&[&file]);
        assert_clean(&bench, &warm);
        assert_eq!(warm.share("hit_rate", "pattern"), 1.0, "{}", file.display());
        assert_eq!(warm.count("calls_avoided"), lines);
        assert_eq!(warm.summary()["cost_usd"].as_f64(), Some(0.0));
        assert_eq!(rows(), before, "rows of {tables:?}");
        assert_eq!(warm.summary()["by_verdict"], run.summary()["by_verdict"]);
    }
}

#[test]
fn every_row_of_every_simulated_network_is_judged() {
    let Some(folder) = data("ait") else { return };
    let mapping = example("mappings/ait.toml");
    for file in packed(&folder) {
        let bench = Workbench::new();
        let run = bench.triage_with(&[&file], &[Path::new("--mapping"), &mapping]);
        assert_clean(&bench, &run);
        // All but the header.
        assert_eq!(run.count("judged"), lines(&file) - 1, "{}", file.display());
        assert_eq!(run.summary()["by_format"].as_object().map(serde_json::Map::len), Some(1));
    }
}

#[test]
fn every_record_of_every_trail_is_received() {
    let Some(folder) = data("cloudtrail") else { return };
    let bench = Workbench::new();
    let files = packed(&folder);
    let run = bench.triage(&paths(&files));
    assert_clean(&bench, &run);
    assert_eq!(run.count("received"), 2900);
}

#[test]
fn lists_of_the_size_that_people_use_are_read() {
    let Some(folder) = data("intel/ipsum") else { return };
    let Some(alerts) = data("suricata-mixed/eve.json.gz") else { return };
    let bench = Workbench::new();
    let run = bench.triage_with(&[&alerts], &[Path::new("--intel"), &folder]);
    assert_clean(&bench, &run);
    assert!(run.count("intel_entries") >= 120_000, "{}", run.count("intel_entries"));
}
