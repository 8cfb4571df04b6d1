//! What a slot over Redis costs: from asking to having it, one after another, and how many a second with eight tasks.
//!
//! `checks/redis cargo bench -p watchfire-shared --bench budget`; `CHECKS` is how many of each, 20,000 by default. The
//! limit is one that is never reached, so what is measured is the check, with its settling.

use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::{Ask, BudgetConfig, Counted, Histogram, Quota, Spent, SystemClock};
use watchfire_shared::{RedisSettings, SharedBudget};

const TASKS: usize = 8;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are what this is for")]
fn main() {
    let Ok(url) = std::env::var("WATCHFIRE_REDIS_URL") else {
        eprintln!("skipped: checks/redis says where a server is");
        return;
    };
    let checks = std::env::var("CHECKS").ok().and_then(|number| number.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return eprintln!("there is no runtime") };
    runtime.block_on(async {
        let minute = Duration::from_secs(60);
        let rolling = |counted| Quota::Rolling { counted, limit: 1_000_000_000, window: minute };
        let config = BudgetConfig {
            quotas: vec![rolling(Counted::Requests), rolling(Counted::Tokens), Quota::Concurrency(1_000_000)],
            ..BudgetConfig::default()
        };
        let settings = RedisSettings { url, ..RedisSettings::default() };
        let budget = match SharedBudget::start(&settings, "bench", &config, Arc::new(SystemClock::new())) {
            Ok(budget) => Arc::new(budget),
            Err(error) => return eprintln!("{error}"),
        };
        // The first waits until it is sure that nobody else was there.
        run(&budget, 100).await;

        let one = run(&budget, checks).await;
        println!("one after another: {}", described(&one.0, one.1, checks));
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let budget = Arc::clone(&budget);
            tasks.spawn(async move { run(&budget, checks / TASKS).await });
        }
        let mut all = Histogram::default();
        for (times, _) in tasks.join_all().await {
            all.merge(&times);
        }
        println!("{TASKS} at once: {}", described(&all, began.elapsed(), checks / TASKS * TASKS));
        let (steps, _) = budget.steps();
        println!("{steps} runs of the script in all");
    });
}

/// Takes so many slots one after another, and settles each at once.
async fn run(budget: &SharedBudget, checks: usize) -> (Histogram, Duration) {
    let (mut times, began) = (Histogram::default(), Instant::now());
    for _ in 0..checks {
        let asked = Instant::now();
        let Ok(slot) = budget.acquire(Ask { tokens: 1000, ..Ask::default() }).await else { break };
        times.record(asked.elapsed());
        slot.settle(Spent { tokens: Some(900), micro_usd: None });
    }
    (times, began.elapsed())
}

fn described(times: &Histogram, took: Duration, checks: usize) -> String {
    let rate = checks as f64 / took.as_secs_f64();
    format!("p50 {:?}, p99 {:?}, {rate:.0} a second", times.quantile(0.5), times.quantile(0.99))
}
