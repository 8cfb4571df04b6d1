//! The server falls, more than once, while a writer counts: what it answered is there, and nothing is counted twice. In a file
//! of its own, since other tests would notice.

#[path = "store/server.rs"]
mod server;

use server::{connect, write};
use std::time::Duration;
use tokio::time::timeout;
use watchfire_store::measurements::{MeasurementStore, UserFailure};
use watchfire_store_postgres::PostgresSettings;

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
