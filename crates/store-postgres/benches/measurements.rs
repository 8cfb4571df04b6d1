//! Saving the users of 10, 100 and 500 measurements, durable: median and 99th percentile, on the server that
//! `checks/postgres` starts.
//!
//! `checks/postgres cargo bench -p watchfire-store-postgres --bench measurements`

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::time::{Duration, Instant};
use watchfire_store::measurements::{MeasurementStore, UserWrite};
use watchfire_store_postgres::{PostgresMeasurements, PostgresSettings};

const ROUNDS: u64 = 1_000;
const BYTES: usize = 1_024;

async fn measure(store: &PostgresMeasurements, measurements: usize) {
    let users: Vec<String> = (0..measurements / 5).map(|index| format!("{measurements}-{index}")).collect();
    let mut saves = Vec::new();
    let mut both = Vec::new();
    for round in 0..ROUNDS {
        let started = Instant::now();
        let found = store.load(&users).await;
        let loaded = Instant::now();
        let writes: Vec<UserWrite> = users
            .iter()
            .zip(found)
            .map(|(user, found)| UserWrite {
                user: user.clone(),
                from: found.unwrap().map_or(0, |found| found.version),
                value: vec![round as u8; BYTES],
            })
            .collect();
        assert!(store.save(&writes).await.iter().all(|answer| *answer == Ok(round + 1)));
        saves.push(loaded.elapsed());
        both.push(started.elapsed());
    }
    let (save, save99) = percentiles(saves);
    let (load, load99) = percentiles(both);
    println!(
        "{measurements:>4} measurements, {:>3} users: save p50 {save:>9.3?} p99 {save99:>9.3?}; load and save p50 {load:>9.3?} p99 {load99:>9.3?}",
        users.len()
    );
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn main() {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else {
        println!("skipped: WATCHFIRE_POSTGRES_URL is not set (checks/postgres sets it)");
        return;
    };
    let settings = PostgresSettings { url, schema: "bench".to_owned(), ..PostgresSettings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresMeasurements::connect(&settings).await.unwrap();
        for count in [10, 100, 500] {
            measure(&store, count).await;
        }
    });
}
