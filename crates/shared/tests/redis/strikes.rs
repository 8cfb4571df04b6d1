//! Any mixture of failures, one after another and on top of each other.

use super::failing::{LONG, calling, seen};
use super::limits::{WINDOW, config, requests};
use super::link::{Link, Way};
use super::provider::{Provider, Skewed};
use super::server::{Server, settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use watchfire_flow::{BudgetConfig, Counted, Quota};
use watchfire_shared::SharedBudget;

const WORKERS: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Strike {
    /// The server is killed, and comes back after so long with nothing in its memory.
    Server(u64),
    /// What it knows is deleted.
    Flush,
    /// It answers nobody for so long.
    Still(u64),
    /// A worker's way to it is this.
    Way(usize, Way),
    /// A worker dies with the slots it has, and another one comes in its place.
    Worker(usize),
    Nothing,
}

fn strike() -> impl Strategy<Value = (Strike, u64)> {
    let way = prop_oneof![
        2 => (0..150_u64).prop_map(|delay| Way::Open(Duration::from_millis(delay))),
        1 => Just(Way::Cut),
        1 => Just(Way::Silent),
    ];
    let strike = prop_oneof![
        2 => prop_oneof![0..400_u64, 0..6000_u64].prop_map(Strike::Server),
        1 => Just(Strike::Flush),
        1 => (50..900_u64).prop_map(Strike::Still),
        4 => (0..WORKERS, way).prop_map(|(worker, way)| Strike::Way(worker, way)),
        2 => (0..WORKERS).prop_map(Strike::Worker),
        1 => Just(Strike::Nothing),
    ];
    (strike, 0..1500_u64)
}

struct Worker {
    link: Link,
    calls: JoinSet<usize>,
    budget: Arc<SharedBudget>,
}

impl Worker {
    fn start(link: Link, number: usize, name: &str, config: &BudgetConfig, provider: &Provider) -> Self {
        let clock = Skewed::by(number as i64 * 13 - 20);
        let budget = Arc::new(SharedBudget::start(&settings(link.url.clone()), name, config, clock).unwrap());
        budget.set_members(WORKERS as u32);
        let mut calls = JoinSet::new();
        let until = Instant::now() + LONG * 10;
        let flight = Duration::from_millis(25);
        calling(&mut calls, std::slice::from_ref(&budget), provider, 4, flight, until);
        Self { link, calls, budget }
    }

    /// Dies: its calls are given up, and nobody is told of anything.
    async fn die(mut self) -> Link {
        self.calls.shutdown().await;
        drop(Arc::into_inner(self.budget));
        self.link
    }
}

async fn storm(name: &str, limit: u64, strikes: Vec<(Strike, u64)>) {
    let mut server = Server::start().await.unwrap();
    let quotas = vec![
        requests(limit),
        Quota::Rolling { counted: Counted::Requests, limit: limit * 2, window: WINDOW * 3 },
        Quota::Concurrency(6),
    ];
    let config = config(quotas);
    let provider = Provider::default();
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let link = Link::to(server.port).await;
        workers.push(Worker::start(link, number, name, &config, &provider));
    }
    seen(&provider, 10).await;
    for (strike, after) in strikes {
        match strike {
            Strike::Server(away) => {
                server.kill();
                sleep(Duration::from_millis(away)).await;
                assert!(server.run().await);
            }
            Strike::Flush => drop(server.tell(&["FLUSHALL"]).await),
            Strike::Still(for_ms) => {
                drop(server.tell(&["DEBUG", "SLEEP", &format!("{}", for_ms as f64 / 1000.0)]).await);
            }
            Strike::Way(worker, way) => workers[worker].link.set(way),
            Strike::Worker(worker) => {
                let link = workers.remove(worker).die().await;
                workers.insert(worker, Worker::start(link, worker, name, &config, &provider));
            }
            Strike::Nothing => {}
        }
        sleep(Duration::from_millis(after)).await;
    }
    for worker in &workers {
        worker.link.set(Way::Open(Duration::ZERO));
    }
    let before = provider.count();
    seen(&provider, before + 20).await;
    for mut worker in workers {
        worker.calls.shutdown().await;
    }
    let most = provider.most_calls(WINDOW);
    assert!(most <= limit, "{most} of {limit}: {:?}", provider.arrivals());
    let most = provider.most_calls(WINDOW * 3);
    assert!(most <= limit * 2, "{most} of {}: {:?}", limit * 2, provider.arrivals());
}

/// `STRIKES` is how many storms; two by default.
#[test]
fn no_mixture_of_failures_lets_a_window_hold_more_than_the_limit() {
    if std::env::var_os("WATCHFIRE_REDIS_SERVER").is_none() {
        eprintln!("skipped: checks/redis says where a server is");
        return;
    }
    let cases = std::env::var("STRIKES").ok().and_then(|number| number.parse().ok()).unwrap_or(2);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let settings = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let seed: u8 = std::env::var("STRIKES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(8);
    let mut runner =
        TestRunner::new_with_rng(settings, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    runner
        .run(&(3_u64..20, proptest::collection::vec(strike(), 6..16)), |(limit, strikes)| {
            let began = Instant::now();
            eprintln!("limit {limit}: {strikes:?}");
            runtime.block_on(storm("storm", limit, strikes));
            eprintln!("took {:?}", began.elapsed());
            Ok(())
        })
        .unwrap();
}
