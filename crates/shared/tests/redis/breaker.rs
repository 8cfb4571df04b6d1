//! One breaker for several workers.

use super::server::Server;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use watchfire_flow::{BreakerSettings, BreakerState};
use watchfire_shared::{RedisSettings, SharedBreaker};

const LONG: Duration = Duration::from_secs(30);

fn settings() -> BreakerSettings {
    BreakerSettings {
        failures_in_a_row: 3,
        open: Duration::from_millis(400),
        longest_open: Duration::from_secs(2),
        ..BreakerSettings::default()
    }
}

async fn breakers(redis: &RedisSettings, name: &str, number: usize) -> Vec<SharedBreaker> {
    let mut breakers = Vec::new();
    for _ in 0..number {
        let breaker = SharedBreaker::start(redis, name, settings(), Duration::from_secs(1)).unwrap();
        timeout(LONG, breaker.connected()).await.unwrap();
        breakers.push(breaker);
    }
    // All know the state that there is.
    sleep(Duration::from_millis(200)).await;
    breakers
}

async fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < LONG);
        sleep(Duration::from_millis(5)).await;
    }
}

async fn fail(breaker: &SharedBreaker) {
    for _ in 0..3 {
        breaker.permit().await.unwrap().failure();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_opens_is_open_for_all_and_one_probe_of_all_finds_out() {
    let Some(server) = Server::start().await else { return };
    let breakers = breakers(&server.settings(), "opens", 3).await;
    for breaker in &breakers {
        breaker.permit().await.unwrap().success();
    }
    fail(&breakers[0]).await;
    for breaker in &breakers {
        until(|| matches!(breaker.state(), BreakerState::Open { .. })).await;
        assert!(breaker.permit().await.is_err());
    }
    timeout(LONG, breakers[1].closed()).await.unwrap();
    let probe = breakers[1].permit().await.unwrap();
    assert!(probe.is_probe());
    for breaker in &breakers {
        assert!(breaker.permit().await.is_err(), "one probe of all");
    }
    probe.success();
    for breaker in &breakers {
        until(|| breaker.state() == BreakerState::Closed).await;
        timeout(LONG, breaker.closed()).await.unwrap();
        breaker.permit().await.unwrap().success();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_fails_opens_it_for_longer_and_one_that_is_lost_is_given_again() {
    let Some(server) = Server::start().await else { return };
    let breakers = breakers(&server.settings(), "longer", 2).await;
    fail(&breakers[0]).await;
    until(|| matches!(breakers[1].state(), BreakerState::Open { .. })).await;
    timeout(LONG, breakers[1].closed()).await.unwrap();
    let began = Instant::now();
    breakers[1].permit().await.unwrap().failure();
    until(|| matches!(breakers[0].state(), BreakerState::Open { until } if until > began + Duration::from_millis(500))).await;
    let probe = loop {
        timeout(LONG, breakers[0].closed()).await.unwrap();
        if let Ok(probe) = breakers[0].permit().await {
            break probe;
        }
    };
    assert!(began.elapsed() >= Duration::from_millis(790), "{:?}", began.elapsed());
    // It says nothing, and its worker is gone: the probe is another's when the lease is over.
    std::mem::forget(probe);
    let probe = loop {
        timeout(LONG, breakers[1].closed()).await.unwrap();
        if let Ok(probe) = breakers[1].permit().await {
            break probe;
        }
    };
    // One that is given up is there for another at once.
    probe.ignore();
    timeout(LONG, breakers[0].closed()).await.unwrap();
    until(|| breakers[0].state() == BreakerState::HalfOpen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_each_has_its_own() {
    let Some(mut server) = Server::start().await else { return };
    let breakers = breakers(&server.settings(), "alone", 2).await;
    server.kill();
    sleep(Duration::from_millis(500)).await;
    fail(&breakers[0]).await;
    assert!(breakers[0].permit().await.is_err());
    breakers[1].permit().await.unwrap().success();
    timeout(LONG, breakers[0].closed()).await.unwrap();
    breakers[0].permit().await.unwrap().success();
    assert_eq!(breakers[0].state(), BreakerState::Closed);
    // A server that comes back knows of nothing that is open.
    assert!(server.run().await);
    timeout(LONG, breakers[1].connected()).await.unwrap();
    breakers[1].permit().await.unwrap().success();
}
