//! The server is away, comes back with nothing in its memory, or only one worker can't reach it; workers die. None of it
//! lets any window hold more than the limit, and calls go on as soon as that is sure.

use super::limits::{WINDOW, all_share, config, requests, workers};
use super::link::{Link, Way};
use super::provider::{Call, Provider, Skewed};
use super::server::{Server, settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use watchfire_flow::{Ask, BudgetConfig, ColdStart};
use watchfire_shared::{Mode, RedisSettings, SharedBudget};

/// Longer than anything here takes on a slow machine.
pub const LONG: Duration = Duration::from_secs(60);

pub fn calling(
    tasks: &mut JoinSet<usize>,
    workers: &[Arc<SharedBudget>],
    provider: &Provider,
    each: usize,
    flight: Duration,
    until: Instant,
) {
    for (index, worker) in workers.iter().enumerate() {
        for _ in 0..each {
            let (worker, provider) = (Arc::clone(worker), provider.clone());
            tasks.spawn(
                async move { provider.calls_until(&worker, index, &Call::plain(flight), until).await },
            );
        }
    }
}

/// Waits until the provider has seen so many calls.
pub async fn seen(provider: &Provider, calls: usize) {
    let enough = async {
        while provider.count() < calls {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, enough).await.expect("calls go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_with_an_empty_memory_is_told_by_all_and_nobody_exceeds_the_limit() {
    let Some(mut server) = Server::start().await else { return };
    let workers = workers(&server, "failover", &config(vec![requests(12)]), 3);
    all_share(&workers).await;
    let provider = Provider::default();
    let until = Instant::now() + LONG;
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 4, Duration::from_millis(15), until);
    seen(&provider, 20).await;
    for round in 0..4 {
        server.kill();
        sleep(Duration::from_millis([0, 120, 300, 50][round])).await;
        assert!(server.run().await);
        let before = provider.count();
        seen(&provider, before + 25).await;
        server.tell(&["FLUSHALL"]).await;
        seen(&provider, before + 50).await;
        // A part of what it knows is thrown out where its memory is too small.
        server.tell(&["DEL", "{wf:budget:failover}:held1"]).await;
        seen(&provider, before + 75).await;
    }
    tasks.abort_all();
    let most = provider.most_calls(WINDOW);
    assert!(most <= 12, "{most} of 12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_memory_forgot_is_told_at_once_and_not_waited_out_where_everybody_is_there() {
    let Some(server) = Server::start().await else { return };
    let config = BudgetConfig { longest_flight: Duration::from_secs(30), ..config(vec![requests(12)]) };
    let workers = workers(&server, "told", &config, 3);
    all_share(&workers).await;
    let provider = Provider::default();
    let until = Instant::now() + LONG;
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 4, Duration::from_millis(15), until);
    seen(&provider, 20).await;
    let began = Instant::now();
    server.tell(&["FLUSHALL"]).await;
    let before = provider.count();
    seen(&provider, before + 40).await;
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "the longest flight was waited out: {:?}",
        began.elapsed()
    );
    tasks.abort_all();
    let most = provider.most_calls(WINDOW);
    assert!(most <= 12, "{most} of 12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_each_goes_on_with_its_share_and_all_that_is_told_when_it_is_back() {
    let Some(mut server) = Server::start().await else { return };
    let workers = workers(&server, "gone", &config(vec![requests(12)]), 3);
    all_share(&workers).await;
    let provider = Provider::default();
    let until = Instant::now() + LONG * 2;
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 4, Duration::from_millis(15), until);
    // Shares are handed out step by step.
    seen(&provider, 60).await;
    for _ in 0..2 {
        server.kill();
        for worker in &workers {
            timeout(LONG, worker.reaches(Mode::Alone)).await.expect("each goes on alone");
        }
        let before = provider.count();
        seen(&provider, before + 40).await;
        assert!(server.run().await);
        timeout(LONG, all_share(&workers)).await.expect("all share again");
        let before = provider.count();
        seen(&provider, before + 40).await;
    }
    tasks.abort_all();
    let most = provider.most_calls(WINDOW);
    assert!(most <= 12, "{most} of 12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_alone_can_not_reach_the_server_has_its_share_and_the_others_leave_it() {
    let Some(server) = Server::start().await else { return };
    let config = config(vec![requests(12)]);
    let others = workers(&server, "one", &config, 2);
    let link = Link::to(server.port).await;
    let cut = SharedBudget::start(&settings(link.url.clone()), "one", &config, Skewed::by(4)).unwrap();
    let mut workers = others;
    workers.push(Arc::new(cut));
    for worker in &workers {
        worker.set_members(3);
    }
    all_share(&workers).await;
    let provider = Provider::default();
    let until = Instant::now() + LONG * 2;
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 4, Duration::from_millis(15), until);
    seen(&provider, 60).await;
    for way in [Way::Cut, Way::Silent] {
        link.set(way);
        timeout(LONG, workers[2].reaches(Mode::Alone)).await.expect("it goes on alone");
        let before = provider.count();
        seen(&provider, before + 60).await;
        let alone = provider.arrivals().iter().skip(before).filter(|&&(_, by, _)| by == 2).count();
        assert!(alone > 5, "{alone} of 60");
        assert_eq!(workers[0].mode(), Mode::Shared);
        link.set(Way::Open(Duration::ZERO));
        timeout(LONG, workers[2].reaches(Mode::Shared)).await.expect("it is back");
        let before = provider.count();
        seen(&provider, before + 30).await;
    }
    tasks.abort_all();
    let most = provider.most_calls(WINDOW);
    assert!(most <= 12, "{most} of 12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_with_slots_keeps_them_until_its_calls_are_over_and_then_they_are_free() {
    let Some(server) = Server::start().await else { return };
    let mut workers = workers(&server, "dies", &config(vec![requests(6)]), 3);
    all_share(&workers).await;
    let provider = Provider::default();
    let dying = workers.pop().unwrap();
    for _ in 0..6 {
        let slot = timeout(LONG, dying.acquire(Ask::default())).await.unwrap().unwrap();
        std::mem::forget(slot);
    }
    let granted = Instant::now();
    drop(Arc::into_inner(dying));
    for worker in &workers {
        worker.set_members(2);
    }
    let slot = timeout(LONG, workers[0].acquire(Ask::default())).await.unwrap().unwrap();
    assert!(
        granted.elapsed() >= WINDOW + Duration::from_secs(1),
        "a flight and a window: {:?}",
        granted.elapsed()
    );
    slot.cancel();
    // Its share is taken by the others once everybody says that it is gone: then all of the limit is used again.
    let until = Instant::now() + Duration::from_secs(8);
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 3, Duration::ZERO, until);
    tasks.join_all().await;
    assert_eq!(provider.most_calls(WINDOW), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_comes_to_an_empty_memory_waits_where_nobody_can_say_what_was_sent() {
    let Some(server) = Server::start().await else { return };
    let careful = BudgetConfig { cold_start: ColdStart::WaitAWindow, ..config(vec![requests(3)]) };
    let worker = SharedBudget::start(&server.settings(), "cold", &careful, Skewed::by(0)).unwrap();
    let began = Instant::now();
    let slot = timeout(LONG, worker.acquire(Ask::default())).await.unwrap().unwrap();
    assert!(began.elapsed() >= WINDOW + careful.longest_flight, "{:?}", began.elapsed());
    slot.cancel();
    // One that was not there when the memory was lost can't say either.
    let mut server = server;
    server.kill();
    assert!(server.run().await);
    drop(worker);
    let late = SharedBudget::start(&server.settings(), "cold", &careful, Skewed::by(0)).unwrap();
    let began = Instant::now();
    timeout(LONG, late.acquire(Ask::default())).await.unwrap().unwrap().cancel();
    assert!(began.elapsed() >= WINDOW + careful.longest_flight, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_never_reached_the_server_has_no_share() {
    let settings = RedisSettings { url: "redis://127.0.0.1:1".to_owned(), ..settings(String::new()) };
    let worker = SharedBudget::start(&settings, "never", &config(vec![requests(3)]), Skewed::by(0)).unwrap();
    assert!(timeout(Duration::from_secs(3), worker.acquire(Ask::default())).await.is_err());
    assert_eq!(worker.mode(), Mode::Away);
    worker.leave(LONG).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_takes_over_without_the_last_writes_is_told_what_it_lacks() {
    let (Some(mut master), Some(mut replica)) = (Server::start().await, Server::start().await) else {
        return;
    };
    let link = Link::to(master.port).await;
    let config = config(vec![requests(12)]);
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let settings = settings(link.url.clone());
            let budget = SharedBudget::start(&settings, "replica", &config, Skewed::by(worker)).unwrap();
            budget.set_members(3);
            Arc::new(budget)
        })
        .collect();
    all_share(&workers).await;
    let provider = Provider::default();
    let until = Instant::now() + LONG;
    let mut tasks = JoinSet::new();
    calling(&mut tasks, &workers, &provider, 4, Duration::from_millis(15), until);
    for _ in 0..3 {
        replica.tell(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]).await;
        let before = provider.count();
        seen(&provider, before + 40).await;
        let synced = async {
            while replica.tell(&["DBSIZE"]).await == redis::Value::Int(0) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, synced).await.unwrap();
        // It hears nothing more of the master, which goes on for a while.
        replica.tell(&["REPLICAOF", "NO", "ONE"]).await;
        let before = provider.count();
        seen(&provider, before + 20).await;
        link.turn(replica.port);
        master.kill();
        let before = provider.count();
        seen(&provider, before + 30).await;
        assert!(master.run().await);
        std::mem::swap(&mut master, &mut replica);
    }
    tasks.abort_all();
    let most = provider.most_calls(WINDOW);
    assert!(most <= 12, "{most} of 12");
}
