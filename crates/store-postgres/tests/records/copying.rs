//! The copy of a SQLite store into a server.

use crate::server::{beside, connect, fresh, settings};
use std::sync::Arc;
use tokio::task::JoinSet;
use watchfire_store::records::compare::Differing;
use watchfire_store::records::copy::{CopyError, CopyTarget, RecordTables, copy};
use watchfire_store::records::suite::{copying, made};
use watchfire_store::records::tables::{TABLES, Value};
use watchfire_store::records::{RecordError, SqliteRecords};
use watchfire_store::{Location, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_the_same_wherever_it_was_killed() {
    for (seed, most) in [(1, 3), (2, 9), (3, 24), (4, 24), (5, 1), (6, 200)] {
        let Some((to, _)) = fresh().await else { return };
        copying::a_copy_is_the_same_wherever_it_was_killed(&to, seed, most).await;
    }
}

#[tokio::test]
async fn a_second_copy_brings_nothing() {
    let Some((to, _)) = fresh().await else { return };
    copying::a_second_copy_brings_nothing(&to).await;
}

#[tokio::test]
async fn a_copy_of_another_store_is_left_alone() {
    let Some((to, _)) = fresh().await else { return };
    copying::a_copy_of_another_store_is_left_alone(&to).await;
}

#[tokio::test]
async fn what_differs_is_found_and_named() {
    let Some((to, _)) = fresh().await else { return };
    copying::what_differs_is_found_and_named(&to).await;
}

#[tokio::test]
async fn a_row_that_was_changed_on_the_server_is_found_and_named() {
    let Some((to, settings)) = fresh().await else { return };
    let from = SqliteRecords::new(made::store(21, 30));
    copying::copied(&from, &to).await;
    let mut tasks = JoinSet::new();
    let client = beside(&settings, &mut tasks).await;
    let row = client
        .query_one(
            "UPDATE alerts SET priority = (priority + 1) % 100 WHERE (source, ordinal) =
                 (SELECT source, ordinal FROM alerts ORDER BY source, ordinal LIMIT 1)
             RETURNING source, ordinal, priority",
            &[],
        )
        .await
        .unwrap();
    let key = vec![Value::Integer(row.get(0)), Value::Integer(row.get(1))];
    let now = Value::Integer(row.get::<_, i16>(2).into());
    let found = copying::differing(&from, &to).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].table.name, found[0].differing), ("alerts", 1));
    assert_eq!(found[0].shown[0].key, key);
    let Differing::Columns(columns) = &found[0].shown[0].how else { panic!("{found:?}") };
    assert_eq!(columns.len(), 1);
    assert_eq!((columns[0].0, &columns[0].2), (6, &now));
}

/// Triggers count alerts by the hour, however they come.
#[tokio::test]
async fn the_counts_by_the_hour_are_those_of_the_alerts() {
    let Some((to, settings)) = fresh().await else { return };
    copying::copied(&SqliteRecords::new(made::store(22, 60)), &to).await;
    let mut tasks = JoinSet::new();
    let client = beside(&settings, &mut tasks).await;
    let text = "SELECT count(*) FROM (
        (SELECT decision, floor(\"time\" / 3600000.0)::bigint AS hour, count(*) AS alerts FROM alerts GROUP BY 1, 2
            EXCEPT SELECT decision, hour, alerts FROM decision_hours)
        UNION ALL
        (SELECT decision, hour, alerts FROM decision_hours
            EXCEPT SELECT decision, floor(\"time\" / 3600000.0)::bigint, count(*) FROM alerts GROUP BY 1, 2)) d";
    assert_eq!(client.query_one(text, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// Only times that nobody believes are left where no month was made for them.
#[tokio::test]
async fn alerts_come_into_their_months() {
    let Some((to, settings)) = fresh().await else { return };
    let made = made::store(23, 0);
    made::disturb(
        &made,
        "INSERT INTO alerts (source, ordinal, time, pattern, decision, severity, priority)
         VALUES (1, 1, 1700000000000, 1, 1, 1, 1), (1, 2, 1710000000000, 1, 1, 1, 1), (1, 3, 1710000000001, 1, 1, 1, 1),
                (1, 4, 9000000000000000000, 1, 1, 1, 1), (1, 5, -9000000000000000000, 1, 1, 1, 1)",
    );
    copying::copied(&SqliteRecords::new(made), &to).await;
    let mut tasks = JoinSet::new();
    let client = beside(&settings, &mut tasks).await;
    let text = "SELECT tableoid::regclass::text, count(*) FROM alerts GROUP BY 1 ORDER BY 2";
    let counts: Vec<(String, i64)> =
        client.query(text, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let of = |part: &str| counts.iter().filter(|(name, _)| name.contains(part)).map(|(_, count)| count).sum();
    assert_eq!((counts.len(), of("default")), (3, 2_i64), "{counts:?}");
}

#[tokio::test]
async fn a_table_that_somebody_wrote_to_is_left_alone() {
    let Some((to, settings)) = fresh().await else { return };
    let mut tasks = JoinSet::new();
    let client = beside(&settings, &mut tasks).await;
    client.batch_execute("INSERT INTO budgets (name, state, at) VALUES ('a', '{}', 1)").await.unwrap();
    let refused = copy(&SqliteRecords::new(made::store(24, 5)), &to, &|_, _| {}).await;
    assert!(matches!(refused, Err(CopyError::Occupied { table: "budgets", .. })), "{refused:?}");
}

/// Two that copy at once: each page comes from one of them, and the other says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_copies_at_once_nothing_comes_twice() {
    let Some(settings) = settings() else { return };
    let from = SqliteRecords::new(made::store(25, 120));
    let (one, two) = (connect(&settings).await, connect(&settings).await);
    let narrow = copying::Narrow { store: &from, page: 7 };
    let silent: &(dyn Fn(&'static watchfire_store::records::tables::Table, u64) + Sync) = &|_, _| {};
    let (first, second) = tokio::join!(copy(&narrow, &one, silent), copy(&narrow, &two, silent));
    for ended in [first, second] {
        let is_told = matches!(
            &ended,
            Ok(_)
                | Err(CopyError::Write { source: RecordError::Refused(_) | RecordError::Unavailable(_), .. })
        );
        assert!(is_told, "{ended:?}");
    }
    copying::copied(&narrow, &one).await;
    assert_eq!(copying::differing(&from, &one).await, []);
}

/// Back to one machine: the same copy the other way.
#[tokio::test]
async fn a_copy_back_into_a_file_is_the_same() {
    let Some((server, _)) = fresh().await else { return };
    let from = SqliteRecords::new(made::store(26, 40));
    copying::copied(&from, &server).await;
    let back = SqliteRecords::new(Arc::new(Store::open(&Location::Memory).unwrap()));
    copying::copied(&server, &back).await;
    assert_eq!(copying::differing(&from, &back).await, []);
}

/// Values of a page stay within its bound, whatever they are.
#[tokio::test]
async fn pages_of_long_values_are_short() {
    let Some((to, _)) = fresh().await else { return };
    let made = made::store(27, 0);
    made::disturb(
        &made,
        "INSERT INTO runs (id, started_at, summary)
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200)
         SELECT n, n, hex(randomblob(100000)) FROM n",
    );
    let from = SqliteRecords::new(made);
    copying::copied(&from, &to).await;
    let runs = TABLES.iter().find(|table| table.name == "runs").unwrap();
    let page = to.page(runs, None).await.unwrap();
    assert!((30..=70).contains(&page.len()), "{}", page.len());
    assert_eq!(copying::differing(&from, &to).await, []);
    assert_eq!(to.place(runs).await.unwrap().records, 200);
}
