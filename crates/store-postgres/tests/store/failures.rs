//! Connections that break, freeze or are ended, and servers that are slow: what is said of a write is true, and nothing is lost
//! or done twice.

use crate::beside::{beside, blocked, lock, stored};
use crate::proxy::{ALL, Proxy};
use crate::server::{self, connect, write};
use std::time::Duration;
use tokio::time::timeout;
use watchfire_store::measurements::{MeasurementStore, UserFailure, UserWrite};
use watchfire_store_postgres::{PostgresMeasurements, PostgresSettings};

const PATIENCE: Duration = Duration::from_secs(30);

fn impatient(settings: PostgresSettings) -> PostgresSettings {
    PostgresSettings {
        connections: 1,
        wait_timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_millis(300),
        ..settings
    }
}

/// Writes the same until it is done, as whoever lost an answer does.
async fn until_done(store: &PostgresMeasurements, writes: &[UserWrite]) -> Vec<u64> {
    let again = async {
        loop {
            let answers = store.save(writes).await;
            assert!(!answers.contains(&Err(UserFailure::Conflict)), "{answers:?}");
            if let Ok(versions) = answers.into_iter().collect() {
                return versions;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let Ok(versions) = timeout(PATIENCE, again).await else { panic!("it is never done") };
    versions
}

#[tokio::test]
async fn wherever_a_connection_is_cut_the_answers_are_true_and_a_second_try_ends_the_same() {
    let Some(settings) = server::settings() else { return };
    let proxy = Proxy::before(&settings.url).await;
    let store =
        connect(&PostgresSettings { url: proxy.url.clone(), connections: 1, ..settings.clone() }).await;
    let direct = connect(&settings).await;
    let users = ["a", "b", "c"].map(str::to_owned);
    let writes = |from| users.iter().map(|user| write(user, from, &[from as u8; 40])).collect::<Vec<_>>();

    assert_eq!(store.save(&writes(0)).await, vec![Ok(1); 3]);
    proxy.cut_after(ALL, ALL);
    assert_eq!(store.save(&writes(1)).await, vec![Ok(2); 3]);
    let (to_server, to_client) = proxy.passed();
    assert!(to_server > 100 && to_client > 50, "{to_server} and {to_client} bytes");

    let asked = (0..to_server).step_by(5).map(|bytes| (bytes, ALL));
    let answered = (0..to_client).step_by(3).map(|bytes| (ALL, bytes));
    let mut version = 2;
    let mut lost = 0;
    for (to_server, to_client) in asked.chain(answered) {
        proxy.cut_after(to_server, to_client);
        for answer in store.save(&writes(version)).await {
            match answer {
                Err(UserFailure::Lost(_)) => lost += 1,
                other => panic!("cut after {to_server} and {to_client} bytes: {other:?}"),
            }
        }
        proxy.cut_after(ALL, ALL);
        // Each is as before, or as it was to become: nothing in between, and all of them the same.
        let found = direct.load(&users).await;
        let before = stored(version, &[version as u8 - 1; 40]);
        let after = stored(version + 1, &[version as u8; 40]);
        assert!(found == vec![Ok(Some(before)); 3] || found == vec![Ok(Some(after)); 3], "{found:?}");
        assert_eq!(until_done(&store, &writes(version)).await, [version + 1; 3]);
        version += 1;
    }
    assert!(lost > 100, "{lost} answers were lost");
    assert_eq!(direct.load(&users).await, vec![Ok(Some(stored(version, &[version as u8 - 1; 40]))); 3]);
}

#[tokio::test]
async fn what_can_not_be_sent_was_not_done_and_a_reading_is_never_lost() {
    let Some(settings) = server::settings() else { return };
    let proxy = Proxy::before(&settings.url).await;
    let store = connect(&impatient(PostgresSettings { url: proxy.url.clone(), ..settings.clone() })).await;
    proxy.cut_after(0, ALL);
    let found = store.load(&["user".to_owned()]).await;
    assert!(matches!(found[0], Err(UserFailure::Failed(_))), "{found:?}");
    // No new connection either.
    let answers = store.save(&[write("user", 0, b"1")]).await;
    assert!(matches!(answers[0], Err(UserFailure::Failed(_) | UserFailure::Throttled { .. })), "{answers:?}");
    proxy.cut_after(ALL, ALL);
    assert_eq!(until_done(&store, &[write("user", 0, b"2")]).await, [1]);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up() {
    let Some(settings) = server::settings() else { return };
    let proxy = Proxy::before(&settings.url).await;
    let store = connect(&impatient(PostgresSettings { url: proxy.url.clone(), ..settings.clone() })).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    proxy.freeze(true);
    let answers = timeout(PATIENCE, store.save(&[write("user", 1, b"2")])).await.unwrap();
    assert!(matches!(answers[0], Err(UserFailure::Lost(_))), "{answers:?}");
    proxy.freeze(false);
    assert_eq!(until_done(&store, &[write("user", 1, b"2")]).await, [2]);
}

#[tokio::test]
async fn a_statement_beyond_its_time_has_done_nothing() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&impatient(settings.clone())).await;
    assert_eq!(store.save(&[write("one", 0, b"1"), write("two", 0, b"1")]).await, [Ok(1), Ok(1)]);
    let (client, tasks) = beside(&settings.url).await;
    lock(&client, &settings.schema, "two").await;
    for answer in store.save(&[write("one", 1, b"2"), write("two", 1, b"2"), write("new", 0, b"1")]).await {
        assert!(matches!(answer, Err(UserFailure::Failed(_))), "{answer:?}");
    }
    let users = ["one", "two", "new"].map(str::to_owned);
    let before = [Ok(Some(stored(1, b"1"))), Ok(Some(stored(1, b"1"))), Ok(None)];
    assert_eq!(store.load(&users).await, before, "who reads does not wait for who writes");
    drop((client, tasks));
    assert_eq!(until_done(&store, &[write("one", 1, b"2"), write("two", 1, b"2")]).await, [2, 2]);
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_replaced() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&PostgresSettings { connections: 1, ..settings.clone() }).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    let (holder, tasks) = beside(&settings.url).await;
    lock(&holder, &settings.schema, "user").await;
    let (killer, _killing) = beside(&settings.url).await;
    let second = [write("user", 1, b"2")];
    let (answers, ()) = tokio::join!(store.save(&second), async {
        let process = blocked(&killer, &settings.schema).await;
        killer.execute("SELECT pg_terminate_backend($1)", &[&process]).await.unwrap();
    });
    assert!(matches!(answers[0], Err(UserFailure::Lost(_))), "{answers:?}");
    drop((holder, tasks));
    assert_eq!(until_done(&store, &second).await, [2]);
}

#[tokio::test]
async fn a_call_that_is_dropped_halfway_keeps_nobody_waiting() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&PostgresSettings { connections: 1, ..settings.clone() }).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    let (holder, _holding) = beside(&settings.url).await;
    lock(&holder, &settings.schema, "user").await;
    let (watcher, _watching) = beside(&settings.url).await;
    let second = [write("user", 1, b"2")];
    tokio::select! {
        answers = store.save(&second) => panic!("{answers:?}"),
        _ = blocked(&watcher, &settings.schema) => {}
    }
    // The only connection was busy with it, and for ten seconds more.
    let found = timeout(Duration::from_secs(5), store.load(&["user".to_owned()])).await.unwrap();
    assert_eq!(found, [Ok(Some(stored(1, b"1")))]);
}

