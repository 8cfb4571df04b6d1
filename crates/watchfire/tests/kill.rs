//! `kill -9` at any instant loses nothing and applies nothing twice: the same command, given again, ends with the store
//! that an undisturbed run leaves.
//!
//! Fifty kills at moments drawn from a seed. `WATCHFIRE_KILL_COPIES` (how often the example day is repeated in the
//! input; 7 are about 20,000 records) and `WATCHFIRE_KILLS` make it as thorough as there is time for.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use support::process::pause;
use support::{Workbench, example};
use watchfire_flow::{Clock, SystemClock};

const SEED: u64 = 20_261_121;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// One test at a time: how long a run takes must not depend on the others.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A generator of moments (xorshift64*, Vigna 2016): the same in every run.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[((self.share() * among.len() as f64) as usize).min(among.len() - 1)]
    }
}

/// The example day, repeated as the days that follow it, with a few records among them that can't be read.
fn days(copies: u64) -> String {
    let day = std::fs::read_to_string(example("day.ndjson")).unwrap();
    let mut text = String::new();
    for copy in 0..copies {
        let date = format!("2026-03-{:02}", 17 + copy % 14);
        let flow = format!("\"flow_id\":{copy}");
        for (index, line) in day.lines().enumerate() {
            text.push_str(&line.replace("2026-03-17", &date).replace("\"flow_id\":", &flow));
            text.push('\n');
            if index % 700 == 350 {
                text.push_str(&format!("{{\"cut off\": {copy}{index}\n"));
            }
        }
    }
    text
}

/// An alert's place, its pattern's key, then verdict, severity, decider, priority and the decision's id.
type AlertLeft = (i64, [u8; 16], i64, i64, i64, i64, i64);

/// Everything that must be the same after an interrupted run, and that must not be there twice.
#[derive(Debug, PartialEq)]
struct Left {
    alerts: BTreeSet<AlertLeft>,
    rows: i64,
    dead: BTreeSet<(i64, i64, String)>,
    by_pattern: BTreeSet<([u8; 16], i64, i64, i64)>,
    intake: (i64, i64, i64, i64, i64),
}

