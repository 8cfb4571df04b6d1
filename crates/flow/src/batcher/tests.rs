use super::{Batch, BatchSettings, BatchWarning, Batcher, Gate, NotPushed, Trigger};
use crate::{Breaker, BreakerSettings, Deadline};
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const IN_TIME: Duration = Duration::from_millis(10);

fn settings() -> BatchSettings {
    BatchSettings { size: 3, age: Some(10 * SECOND), capacity: 6, ..BatchSettings::default() }
}

/// Batches as they were handed on: when, why, what.
type Log = Rc<RefCell<Vec<(Duration, Trigger, Vec<u32>)>>>;

fn logging(log: &Log) -> impl FnMut(Batch<u32>) -> std::future::Ready<()> + use<> {
    let (log, began) = (Rc::clone(log), Instant::now());
    move |batch| {
        log.borrow_mut().push((began.elapsed(), batch.trigger(), batch.iter().copied().collect()));
        batch.done();
        std::future::ready(())
    }
}

fn contents(log: &Log) -> Vec<Vec<u32>> {
    log.borrow().iter().map(|(_, _, entries)| entries.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_at_its_size_or_at_the_age_of_its_first_entry_whichever_comes_first() {
    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        for entry in 0..3 {
            batcher.push(entry, 1).await.unwrap();
        }
        sleep(5 * SECOND).await;
        batcher.push(3, 1).await.unwrap();
        sleep(9 * SECOND).await;
        batcher.push(4, 1).await.unwrap();
        sleep(2 * SECOND).await;
        let statistics = batcher.statistics();
        assert_eq!((statistics.total_queued, statistics.size_flushes, statistics.timer_flushes), (5, 1, 1));
        assert_eq!((statistics.current_buffer_size, statistics.first_entry_age), (0, None));
        batcher.drain(Deadline::never());
    };
    tokio::join!(runner.run(logging(&log)), input);
    assert_eq!(contents(&log), [vec![0, 1, 2], vec![3, 4]]);
    let log = log.borrow();
    assert_eq!((log[0].0, log[0].1), (Duration::ZERO, Trigger::Size));
    assert!((15 * SECOND..=15 * SECOND + IN_TIME).contains(&log[1].0), "{:?}", log[1].0);
}

/// Four tasks that are never idle: there is always input that could be taken before the timer is looked at. (The bench
/// measures the same by the machine's clock.)
#[tokio::test(start_paused = true)]
async fn the_timer_is_kept_while_the_input_is_saturated() {
    let settings = BatchSettings { size: 50_000, bytes: usize::MAX, capacity: 100_000, ..settings() };
    let (batcher, runner) = Batcher::new(settings, Gate::AlwaysOpen);
    let began = Instant::now();
    let mut input = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let batcher = batcher.clone();
        input.spawn(async move {
            while began.elapsed() < 100 * SECOND {
                batcher.push(Instant::now(), 1).await.unwrap();
                yield_now().await;
            }
        });
    }
    // Time goes on by itself only when everybody is idle.
    input.spawn(async move {
        while began.elapsed() < 100 * SECOND {
            advance(Duration::from_millis(1)).await;
        }
    });
    drop(batcher);
    let mut ages = Vec::new();
    let sink = |batch: Batch<Instant>| {
        if batch.trigger() == Trigger::Timer {
            ages.push(batch.iter().next().unwrap().elapsed());
        }
        batch.done();
        std::future::ready(())
    };
    runner.run(sink).await;
    assert!(ages.len() >= 5, "{ages:?}");
    assert!(ages.iter().all(|age| (10 * SECOND..=10 * SECOND + IN_TIME).contains(age)), "{ages:?}");
}