#[tokio::test]
async fn who_finds_no_free_connection_is_throttled() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&PostgresSettings {
        statement_timeout: Duration::from_secs(20),
        ..impatient(settings.clone())
    })
    .await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    let (holder, holding) = beside(&settings.url).await;
    lock(&holder, &settings.schema, "user").await;
    let (watcher, _watching) = beside(&settings.url).await;
    let second = [write("user", 1, b"2")];
    let (answers, ()) = tokio::join!(store.save(&second), async {
        blocked(&watcher, &settings.schema).await;
        let found = store.load(&["user".to_owned()]).await;
        assert_eq!(found, [Err(UserFailure::Throttled { after: None })]);
        drop((holder, holding));
    });
    assert_eq!(answers, [Ok(2)]);
}

#[tokio::test]
async fn a_user_who_is_taken_away_during_a_write_does_not_come_back() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&settings).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    let (remover, _removing) = beside(&settings.url).await;
    remover.batch_execute("BEGIN").await.unwrap();
    let text = format!("DELETE FROM {}.measured_users WHERE name = $1", settings.schema);
    assert_eq!(remover.execute(&text, &[&b"user".as_slice()]).await.unwrap(), 1);
    let (watcher, _watching) = beside(&settings.url).await;
    let second = [write("user", 1, b"2")];
    let (answers, ()) = tokio::join!(store.save(&second), async {
        blocked(&watcher, &settings.schema).await;
        remover.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(answers, [Err(UserFailure::Conflict)]);
    assert_eq!(store.load(&["user".to_owned()]).await, [Ok(None)]);
}
