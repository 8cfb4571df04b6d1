//! What every store of measurements promises, on a real server; how many statements it takes; and how tables come to be.

use crate::beside::{beside, stored};
use crate::proxy::Proxy;
use crate::server::{self, connect, write};
use std::sync::Arc;
use tokio::task::JoinSet;
use watchfire_store::measurement_store_suite;
use watchfire_store::measurements::suite::Fresh;
use watchfire_store::measurements::{MOST_VALUE_BYTES, MeasurementStore};
use watchfire_store_postgres::{PostgresError, PostgresMeasurements, PostgresSettings};

async fn fresh() -> Option<Fresh> {
    let settings = server::settings()?;
    Some(Fresh { store: Arc::new(connect(&settings).await), keep: Box::new(()) })
}

measurement_store_suite!(fresh);

/// Counted between the store and the server, and by the server where it has `pg_stat_statements`.
#[tokio::test]
async fn a_batch_of_a_hundred_users_is_one_statement_to_read_and_one_to_write() {
    let Some(settings) = server::settings() else { return };
    let proxy = Proxy::before(&settings.url).await;
    let store = connect(&PostgresSettings { url: proxy.url.clone(), ..settings.clone() }).await;
    let users: Vec<String> = (0..100).map(|index| format!("user{index}")).collect();
    proxy.take_statements();
    for from in 0..3 {
        assert_eq!(store.load(&users).await.len(), 100);
        let writes: Vec<_> = users.iter().map(|user| write(user, from, &[from as u8; 1_000])).collect();
        assert_eq!(store.save(&writes).await, vec![Ok(from + 1); 100]);
        assert_eq!(proxy.take_statements(), 2, "batch {from}");
    }

    let (client, _tasks) = beside(&settings.url).await;
    if client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await.is_ok() {
        let text = "SELECT sum(calls)::bigint FROM pg_stat_statements WHERE query LIKE $1";
        let calls: i64 = client
            .query_one(text, &[&format!("%{}.measured_users m%", settings.schema)])
            .await
            .unwrap()
            .get(0);
        // That of the insertion has ` AS m`.
        let inserted: i64 = client
            .query_one(text, &[&format!("%INSERT INTO {}.measured_users AS m%", settings.schema)])
            .await
            .unwrap()
            .get(0);
        assert_eq!((calls, inserted), (3, 3));
    }
}

#[tokio::test]
async fn values_beyond_one_statement_are_all_written() {
    let Some(settings) = server::settings() else { return };
    let store = connect(&settings).await;
    let value = vec![9; MOST_VALUE_BYTES];
    let writes: Vec<_> = (0..60).map(|index| write(&format!("user{index}"), 0, &value)).collect();
    assert_eq!(store.save(&writes).await, vec![Ok(1); 60]);
}

#[tokio::test]
async fn many_instances_make_the_tables_once() {
    let Some(settings) = server::settings() else { return };
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let settings = settings.clone();
        starting.spawn(async move { PostgresMeasurements::connect(&settings).await.map(drop) });
    }
    while let Some(started) = starting.join_next().await {
        started.unwrap().unwrap();
    }
    let (client, _tasks) = beside(&settings.url).await;
    // Each version once.
    let text = format!("SELECT count(*) = max(version) FROM {}.migrations", settings.schema);
    assert!(client.query_one(&text, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn tables_of_a_later_version_are_left_alone() {
    let Some(settings) = server::settings() else { return };
    drop(connect(&settings).await);
    let (client, _tasks) = beside(&settings.url).await;
    let text = format!("INSERT INTO {}.migrations (version) VALUES (99)", settings.schema);
    client.batch_execute(&text).await.unwrap();
    let error = PostgresMeasurements::connect(&settings).await.unwrap_err();
    assert!(matches!(error, PostgresError::Newer { found: 99, .. }), "{error:?}");
}

#[tokio::test]
async fn a_user_who_may_only_read_and_write_rows_is_enough() {
    let Some(settings) = server::settings() else { return };
    drop(connect(&settings).await);
    let schema = &settings.schema;
    let (client, _tasks) = beside(&settings.url).await;
    client
        .batch_execute(&format!(
            "CREATE ROLE role_{schema} LOGIN;
             GRANT USAGE ON SCHEMA {schema} TO role_{schema};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO role_{schema}"
        ))
        .await
        .unwrap();
    let (_, server) = settings.url.rsplit_once('@').unwrap();
    let url = format!("postgres://role_{schema}@{server}");
    let store = connect(&PostgresSettings { url: url.clone(), ..settings.clone() }).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);

    let other = PostgresSettings { url, schema: format!("{schema}_other"), ..settings.clone() };
    let error = PostgresMeasurements::connect(&other).await.unwrap_err();
    assert!(matches!(error, PostgresError::Tables { .. }), "{error:?}");
}

#[tokio::test]
async fn an_encrypted_connection_needs_a_certificate_that_is_known() {
    let Some(settings) = server::settings() else { return };
    let Ok(certificate) = std::env::var("WATCHFIRE_POSTGRES_CERTIFICATE") else { return };
    let url = format!("{}?sslmode=require", settings.url.replace("127.0.0.1", "localhost"));
    let strange = PostgresSettings { url: url.clone(), ..settings.clone() };
    let error = PostgresMeasurements::connect(&strange).await.unwrap_err();
    assert!(matches!(error, PostgresError::Connect { .. }), "{error:?}");

    let known = PostgresSettings { url, certificates: Some(certificate.into()), ..settings };
    let store = connect(&known).await;
    assert_eq!(store.save(&[write("user", 0, b"1")]).await, [Ok(1)]);
    let found = store.load(&["user".to_owned()]).await;
    assert_eq!(found, [Ok(Some(stored(1, b"1")))]);
    let (client, _tasks) =
        beside(&known.url.replace("localhost", "127.0.0.1").replace("?sslmode=require", "")).await;
    let text = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
                WHERE a.query LIKE $1 AND a.pid <> pg_backend_pid()";
    let row = client.query_one(text, &[&format!("%{}.measured%", known.schema)]).await.unwrap();
    assert_eq!(row.get::<_, Option<bool>>(0), Some(true));
}
