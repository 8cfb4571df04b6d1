//! The oracle tried on a worker that does right, and on one that does wrong, with real servers: `checks/fleet cargo test -p
//! watchfire-fleet-oracle --test pretender`. Skipped where there are none.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that can't go on has failed, or says that it was skipped"
)]

use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;
use watchfire_fleet_oracle::judging::Kind;
use watchfire_fleet_oracle::race;
use watchfire_fleet_oracle::report::Report;
use watchfire_fleet_oracle::storm::{self, Plan};
use watchfire_fleet_oracle::strike::Strike;
use watchfire_fleet_oracle::told::Told;
use watchfire_fleet_oracle::worker::Program;

/// Proxies have the ports that the broker tells, so that there is one run at a time.
static ONE: Mutex<()> = Mutex::const_new(());

fn plan(seed: u64, records: u64, wrong: &str, folder: &tempfile::TempDir) -> Option<Plan> {
    if std::env::var_os("WATCHFIRE_FLEET_LINKS").is_none() {
        eprintln!("skipped: there are no servers; run it by checks/fleet");
        return None;
    }
    Some(Plan {
        records,
        rate: 3000.0,
        workers: 3,
        partitions: 4,
        seed,
        strikes: Vec::new(),
        strikes_are_scripted: true,
        away: Duration::from_secs(2),
        session: Duration::from_secs(6),
        limit: None,
        patience: Duration::from_secs(120),
        data: None,
        program: Program {
            path: PathBuf::from(env!("CARGO_BIN_EXE_watchfire-fleet-pretender")),
            environment: vec![("WATCHFIRE_FLEET_PRETEND".to_owned(), wrong.to_owned())],
            folder: folder.path().to_owned(),
        },
        schema: "watchfire".to_owned(),
    })
}

async fn judged(seed: u64, wrong: &str, change: impl FnOnce(&mut Plan)) -> Option<Report> {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(seed, 1500, wrong, &folder)?;
    change(&mut plan);
    let _one = ONE.lock().await;
    Some(storm::run(plan, Told::new(false)).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_does_right_is_sound_through_a_storm() {
    let strikes = Strike::script("kill,silence,outage:postgres,restart:kafka,add").unwrap();
    let storm = |plan: &mut Plan| {
        plan.records = 3000;
        plan.rate = 250.0;
        plan.strikes = strikes;
    };
    let Some(report) = judged(21, "", storm).await else { return };
    assert!(report.findings.is_sound(), "{}", report.table());
    assert_eq!(report.totals.records, 3000);
    assert_eq!(report.totals.verdicts, report.totals.alerts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_is_found_and_named() {
    let wrongs = [
        ("lose", Kind::Lost),
        ("double", Kind::Doubled),
        ("swap", Kind::OutOfOrder),
        ("lie", Kind::Differs),
        ("exit", Kind::Ended),
    ];
    for (number, (wrong, kind)) in wrongs.into_iter().enumerate() {
        let Some(report) = judged(30 + number as u64, wrong, |_| {}).await else { return };
        assert!(report.findings.count(kind) > 0, "{wrong}: {}", report.table());
        assert!(report.table().contains("NOT SOUND"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_says_how_fast_it_was_and_who_took_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(plan) = plan(41, 3000, "", &folder) else { return };
    let _one = ONE.lock().await;
    let report = race::run(Plan { workers: 2, ..plan }, Told::new(false)).await.unwrap();
    assert!(report.findings.is_sound(), "{}", report.table());
    let race = report.race.unwrap();
    assert!(race.records_per_s > 1.0 && race.seconds > 0.0);
    assert_eq!(race.shares.values().sum::<u64>(), 3000);
    for who in ["w1", "w2", "kafka", "postgres", "oracle"] {
        assert!(race.core_seconds.contains_key(who), "{who} of {:?}", race.core_seconds);
    }
}
