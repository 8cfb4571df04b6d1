//! What workers share, on a real server: the promises of the trait, several writers at once, months, counts.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

mod months;
mod promises;
mod writers;

use crate::beside::beside;
use crate::server;
use tokio::task::JoinSet;
use tokio_postgres::Client;
use watchfire_store_postgres::{PostgresFleet, PostgresSettings};

/// A store in a schema of its own, and a connection beside it that looks into its tables; `None` where there is no server.
async fn fresh() -> Option<(PostgresFleet, Client, JoinSet<()>, PostgresSettings)> {
    let settings = server::settings()?;
    let store = PostgresFleet::connect(&settings).await.unwrap();
    let (client, tasks) = beside(&settings.url).await;
    client.batch_execute(&format!("SET search_path = {}", settings.schema)).await.unwrap();
    Some((store, client, tasks, settings))
}

/// The only number that a query gives.
async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Whether what is kept with each write is what counting gives: hours of each decision, and alerts of each pattern.
async fn assert_counts(client: &Client) {
    let hours = "SELECT count(*) FROM (
             SELECT decision, floor(\"time\" / 3600000.0)::bigint AS hour, count(*) AS alerts FROM alerts GROUP BY 1, 2) c
         FULL JOIN (SELECT * FROM decision_hours WHERE alerts <> 0) h USING (decision, hour)
         WHERE c.alerts IS DISTINCT FROM h.alerts";
    assert_eq!(number(client, hours).await, 0, "hours");
    let patterns = "SELECT count(*) FROM (SELECT pattern AS id, count(*) AS alerts FROM alerts GROUP BY 1) c
         FULL JOIN (SELECT * FROM patterns WHERE alerts <> 0) p USING (id)
         WHERE c.alerts IS DISTINCT FROM p.alerts";
    assert_eq!(number(client, patterns).await, 0, "patterns");
    let shown = "SELECT count(*) FROM (
             SELECT floor(a.\"time\" / 3600000.0)::bigint AS hour, d.verdict, d.severity, count(*) AS alerts
             FROM alerts a JOIN decisions d ON d.id = a.decision GROUP BY 1, 2, 3) c
         FULL JOIN alert_hours h USING (hour, verdict, severity) WHERE c.alerts IS DISTINCT FROM h.alerts";
    assert_eq!(number(client, shown).await, 0, "hours by verdict and severity");
}
