//! Saving the users of 10, 100 and 500 measurements, durable: median and 99th percentile, on a file below the folder for
//! temporary files (`TMPDIR`).
//!
//! `cargo bench -p watchfire-store --bench measurements`

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::sync::Arc;
use std::time::{Duration, Instant};
use watchfire_store::measurements::{MeasurementStore, SqliteMeasurements, UserWrite};
use watchfire_store::{Location, Store};

const ROUNDS: u64 = 1_000;
const BYTES: usize = 1_024;

async fn measure(store: &SqliteMeasurements, measurements: usize) {
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
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&Location::File(folder.path().join("bench.db"))).unwrap());
    // As the service does: the log is brought over beside the writer.
    let checkpointer = store.checkpointer().unwrap().unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let beside = std::thread::spawn(move || {
        while stopped
            .recv_timeout(Duration::from_millis(500))
            .is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            checkpointer.run().unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let measurements = SqliteMeasurements::new(store);
    for count in [10, 100, 500] {
        runtime.block_on(measure(&measurements, count));
    }
    drop(stop);
    beside.join().unwrap();
}
