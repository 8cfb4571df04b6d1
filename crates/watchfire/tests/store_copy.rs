//! Stores copied and compared from the command line: into a file, and, where `checks/postgres` runs a server, into that and back.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that can't go on has failed")]

#[path = "support/mod.rs"]
mod support;

use rusqlite::Connection;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;
use support::process::{finish, pause, start};
use support::{Workbench, example};

/// A store with a day's alerts in it, articles, and what matters of them to a reader.
fn made() -> Workbench {
    let bench = Workbench::new();
    bench.triage(&[&example("day.ndjson")]);
    bench.run(["feeds", "ingest", example("feeds").to_str().unwrap()]).ends_with(0);
    bench.run(["profile", "put", example("profile.toml").to_str().unwrap()]).ends_with(0);
    bench
}

/// What a reader is shown of the articles in a store.
fn articles(bench: &Workbench, store: &str) -> String {
    let mut list = bench.bare(env!("CARGO_BIN_EXE_watchfire"));
    let listed = finish(list.args(["articles", "--store", store, "--user", "mira", "--json"]), Vec::new());
    listed.ends_with(0);
    let articles = listed.out();
    assert!(articles.contains("\"score\":694"), "{articles}");
    articles
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_store_is_copied_into_a_file_and_compared_record_by_record() {
    let bench = made();
    let copied = bench.run(["store", "copy", "store.db", "copy.db", "--json"]);
    copied.ends_with(0);
    let told = json(&copied.out());
    assert_eq!(told["same"], true);
    let tables = told["tables"].as_array().unwrap();
    let alerts = tables.iter().find(|table| table["table"] == "alerts").unwrap();
    let count = bench.count("SELECT count(*) FROM alerts");
    assert!(count > 1_000 && alerts["copied"] == count && alerts["to"] == count, "{alerts}");

    let again = bench.run(["store", "copy", "store.db", "copy.db"]);
    again.ends_with(0);
    assert!(again.err().contains("whole already"), "{}", again.told());
    assert!(again.out().contains("both stores are the same"));
    bench.run(["store", "verify", "copy.db", "store.db"]).ends_with(0);
    assert_eq!(articles(&bench, "copy.db"), articles(&bench, "store.db"));
    let mut report = bench.bare(env!("CARGO_BIN_EXE_watchfire"));
    finish(report.args(["--store", "copy.db", "report"]), Vec::new()).ends_with(0);
}

#[test]
fn a_row_that_was_changed_is_found_and_named_and_no_secret_is_shown() {
    let bench = made();
    bench.run(["store", "copy", "store.db", "copy.db", "--quiet"]).ends_with(0);
    let copy = Connection::open(bench.path("copy.db")).unwrap();
    copy.execute_batch(
        "UPDATE decisions SET detail = 'other' || char(27) || '[31m' WHERE id = (SELECT min(id) FROM decisions);
         UPDATE secrets SET value = x'6b6e6f776e';
         DELETE FROM alerts WHERE (source, ordinal) = (SELECT source, min(ordinal) FROM alerts)",
    )
    .unwrap();
    let id: i64 = copy.query_row("SELECT min(id) FROM decisions", [], |row| row.get(0)).unwrap();
    let verified = bench.run(["store", "verify", "store.db", "copy.db"]);
    verified.ends_with(1);
    let out = verified.out();
    assert!(out.contains(&format!("decisions id {id}: detail is ")), "{out}");
    assert!(out.contains("is missing") && out.contains("3 differ."), "{out}");
    assert!(out.contains("value differs, and is not shown") && !out.contains("6b6e6f776e"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
}

#[test]
fn what_is_not_a_store_or_not_empty_is_refused_with_a_hint() {
    let bench = made();
    bench.run(["store", "copy", "nothing.db", "copy.db"]).ends_with(2).says(&["there is no store", "hint:"]);
    assert!(!bench.path("copy.db").exists());
    bench.run(["store", "verify", "store.db", "nothing.db"]).ends_with(2);
    let other = Workbench::new();
    other.triage(&[&example("brute-force-15.ndjson")]);
    let target = other.store().to_str().unwrap().to_owned();
    let refused = bench.run(["store", "copy", "store.db", &target]);
    refused.ends_with(1).says(&["already", "hint:"]);
    assert_eq!(other.count("SELECT count(*) FROM sources"), 1);
    bench.run(["store", "copy", "store.db", ":memory:"]).ends_with(2);
}

/// A command that is told where the server is, and which schema is its own.
fn with_server(bench: &Workbench, schema: &str, arguments: &[&str]) -> Option<Command> {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else {
        eprintln!("skipped: WATCHFIRE_POSTGRES_URL is not set (checks/postgres sets it)");
        return None;
    };
    let mut command = bench.command(arguments);
    let schema = format!("{schema}_{}", std::process::id());
    command.env("WATCHFIRE_POSTGRES_URL", url).env("WATCHFIRE_POSTGRES_SCHEMA", schema);
    Some(command)
}

#[test]
fn a_copy_into_a_server_that_is_killed_again_and_again_is_whole_in_the_end() {
    let bench = made();
    for kill in 0..4 {
        let copy = ["store", "copy", "store.db", "postgres", "--quiet"];
        let Some(mut command) = with_server(&bench, "killed", &copy) else { return };
        let mut copying = start(&mut command);
        pause(Duration::from_millis(40 + kill * 60));
        copying.kill().unwrap();
        copying.wait().unwrap();
    }
    let run = |arguments: &[&str]| finish(&mut with_server(&bench, "killed", arguments).unwrap(), Vec::new());
    let copied = run(&["store", "copy", "store.db", "postgres", "--json"]);
    copied.ends_with(0);
    assert_eq!(json(&copied.out())["same"], true);
    run(&["store", "verify", "store.db", "postgres"]).ends_with(0);
    run(&["store", "copy", "postgres", "back.db"]).ends_with(0);
    bench.run(["store", "verify", "store.db", "back.db"]).ends_with(0);
    assert_eq!(articles(&bench, "back.db"), articles(&bench, "store.db"));
}

#[test]
fn a_password_is_in_no_message() {
    let bench = made();
    let url = "postgres://anna:quite-secret@127.0.0.1:1/none";
    let refused = bench.run(["store", "copy", "store.db", url]);
    refused.ends_with(1).says(&["hint:"]);
    let told = refused.told();
    assert!(!told.contains("quite-secret"), "{told}");
    let unread = bench.run(["store", "copy", "store.db", "postgres://anna:quite-secret@127.0.0.1:port/none"]);
    assert!(!unread.ends_with(1).told().contains("quite-secret"));
    let missing = bench.run(["store", "copy", "store.db", "postgres"]);
    missing.ends_with(2).says(&["[postgres] wants an address"]);
}
