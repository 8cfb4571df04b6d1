//! Disks that are full, and readers that go away.

use crate::support::alerts::alerts;
use crate::support::process::{finish, start};
use crate::support::{Workbench, example};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_full_disk_under_the_output_is_told_and_the_store_keeps_what_was_judged() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..50));
    for format in ["ndjson", "ocsf", "ecs", "csv", "html", "md"] {
        let mut command = bench.command(["triage", "--out", "/dev/full", "--format", format]);
        let run = finish(command.arg(&file), Vec::new());
        run.ends_with(1).says(&["No space left"]);
    }
    let mut command = bench.command(["triage", "--summary-json", "/dev/full"]);
    finish(command.arg(&file), Vec::new()).ends_with(1).says(&["/dev/full", "No space left"]);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 50);
}

#[test]
fn a_full_disk_under_standard_output_is_told() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..50));
    let to_full = |arguments: &[&str]| {
        let mut shell = bench.bare("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" >/dev/full", env!("CARGO_BIN_EXE_watchfire"), "--store"]);
        finish(shell.arg(bench.store()).args(arguments), Vec::new())
    };
    let file = file.to_str().unwrap();
    to_full(&["triage", file]).ends_with(1).says(&["No space left"]);
    for format in ["ndjson", "csv", "html", "md"] {
        to_full(&["triage", "--format", format, file]).ends_with(1).says(&["No space left"]);
    }
    for arguments in [&["report"] as &[&str], &["report", "--format", "json"], &["check"], &["dead", "list"]]
    {
        to_full(arguments).ends_with(1).says(&["No space left"]);
    }
}

/// Runs `triage` with a bound on the size of every file that it writes.
fn with_small_files(bench: &Workbench, blocks: u32, file: &Path) -> crate::support::process::Finished {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = bench.bare("sh");
    shell
        .args(["-c", &script, env!("CARGO_BIN_EXE_watchfire"), "--store"])
        .arg(bench.store())
        .arg("triage")
        .arg(file);
    finish(&mut shell, Vec::new())
}

#[test]
fn a_store_that_can_not_grow_is_told_and_goes_on_once_there_is_room() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..6000));
    // Blocks of 512 bytes or of 1 KiB, as the shell has it: too little either way.
    let run = with_small_files(&bench, 900, &file);
    run.ends_with(1).says(&["no room left for the store", "free some space"]);
    let kept = bench.count("SELECT count(*) FROM alerts");
    assert!(kept < 6000, "{kept}");
    assert_eq!(
        bench.sql().query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(),
        "ok"
    );
    bench.triage(&[&file]).ends_with(0).came_to(6000, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 6000);
}

#[test]
fn a_store_that_can_not_even_be_begun_is_told() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..10));
    with_small_files(&bench, 1, &file).ends_with(1).says(&["store"]);
}

/// A file system of its own, gone when it is dropped.
struct TinyDisk<'p>(&'p Path);

impl<'p> TinyDisk<'p> {
    fn mount(at: &'p Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let option = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &option, "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_under_the_store_is_told_and_the_run_goes_on_once_there_is_room() {
    let bench = Workbench::new();
    let place = bench.path("disk");
    let Some(disk) = TinyDisk::mount(&place, "400k") else {
        println!("skipped: this user may not mount a disk");
        return;
    };
    let file = bench.file("a.json", alerts(0..6000));
    let triage = || {
        let mut command = bench.bare(env!("CARGO_BIN_EXE_watchfire"));
        finish(command.arg("--store").arg(place.join("store.db")).arg("triage").arg(&file), Vec::new())
    };
    triage().ends_with(1).says(&["no room left for the store", "free some space"]);
    let grown = Command::new("mount").args(["-o", "remount,size=50m"]).arg(&place).status();
    assert!(grown.is_ok_and(|status| status.success()));
    triage().ends_with(0);
    let store = rusqlite::Connection::open(place.join("store.db")).unwrap();
    assert_eq!(store.query_row("SELECT count(*) FROM alerts", [], |row| row.get::<_, i64>(0)).unwrap(), 6000);
    drop((store, disk));
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let bench = Workbench::new();
    let day = example("day.ndjson");
    let day = day.to_str().unwrap();
    for arguments in [
        &["triage", day] as &[&str],
        &["triage", "--format", "ndjson", day],
        &["triage", "--format", "csv", day],
        &["triage", "--format", "html", day],
        &["report", "--format", "json"],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut child = start(&mut bench.command(arguments));
        // As `| head -1` does.
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        drop(lines);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        let status = child.wait().unwrap();
        assert!(!told.contains("panicked") && !told.contains("error:"), "{arguments:?}: {told}");
        assert_eq!(status.code(), Some(0), "{arguments:?}: {told}");
    }
}

#[test]
fn nobody_listening_at_standard_error_does_no_harm() {
    let bench = Workbench::new();
    let file = bench.file("a.json", [alerts(0..50), "{\n".to_owned()].concat());
    for arguments in [&["triage"] as &[&str], &["triage", "--json-progress"], &["triage", "--format", "csv"]]
    {
        let mut child = start(bench.command(arguments).arg(&file));
        drop(child.stderr.take());
        let mut out = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{arguments:?}");
        assert!(!out.is_empty());
    }
}
