//! What every store of workers' records promises, and what only this one can be asked.

use super::{fresh, number};
use crate::beside::beside;
use crate::server;
use std::sync::Arc;
use tokio::task::JoinSet;
use watchfire_store::fleet::made::{HOUR, alert, answer, batch, entry, question};
use watchfire_store::fleet::{FleetBatch, FleetError, FleetStore};
use watchfire_store::fleet_store_suite;
use watchfire_store_postgres::{PostgresFleet, PostgresSettings};

async fn store() -> Option<Arc<dyn FleetStore>> {
    let settings = server::settings()?;
    Some(Arc::new(PostgresFleet::connect(&settings).await.unwrap()))
}

fleet_store_suite!(store);

#[tokio::test]
async fn many_instances_make_all_tables_once() {
    let Some(settings) = server::settings() else { return };
    let mut starting = JoinSet::new();
    for worker in 0..8 {
        let settings = settings.clone();
        starting.spawn(async move {
            let store = PostgresFleet::connect(&settings).await.unwrap();
            store.source("alerts", worker % 2, 0).await.unwrap()
        });
    }
    let mut rows = Vec::new();
    while let Some(started) = starting.join_next().await {
        rows.push(started.unwrap().row());
    }
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), 2, "two partitions");
    let (client, _tasks) = beside(&settings.url).await;
    let text = format!("SELECT count(*) - max(version) FROM {}.migrations", settings.schema);
    assert_eq!(number(&client, &text).await, 0, "each version once");
}

#[tokio::test]
async fn a_pattern_shows_what_its_latest_greatest_alert_says() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let take = async |ordinal, time, decision| {
        let mut given = batch(vec![alert(source, ordinal, 1, time)]);
        given.patterns[0].decision = decision;
        store.take_in(&given, 0).await.unwrap();
    };
    let shown = async || {
        let text = "SELECT alerts, priority::bigint, decision, first_seen, last_seen FROM patterns";
        let row = client.query_one(text, &[]).await.unwrap();
        let place = |place: usize| row.get::<_, i64>(place);
        [place(0), place(1), place(2), place(3), place(4)]
    };
    take(40, 5 * HOUR, 100).await;
    take(30, HOUR, 200).await;
    assert_eq!(shown().await, [2, 40, 100, HOUR, 5 * HOUR]);
    take(140, 3 * HOUR, 300).await;
    assert_eq!(shown().await, [3, 40, 300, HOUR, 5 * HOUR], "the last of equals");
    take(40, 9 * HOUR, 400).await;
    assert_eq!(shown().await, [3, 40, 300, HOUR, 5 * HOUR], "one that was there already says nothing new");
}

#[tokio::test]
async fn what_was_asked_is_kept_with_the_answer() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let mut given = batch(vec![alert(source, 1, 1, HOUR)]);
    given.questions = vec![question(10, 1)];
    store.take_in(&given, 0).await.unwrap();
    assert_eq!(store.answer(&[answer(10, 2)], &entry(1)).await.unwrap(), [10]);
    let kept = client.query_one("SELECT decision, at, body FROM answered", &[]).await.unwrap();
    assert_eq!((kept.get::<_, i64>(0), kept.get::<_, i64>(1)), (10, 5));
    assert_eq!(kept.get::<_, &str>(2), answer(10, 2).answered.body);
    assert_eq!(number(&client, "SELECT count(*) FROM questions").await, 0);
    super::assert_counts(&client).await;
    let moved = "SELECT alerts FROM alert_hours WHERE verdict = 2";
    assert_eq!(number(&client, moved).await, 1, "the page's counts follow the answer");
}

#[tokio::test]
async fn words_of_analysts_are_read_when_they_change_and_not_before() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let Some((nothing, words)) = store.words(None).await.unwrap() else { panic!("no version") };
    assert!(words.is_empty());
    let say = async |key: u8, verdict: i16| {
        let key = [key; 16];
        let text = "INSERT INTO analyst_decisions (pattern_key, verdict, reason, analyst, decided_at, alert, description)
                    VALUES ($1, $2, '', 'an analyst', 0, '', '{}')";
        client.execute(text, &[&key.as_slice(), &verdict]).await.unwrap();
    };
    say(1, 1).await;
    say(2, 1).await;
    say(1, 2).await;
    let read = async |known| -> (i64, Vec<(u8, u8)>) {
        let (version, words) = store.words(Some(known)).await.unwrap().unwrap();
        (version, words.iter().map(|word| (word.pattern_key[0], word.verdict)).collect())
    };
    let (version, words) = read(nothing).await;
    assert_eq!(words, [(2, 1), (1, 2)]);
    assert_eq!(store.words(Some(version)).await.unwrap(), None);
    let undo = "UPDATE analyst_decisions SET undone = 1 WHERE id = (SELECT max(id) FROM analyst_decisions)";
    client.batch_execute(undo).await.unwrap();
    let (later, words) = read(version).await;
    assert_eq!(words, [(1, 1), (2, 1)]);
    client.batch_execute("DELETE FROM analyst_decisions").await.unwrap();
    assert_eq!(read(later).await.1, []);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_available_and_a_wrong_table_is_refused() {
    let Some((store, client, _tasks, settings)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    client.batch_execute("DROP TABLE answered").await.unwrap();
    let asked = FleetBatch { questions: vec![question(10, 1)], ..batch(vec![alert(source, 1, 1, HOUR)]) };
    store.take_in(&asked, 0).await.unwrap();
    let refused = store.answer(&[answer(10, 2)], &entry(1)).await;
    assert!(matches!(refused, Err(FleetError::Refused(_))), "{refused:?}");
    let paid = store.ledger_since(0).await.unwrap();
    assert!(paid.is_empty(), "nothing of it was done: {paid:?}");

    let short = std::time::Duration::from_millis(300);
    let proxy = crate::proxy::Proxy::before(&settings.url).await;
    let settings = PostgresSettings {
        url: proxy.url.clone(),
        statement_timeout: short,
        connect_timeout: short,
        wait_timeout: short,
        ..settings
    };
    let store = PostgresFleet::connect(&settings).await.unwrap();
    store.stored(source).await.unwrap();
    proxy.freeze(true);
    let hung = store.stored(source).await;
    assert!(matches!(hung, Err(FleetError::Unavailable(_))), "{hung:?}");
    proxy.freeze(false);
    store.stored(source).await.unwrap();
}
