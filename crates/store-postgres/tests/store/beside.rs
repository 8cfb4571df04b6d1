//! What happens on the server beside the store: other connections, their locks, and who waits for them.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

pub use crate::connection::beside;
use std::time::Duration;
use tokio_postgres::Client;
use watchfire_store::measurements::StoredUser;

pub fn stored(version: u64, value: &[u8]) -> StoredUser {
    StoredUser { version, value: value.to_vec() }
}

/// Locks a user as another writer would, until the client is dropped or rolls back.
pub async fn lock(client: &Client, schema: &str, user: &str) {
    client.batch_execute("BEGIN").await.unwrap();
    let text = format!("SELECT 1 FROM {schema}.measured_users WHERE name = $1 FOR UPDATE");
    assert_eq!(client.query(&text, &[&user.as_bytes()]).await.unwrap().len(), 1);
}

/// Waits until a connection of the store's waits for a lock; its process.
pub async fn blocked(client: &Client, schema: &str) -> i32 {
    let text = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1";
    for _ in 0..500 {
        let rows = client.query(text, &[&format!("%{schema}.%")]).await.unwrap();
        if let Some(row) = rows.first() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for a lock");
}
