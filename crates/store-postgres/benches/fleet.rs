//! Taking in 2,000 alerts of 200 patterns, durable: one worker at a time, and two at once on the same patterns; on the server that
//! `checks/postgres` starts.
//!
//! `checks/postgres cargo bench -p watchfire-store-postgres --bench fleet`

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use watchfire_store::fleet::made::{HOUR, alert, batch, question};
use watchfire_store::fleet::{FleetBatch, FleetSource, FleetStore, PatternSpan};
use watchfire_store_postgres::{PostgresFleet, PostgresSettings};

const ALERTS: u64 = 2_000;
const PATTERNS: u64 = 200;
const ROUNDS: u64 = 60;
/// 2025-01-01T00:00:00Z.
const JANUARY: i64 = 1_735_689_600_000;

/// As a worker writes them: most decisions are known already, a few are new and open.
fn made(source: FleetSource, round: u64) -> FleetBatch {
    let first = round * ALERTS;
    let alerts = (first..first + ALERTS).map(|ordinal| {
        let mut row =
            alert(source, ordinal, (ordinal % PATTERNS) as i64, JANUARY + (ordinal as i64) * HOUR / 5_000);
        row.dst = Some(format!("server-{}", ordinal % 50));
        row.user = (ordinal % 3 == 0).then(|| format!("user{}", ordinal % 700));
        row
    });
    let mut given = batch(alerts.collect());
    for row in &mut given.patterns {
        row.description = format!(
            "{{\"rule\":\"ET SCAN Suspicious inbound to PostgreSQL\",\"host\":\"{}\",\"port\":5432}}",
            row.id
        )
        .into();
    }
    given.decisions.retain(|row| row.id % 500 == round as i64 % 50 * 10);
    for row in &mut given.decisions {
        row.id += round as i64 * 1_000_000;
        row.detail = format!("{{\"reason\":\"{}\"}}", "as seen before, ".repeat(20));
    }
    given.questions = given.decisions.iter().map(|row| question(row.id, 50)).collect();
    for question in &mut given.questions {
        question.body = format!("{{\"facts\":\"{}\"}}", "a field of the alert, ".repeat(60));
    }
    given
}

async fn write(store: Arc<PostgresFleet>, partition: i32, again: bool) -> Vec<Duration> {
    let source = store.source("alerts", partition, 0).await.unwrap();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let given = made(source, round);
        if again {
            store.take_in(&given, 0).await.unwrap();
        }
        let started = Instant::now();
        let taken = store.take_in(&given, 0).await.unwrap();
        times.push(started.elapsed());
        assert_eq!(taken.already.is_empty(), !again);
    }
    times
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let (median, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what:<52} p50 {median:>9.3?} p99 {most:>9.3?}");
}

fn main() {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else {
        println!("skipped: WATCHFIRE_POSTGRES_URL is not set (checks/postgres sets it)");
        return;
    };
    let settings = PostgresSettings { url, schema: "bench_fleet".to_owned(), ..PostgresSettings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(PostgresFleet::connect(&settings).await.unwrap());
        show("2,000 new alerts", write(Arc::clone(&store), 0, false).await);
        let mut two = JoinSet::new();
        for partition in 1..3 {
            two.spawn(write(Arc::clone(&store), partition, false));
        }
        show("2,000 new alerts, two workers", two.join_all().await.concat());
        show("2,000 alerts that are there already", write(Arc::clone(&store), 3, true).await);

        let spans: Vec<PatternSpan> = (0..PATTERNS as i64)
            .map(|pattern| PatternSpan { pattern, from: JANUARY, until: JANUARY + 24 * HOUR })
            .collect();
        let source = store.source("alerts", 0, 0).await.unwrap();
        let keys: Vec<_> = (0..ALERTS).map(|ordinal| (source.row(), ordinal * 7)).collect();
        let (mut asked, mut read) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let started = Instant::now();
            store.decisions_on(&spans).await.unwrap();
            asked.push(started.elapsed());
            let started = Instant::now();
            store.alerts(&keys).await.unwrap();
            read.push(started.elapsed());
        }
        show("decisions on 200 patterns", asked);
        show("2,000 alerts by their keys", read);
    });
}
