use super::{Fresh, SingleFlight};
use proptest::prelude::*;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

type Names = SingleFlight<String, u32, &'static str>;

fn key() -> String {
    "198.51.100.7".to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_gets_at_once_make_one_load() {
    let cache = Arc::new(Names::new(100));
    let calls = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let (cache, calls) = (Arc::clone(&cache), Arc::clone(&calls));
        tasks.spawn(async move {
            let load = || async {
                calls.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(20)).await;
                Ok(Fresh::new(7, 60 * SECOND))
            };
            cache.get(&key(), load).await
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|value| value == Ok(7)));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let statistics = cache.statistics();
    assert_eq!((statistics.loads, statistics.hits + statistics.shared), (1, 999));
}

/// A thread may miss just before another has loaded, and must not load once more just after.
#[test]
fn two_threads_in_step_load_each_key_once() {
    const KEYS: u32 = 20_000;
    let cache = SingleFlight::<u32, u32, ()>::new(2 * KEYS as usize);
    let arrived = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                for key in 0..KEYS {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    while arrived.load(Ordering::SeqCst) < 2 * (key + 1) {
                        std::thread::yield_now();
                    }
                    let load = || async move { Ok(Fresh::new(key, 60 * SECOND)) };
                    assert_eq!(runtime.block_on(cache.get(&key, load)), Ok(key));
                }
            });
        }
    });
    assert_eq!(cache.statistics().loads, u64::from(KEYS));
}

#[tokio::test(start_paused = true)]
async fn when_the_leader_is_dropped_one_of_the_rest_leads() {
    let cache = Arc::new(Names::new(100));
    let key = "a".to_owned();
    let mut leader = Box::pin(cache.get(&key, pending::<Result<Fresh<u32>, _>>));
    tokio::select! {
        biased;
        _ = &mut leader => unreachable!(),
        () = yield_now() => {}
    }
    let mut tasks = JoinSet::new();
    for place in 0..10 {
        let cache = Arc::clone(&cache);
        tasks.spawn(async move {
            let load = || async move {
                sleep(SECOND).await;
                Ok(Fresh::new(place, SECOND))
            };
            cache.get(&"a".to_owned(), load).await
        });
    }
    sleep(SECOND).await;
    assert_eq!(cache.statistics().loads, 1, "they all wait");
    drop(leader);
    let values = tasks.join_all().await;
    assert!(values.iter().all(|value| value.is_ok() && *value == values[0]), "{values:?}");
    assert_eq!(cache.statistics().loads, 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_leader_panics_one_of_the_rest_leads() {
    let cache = Arc::new(Names::new(100));
    let mut tasks = JoinSet::new();
    for place in 0..10 {
        let cache = Arc::clone(&cache);
        tasks.spawn(async move {
            let load = || async move {
                sleep(SECOND).await;
                if place == 0 {
                    std::panic::resume_unwind(Box::new(()));
                }
                Ok(Fresh::new(place, SECOND))
            };
            cache.get(&key(), load).await
        });
    }
    let (mut values, mut panics) = (Vec::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(value) => values.push(value.unwrap()),
            Err(error) => panics += u32::from(error.is_panic()),
        }
    }
    assert_eq!((panics, values.len(), cache.statistics().loads), (1, 9, 2));
    assert!(values.iter().all(|value| *value == values[0]));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_to_all_who_wait_and_is_not_kept() {
    let cache = Names::new(100);
    let failing = || async {
        sleep(SECOND).await;
        Err("refused")
    };
    let key = key();
    let (one, two) = tokio::join!(cache.get(&key, failing), cache.get(&key, failing));
    assert_eq!((one, two), (Err("refused"), Err("refused")));
    assert_eq!(cache.statistics().loads, 1);
    assert_eq!(cache.get(&key, || async { Ok(Fresh::new(1, SECOND)) }).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn each_value_lives_as_long_as_it_says() {
    let cache = Names::new(100);
    let load = |value, ttl| move || async move { Ok(Fresh::new(value, ttl)) };
    let (known, unknown, once) = ("known".to_owned(), "unknown".to_owned(), "once".to_owned());
    assert_eq!(cache.get(&known, load(1, 100 * SECOND)).await, Ok(1));
    assert_eq!(cache.get(&unknown, load(2, 10 * SECOND)).await, Ok(2));
    assert_eq!(cache.get(&once, load(3, Duration::ZERO)).await, Ok(3));
    assert_eq!(cache.get(&"ever".to_owned(), load(4, Duration::MAX)).await, Ok(4));
    assert_eq!((cache.peek(&known), cache.peek(&unknown), cache.peek(&once)), (Some(1), Some(2), None));
    advance(10 * SECOND).await;
    assert_eq!((cache.peek(&known), cache.peek(&unknown)), (Some(1), None));
    assert_eq!(cache.get(&unknown, load(5, SECOND)).await, Ok(5));
    advance(90 * SECOND).await;
    assert_eq!((cache.peek(&known), cache.peek(&"ever".to_owned())), (None, Some(4)));
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_loads_is_not_kept() {
    let cache = Names::new(100);
    let load = |value| {
        move || async move {
            sleep(SECOND).await;
            Ok(Fresh::new(value, 60 * SECOND))
        }
    };
    let key = key();
    let (old, (), new) = tokio::join!(cache.get(&key, load(1)), async { cache.invalidate(&key) }, async {
        yield_now().await;
        cache.get(&key, load(2)).await
    });
    assert_eq!((old, new), (Ok(1), Ok(2)));
    assert_eq!(cache.peek(&key), Some(2));
    cache.invalidate(&key);
    assert_eq!(cache.peek(&key), None);
}

#[tokio::test]
async fn hostile_keys_take_bounded_memory() {
    let cache = Names::new(64);
    for number in 0..10_000_u32 {
        let load = || async move { Ok(Fresh::new(number, 60 * SECOND)) };
        assert_eq!(cache.get(&number.to_string(), load).await, Ok(number));
    }
    assert!(cache.len() <= 64, "{}", cache.len());
    assert!(cache.flights().under_way.is_empty());
}

proptest! {
    /// Loads that succeed, fail, are cancelled or take long, in any order: everybody gets an answer, and no two loads
    /// of one key run at once.
    #[test]
    fn no_waiter_is_forgotten_and_no_two_loads_run_at_once(
        tasks in proptest::collection::vec((0_u8..3, 0_u64..400, 0_u64..200, 0_u64..600), 1..60),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let cache = Arc::new(Names::new(100));
            let running = Arc::new(AtomicU32::new(0));
            let mut set = JoinSet::new();
            for (what, start, work, patience) in tasks {
                let (cache, running) = (Arc::clone(&cache), Arc::clone(&running));
                set.spawn(async move {
                    sleep(Duration::from_millis(start)).await;
                    let load = || async {
                        struct Running(Arc<AtomicU32>);
                        impl Drop for Running {
                            fn drop(&mut self) {
                                self.0.fetch_sub(1, Ordering::SeqCst);
                            }
                        }
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        let _running = Running(running);
                        sleep(Duration::from_millis(work)).await;
                        if what == 0 { Err("no") } else { Ok(Fresh::new(1, Duration::from_millis(50))) }
                    };
                    let patience = if what == 1 { patience } else { 1_000_000 };
                    let answer =
                        tokio::time::timeout(Duration::from_millis(patience), cache.get(&key(), load)).await;
                    assert!(what == 1 || answer.is_ok(), "somebody waited for ever");
                });
            }
            while let Some(ended) = set.join_next().await {
                ended.unwrap();
            }
            assert!(cache.flights().under_way.is_empty());
        });
    }
}
