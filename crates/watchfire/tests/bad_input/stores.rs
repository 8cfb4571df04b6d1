//! Stores that are not ours, not to be written, or in use.

use crate::support::Workbench;
use crate::support::alerts::alerts;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..10));
    bench.triage(&[&file]).ends_with(0);
    Connection::open(bench.store()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(bench.store()).unwrap();
    for arguments in [&["triage", "a.json"] as &[&str], &["report"], &["dead", "list"]] {
        bench.run(arguments).ends_with(1).says(&["store.db", "99", "--store"]);
    }
    assert!(std::fs::read(bench.store()).unwrap() == before, "the store was changed");
}

#[test]
fn another_program_s_file_is_left_alone() {
    let foreign = Workbench::new();
    Connection::open(foreign.store()).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let numbered = Workbench::new();
    Connection::open(numbered.store()).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let text = Workbench::new();
    text.file("store.db", "These are my notes of last year.\n".repeat(200));
    let short = Workbench::new();
    short.file("store.db", "notes\n");
    let alerts_themselves = Workbench::new();
    alerts_themselves.file("store.db", alerts(0..10));
    for bench in [foreign, numbered, text, short, alerts_themselves] {
        let before = std::fs::read(bench.store()).unwrap();
        bench.file("a.json", alerts(0..10));
        bench.run(["triage", "a.json"]).ends_with(1).says(&["store.db", "not a Watchfire store", "--store"]);
        assert!(std::fs::read(bench.store()).unwrap() == before, "the file was changed");
    }
}

#[test]
fn a_damaged_store_is_told() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..3000));
    bench.triage(&[&file]).ends_with(0);
    Connection::open(bench.store()).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut bytes = std::fs::read(bench.store()).unwrap();
    let end = bytes.len();
    bytes[8192..end].fill(0x5a);
    bench.file("store.db", bytes);
    let run = bench.run(["triage", "a.json"]);
    run.ends_with(1).says(&["store", "--store"]);
}

#[test]
fn a_folder_under_the_store_s_name_is_told() {
    let bench = Workbench::new();
    bench.file("store.db/inside", "");
    bench.file("a.json", alerts(0..3));
    bench.run(["triage", "a.json"]).ends_with(1).says(&["store.db", "--store"]);
    bench.file("plain", "");
    let run = bench.run(["--store", "plain/below/store.db", "triage", "a.json"]);
    assert!(run.status.code() != Some(0));
    run.is_no_panic();
}

#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..3));
    let folder = bench.path("locked");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(folder.join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let mut command = bench.bare(env!("CARGO_BIN_EXE_watchfire"));
    command.arg("--store").arg(folder.join("store.db")).args(["triage", "a.json"]);
    let run = crate::support::process::finish(&mut command, Vec::new());
    run.ends_with(1).says(&["store.db", "--store"]);
}

#[test]
fn a_store_that_another_process_keeps_locked_is_told() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..10));
    bench.triage(&[&file]).ends_with(0);
    let more = bench.file("b.json", alerts(10..20));
    let other = Connection::open(bench.store()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bench.run(["triage", "b.json"]).ends_with(1).says(&["in use by another process", "--store"]);
    other.execute_batch("ROLLBACK").unwrap();
    bench.triage(&[&more]).ends_with(0).came_to(10, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 20);
}

#[test]
fn a_store_that_is_locked_before_it_is_one_is_told() {
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..10));
    let other = Connection::open(bench.store()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bench.run(["triage", "a.json"]).ends_with(1).says(&["in use by another process", "--store"]);
}
