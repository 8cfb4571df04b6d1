//! Months: made ahead, made when needed, mended, and dropped; and the counts, which agree with counting after each.

use super::{assert_counts, fresh, number};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use watchfire_store::fleet::made::{HOUR, alert, batch, dead};
use watchfire_store::fleet::{FleetError, FleetStore};
use watchfire_store_postgres::{HourRow, PostgresFleet, Retained};

/// 2025-01-01T00:00:00Z.
const JANUARY: i64 = 1_735_689_600_000;
const DAY: i64 = 24 * HOUR;

/// The partitions and how many alerts each has, without empty ones.
async fn partitions(client: &Client) -> Vec<(String, i64)> {
    let text = "SELECT tableoid::regclass::text, count(*) FROM alerts GROUP BY 1 ORDER BY 1";
    let rows = client.query(text, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn named(partitions: &[(&str, i64)]) -> Vec<(String, i64)> {
    partitions.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn alerts_around_a_months_end_are_each_in_their_month() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let times = [
        JANUARY - 1,
        JANUARY,
        JANUARY + 31 * DAY - 1,
        JANUARY + 31 * DAY,
        0,
        -5,
        i64::MAX,
        i64::MIN,
        946_684_799_999,
    ];
    let alerts =
        times.iter().enumerate().map(|(place, time)| alert(source, place as u64, 1, *time)).collect();
    store.take_in(&batch(alerts), 0).await.unwrap();
    let found = partitions(&client).await;
    let months = [("alerts_2024_12", 1), ("alerts_2025_01", 2), ("alerts_2025_02", 1), ("alerts_default", 5)];
    assert_eq!(found, named(&months));
    assert_counts(&client).await;
}

#[tokio::test]
async fn maintenance_makes_months_ahead_and_moves_what_went_astray() {
    let Some((store, client, _tasks, settings)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    // As where this user may not make tables.
    client
        .batch_execute(&format!(
            "CREATE ROLE role_{0} LOGIN;
             GRANT USAGE ON SCHEMA {0} TO role_{0};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {0} TO role_{0}",
            settings.schema
        ))
        .await
        .unwrap();
    let (_, server) = settings.url.rsplit_once('@').unwrap();
    let mut lesser = settings.clone();
    lesser.url = format!("postgres://role_{}@{server}", settings.schema);
    let lesser = PostgresFleet::connect(&lesser).await.unwrap();
    let times = [JANUARY, JANUARY + 40 * DAY, 0];
    let alerts =
        times.iter().enumerate().map(|(place, time)| alert(source, place as u64, 1, *time)).collect();
    let given = batch(alerts);
    lesser.take_in(&given, 0).await.unwrap();
    assert_eq!(partitions(&client).await, named(&[("alerts_default", 3)]), "nothing is lost");

    let done = store.postgres().maintain(JANUARY + 100 * DAY).await.unwrap();
    assert_eq!(done.made, 6, "two for those astray, four from now on");
    let moved = [("alerts_2025_01", 1), ("alerts_2025_02", 1), ("alerts_default", 1)];
    assert_eq!(partitions(&client).await, named(&moved));
    assert_counts(&client).await;
    assert_eq!(store.take_in(&given, 0).await.unwrap().already.len(), 3, "it is still known");
    assert_eq!(store.postgres().maintain(JANUARY + 100 * DAY).await.unwrap().made, 0);
    let count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'alerts'::regclass";
    assert_eq!(number(&client, count).await, 7);
}

#[tokio::test]
async fn what_is_old_goes_by_the_month_with_what_hangs_on_it() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let mut alerts = Vec::new();
    for day in 0..120 {
        // Pattern 1 all the time, pattern 2 in the first month, pattern 3 in the last.
        alerts.push(alert(source, day * 10, 1, JANUARY + day as i64 * DAY));
        let other = if day < 31 { 2 } else { 3 };
        if !(31..100).contains(&day) {
            alerts.push(alert(source, day * 10 + 1, other, JANUARY + day as i64 * DAY));
        }
    }
    alerts.push(alert(source, 5_000, 2, -DAY));
    let mut given = batch(alerts);
    for decision in &mut given.decisions {
        decision.valid_until = JANUARY + if decision.id == 20 { 31 * DAY } else { 500 * DAY };
    }
    given.dead = vec![dead(source, 9_000)];
    store.take_in(&given, JANUARY).await.unwrap();
    assert_counts(&client).await;

    // The middle of March: January and February go whole, half of March row by row.
    let before = JANUARY + (31 + 28 + 15) * DAY;
    let done = store.postgres().retain(before).await.unwrap();
    assert_eq!((done.months, done.alerts, done.more), (2, 16, false), "{done:?}");
    let left = [("alerts_2025_03", 16), ("alerts_2025_04", 50)];
    assert_eq!(partitions(&client).await, named(&left));
    assert_counts(&client).await;
    assert_eq!(number(&client, "SELECT count(*) FROM dead_letters").await, 0);
    assert_eq!(number(&client, "SELECT sum(id)::bigint FROM patterns").await, 4, "patterns 1 and 3");
    assert_eq!(number(&client, "SELECT sum(id)::bigint FROM decisions").await, 40);
    assert_eq!(store.postgres().retain(before).await.unwrap(), Retained::default(), "nothing more to do");
    store.postgres().maintain(JANUARY + 120 * DAY).await.unwrap();
    assert_eq!(number(&client, "SELECT count(*) FROM decision_hours WHERE alerts <= 0").await, 0, "swept up");

    // A month that is gone is made again where somebody needs it.
    store.take_in(&batch(vec![alert(source, 7_000, 2, JANUARY)]), 0).await.unwrap();
    assert_counts(&client).await;
    assert_eq!(store.stored(source).await.unwrap(), Some(9_000));
}

#[tokio::test]
async fn a_month_that_was_detached_by_one_who_fell_is_finished_by_the_next() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let alerts =
        (0..20).map(|place| alert(source, place, place as i64 % 3, JANUARY + place as i64 * 3 * DAY));
    store.take_in(&batch(alerts.collect()), 0).await.unwrap();
    client
        .batch_execute(
            "ALTER TABLE alerts DETACH PARTITION alerts_2025_01;
             ALTER TABLE alerts_2025_01 RENAME TO gone_alerts_2025_01",
        )
        .await
        .unwrap();
    store.postgres().maintain(JANUARY + 40 * DAY).await.unwrap();
    assert_counts(&client).await;
    assert_eq!(number(&client, "SELECT count(*) FROM pg_class WHERE relname = 'gone_alerts_2025_01' AND relnamespace = current_schema()::regnamespace").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maintenance_and_retention_by_many_while_others_write_lose_nothing() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let store = std::sync::Arc::new(store);
    let before = JANUARY + 31 * DAY;
    let mut tasks = JoinSet::new();
    for worker in 0..3_u64 {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            let source = store.source("alerts", worker as i32, 0).await.unwrap();
            for round in 0..15_u64 {
                let alerts = (0..40).map(|place| {
                    let time = JANUARY + ((round * 40 + place) % 120) as i64 * DAY / 2 + worker as i64;
                    alert(source, round * 40 + place, (place % 5) as i64, time)
                });
                let given = batch(alerts.collect());
                // A lock that retention holds may be waited for too long.
                while let Err(error) = store.take_in(&given, 0).await {
                    assert!(error.is_passing(), "{error}");
                }
            }
        });
    }
    for _ in 0..2 {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            for _ in 0..8 {
                for done in [
                    store.postgres().maintain(JANUARY).await.map(drop),
                    store.postgres().retain(before).await.map(drop),
                ] {
                    assert!(done.as_ref().err().is_none_or(FleetError::is_passing), "{done:?}");
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    while store.postgres().retain(before).await.unwrap() != Retained::default() {}
    assert_counts(&client).await;
    let kept = format!("SELECT count(*) FROM alerts WHERE \"time\" >= {before}");
    assert_eq!(number(&client, &kept).await, 3 * 600 / 120 * 58, "days 31 to 59.5, twice a day");
    assert_eq!(number(&client, &format!("SELECT count(*) FROM alerts WHERE \"time\" < {before}")).await, 0);
}

#[tokio::test]
async fn the_page_reads_hours_as_they_were_counted() {
    let Some((store, _client, _tasks, _)) = fresh().await else { return };
    let source = store.source("alerts", 0, 0).await.unwrap();
    let times = [0, 1, HOUR - 1, HOUR, 3 * HOUR, -1].map(|time| JANUARY + time);
    let alerts = times
        .iter()
        .enumerate()
        .map(|(place, time)| alert(source, place as u64, place as i64 % 2, *time))
        .collect();
    let mut given = batch(alerts);
    given.decisions[1].verdict = 2;
    store.take_in(&given, 0).await.unwrap();
    let row =
        |hour, verdict, alerts| HourRow { start_ms: JANUARY + hour * HOUR, verdict, severity: 3, alerts };
    let all = store.postgres().alert_hours(i64::MIN, i64::MAX).await.unwrap();
    assert_eq!(all, [row(-1, 2, 1), row(0, 1, 2), row(0, 2, 1), row(1, 2, 1), row(3, 1, 1)]);
    let some = store.postgres().alert_hours(JANUARY - HOUR + 1, JANUARY + 3 * HOUR).await.unwrap();
    assert_eq!(some, all[1..4]);
}
