//! Files that are empty, missing, not to be read, or not files.

use crate::support::Workbench;
use crate::support::alerts::{alerts, gzip};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn files_without_a_record_are_read_to_their_end_and_hold_nothing() {
    for (name, bytes) in [
        ("empty.json", Vec::new()),
        ("space.json", b" \t\r\n\n\n   \n".to_vec()),
        ("mark.json", b"\xef\xbb\xbf".to_vec()),
        ("array.json", b"[]".to_vec()),
        ("empty.json.gz", gzip(b"")),
    ] {
        let bench = Workbench::new();
        let run = bench.triage(&[&bench.file(name, bytes)]);
        run.ends_with(0).came_to(0, 0, 0);
        assert!(run.finished.out().contains("0 alerts"), "{name}: {}", run.finished.told());
    }
}

#[test]
fn a_missing_file_is_named() {
    let bench = Workbench::new();
    let run = bench.triage(&[Path::new("nowhere.json")]);
    run.finished.is_no_panic().says(&["nowhere.json", "No such file"]);
    assert!([Some(1), Some(2)].contains(&run.finished.status.code()), "{}", run.finished.told());
    assert!(run.finished.err().contains("error:"));
}

#[test]
fn a_missing_file_does_not_keep_its_neighbours_from_being_judged() {
    let bench = Workbench::new();
    let (first, last) = (bench.file("first.json", alerts(0..10)), bench.file("last.json", alerts(10..20)));
    let run = bench.triage(&[&first, Path::new("nowhere.json"), &last]);
    run.ends_with(1).came_to(20, 0, 0);
    run.finished.says(&["nowhere.json", "No such file"]);
}

#[test]
fn a_folder_is_told_from_a_file() {
    let bench = Workbench::new();
    bench.file("logs/a.json", alerts(0..3));
    let folder = bench.path("logs");
    let run = bench.triage(&[&folder]);
    run.finished.is_no_panic().says(&["logs", "directory", "*.json"]);
    assert!([Some(1), Some(2)].contains(&run.finished.status.code()), "{}", run.finished.told());
    let beside = bench.triage(&[&folder, &folder.join("a.json")]);
    beside.ends_with(1).came_to(3, 0, 0);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let bench = Workbench::new();
    let (secret, sound) = (bench.file("secret.json", alerts(0..3)), bench.file("sound.json", alerts(0..3)));
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&secret).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let run = bench.triage(&[&secret, &sound]);
    run.ends_with(1).came_to(3, 0, 0);
    run.finished.says(&["secret.json", "ermission denied"]);
}

#[test]
fn globs_that_are_wrong_or_match_nothing_are_told() {
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..3));
    for glob in ["a[.json", "***/*.json", "logs/*.json", "*.nothing"] {
        let run = bench.run(["triage", glob]);
        run.ends_with(2).says(&[glob]);
    }
    // A pattern is not looked for in a file that is really called so.
    bench.file("b[1].json", alerts(0..4));
    bench.triage(&[Path::new("b[1].json")]).ends_with(0).came_to(4, 0, 0);
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..3));
    let file = file.to_str().unwrap();
    for arguments in [
        &["triage"] as &[&str],
        &["triage", "--format", "pdf", file],
        &["triage", "--min-severity", "bad", file],
        &["triage", "--jobs", "0", file],
        &["triage", "--quiet", "--json-progress", file],
        &["triage", "--out", "result.pdf", file],
        &["decide", "0123456789-1", "perhaps"],
        &["nothing"],
        &["report"],
        &["report", "7"],
        &["decide", "not-an-alert", "benign_positive"],
    ] {
        let run = bench.run(arguments);
        run.ends_with(2);
        assert!(!run.stderr.is_empty() && run.stdout.is_empty(), "{arguments:?}: {}", run.told());
    }
}