fn left(bench: &Workbench) -> Left {
    let sql = bench.sql();
    let check: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let alerts = sql
        .prepare(
            "SELECT a.ordinal, p.key, d.verdict, d.severity, d.decider, a.priority, a.decision FROM alerts a
             JOIN patterns p ON p.id = a.pattern JOIN decisions d ON d.id = a.decision AND d.pattern = a.pattern",
        )
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let dead = sql
        .prepare("SELECT ordinal, line, raw FROM dead_letters WHERE state = 0")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let by_pattern = sql
        .prepare("SELECT key, alerts, first_seen, last_seen FROM patterns")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let intake = sql
        .query_row(
            "SELECT count(*), sum(records), (SELECT count(*) FROM alerts), 0, (SELECT count(*) FROM dead_letters) FROM intake",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .unwrap();
    Left { alerts, rows: bench.count("SELECT count(*) FROM alerts"), dead, by_pattern, intake }
}

/// What must hold in a store at any moment, also right after a kill: whole chunks from the first on, each with all that
/// belongs to it.
fn is_sound(bench: &Workbench) {
    let sound = [
        (
            "a gap in the intake",
            "SELECT count(*) FROM intake i WHERE first_ordinal > 0 AND NOT EXISTS (SELECT 1 FROM intake e WHERE e.source = i.source AND e.first_ordinal + e.records = i.first_ordinal)",
        ),
        (
            "an intake that does not begin at the beginning",
            "SELECT count(*) FROM (SELECT min(first_ordinal) AS first FROM intake GROUP BY source) WHERE first <> 0",
        ),
        (
            "an intake out of balance",
            "SELECT count(*) FROM intake WHERE records * 8 <> length(hashes) OR records = 0",
        ),
        (
            "alerts of no chunk",
            "SELECT count(*) FROM alerts a WHERE NOT EXISTS (SELECT 1 FROM intake i WHERE i.source = a.source AND a.ordinal >= i.first_ordinal AND a.ordinal < i.first_ordinal + i.records)",
        ),
        (
            "dead letters of no chunk",
            "SELECT count(*) FROM dead_letters a WHERE NOT EXISTS (SELECT 1 FROM intake i WHERE i.source = a.source AND a.ordinal >= i.first_ordinal AND a.ordinal < i.first_ordinal + i.records)",
        ),
        (
            "a record that is alert and dead letter at once",
            "SELECT count(*) FROM alerts a JOIN dead_letters d ON d.source = a.source AND d.ordinal = a.ordinal",
        ),
        (
            "alerts without a pattern",
            "SELECT count(*) FROM alerts WHERE pattern NOT IN (SELECT id FROM patterns)",
        ),
        (
            "alerts without a decision",
            "SELECT count(*) FROM alerts WHERE decision NOT IN (SELECT id FROM decisions)",
        ),
        (
            "alerts counted by pattern",
            "SELECT (SELECT coalesce(sum(alerts), 0) FROM patterns) - (SELECT count(*) FROM alerts)",
        ),
    ];
    for (what, sql) in sound {
        assert_eq!(bench.count(sql), 0, "{what}");
    }
}

/// Starts a run and kills it after a while; says whether it was still running.
fn kill_after(bench: &Workbench, file: &Path, jobs: &str, delay: Duration) -> bool {
    let mut command = bench.command(["triage", "--quiet", "--jobs", jobs]);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    pause(delay);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// What an undisturbed run leaves, and how long it takes.
fn undisturbed(text: &str) -> (Left, Duration) {
    let bench = Workbench::new();
    let file = bench.file("days.json", text);
    let clock = SystemClock::new();
    bench.triage(&[&file]).ends_with(3);
    let took = clock.elapsed();
    is_sound(&bench);
    let left = left(&bench);
    assert_eq!(left.rows, left.alerts.len() as i64, "an alert without its pattern or decision");
    (left, took)
}

fn assert_same(found: &Left, expected: &Left, when: &str) {
    assert_eq!(found.rows, expected.rows, "alerts stored, {when}");
    assert_eq!(found.intake, expected.intake, "chunks, records, judged, set aside, dead, {when}");
    let (missing, extra) =
        (expected.alerts.difference(&found.alerts), found.alerts.difference(&expected.alerts));
    let differ: Vec<_> = missing.zip(extra).take(3).collect();
    assert!(
        found.alerts == expected.alerts,
        "{} verdicts differ, {when}, such as {differ:?}",
        expected.alerts.difference(&found.alerts).count()
    );
    assert_eq!(found.dead, expected.dead, "dead letters, {when}");
}

fn assert_same_counts(found: &Left, expected: &Left, when: &str) {
    let differ: Vec<_> = expected.by_pattern.difference(&found.by_pattern).take(3).collect();
    assert!(found.by_pattern == expected.by_pattern, "patterns differ, {when}, such as {differ:?}");
}

#[test]
fn fifty_kills_lose_nothing_and_apply_nothing_twice() {
    let _turn = alone();
    let text = days(setting("WATCHFIRE_KILL_COPIES", 4));
    let (expected, took) = undisturbed(&text);
    let kills = setting("WATCHFIRE_KILLS", 50);
    let mut dice = Dice(SEED);
    let (mut running, mut halfway, mut survived) = (0, 0, 0);
    let mut bench = Workbench::new();
    for kill in 0..kills {
        let file = bench.file("days.json", &text);
        let delay = took.mul_f64(dice.share());
        let jobs = dice.pick(&["1", "2", "4"]);
        running += u64::from(kill_after(&bench, &file, jobs, delay));
        // The first kills come before there is a store.
        let begun = bench.store().exists() && bench.sql().prepare("SELECT 1 FROM intake").is_ok();
        if begun {
            is_sound(&bench);
            let chunks = bench.count("SELECT count(*) FROM intake");
            halfway += u64::from(chunks > 0 && chunks < expected.intake.0);
        }
        // Every third store is killed once more before it may finish.
        if survived % 3 == 2 {
            survived = 0;
            continue;
        }
        survived += 1;
        let run = bench.triage(&[&file]);
        run.ends_with(3);
        assert_eq!(run.count("judged"), expected.rows as u64);
        is_sound(&bench);
        let (found, when) = (left(&bench), format!("after kill {kill} at {delay:?} with {jobs} jobs"));
        assert_same(&found, &expected, &when);
        assert_same_counts(&found, &expected, &when);
        // Some stores are kept, so that runs over what is complete are killed, too.
        if dice.share() < 0.8 {
            bench = Workbench::new();
        }
    }
    println!(
        "{kills} kills, {running} while running, {halfway} halfway through the file, of runs of {took:?}"
    );
    assert!(halfway * 5 >= kills, "only {halfway} of {kills} kills came halfway: the test proves little");
}

#[test]
fn a_file_that_grows_after_a_kill_is_read_to_its_new_end() {
    let _turn = alone();
    let text = days(2);
    let (expected, took) = undisturbed(&text);
    let mut dice = Dice(SEED + 1);
    let mut grown = Vec::new();
    for round in 0..4 {
        let bench = Workbench::new();
        // Cut anywhere, also within a line.
        let cut = (text.len() as f64 * (0.2 + 0.7 * dice.share())) as usize;
        let file = bench.file("days.json", &text.as_bytes()[..cut]);
        kill_after(&bench, &file, "2", took.mul_f64(0.8 * dice.share()));
        if round % 2 == 1 {
            bench.triage(&[&file]).ends_with(3);
        }
        bench.file("days.json", &text);
        bench.triage(&[&file]).ends_with(3);
        let when = format!("grown from {cut} bytes");
        let found = left(&bench);
        assert_same(&found, &expected, &when);
        grown.push((bench, found, when));
    }
    for (bench, found, when) in grown {
        is_sound(&bench);
        assert_same_counts(&found, &expected, &when);
    }
}

#[test]
fn two_runs_at_once_on_one_store_share_it() {
    let _turn = alone();
    let text = days(1);
    let (expected, _) = undisturbed(&text);
    let bench = Workbench::new();
    let file = bench.file("days.json", &text);
    // Made first, since two that make it at once is another matter, and tested below.
    bench.run(["check"]).ends_with(0);
    let mut first = support::process::start(bench.command(["triage", "--quiet"]).arg(&file));
    bench.run([Path::new("triage"), Path::new("--quiet"), &file]).ends_with(3);
    assert_eq!(first.wait().unwrap().code(), Some(3));
    is_sound(&bench);
    let found = left(&bench);
    assert_same(&found, &expected, "after two runs at once");
    assert_same_counts(&found, &expected, "after two runs at once");
}

#[test]
fn two_runs_may_make_the_store_at_once() {
    let _turn = alone();
    for _ in 0..5 {
        let bench = Workbench::new();
        let (a, b) = (
            bench.file("a.json", support::alerts::alerts(0..50)),
            bench.file("b.json", support::alerts::alerts(50..90)),
        );
        let mut first = support::process::start(bench.command(["triage", "--quiet"]).arg(&a));
        bench.run([Path::new("triage"), Path::new("--quiet"), &b]).ends_with(0);
        let status = first.wait().unwrap();
        let told = support::process::collect(first.stderr.take().unwrap()).join().unwrap();
        assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&told));
        assert_eq!(bench.count("SELECT count(*) FROM alerts"), 90);
    }
}
