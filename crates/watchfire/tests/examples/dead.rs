//! Dead letters wait until they can be read.

use crate::support::Workbench;
use crate::support::alerts::{alert, alerts};

#[test]
fn what_still_can_not_be_read_stays_and_counts_its_attempts() {
    let bench = Workbench::new();
    let file = bench.file("a.json", [alerts(0..3), "{\"cut\":\n".to_owned(), "hello\n".to_owned()].concat());
    bench.triage(&[&file]).ends_with(3).came_to(3, 0, 2);
    for attempt in 1..3 {
        let replay = bench.run(["dead", "replay"]);
        replay.ends_with(3);
        assert!(
            replay.out().contains("0 could be read by now") && replay.out().contains("2 still can't"),
            "{}",
            replay.out()
        );
        let letters = bench.dead_letters();
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|letter| letter["attempts"] == attempt), "{letters:?}");
    }
    let listed = bench.run(["dead", "list"]);
    assert!(listed.out().contains("tried 2×"), "{}", listed.out());
}

#[test]
fn what_can_be_read_by_now_is_judged_and_leaves_the_list() {
    let bench = Workbench::new();
    let file = bench.file("a.json", [alerts(0..3), "{\"cut\":\n".to_owned(), "hello\n".to_owned()].concat());
    bench.triage(&[&file]).ends_with(3);
    // Mended as a newer program would mend it: by understanding what it did not before.
    let store = rusqlite::Connection::open(bench.store()).unwrap();
    store.execute("UPDATE dead_letters SET raw = ?1 WHERE raw LIKE '{%'", [alert(3)]).unwrap();
    drop(store);
    let replay = bench.run(["dead", "replay"]);
    replay.ends_with(3);
    assert!(
        replay.out().contains("1 could be read by now (1 alerts judged), 1 still can't"),
        "{}",
        replay.out()
    );
    assert_eq!(bench.dead_letters().len(), 1);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 4);
    // A second replay has nothing more to do.
    bench.run(["dead", "replay"]).ends_with(3);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 4);
}

#[test]
fn nothing_to_replay_is_fine() {
    let bench = Workbench::new();
    bench.run(["dead", "replay"]).ends_with(0);
    let listed = bench.run(["dead", "list"]);
    listed.ends_with(0);
    assert_eq!(listed.out(), "No dead letters.\n");
}

const TABLE: &str =
    "when,event,door\n2026-03-17T08:00:00Z,forced open,east\n2026-03-17T08:01:00Z,held open,west\n";
const MAPPING: &str = "name = \"doors\"\n[match]\ncolumns = [\"when\", \"event\", \"door\"]\n[time]\nfrom = \"when\"\n[fields]\n\"rule.name\" = \"event\"\n\"host.name\" = \"door\"\n";

#[test]
fn dead_rows_of_a_table_need_their_file_again() {
    // Without its header a row says nothing; the hint that comes with them tells what to do.
    let bench = Workbench::new();
    let file = bench.file("doors.csv", TABLE);
    bench.triage(&[&file]).ends_with(3).came_to(0, 0, 3);
    assert!(bench.run(["dead", "list"]).out().contains("run triage again with --mapping FILE"));
    bench.file("doors.toml", MAPPING);
    let replay = bench.run(["dead", "replay", "--mapping", "doors.toml"]);
    replay.ends_with(3);
    assert_eq!(bench.dead_letters().len(), 3);
}

#[test]
fn triage_with_the_missing_mapping_leaves_no_dead_letters_behind() {
    let bench = Workbench::new();
    let file = bench.file("doors.csv", TABLE);
    bench.triage(&[&file]).ends_with(3).came_to(0, 0, 3);
    bench.file("doors.toml", MAPPING);
    bench.triage_with(&[&file], &["--mapping", "doors.toml"]).ends_with(0).came_to(2, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 2);
    let letters = bench.dead_letters();
    assert!(letters.is_empty(), "records that were judged still wait: {letters:?}");
    assert_eq!(bench.count("SELECT sum(alerts) FROM patterns"), 2, "alerts counted by pattern");
}

#[test]
fn json_of_no_known_format_is_judged_once_a_mapping_names_it() {
    let bench = Workbench::new();
    let line = |minute: u32| {
        format!(
            "{{\"when\":\"2026-03-17T08:{minute:02}:00Z\",\"event\":\"forced open\",\"door\":\"east\"}}\n"
        )
    };
    let file = bench.file("doors.json", (0..20).map(line).collect::<String>());
    let first = bench.triage(&[&file]);
    first.ends_with(0).came_to(0, 20, 0);
    assert!(first.finished.out().contains("mapping file"), "{}", first.finished.out());
    bench.file("doors.toml", MAPPING.replace("columns = ", "keys = "));
    bench.triage_with(&[&file], &["--mapping", "doors.toml"]).ends_with(0).came_to(20, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 20);
    assert_eq!(bench.count("SELECT sum(alerts) FROM patterns"), 20, "alerts counted by pattern");
}
