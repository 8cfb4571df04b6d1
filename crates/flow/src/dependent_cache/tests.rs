use super::{CacheSettings, CacheStatistics, Dependent, DependentCache};
use proptest::prelude::*;
use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);

/// Depends on its user, and on what all share (tag 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct List {
    user: usize,
    page: usize,
}

impl Dependent for List {
    type Tag = usize;

    fn tags(&self) -> Vec<usize> {
        vec![0, self.user]
    }
}

type Lists = DependentCache<List, u64, &'static str>;

const A: List = List { user: 1, page: 0 };
const B: List = List { user: 2, page: 0 };

fn lists(entries: usize) -> Lists {
    DependentCache::new(CacheSettings { entries, ..CacheSettings::default() })
}

#[tokio::test(start_paused = true)]
async fn a_value_is_given_out_until_something_it_depends_on_is_written() {
    let cache = lists(10);
    assert_eq!(cache.get(&A, || async { Ok(1) }).await, Ok(1));
    assert_eq!(cache.get(&B, || async { Ok(2) }).await, Ok(2));
    cache.invalidate(&1);
    assert_eq!((cache.peek(&A), cache.peek(&B)), (None, Some(2)));
    assert_eq!(cache.get(&A, || async { Ok(3) }).await, Ok(3));
    assert_eq!(cache.get(&B, || async { Ok(9) }).await, Ok(2));
    cache.invalidate(&0);
    assert_eq!((cache.peek(&A), cache.peek(&B)), (None, None));
    assert_eq!(cache.get(&A, || async { Ok(4) }).await, Ok(4));
    cache.invalidate_all();
    assert_eq!(cache.peek(&A), None);
    let expected = CacheStatistics { hits: 1, misses: 4, stale: 3, ..CacheStatistics::default() };
    assert_eq!(cache.statistics(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_began_before_a_write_answers_nobody_who_asks_after_it() {
    let cache = Arc::new(lists(10));
    for everything in [false, true] {
        let (finish, finished) = oneshot::channel::<()>();
        let mut tasks = JoinSet::new();
        let (first, second) = (Arc::clone(&cache), Arc::clone(&cache));
        tasks.spawn(async move {
            let load = || async {
                finished.await.unwrap();
                Ok(1)
            };
            first.get(&A, load).await
        });
        yield_now().await;
        tasks.spawn(async move { second.get(&A, pending).await });
        yield_now().await;
        if everything {
            cache.invalidate_all();
        } else {
            cache.invalidate(&1);
        }
        assert_eq!(cache.get(&A, || async { Ok(2) }).await, Ok(2));
        finish.send(()).unwrap();
        // Who asked before the write may have what was before it.
        assert_eq!(tasks.join_all().await, [Ok(1), Ok(1)]);
        assert_eq!(cache.get(&A, || async { Ok(3) }).await, Ok(2));
        cache.invalidate_all();
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_given_out_for_300_seconds_from_the_moment_its_load_began() {
    let cache = lists(10);
    let slow = || async {
        tokio::time::sleep(100 * SECOND).await;
        Ok(1)
    };
    cache.get(&A, slow).await.unwrap();
    advance(Duration::from_millis(199_999)).await;
    assert_eq!(cache.peek(&A), Some(1));
    advance(Duration::from_millis(1)).await;
    assert_eq!(cache.peek(&A), None);
    assert_eq!(cache.statistics().expired, 1);
    let too_slow = || async {
        tokio::time::sleep(300 * SECOND).await;
        Ok(1)
    };
    assert_eq!(cache.get(&A, too_slow).await, Ok(1));
    assert_eq!(cache.statistics().entries, 0);
}

#[tokio::test]
async fn an_error_is_told_and_not_kept() {
    let cache = lists(10);
    assert_eq!(cache.get(&A, || async { Err("no") }).await, Err("no"));
    assert_eq!(cache.get(&A, || async { Ok(1) }).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_gets_at_once_make_one_load() {
    let cache = Arc::new(lists(10));
    let calls = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let (cache, calls) = (Arc::clone(&cache), Arc::clone(&calls));
        tasks.spawn(async move {
            let load = || async {
                calls.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(7)
            };
            cache.get(&A, load).await
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|value| value == Ok(7)));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_dropped_wakes_another() {
    let cache = Arc::new(lists(10));
    let (first, second) = (Arc::clone(&cache), Arc::clone(&cache));
    let mut leading = JoinSet::new();
    leading.spawn(async move { first.get(&A, pending).await });
    yield_now().await;
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { second.get(&A, || async { Ok(2) }).await });
    yield_now().await;
    leading.shutdown().await;
    assert_eq!(waiting.join_all().await, [Ok(2)]);
    assert_eq!(cache.peek(&A), Some(2));
}

#[tokio::test(start_paused = true)]
async fn tags_are_forgotten_with_what_depends_on_them() {
    let cache = lists(4);
    for user in 1..100 {
        cache.get(&List { user, page: 0 }, || async { Ok(0) }).await.unwrap();
        let _ = cache.get(&List { user, page: 1 }, || async { Err("no") }).await;
    }
    assert!(cache.state().versions.len() <= 5);
    cache.invalidate_all();
    assert_eq!(cache.state().versions.len(), 0);
}

/// Threads that write and read as fast as they can: a reader that began after a write was told to the cache sees it.
#[test]
fn readers_on_other_threads_see_every_write_that_was_finished() {
    const WRITES: u64 = 20_000;
    let cache = lists(2);
    let (database, finished) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for write in 1..=WRITES {
                database.store(write, Ordering::SeqCst);
                cache.invalidate(&1);
                finished.store(write, Ordering::SeqCst);
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                while finished.load(Ordering::SeqCst) < WRITES {
                    let known = finished.load(Ordering::SeqCst);
                    let load = || async {
                        let read = database.load(Ordering::SeqCst);
                        yield_now().await;
                        Ok(read)
                    };
                    let seen = runtime.block_on(cache.get(&A, load)).unwrap();
                    assert!(seen >= known, "{seen} was seen after {known} was written");
                }
            });
        }
    });
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody asks. Their load reads the database at once, and ends when it is told to.
    Ask(usize, usize),
    /// A load under way ends, well or not.
    End(prop::sample::Index, bool),
    /// Somebody who asked goes away.
    Leave(prop::sample::Index),
    /// Somebody writes.
    Write(usize),
    ForgetAll,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_usize..4, 0_usize..3).prop_map(|(user, page)| Step::Ask(user, page)),
        4 => (any::<prop::sample::Index>(), prop::bool::weighted(0.8)).prop_map(|(index, well)| Step::End(index, well)),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        2 => (0_usize..4).prop_map(Step::Write),
        1 => Just(Step::ForgetAll),
        1 => (0_u64..200).prop_map(Step::Wait),
    ]
}

/// What was read: how often each of the key's tags had been written, and when.
type Seen = ([u64; 2], Instant);

/// A load: its key, what it reads, how often everything was forgotten before it and when it began, and how it is ended.
type UnderWay = (List, [u64; 2], (u64, Instant), oneshot::Sender<bool>);

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// However loads, writes, time and failures interleave: no read is answered with what was before a write that was
    /// finished before it asked, or with what is too old; and no key is loaded twice at once unless a write lies between.
    #[test]
    fn a_write_is_seen_by_the_next_read_always(steps in proptest::collection::vec(step(), 1..80), entries in 1_usize..8) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let settings = CacheSettings { entries, ttl: 100 * SECOND };
            let cache = Arc::new(DependentCache::<List, Seen, ()>::new(settings));
            let mut written = [0_u64; 4];
            let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
            let mut loads: Vec<UnderWay> = Vec::new();
            let mut readers = JoinSet::new();
            let mut handles = Vec::new();
            let mut forgotten = 0;
            for step in steps {
                match step {
                    Step::Ask(user, page) => {
                        let key = List { user, page };
                        let now = [written[0], written[user]];
                        let asked = Instant::now();
                        let (cache, begin) = (Arc::clone(&cache), begin.clone());
                        handles.push(readers.spawn(async move {
                            // A load that begins later, in the place of one that failed, reads what is there by then.
                            let load = || async {
                                let (tell, told) = oneshot::channel();
                                let (end, ended) = oneshot::channel();
                                begin.send((key, tell, end)).unwrap();
                                let seen: [u64; 2] = told.await.unwrap();
                                let at = Instant::now();
                                if ended.await == Ok(true) { Ok((seen, at)) } else { Err(()) }
                            };
                            let answer = cache.get(&key, load).await;
                            if let Ok((seen, at)) = answer {
                                assert!(seen[0] >= now[0] && seen[1] >= now[1], "{key:?}: {seen:?} after {now:?}");
                                assert!(at >= asked || asked - at < 100 * SECOND, "{key:?}: too old");
                            }
                        }));
                    }
                    Step::End(index, well) => {
                        if !loads.is_empty() {
                            let (.., end) = loads.remove(index.index(loads.len()));
                            let _ = end.send(well);
                        }
                    }
                    Step::Leave(index) => {
                        if !handles.is_empty() {
                            handles.remove(index.index(handles.len())).abort();
                        }
                    }
                    Step::Write(tag) => {
                        written[tag] += 1;
                        cache.invalidate(&tag);
                    }
                    Step::ForgetAll => {
                        forgotten += 1;
                        cache.invalidate_all();
                    }
                    Step::Wait(seconds) => advance(Duration::from_secs(seconds)).await,
                }
                // Everybody goes on as far as they can.
                for _ in 0..8 {
                    yield_now().await;
                    while let Ok((key, tell, end)) = begun.try_recv() {
                        let reads = [written[0], written[key.user]];
                        loads.retain(|(.., end)| !end.is_closed());
                        let twice = loads.iter().any(|(other, seen, (before, began), _)| {
                            let outdated = *before < forgotten || began.elapsed() >= settings.ttl;
                            *other == key && *seen == reads && !outdated
                        });
                        assert!(!twice, "{key:?} is loaded twice at once");
                        let _ = tell.send(reads);
                        loads.push((key, reads, (forgotten, Instant::now()), end));
                    }
                }
                assert!(cache.statistics().entries <= entries as u64);
            }
            drop(loads);
            drop(begun);
            while let Some(ended) = readers.try_join_next() {
                if let Err(error) = ended {
                    assert!(error.is_cancelled(), "{error}");
                }
            }
        });
    }

    /// One after the other, the cache is a plain map from which the least recently used goes first, and loads exactly when
    /// that map would.
    #[test]
    fn it_loads_exactly_when_a_plain_list_in_the_order_of_use_would(
        steps in proptest::collection::vec(step(), 1..200), entries in 1_usize..8,
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let cache = DependentCache::<List, u64, ()>::new(CacheSettings { entries, ttl: 100 * SECOND });
            // The last one was used last.
            let mut order: Vec<List> = Vec::new();
            let mut model: HashMap<List, (u64, Instant)> = HashMap::new();
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Ask(user, page) => {
                        let key = List { user, page };
                        next += 1;
                        model.retain(|_, (_, began)| began.elapsed() < 100 * SECOND);
                        let before = model.get(&key).copied();
                        let got = cache.get(&key, || async { Ok(next) }).await;
                        assert_eq!(got, Ok(before.map_or(next, |(value, _)| value)));
                        order.retain(|other| *other != key);
                        if before.is_none() {
                            // What no longer holds has its place until it is asked for or used least.
                            while order.len() >= entries {
                                model.remove(&order.remove(0));
                            }
                            model.insert(key, (next, Instant::now()));
                        }
                        order.push(key);
                    }
                    Step::Write(tag) => {
                        model.retain(|key, _| !key.tags().contains(&tag));
                        cache.invalidate(&tag);
                    }
                    Step::ForgetAll => {
                        (model, order) = (HashMap::new(), Vec::new());
                        cache.invalidate_all();
                    }
                    Step::Wait(seconds) => advance(Duration::from_secs(seconds)).await,
                    Step::End(..) | Step::Leave(_) => {}
                }
                assert_eq!(cache.statistics().entries, order.len() as u64);
            }
        });
    }
}