#[tokio::test(start_paused = true)]
async fn bytes_make_a_batch_due_and_bound_it() {
    let settings = BatchSettings { bytes: 100, size: 50, capacity: 50, ..settings() };
    let (batcher, runner) = Batcher::new(settings, Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        batcher.push(0, 100).await.unwrap();
        sleep(SECOND).await;
        batcher.push(1, 99).await.unwrap();
        sleep(SECOND).await;
        assert_eq!(contents(&log), [vec![0]], "bytes that were handed on don't count any more");
        batcher.drain(Deadline::never());
    };
    tokio::join!(runner.run(logging(&log)), input);

    let (batcher, runner) = Batcher::new(settings, Gate::AlwaysOpen);
    let log = Log::default();
    for (entry, bytes) in [(0, 40), (1, 40), (2, 40), (3, 500), (4, 99), (5, 1), (6, 1)] {
        batcher.try_push(entry, bytes).unwrap();
    }
    batcher.drain(Deadline::never());
    runner.run(logging(&log)).await;
    assert_eq!(contents(&log), [vec![0, 1], vec![2], vec![3], vec![4, 5], vec![6]]);
}

#[tokio::test(start_paused = true)]
async fn an_explicit_flush_takes_what_is_queued_and_an_idle_batcher_has_no_timer() {
    let (batcher, runner) = Batcher::new(BatchSettings { age: None, ..settings() }, Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        batcher.push(1, 1).await.unwrap();
        sleep(1_000_000 * SECOND).await;
        assert!(log.borrow().is_empty(), "the timer is off");
        batcher.flush();
        sleep(IN_TIME).await;
        assert_eq!(contents(&log), [vec![1]]);
        batcher.push(2, 1).await.unwrap();
        sleep(SECOND).await;
        assert_eq!(contents(&log).len(), 1, "what came after the flush was not asked for");
        drop(batcher);
    };
    let log_for_sink = Rc::clone(&log);
    tokio::join!(runner.run(logging(&log_for_sink)), input);
    assert_eq!(contents(&log), [vec![1], vec![2]], "the last input is gone: everything is due");
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_while_the_breaker_is_open_and_everything_goes_in_order_when_it_closes() {
    let breaker = Breaker::new(BreakerSettings {
        failures_in_a_row: 1,
        open: 60 * SECOND,
        ..BreakerSettings::default()
    });
    let (batcher, runner) = Batcher::new(settings(), Gate::Breaker(breaker.clone()));
    let log = Log::default();
    breaker.permit().unwrap().failure();
    let input = async {
        for entry in 0..6 {
            batcher.push(entry, 1).await.unwrap();
        }
        assert_eq!(batcher.try_push(6, 1), Err(NotPushed::Full(6)), "bounded");
        assert!(timeout(40 * SECOND, batcher.push(6, 1)).await.is_err(), "pushers wait");
        assert!(log.borrow().is_empty());
        assert!(matches!(batcher.warnings()[..], [BatchWarning::FirstEntryOld { .. }]));
        let began = Instant::now();
        batcher.push(7, 1).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 20);
        batcher.drain(Deadline::never());
    };
    let log_for_sink = Rc::clone(&log);
    let (rest, ()) = tokio::join!(runner.run(logging(&log_for_sink)), input);
    assert!(rest.is_empty());
    assert_eq!(contents(&log).concat(), [0, 1, 2, 3, 4, 5, 7]);
    assert!(log.borrow()[0].0 >= 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_a_shut_gate_no_longer_than_allowed_and_returns_what_is_left() {
    let (_shut, gate) = watch::channel(false);
    let (batcher, runner) = Batcher::new(settings(), Gate::Watch(gate));
    for entry in 0..5 {
        batcher.try_push(entry, 1).unwrap();
    }
    let began = Instant::now();
    batcher.drain(Deadline::within(30 * SECOND));
    assert_eq!(batcher.push(9, 1).await, Err(NotPushed::Closed(9)));
    assert_eq!(runner.run(logging(&Log::default())).await, [0, 1, 2, 3, 4]);
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_does_not_finish_goes_again_in_order() {
    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    let seen = RefCell::new(Vec::new());
    let sink = |mut batch: Batch<u32>| {
        let mut seen = seen.borrow_mut();
        seen.push(batch.iter().copied().collect::<Vec<_>>());
        // Fails twice altogether, then after its first entry, then works.
        match seen.len() {
            1 | 2 => drop(batch),
            3 => assert_eq!(batch.done_first(1), [0]),
            _ => batch.done(),
        }
        std::future::ready(())
    };
    for entry in 0..5 {
        batcher.try_push(entry, 1).unwrap();
    }
    let began = Instant::now();
    batcher.drain(Deadline::never());
    assert!(runner.run(sink).await.is_empty());
    assert_eq!(*seen.borrow(), [vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2], vec![1, 2, 3], vec![4]]);
    assert_eq!(began.elapsed().as_secs(), 3, "a pause after each failure");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_or_hangs_and_a_runner_that_is_dropped_lose_nothing() {
    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    for entry in 0..5 {
        batcher.try_push(entry, 1).unwrap();
    }
    let hanging = |batch: Batch<u32>| async move {
        sleep(1_000 * SECOND).await;
        batch.done();
    };
    assert!(timeout(SECOND, runner.run(hanging)).await.is_err());
    assert_eq!(batcher.try_push(5, 1), Err(NotPushed::Closed(5)), "nobody would hand it on");
    assert_eq!(batcher.take_rest(), [0, 1, 2, 3, 4]);

    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    for entry in 0..5 {
        batcher.try_push(entry, 1).unwrap();
    }
    let mut task = tokio::task::JoinSet::new();
    task.spawn(runner.run(|batch: Batch<u32>| async move {
        let _batch = batch;
        std::panic::resume_unwind(Box::new(()))
    }));
    assert!(task.join_next().await.unwrap().unwrap_err().is_panic());
    assert_eq!(batcher.take_rest(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_does_not_fit_beside_the_others_does_not_wait_for_ever() {
    let settings = BatchSettings { age: None, bytes: 100, capacity_bytes: 100, ..settings() };
    let (batcher, runner) = Batcher::new(settings, Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        for entry in 0..6 {
            timeout(SECOND, batcher.push(entry, 60)).await.unwrap().unwrap();
        }
        yield_now().await;
        drop(batcher);
    };
    let log_for_sink = Rc::clone(&log);
    tokio::join!(runner.run(logging(&log_for_sink)), input);
    assert_eq!(contents(&log).concat(), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn statistics_have_the_names_that_users_know_and_warn() {
    let (batcher, runner) = Batcher::new(BatchSettings::development(), Gate::AlwaysOpen);
    let input = async {
        for entry in 0..10 {
            batcher.push(entry, 1).await.unwrap();
            sleep(11 * SECOND).await;
        }
        assert_eq!(batcher.warnings(), [BatchWarning::MostlyTimerFlushes { share: 1.0 }]);
        batcher.push(10, 1).await.unwrap();
        advance(2 * SECOND).await;
        let json = serde_json::to_string(&batcher.statistics()).unwrap();
        assert_eq!(
            json,
            r#"{"total_queued":11,"size_flushes":0,"timer_flushes":10,"current_buffer_size":1,"first_entry_age":2.0}"#
        );
        batcher.drain(Deadline::never());
    };
    tokio::join!(runner.run(logging(&Log::default())), input);
}

proptest! {
    /// Random input, random failures of the sink, a gate that opens and shuts, a shutdown at a random moment: every
    /// entry is handled or returned, once, in order; none while the gate is shut; none later than its age while the
    /// gate is open, the sink is quick and nothing failed.
    #[test]
    fn every_entry_is_handled_in_time_and_in_order_or_returned(
        steps in proptest::collection::vec((0_u64..4_000, 0_usize..60, 0_u8..12), 1..80),
        failures in proptest::collection::vec(any::<bool>(), 0..20),
        patience_ms in 0_u64..20_000,
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let settings = BatchSettings { bytes: 100, capacity_bytes: 300, ..settings() };
            let (switch, gate) = watch::channel(true);
            let (batcher, runner) = Batcher::new(settings, Gate::Watch(gate.clone()));
            let (handled, pushed) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
            let last_trouble = RefCell::new(Instant::now());
            let has_failed = RefCell::new(false);
            let mut failures = failures.into_iter();
            let sink = |batch: Batch<(usize, Instant)>| {
                assert!(*gate.borrow(), "handed on while the gate was shut");
                assert!(batch.len() <= 3);
                let oldest = batch.iter().next().map(|(_, queued)| *queued).unwrap();
                // What was queued before the last trouble may be late.
                if oldest > *last_trouble.borrow() && !*has_failed.borrow() {
                    assert!(oldest.elapsed() <= 10 * SECOND + IN_TIME, "{:?}", oldest.elapsed());
                }
                if failures.next() == Some(true) {
                    *has_failed.borrow_mut() = true;
                } else {
                    *has_failed.borrow_mut() = false;
                    *last_trouble.borrow_mut() = Instant::now();
                    handled.borrow_mut().extend(batch.iter().map(|(number, _)| *number));
                    batch.done();
                }
                std::future::ready(())
            };
            let input = async {
                for (number, (millis, bytes, what)) in steps.into_iter().enumerate() {
                    sleep(Duration::from_millis(millis)).await;
                    match what {
                        0 => {
                            switch.send_replace(false);
                        }
                        1 => {
                            *last_trouble.borrow_mut() = Instant::now();
                            switch.send_replace(true);
                        }
                        2 => batcher.flush(),
                        _ => {
                            let entry = (number, Instant::now());
                            if let Ok(outcome) = timeout(SECOND, batcher.push(entry, bytes)).await {
                                outcome.unwrap();
                                pushed.borrow_mut().push(number);
                            }
                        }
                    }
                    if !*switch.borrow() {
                        *last_trouble.borrow_mut() = Instant::now() + 1_000 * SECOND;
                    }
                }
                batcher.drain(Deadline::within(Duration::from_millis(patience_ms)));
            };
            let (rest, ()) = tokio::join!(runner.run(sink), input);
            let mut all = handled.take();
            all.extend(rest.into_iter().map(|(number, _)| number));
            assert_eq!(all, pushed.take());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_waited_elsewhere_is_due_when_its_whole_age_is_reached() {
    advance(100 * SECOND).await;
    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        batcher.try_push_aged(1, 1, 7 * SECOND).unwrap();
        batcher.push(2, 1).await.unwrap();
        sleep(4 * SECOND).await;
        batcher.drain(Deadline::never());
    };
    tokio::join!(runner.run(logging(&log)), input);
    let log = log.borrow();
    assert_eq!((log[0].1, &log[0].2), (Trigger::Timer, &vec![1, 2]));
    assert!((3 * SECOND..=3 * SECOND + IN_TIME).contains(&log[0].0), "{:?}", log[0].0);
}

#[tokio::test(start_paused = true)]
async fn triggers_that_are_aimed_anew_hold_for_what_already_waits_and_never_beyond_the_settings() {
    let (batcher, runner) = Batcher::new(settings(), Gate::AlwaysOpen);
    let log = Log::default();
    let input = async {
        batcher.aim(100, 1000 * SECOND);
        assert_eq!((batcher.settings().size, batcher.settings().age), (3, Some(10 * SECOND)));
        batcher.push(1, 1).await.unwrap();
        sleep(SECOND).await;
        batcher.aim(1, 10 * SECOND);
        sleep(SECOND).await;
        batcher.aim(3, 2 * SECOND);
        batcher.push(2, 1).await.unwrap();
        sleep(5 * SECOND).await;
        batcher.drain(Deadline::never());
    };
    tokio::join!(runner.run(logging(&log)), input);
    let log = log.borrow();
    assert_eq!((log[0].1, &log[0].2), (Trigger::Size, &vec![1]));
    assert!((SECOND..=SECOND + IN_TIME).contains(&log[0].0), "{:?}", log[0].0);
    assert_eq!((log[1].1, &log[1].2), (Trigger::Timer, &vec![2]));
    assert!((4 * SECOND..=4 * SECOND + IN_TIME).contains(&log[1].0), "{:?}", log[1].0);
}
