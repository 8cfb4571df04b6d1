use super::{JobLost, KeyedLanes, LanesClosed};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn keys_run_in_parallel_up_to_the_bound_and_each_one_in_order() {
    let (lanes, runner) = KeyedLanes::new(2, 100);
    let began = Instant::now();
    let input = async {
        let mut submitted = Vec::new();
        for key in ["a", "a", "b", "c"] {
            let job = async move {
                sleep(SECOND).await;
                began.elapsed().as_secs()
            };
            submitted.push(lanes.submit(key, job).await.unwrap());
        }
        let mut ends = Vec::new();
        for job in submitted {
            ends.push(job.await.unwrap());
        }
        lanes.close();
        ends
    };
    let ((), ends) = tokio::join!(runner.run(), input);
    assert_eq!(ends, [1, 2, 1, 2], "a and b, then c and the second of a");
}

#[tokio::test(start_paused = true)]
async fn a_busy_key_does_not_hold_up_the_others() {
    let (lanes, runner) = KeyedLanes::new(1, 1_000);
    let order = Arc::new(Mutex::new(Vec::new()));
    for key in ["busy", "busy", "busy", "busy", "quiet"] {
        let order = Arc::clone(&order);
        let _submitted = lanes.submit(key, async move { order.lock().unwrap().push(key) }).await.unwrap();
    }
    drop(lanes);
    runner.run().await;
    assert_eq!(*order.lock().unwrap(), ["busy", "quiet", "busy", "busy", "busy"]);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_and_idle_keys_cost_nothing() {
    let (lanes, runner) = KeyedLanes::new(2, 3);
    for key in 0..3 {
        let _submitted = lanes.submit(key, async {}).await.unwrap();
    }
    assert!(timeout(SECOND, lanes.submit(3, async {})).await.is_err(), "nothing runs, so no room comes");
    assert_eq!(lanes.busy_keys(), 3);
    let input = async {
        for key in 0..10_000 {
            let _submitted = lanes.submit(key, async {}).await.unwrap();
            assert!(lanes.busy_keys() <= 3);
        }
        while lanes.busy_keys() > 0 {
            yield_now().await;
        }
        assert!(lanes.lanes.state().ready.is_empty());
        lanes.close();
        assert_eq!(lanes.submit(0, async {}).await.unwrap_err(), LanesClosed);
    };
    tokio::join!(runner.run(), input);
}

#[tokio::test(start_paused = true)]
async fn a_panic_stays_its_own() {
    let (lanes, runner) = KeyedLanes::new(2, 100);
    let input = async {
        let panicking = lanes
            .submit("a", async {
                std::panic::resume_unwind(Box::new(()));
            })
            .await
            .unwrap();
        let next = lanes.submit("a", async { 2 }).await.unwrap();
        assert_eq!(panicking.await, Err(JobLost));
        assert_eq!(next.await, Ok(2));
        lanes.close();
    };
    tokio::join!(runner.run(), input);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_runner_ends_all_jobs_and_tells_who_waits() {
    let (lanes, runner) = KeyedLanes::new(1, 2);
    let running = lanes.submit("a", sleep(100 * SECOND)).await.unwrap();
    let queued = lanes.submit("a", sleep(SECOND)).await.unwrap();
    let (ran, submitted) = tokio::join!(timeout(SECOND, runner.run()), lanes.submit("b", async {}));
    assert!(ran.is_err());
    assert_eq!(submitted.unwrap_err(), LanesClosed);
    assert_eq!((running.await, queued.await), (Err(JobLost), Err(JobLost)));
    assert_eq!(lanes.busy_keys(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_has_to_wait_for_a_job() {
    let (lanes, runner) = KeyedLanes::new(1, 10);
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..5 {
        let done = Arc::clone(&done);
        drop(lanes.submit((), async move { done.fetch_add(1, Ordering::SeqCst) }).await.unwrap());
    }
    drop(lanes);
    runner.run().await;
    assert_eq!(done.load(Ordering::SeqCst), 5);
}

#[derive(Default)]
struct Seen {
    running: HashMap<u8, usize>,
    order: HashMap<u8, Vec<usize>>,
    most: usize,
}

fn keeps_its_promises(jobs: &[(u8, u64, bool)], parallel: usize, capacity: usize, threads: bool) {
    let mut builder = if threads {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.worker_threads(2).enable_time().start_paused(!threads).build().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (lanes, runner) = KeyedLanes::new(parallel, capacity);
    let input = async {
        for (number, &(key, millis, panics)) in jobs.iter().enumerate() {
            let seen = Arc::clone(&seen);
            let job = async move {
                {
                    let mut seen = seen.lock().unwrap();
                    seen.order.entry(key).or_default().push(number);
                    *seen.running.entry(key).or_default() += 1;
                    assert_eq!(seen.running[&key], 1, "two jobs of one key at once");
                    seen.most = seen.most.max(seen.running.values().sum());
                }
                if threads {
                    yield_now().await;
                } else {
                    sleep(Duration::from_millis(millis)).await;
                }
                *seen.lock().unwrap().running.get_mut(&key).unwrap() -= 1;
                if panics {
                    std::panic::resume_unwind(Box::new(()));
                }
            };
            drop(lanes.submit(key, job).await.unwrap());
        }
        lanes.close();
    };
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        tasks.spawn(runner.run());
        input.await;
        tasks.join_all().await;
    });
    let seen = seen.lock().unwrap();
    assert!(seen.most <= parallel);
    assert_eq!(seen.order.values().map(Vec::len).sum::<usize>(), jobs.len(), "every job ran once");
    assert!(seen.order.values().all(|order| order.is_sorted()), "{:?}", seen.order);
    assert_eq!(lanes.busy_keys(), 0);
    assert_eq!(lanes.lanes.room.available_permits(), capacity);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn jobs_of_one_key_run_in_the_order_of_submission_one_at_a_time(
        jobs in proptest::collection::vec((0_u8..6, 0_u64..50, proptest::bool::weighted(0.1)), 0..150),
        parallel in 1_usize..5,
        capacity in 1_usize..20,
        threads: bool,
    ) {
        keeps_its_promises(&jobs, parallel, capacity, threads);
    }
}
