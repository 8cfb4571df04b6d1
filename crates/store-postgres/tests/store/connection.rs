//! A connection to the server beside the store's.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

/// A connection beside the store's. It ends with the set.
pub async fn beside(url: &str) -> (Client, JoinSet<()>) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    (client, tasks)
}
