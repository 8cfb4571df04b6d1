//! Saving 2, 20 and 100 users of a kilobyte each: how long until all are durable.
//!
//! Run it by `checks/dynamodb cargo bench -p watchfire-store-dynamodb --bench save`. The server is DynamoDB Local in memory, on the
//! same machine: what is measured is this crate, the SDK and that program, and neither AWS's disks nor the way to them.

#![expect(clippy::unwrap_used, reason = "a bench")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::time::{Duration, Instant};

use watchfire_store::measurements::{MeasurementStore, UserWrite};
use watchfire_store_dynamodb::{Credentials, DynamoDb, Settings};

const WARM_UP: usize = 100;
const ROUNDS: usize = 400;

fn main() {
    let Ok(url) = std::env::var("WATCHFIRE_DYNAMODB_URL") else {
        println!("skipped: WATCHFIRE_DYNAMODB_URL is not set (checks/dynamodb sets it)");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(&url));
}

async fn measure(url: &str) {
    println!("DynamoDB Local in memory, on this machine; {ROUNDS} rounds after {WARM_UP}");
    for users_per_write in [25, 1, 100] {
        let credentials = Credentials::new("watchfire", "hush", None, None, "bench");
        let table = format!("bench-{users_per_write}-{}", std::process::id());
        let mut settings = Settings::new(table, "local", credentials);
        settings.endpoint = Some(url.to_owned());
        settings.users_per_write = users_per_write;
        let store = DynamoDb::new(settings).unwrap();
        store.create_table().await.unwrap();
        for users in [2, 20, 100] {
            let mut saves = Vec::with_capacity(ROUNDS);
            let mut loads = Vec::with_capacity(ROUNDS);
            for round in 0..WARM_UP + ROUNDS {
                let names: Vec<_> = (0..users).map(|user| format!("{users}-{user}")).collect();
                let write = |user: &String| UserWrite {
                    user: user.clone(),
                    from: round as u64,
                    value: vec![round as u8; 1_000],
                };
                let writes: Vec<_> = names.iter().map(write).collect();
                let (answers, save) = timed(store.save(&writes)).await;
                assert!(answers.iter().all(|answer| *answer == Ok(round as u64 + 1)), "{answers:?}");
                let (found, load) = timed(store.load(&names)).await;
                assert!(found.iter().all(Result::is_ok), "{found:?}");
                if round >= WARM_UP {
                    saves.push(save);
                    loads.push(load);
                }
            }
            print("save", users, users_per_write, saves);
            print("load", users, users_per_write, loads);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let done = work.await;
    (done, start.elapsed())
}

fn print(what: &str, users: usize, users_per_write: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        times[((times.len() as f64 * share) as usize).min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    println!(
        "{what} {users:>3} users, {users_per_write:>3} a write: p50 {:6.2} ms, p99 {:6.2} ms",
        at(0.5),
        at(0.99)
    );
}
