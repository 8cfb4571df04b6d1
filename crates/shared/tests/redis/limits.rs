//! What a provider allows is used in full and never exceeded, by any number of workers, however they and the way to the
//! server behave.

use super::link::{Link, Way};
use super::provider::{Call, Fate, Provider, Skewed};
use super::server::{Server, settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use watchfire_flow::{BudgetConfig, Counted, Quota};
use watchfire_shared::{Mode, SharedBudget};

pub const WINDOW: Duration = Duration::from_millis(400);

pub fn requests(limit: u64) -> Quota {
    Quota::Rolling { counted: Counted::Requests, limit, window: WINDOW }
}

pub fn config(quotas: Vec<Quota>) -> BudgetConfig {
    BudgetConfig { quotas, longest_flight: Duration::from_secs(1), ..BudgetConfig::default() }
}

/// So many workers, each with a clock of its own.
pub fn workers(server: &Server, name: &str, config: &BudgetConfig, number: usize) -> Vec<Arc<SharedBudget>> {
    let workers = (0..number).map(|worker| {
        let clock = Skewed::by(worker as i64 * 7 - 5);
        let budget = SharedBudget::start(&server.settings(), name, config, clock).unwrap();
        budget.set_members(number as u32);
        Arc::new(budget)
    });
    workers.collect()
}

pub async fn all_share(workers: &[Arc<SharedBudget>]) {
    for worker in workers {
        worker.reaches(Mode::Shared).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_the_limit_is_used_by_all_workers_together_and_no_more() {
    let Some(server) = Server::start().await else { return };
    let workers = workers(&server, "full", &config(vec![requests(40)]), 3);
    all_share(&workers).await;
    let provider = Provider::default();
    // The first of all waits until nobody is left who might know of an earlier memory.
    assert!(provider.call(&workers[0], 0, &Call::plain(Duration::ZERO), Duration::from_secs(20)).await);
    let until = Instant::now() + WINDOW * 10;
    let mut tasks = JoinSet::new();
    for task in 0..24 {
        let (worker, provider) = (Arc::clone(&workers[task % 3]), provider.clone());
        tasks.spawn(async move {
            provider.calls_until(&worker, task % 3, &Call::plain(Duration::from_millis(1)), until).await
        });
    }
    tasks.join_all().await;
    let most = provider.most_calls(WINDOW);
    assert!(most <= 40, "{most} of 40");
    assert!(provider.count() >= 240, "{} of some 400", provider.count());
    for worker in 0..3 {
        let made = provider.arrivals().iter().filter(|&&(_, by, _)| by == worker).count();
        assert!(made >= 20, "worker {worker} made {made} of {}", provider.count());
    }
}

fn call() -> impl Strategy<Value = Call> {
    let fate = prop_oneof![
        7 => Just(Fate::Settled),
        1 => Just(Fate::TimedOut),
        1 => Just(Fate::NeverSent),
        1 => Just(Fate::LeavesTheQueue),
    ];
    let numbers = (0..30_u64, 0..150_u64, 0..=100_u32, 1..60_u64, 0..60_u64);
    (numbers, fate, 0..4_u8).prop_map(|((pause, flight, arrives, tokens, spent), fate, priority)| Call {
        pause: Duration::from_millis(pause),
        flight: Duration::from_millis(flight),
        arrives,
        tokens,
        spent: spent.min(tokens),
        fate,
        priority,
    })
}

/// What happens to a worker's way to the server while it calls.
fn ways() -> impl Strategy<Value = Vec<(u64, Way)>> {
    let way = prop_oneof![
        3 => (0..120_u64).prop_map(|delay| Way::Open(Duration::from_millis(delay))),
        1 => Just(Way::Cut),
        1 => Just(Way::Silent),
    ];
    proptest::collection::vec((50..400_u64, way), 0..4)
}

async fn simulate(server: &Server, name: &str, limit: u64, calls: Vec<Call>, ways: Vec<Vec<(u64, Way)>>) {
    let quotas = vec![
        requests(limit),
        Quota::Rolling { counted: Counted::Tokens, limit: 120, window: WINDOW },
        Quota::Concurrency(5),
    ];
    let config = config(quotas);
    let provider = Provider::default();
    let mut tasks = JoinSet::new();
    let mut disturbing = JoinSet::new();
    let number = ways.len();
    // Nobody goes before all are served: what is set aside for one who is gone would be missing to the others.
    let mut budgets = Vec::new();
    for (worker, ways) in ways.into_iter().enumerate() {
        let link = Link::to(server.port).await;
        let clock = Skewed::by(worker as i64 * 11 - 9);
        let budget = SharedBudget::start(&settings(link.url.clone()), name, &config, clock).unwrap();
        budget.set_members(number as u32);
        let budget = Arc::new(budget);
        budgets.push(Arc::clone(&budget));
        disturbing.spawn(async move {
            for (after, way) in ways {
                sleep(Duration::from_millis(after)).await;
                link.set(way);
            }
            sleep(Duration::from_millis(300)).await;
            link.set(Way::Open(Duration::ZERO));
            std::future::pending::<()>().await;
        });
        let mine: Vec<Call> = calls.iter().skip(worker).step_by(number).cloned().collect();
        let provider = provider.clone();
        tasks.spawn(async move {
            let mut calling = JoinSet::new();
            for call in mine {
                sleep(call.pause).await;
                let (budget, provider) = (Arc::clone(&budget), provider.clone());
                calling.spawn(async move {
                    let served = provider.call(&budget, worker, &call, Duration::from_secs(60)).await;
                    assert!(served, "nobody is forgotten");
                });
            }
            calling.join_all().await;
        });
    }
    tasks.join_all().await;
    let most = provider.most_calls(WINDOW);
    assert!(most <= limit, "{most} of {limit} calls: {:?}", provider.arrivals());
    let most = provider.most(WINDOW, |&(_, _, tokens)| tokens);
    assert!(most <= 120, "{most} of 120 tokens: {:?}", provider.arrivals());
}

#[test]
fn no_window_of_the_providers_clock_holds_more_than_the_limit() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some(server) = runtime.block_on(Server::start()) else { return };
    let settings = Config { cases: 10, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(settings, TestRng::from_seed(RngAlgorithm::ChaCha, &[8; 32]));
    let input =
        (proptest::collection::vec(call(), 1..45), 1_u64..10, proptest::collection::vec(ways(), 1..4));
    let number = std::sync::atomic::AtomicU64::new(0);
    runner
        .run(&input, |(calls, limit, ways)| {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let began = Instant::now();
            runtime.block_on(simulate(&server, &format!("any{number}"), limit, calls, ways));
            eprintln!("case {number} took {:?}", began.elapsed());
            Ok(())
        })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_for_a_while_lets_nobody_exceed_the_limit() {
    let Some(server) = Server::start().await else { return };
    let workers = workers(&server, "slow", &config(vec![requests(10)]), 3);
    let provider = Provider::default();
    let until = Instant::now() + Duration::from_secs(8);
    let mut tasks = JoinSet::new();
    for (index, worker) in workers.iter().enumerate() {
        for _ in 0..4 {
            let (worker, provider) = (Arc::clone(worker), provider.clone());
            tasks.spawn(async move {
                provider.calls_until(&worker, index, &Call::plain(Duration::from_millis(20)), until).await
            });
        }
    }
    for (pause, still) in [(900, "0.15"), (700, "0.4"), (600, "0.9"), (900, "0.2")] {
        sleep(Duration::from_millis(pause)).await;
        server.tell(&["DEBUG", "SLEEP", still]).await;
    }
    tasks.join_all().await;
    let most = provider.most_calls(WINDOW);
    assert!(most <= 10, "{most} of 10");
    assert!(provider.count() > 30, "{}", provider.count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_a_slow_way_to_the_server_has_its_turn_among_greedy_ones() {
    let Some(server) = Server::start().await else { return };
    let config = config(vec![requests(4)]);
    let greedy = workers(&server, "fair", &config, 2);
    let link = Link::to(server.port).await;
    let slow = SharedBudget::start(&settings(link.url.clone()), "fair", &config, Skewed::by(0)).unwrap();
    all_share(&greedy).await;
    slow.reaches(Mode::Shared).await;
    link.set(Way::Open(Duration::from_millis(60)));
    let provider = Provider::default();
    let until = Instant::now() + Duration::from_secs(9);
    let mut tasks = JoinSet::new();
    for task in 0..12 {
        let (worker, provider) = (Arc::clone(&greedy[task % 2]), provider.clone());
        tasks.spawn(async move {
            provider.calls_until(&worker, task % 2, &Call::plain(Duration::ZERO), until).await
        });
    }
    let made = provider.calls_until(&slow, 2, &Call::plain(Duration::ZERO), until).await;
    tasks.join_all().await;
    assert!(made >= 5, "the slow one made {made} of {}", provider.count());
    let most = provider.most_calls(WINDOW);
    assert!(most <= 4, "{most} of 4");
}
