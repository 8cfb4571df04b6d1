//! The server that `checks/postgres` starts, and a schema of its own on it for each test. The schemas are left: they end with
//! the server.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "only tests use it")]

use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, NoTls};
use watchfire_store_postgres::{Postgres, PostgresRecords, PostgresSettings};

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// Settings for a schema that is not there yet; `None`, and a word about it, where there is no server.
pub fn settings() -> Option<PostgresSettings> {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else {
        eprintln!("skipped: WATCHFIRE_POSTGRES_URL is not set (checks/postgres sets it)");
        return None;
    };
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("records_{}_{number}", std::process::id());
    Some(PostgresSettings { url, schema, connections: 4, ..PostgresSettings::default() })
}

/// A store that has nothing yet.
pub async fn fresh() -> Option<(PostgresRecords, PostgresSettings)> {
    let settings = settings()?;
    Some((connect(&settings).await, settings))
}

pub async fn connect(settings: &PostgresSettings) -> PostgresRecords {
    PostgresRecords::new(Postgres::connect(settings).await.unwrap())
}

/// A connection beside the store's, in the same schema. It ends with the runtime.
pub async fn beside(settings: &PostgresSettings, tasks: &mut tokio::task::JoinSet<()>) -> Client {
    let (client, connection) = tokio_postgres::connect(&settings.url, NoTls).await.unwrap();
    tasks.spawn(async move { drop(connection.await) });
    client.batch_execute(&format!("SET search_path = {}", settings.schema)).await.unwrap();
    client
}
