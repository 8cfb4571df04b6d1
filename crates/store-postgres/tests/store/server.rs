//! The server that `checks/postgres` starts, and a schema of its own on it for each test. The schemas are left: they end with
//! the server.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "only tests use it")]

use std::sync::atomic::{AtomicU32, Ordering};
use watchfire_store::measurements::UserWrite;
use watchfire_store_postgres::{PostgresMeasurements, PostgresSettings};

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// Settings for a schema that is not there yet; `None`, and a word about it, where there is no server.
pub fn settings() -> Option<PostgresSettings> {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else {
        eprintln!("skipped: WATCHFIRE_POSTGRES_URL is not set (checks/postgres sets it)");
        return None;
    };
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("test_{}_{number}", std::process::id());
    Some(PostgresSettings { url, schema, ..PostgresSettings::default() })
}

pub async fn connect(settings: &PostgresSettings) -> PostgresMeasurements {
    PostgresMeasurements::connect(settings).await.unwrap()
}

pub fn write(user: &str, from: u64, value: &[u8]) -> UserWrite {
    UserWrite { user: user.to_owned(), from, value: value.to_vec() }
}
