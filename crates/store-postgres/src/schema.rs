//! Making the tables, once, however many instances start at the same time.
//!
//! The version stands in a table of its own. Who finds it current changes nothing, and needs no right to. Anybody else
//! takes an advisory lock for a transaction, looks again, and brings the tables up to date in it: PostgreSQL's tables are
//! made or not made with their transaction.

use crate::PostgresError;
use deadpool_postgres::Object;
use tokio_postgres::Error;

/// The lock that whoever makes tables holds: `Wtch` and 1.
const LOCK: i64 = 0x5774_6368_0000_0001;

/// The tables, one entry per version, with `SCHEMA` for the schema's name. Entries are never changed, only added.
const MIGRATIONS: [&str; 4] = [
    // Most writes replace a row by one as long: with room on its page, the index needs no new entry (a HOT update). Values are
    // packed numbers, or compressed already: compressing them again costs time and saves nothing.
    "CREATE TABLE SCHEMA.measured_users (
        name     bytea  NOT NULL PRIMARY KEY,
        version  bigint NOT NULL,
        value    bytea  NOT NULL
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
    ALTER TABLE SCHEMA.measured_users ALTER COLUMN value SET STORAGE EXTERNAL;",
    include_str!("migrations/002_records.sql"),
    // How far the workers of a group put a partition out, by its source. A table of its own, so that it waits for no batch.
    "CREATE TABLE SCHEMA.put_out (
        consumers  text    NOT NULL,
        source     bigint  NOT NULL,
        next       bigint  NOT NULL,
        done       text    NOT NULL,
        reach      bigint  NOT NULL,
        PRIMARY KEY (source, consumers)
    ) WITH (fillfactor = 25, autovacuum_vacuum_scale_factor = 0.05);",
    include_str!("migrations/004_articles.sql"),
];

/// Brings the tables to the current version.
pub(crate) async fn migrate(connection: &mut Object, schema: &str) -> Result<(), PostgresError> {
    let failed = |source| PostgresError::Tables { source };
    let known = MIGRATIONS.len() as i32;
    let mut found = version(connection, schema).await.map_err(failed)?;
    if found < known {
        found = bring_up(connection, schema).await.map_err(failed)?;
    }
    if found > known {
        return Err(PostgresError::Newer { found, known });
    }
    Ok(())
}

/// The version that the tables have; 0 where there are none.
async fn version(connection: &Object, schema: &str) -> Result<i32, Error> {
    let table = format!("{schema}.migrations");
    let there = connection.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let latest = connection.query_one(&format!("SELECT coalesce(max(version), 0) FROM {table}"), &[]).await?;
    latest.try_get(0)
}

/// Makes what is missing; the version that the tables have then.
async fn bring_up(connection: &mut Object, schema: &str) -> Result<i32, Error> {
    let transaction = connection.transaction().await?;
    // Others are waited for longer than a statement may take otherwise.
    transaction.batch_execute("SET LOCAL statement_timeout = '120s'").await?;
    transaction.query_one("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let there = transaction
        .query_one("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", &[&schema])
        .await?;
    // Asking for a schema needs a right even where it is there already.
    if !there.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    transaction
        .batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS {schema}.migrations (
                version  integer     NOT NULL PRIMARY KEY,
                at       timestamptz NOT NULL DEFAULT now()
            )"
        ))
        .await?;
    let latest = transaction
        .query_one(&format!("SELECT coalesce(max(version), 0) FROM {schema}.migrations"), &[])
        .await?;
    let mut version: i32 = latest.try_get(0)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        version += 1;
        transaction.batch_execute(&migration.replace("SCHEMA", schema)).await?;
        transaction
            .execute(&format!("INSERT INTO {schema}.migrations (version) VALUES ($1)"), &[&version])
            .await?;
    }
    transaction.commit().await?;
    Ok(version)
}
