use super::{Breaker, BreakerSettings, BreakerState};
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> BreakerSettings {
    BreakerSettings {
        failures_in_a_row: 3,
        open: 10 * SECOND,
        longest_open: 60 * SECOND,
        probes: 2,
        ..BreakerSettings::default()
    }
}

fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        breaker.permit().unwrap().failure();
    }
}

fn is_closed(breaker: &Breaker) -> bool {
    breaker.state() == BreakerState::Closed
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_and_a_success_in_between_does_not() {
    let breaker = Breaker::new(settings());
    fail(&breaker, 2);
    breaker.permit().unwrap().success();
    fail(&breaker, 2);
    breaker.permit().unwrap().ignore();
    assert!(is_closed(&breaker));
    fail(&breaker, 1);
    let until = Instant::now() + 10 * SECOND;
    assert_eq!(breaker.state(), BreakerState::Open { until });
    assert_eq!(breaker.permit().unwrap_err().until, until);
}

#[tokio::test(start_paused = true)]
async fn a_sick_service_opens_it_although_some_calls_succeed() {
    let breaker = Breaker::new(BreakerSettings { least_calls: 10, ..settings() });
    for _ in 0..4 {
        breaker.permit().unwrap().failure();
        breaker.permit().unwrap().success();
    }
    assert!(is_closed(&breaker), "too few calls to judge by");
    breaker.permit().unwrap().success();
    breaker.permit().unwrap().failure();
    assert!(!is_closed(&breaker));
}

#[tokio::test(start_paused = true)]
async fn failures_of_long_ago_are_forgotten() {
    let breaker = Breaker::new(BreakerSettings { least_calls: 10, failures_in_a_row: 100, ..settings() });
    fail(&breaker, 9);
    advance(61 * SECOND).await;
    for _ in 0..9 {
        breaker.permit().unwrap().success();
    }
    fail(&breaker, 8);
    assert!(is_closed(&breaker), "8 of 17");
    advance(30 * SECOND).await;
    fail(&breaker, 1);
    assert!(!is_closed(&breaker), "9 of 18");
}

#[tokio::test(start_paused = true)]
async fn half_open_lets_a_bounded_number_of_probes_through_and_closes_when_all_succeed() {
    let breaker = Breaker::new(settings());
    fail(&breaker, 3);
    advance(10 * SECOND).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let (one, two) = (breaker.permit().unwrap(), breaker.permit().unwrap());
    assert!(breaker.permit().is_err(), "two probes and no more");
    one.success();
    assert!(breaker.permit().is_err(), "two probes in all");
    two.success();
    assert!(is_closed(&breaker));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_or_panics_is_there_for_another() {
    let breaker = Breaker::new(BreakerSettings { probes: 1, ..settings() });
    fail(&breaker, 3);
    advance(10 * SECOND).await;
    drop(breaker.permit().unwrap());
    let panicking = breaker.clone();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _permit = panicking.permit().unwrap();
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(panicked.is_err());
    breaker.permit().unwrap().success();
    assert!(is_closed(&breaker));
}

#[tokio::test(start_paused = true)]
async fn the_time_open_doubles_to_its_bound_and_starts_anew_after_closing() {
    let breaker = Breaker::new(BreakerSettings { probes: 1, ..settings() });
    fail(&breaker, 3);
    for expected in [10, 20, 40, 60, 60] {
        let BreakerState::Open { until } = breaker.state() else { panic!("not open") };
        assert_eq!(until - Instant::now(), expected * SECOND);
        advance(expected * SECOND).await;
        fail(&breaker, 1);
    }
    advance(60 * SECOND).await;
    breaker.permit().unwrap().success();
    fail(&breaker, 3);
    assert_eq!(breaker.state(), BreakerState::Open { until: Instant::now() + 10 * SECOND });
    assert_eq!(breaker.times_opened(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_began_before_it_opened_changes_nothing_after() {
    let breaker = Breaker::new(BreakerSettings { probes: 1, ..settings() });
    let (early_failure, early_success) = (breaker.permit().unwrap(), breaker.permit().unwrap());
    fail(&breaker, 3);
    advance(10 * SECOND).await;
    let probe = breaker.permit().unwrap();
    early_failure.failure();
    early_success.success();
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert!(breaker.permit().is_err());
    probe.success();
    assert!(is_closed(&breaker));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_when_calls_may_flow() {
    let breaker = Breaker::new(BreakerSettings { probes: 1, ..settings() });
    breaker.closed().await;
    fail(&breaker, 3);
    let began = Instant::now();
    breaker.closed().await;
    assert_eq!(began.elapsed().as_secs(), 10);

    let probe = breaker.permit().unwrap();
    assert!(timeout(100 * SECOND, breaker.closed()).await.is_err(), "the probe is out");
    let (waited, ()) = tokio::join!(timeout(SECOND, breaker.closed()), async { drop(probe) });
    assert!(waited.is_ok(), "the probe came back");

    let probe = breaker.permit().unwrap();
    let began = Instant::now();
    let ((), ()) = tokio::join!(breaker.closed(), async { probe.failure() });
    assert_eq!(began.elapsed().as_secs(), 20, "open again, for twice as long");
}

proptest! {
    /// Whatever happens, no call is let through while it says that it is open, and never more probes than allowed.
    #[test]
    fn no_call_flows_while_it_is_open(
        steps in proptest::collection::vec((0_u8..4, 0_u64..15_000), 1..200),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let breaker = Breaker::new(settings());
            let mut out = Vec::new();
            for (what, millis) in steps {
                advance(Duration::from_millis(millis)).await;
                let state = breaker.state();
                match what {
                    0 => match breaker.permit() {
                        Ok(permit) => {
                            assert!(!matches!(state, BreakerState::Open { .. }));
                            out.push(permit);
                        }
                        Err(open) => {
                            assert!(state != BreakerState::Closed);
                            assert!(open.until > Instant::now());
                            assert!(open.until <= Instant::now() + 60 * SECOND);
                        }
                    },
                    _ if out.is_empty() => {}
                    1 => out.remove(0).success(),
                    2 => out.remove(0).failure(),
                    _ => out.remove(0).ignore(),
                }
            }
            // However it went, it is not stuck: once nobody holds a permit, calls flow within its longest time.
            out.clear();
            assert!(timeout(61 * SECOND, breaker.closed()).await.is_ok());
            assert!(breaker.permit().is_ok());
        });
    }
}
