//! What concerns everybody reaches everybody.

use super::limits::{WINDOW, all_share, config, requests, workers};
use super::provider::{Call, Provider};
use super::server::Server;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use watchfire_flow::{Ask, Closing, Counted, Denied, Period, Quota, Spent};
use watchfire_shared::Mode;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_everybodys_and_so_is_a_refusal() {
    let Some(server) = Server::start().await else { return };
    let workers = workers(&server, "pause", &config(vec![requests(10)]), 2);
    all_share(&workers).await;
    timeout(LONG, workers[1].acquire(Ask::default())).await.unwrap().unwrap().cancel();
    workers[0].pause(Duration::from_secs(2));
    let began = Instant::now();
    // The others hear of it with the next answer.
    while workers[1].outlook().paused_for.is_zero() {
        assert!(began.elapsed() < LONG);
        sleep(Duration::from_millis(10)).await;
    }
    timeout(LONG, workers[1].acquire(Ask::default())).await.unwrap().unwrap().cancel();
    assert!(began.elapsed() >= Duration::from_millis(1900), "{:?}", began.elapsed());
    workers[0].on_limited();
    let provider = Provider::default();
    let began = Instant::now();
    while workers[1].outlook().allowance > 0.9 {
        assert!(began.elapsed() < LONG);
        sleep(Duration::from_millis(10)).await;
    }
    sleep(WINDOW).await;
    let until = Instant::now() + WINDOW * 4;
    for _ in 0..12 {
        provider.call(&workers[1], 1, &Call::plain(Duration::ZERO), until - Instant::now()).await;
    }
    let most = provider.most_calls(WINDOW);
    assert!(most <= 6, "{most} of 5, or 6 after six seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_counted_together_and_is_used_up_for_all_when_the_provider_says_so() {
    let Some(mut server) = Server::start().await else { return };
    let zone = "UTC".to_owned();
    let day = Quota::Aligned { counted: Counted::MicroUsd, limit: 1000, period: Period::Day, zone };
    let workers = workers(&server, "day", &config(vec![day, requests(100)]), 3);
    all_share(&workers).await;
    let ask = Ask { micro_usd: 100, ..Ask::default() };
    for call in 0..6 {
        let slot = timeout(LONG, workers[call % 3].acquire(ask)).await.unwrap().unwrap();
        slot.settle(Spent { tokens: None, micro_usd: Some(150) });
    }
    // What a call took beyond its reservation is known to the others when its worker has said so.
    sleep(Duration::from_secs(3)).await;
    let soon = Ask { deadline: Some(Instant::now() + Duration::from_secs(2)), ..ask };
    let refused = workers[1].acquire(Ask { micro_usd: 101, ..soon }).await;
    assert!(matches!(refused, Err(Denied::Deadline(_))), "900 are spent: {refused:?}");
    // What a day has used is not forgotten with the rest.
    server.kill();
    assert!(server.run().await);
    sleep(Duration::from_secs(1)).await;
    all_share(&workers).await;
    let soon = Ask { deadline: Some(Instant::now() + Duration::from_secs(4)), ..ask };
    let refused = workers[2].acquire(Ask { micro_usd: 101, ..soon }).await;
    assert!(matches!(refused, Err(Denied::Deadline(_))), "900 are spent: {refused:?}");
    timeout(LONG, workers[2].acquire(ask)).await.unwrap().unwrap().cancel();
    workers[0].exhaust(Period::Day);
    sleep(Duration::from_secs(1)).await;
    let soon = Ask { deadline: Some(Instant::now() + Duration::from_secs(2)), ..ask };
    assert!(matches!(workers[2].acquire(soon).await, Err(Denied::Deadline(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_in_all_is_allowed_in_all_workers_together() {
    let Some(server) = Server::start().await else { return };
    let zone = "UTC".to_owned();
    let total = Quota::Aligned { counted: Counted::Requests, limit: 9, period: Period::Total, zone };
    let workers = workers(&server, "total", &config(vec![requests(100), total]), 3);
    all_share(&workers).await;
    for call in 0..9 {
        let slot = timeout(LONG, workers[call % 3].acquire(Ask::default())).await.unwrap().unwrap();
        slot.settle(Spent::default());
    }
    let refused = timeout(LONG, workers[1].acquire(Ask::default())).await.unwrap();
    assert_eq!(refused.unwrap_err(), Denied::Never { quota: 1 }, "for ever: what is used does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_call_of_one_lets_another_go_at_once() {
    let Some(server) = Server::start().await else { return };
    let workers = workers(&server, "ends", &config(vec![Quota::Concurrency(1)]), 2);
    all_share(&workers).await;
    let first = timeout(LONG, workers[0].acquire(Ask::default())).await.unwrap().unwrap();
    let waits = workers[1].acquire(Ask::default());
    let ends = async {
        sleep(Duration::from_millis(500)).await;
        first.settle(Spent::default());
    };
    let (second, ()) = tokio::join!(waits, ends);
    second.unwrap().settle(Spent::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_reserved_then_settled_for_all() {
    let Some(server) = Server::start().await else { return };
    let window = Duration::from_secs(600);
    let tokens = Quota::Rolling { counted: Counted::Tokens, limit: 100, window };
    let workers = workers(&server, "tokens", &config(vec![tokens]), 2);
    all_share(&workers).await;
    let ask = |tokens| Ask { tokens, ..Ask::default() };
    let soon = |tokens| Ask { deadline: Some(Instant::now() + Duration::from_secs(1)), ..ask(tokens) };
    let first = timeout(LONG, workers[0].acquire(ask(90))).await.unwrap().unwrap();
    assert!(matches!(workers[1].acquire(soon(20)).await, Err(Denied::Deadline(_))), "90 + 20 > 100");
    first.settle(Spent { tokens: Some(50), micro_usd: None });
    let second = timeout(LONG, workers[1].acquire(ask(50))).await.unwrap().unwrap();
    second.settle(Spent { tokens: Some(70), micro_usd: None });
    assert!(
        matches!(workers[0].acquire(soon(1)).await, Err(Denied::Deadline(_))),
        "more was used than reserved"
    );
    assert_eq!(workers[0].acquire(ask(101)).await.unwrap_err(), Denied::Never { quota: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_urgent_of_a_worker_go_first() {
    let Some(server) = Server::start().await else { return };
    let workers = workers(&server, "urgent", &config(vec![requests(1)]), 1);
    all_share(&workers).await;
    timeout(LONG, workers[0].acquire(Ask::default())).await.unwrap().unwrap().settle(Spent::default());
    let served: Arc<Mutex<Vec<u8>>> = Arc::default();
    let mut tasks = JoinSet::new();
    for priority in [0, 3, 1, 2, 3] {
        let (worker, served) = (Arc::clone(&workers[0]), Arc::clone(&served));
        tasks.spawn(async move {
            let slot = worker.acquire(Ask { priority, ..Ask::default() }).await.unwrap();
            served.lock().unwrap().push(priority);
            slot.settle(Spent::default());
        });
        // All stand in line before the window is over.
        tokio::task::yield_now().await;
    }
    timeout(LONG, tasks.join_all()).await.unwrap();
    let served = served.lock().unwrap().clone();
    // The one who waited for the script's first answer may have been asked for already.
    assert!(served.iter().skip(1).is_sorted_by(|one, other| one >= other), "{served:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_leaves_has_told_everything_and_the_others_have_all_of_the_limit() {
    let Some(server) = Server::start().await else { return };
    let mut workers = workers(&server, "leaves", &config(vec![Quota::Concurrency(2)]), 2);
    all_share(&workers).await;
    let leaving = Arc::into_inner(workers.remove(0)).unwrap();
    let slot = timeout(LONG, leaving.acquire(Ask::default())).await.unwrap().unwrap();
    let leave = leaving.leave(LONG);
    let ((), ()) = tokio::join!(leave, async {
        sleep(Duration::from_millis(300)).await;
        slot.settle(Spent::default());
    });
    let first = timeout(LONG, workers[0].acquire(Ask::default())).await.unwrap().unwrap();
    let second = timeout(LONG, workers[0].acquire(Ask::default())).await.unwrap().unwrap();
    drop((first, second));
    workers[0].close(Closing::ShuttingDown);
    let denied = workers[0].acquire(Ask::default()).await.unwrap_err();
    assert_eq!(denied, Denied::Closed(Closing::ShuttingDown));
    assert_eq!(workers[0].mode(), Mode::Shared);
}
