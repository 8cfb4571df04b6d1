//! The server falls, more than once, while somebody writes: what it answered is there, and nothing is counted twice. In a file
//! of its own, since other tests would notice; one test after the other.

#[path = "store/server.rs"]
mod server;

#[path = "store/connection.rs"]
mod connection;

use server::{connect, write};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;
use watchfire_store::fleet::made::{HOUR, alert, answer, batch, entry, question};
use watchfire_store::fleet::{FleetError, FleetStore};
use watchfire_store::measurements::{MeasurementStore, UserFailure};
use watchfire_store_postgres::{PostgresFleet, PostgresSettings};

/// Whoever strikes the server.
static STRIKING: Mutex<()> = Mutex::const_new(());

/// Ends the server's processes at once, as a power cut would. `checks/postgres` starts it again.
fn strike(folder: &str) {
    let file = std::fs::read_to_string(format!("{folder}/postmaster.pid")).unwrap_or_default();
    let process = file.lines().next().unwrap_or_default();
    let killed = std::process::Command::new("kill").args(["-QUIT", process]).status();
    assert!(killed.is_ok_and(|status| status.success()), "{process} can't be ended");
}

#[tokio::test]
async fn nothing_that_was_answered_is_lost_when_the_server_falls() {
    const ROUNDS: u64 = 120;
    let Some(settings) = server::settings() else { return };
    let Ok(folder) = std::env::var("WATCHFIRE_POSTGRES_DATA") else { return };
    let _striking = STRIKING.lock().await;
    let second = Duration::from_secs(1);
    let store =
        connect(&PostgresSettings { wait_timeout: second, connect_timeout: second, ..settings }).await;
    let users = ["a", "b", "c"].map(str::to_owned);
    let mut troubles = 0;
    let counting = async {
        for from in 0..ROUNDS {
            let writes = users.each_ref().map(|user| write(user, from, from.to_string().as_bytes()));
            if from % 40 == 30 {
                // While this very write is under way.
                let (answers, ()) = tokio::join!(store.save(&writes), async { strike(&folder) });
                troubles += usize::from(answers.iter().any(Result::is_err));
            }
            loop {
                let answers = store.save(&writes).await;
                if answers == vec![Ok(from + 1); 3] {
                    break;
                }
                assert!(!answers.contains(&Err(UserFailure::Conflict)), "{answers:?}");
                assert!(
                    !answers.iter().any(|answer| matches!(answer, Err(UserFailure::Refused(_)))),
                    "{answers:?}"
                );
                troubles += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    timeout(Duration::from_secs(120), counting).await.unwrap();
    assert!(troubles > 0, "the server never fell");
    for found in store.load(&users).await {
        let user = found.unwrap().unwrap();
        assert_eq!((user.version, user.value), (ROUNDS, (ROUNDS - 1).to_string().into_bytes()));
    }
}

/// Makes a call until it is answered, as a worker does; how often it was not.
async fn insist<T>(call: impl AsyncFn() -> Result<T, FleetError>) -> (T, usize) {
    let mut failed = 0;
    loop {
        match call().await {
            Ok(answer) => return (answer, failed),
            Err(error) => assert!(error.is_passing(), "{error}"),
        }
        failed += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_workers_wrote_is_there_once_when_the_server_falls() {
    const ROUNDS: u64 = 60;
    let Some(settings) = server::settings() else { return };
    let Ok(folder) = std::env::var("WATCHFIRE_POSTGRES_DATA") else { return };
    let _striking = STRIKING.lock().await;
    let second = Duration::from_secs(1);
    let settings = PostgresSettings { wait_timeout: second, connect_timeout: second, ..settings };
    let (store, _) = insist(async || {
        PostgresFleet::connect(&settings).await.map_err(|error| FleetError::Unavailable(error.to_string()))
    })
    .await;
    let (source, _) = insist(async || store.source("alerts", 0, 0).await).await;
    let mut troubles = 0;
    let writing = async {
        for round in 0..ROUNDS {
            let pattern = round as i64 + 1;
            let mut given =
                batch((0..10).map(|place| alert(source, round * 10 + place, pattern, HOUR)).collect());
            given.questions = vec![question(pattern * 10, 1)];
            let answers = [answer(pattern * 10, 2)];
            let paid = entry(round);
            if round % 20 == 15 {
                // While these very writes are under way.
                let (taken, ()) = tokio::join!(store.take_in(&given, 0), async { strike(&folder) });
                troubles += usize::from(taken.is_err());
            }
            let (taken, failed) = insist(async || store.take_in(&given, 0).await).await;
            assert!(taken.already.is_empty() || taken.already.len() == 10, "all of it or nothing");
            if round % 20 == 5 {
                let (taken, ()) = tokio::join!(store.answer(&answers, &paid), async { strike(&folder) });
                troubles += usize::from(taken.is_err());
            }
            let (stands, also) = insist(async || store.answer(&answers, &paid).await).await;
            assert_eq!(stands, [pattern * 10]);
            troubles += failed + also;
        }
    };
    timeout(Duration::from_secs(120), writing).await.unwrap();
    assert!(troubles > 0, "the server never fell");
    let keys: Vec<_> = (0..ROUNDS * 10).map(|ordinal| (source.row(), ordinal)).collect();
    let (found, _) = insist(async || store.alerts(&keys).await).await;
    assert_eq!(found.len(), keys.len());
    assert!(found.values().all(|found| found.decision.verdict == 2), "every answer stands");
    let (totals, _) = insist(async || store.ledger_since(0).await).await;
    assert_eq!(totals.iter().map(|total| total.calls).sum::<u64>(), ROUNDS * 2, "each call is paid for once");
    let (client, _tasks) = connection::beside(&settings.url).await;
    let counts = format!("SELECT count(*) FROM {}.patterns WHERE alerts <> 10", settings.schema);
    assert_eq!(client.query_one(&counts, &[]).await.unwrap().get::<_, i64>(0), 0);
}
