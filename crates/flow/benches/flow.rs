//! What each part costs when nothing stands in its way, and how late a batch is while its input is saturated.
//!
//! `cargo bench -p watchfire-flow --bench flow`. The budget has a bench of its own.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::{
    Backoff, Batch, BatchSettings, Batcher, Breaker, CacheSettings, Deadline, Dependent, DependentCache,
    Fresh, Gate, KeyedLanes, MeterName, Meters, Retry, RetryBudget, SingleFlight, Trigger,
};

const HOUR: Duration = Duration::from_secs(3600);

fn runtime(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_time().build().unwrap()
}

fn decisions(criterion: &mut Criterion) {
    let runtime = runtime(1);
    let _inside = runtime.enter();

    let retry = Retry::new(Backoff::default(), Arc::new(RetryBudget::new(u32::MAX, 0.1)));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (now, deadline) = (Instant::now(), Deadline::within(HOUR));
    criterion.bench_function("retry/decide", |bencher| {
        bencher.iter(|| {
            retry.budget().deposit();
            black_box(retry.next(2, now, deadline, None, &mut rng))
        });
    });

    let breaker = Breaker::default();
    criterion.bench_function("breaker/permit and success", |bencher| {
        bencher.iter(|| breaker.permit().unwrap().success());
    });

    criterion.bench_function("deadline/cap", |bencher| {
        bencher.iter(|| black_box(deadline.cap(Duration::from_secs(10))));
    });
}

#[derive(Clone, Copy)]
enum Count {
    Calls,
}

impl MeterName for Count {
    const ALL: &'static [Self] = &[Self::Calls];

    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        "calls_total"
    }
}

fn meters(criterion: &mut Criterion) {
    let meters = Meters::<Count>::new();
    criterion.bench_function("meters/count", |bencher| bencher.iter(|| meters.count(Count::Calls)));
}

fn single_flight(criterion: &mut Criterion) {
    let runtime = runtime(2);
    let cache = Arc::new(SingleFlight::<u64, u64, ()>::new(10_000));
    let hit = || async { Ok(Fresh::new(1, HOUR)) };
    criterion.bench_function("single flight/hit", |bencher| {
        bencher.iter(|| runtime.block_on(cache.get(&1, hit)));
    });
    let mut key = 1_000;
    criterion.bench_function("single flight/miss and load", |bencher| {
        bencher.iter(|| {
            key += 1;
            runtime.block_on(cache.get(&key, hit))
        });
    });
    let mut group = criterion.benchmark_group("single flight");
    group.throughput(Throughput::Elements(1_000)).sample_size(20);
    group.bench_function("1,000 gets of one new key at once", |bencher| {
        bencher.iter(|| {
            key += 1;
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for _ in 0..1_000 {
                    let cache = Arc::clone(&cache);
                    tasks.spawn(async move {
                        let load = || async {
                            tokio::task::yield_now().await;
                            Ok(Fresh::new(1, HOUR))
                        };
                        cache.get(&key, load).await
                    });
                }
                tasks.join_all().await
            })
        });
    });
    group.finish();
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Page(u64);

impl Dependent for Page {
    type Tag = u64;

    fn tags(&self) -> Vec<u64> {
        vec![0, self.0]
    }
}

fn dependent_cache(criterion: &mut Criterion) {
    const PAGES: u64 = 1_000;
    let runtime = runtime(2);
    let cache = DependentCache::<Page, Arc<[u64]>, ()>::new(CacheSettings::default());
    let value: Arc<[u64]> = vec![1; 50].into();
    let load = || async { Ok(Arc::clone(&value)) };
    let mut page = 0;
    criterion.bench_function("dependent cache/hit among 1,000", |bencher| {
        bencher.iter(|| {
            page = (page + 7) % PAGES;
            runtime.block_on(cache.get(&Page(page), load))
        });
    });
    criterion.bench_function("dependent cache/write", |bencher| {
        bencher.iter(|| {
            page = (page + 7) % PAGES;
            cache.invalidate(&page);
        });
    });
    criterion.bench_function("dependent cache/write, miss and load", |bencher| {
        bencher.iter(|| {
            page = (page + 7) % PAGES;
            cache.invalidate(&page);
            runtime.block_on(cache.get(&Page(page), load))
        });
    });
}

fn batcher(criterion: &mut Criterion) {
    const ENTRIES: u64 = 10_000;
    let runtime = runtime(2);
    let mut group = criterion.benchmark_group("batcher");
    group.throughput(Throughput::Elements(ENTRIES));
    group.bench_function("push and hand on in tens", |bencher| {
        bencher.iter(|| {
            let (batcher, runner) = Batcher::new(BatchSettings::default(), Gate::AlwaysOpen);
            let input = async move {
                for entry in 0..ENTRIES {
                    batcher.push(entry, 100).await.unwrap();
                }
            };
            let sink = |batch: Batch<u64>| {
                batch.done();
                ready(())
            };
            runtime.block_on(async { tokio::join!(runner.run(sink), input) })
        });
    });
    group.finish();
    lateness(&runtime);
}

/// How late the timer's batches are while a task does nothing but push: a distribution, so not a figure of criterion's.
fn lateness(runtime: &Runtime) {
    // Short, so that a batch of all that can be pushed meanwhile has some ten thousand entries and not a million: moving
    // those takes longer than the timer is late.
    let age = Duration::from_millis(5);
    let settings = BatchSettings {
        size: 10_000_000,
        age: Some(age),
        bytes: usize::MAX,
        capacity: 10_000_000,
        ..BatchSettings::default()
    };
    let (batcher, runner) = Batcher::new(settings, Gate::AlwaysOpen);
    let mut late = Vec::new();
    let sink = |batch: Batch<Instant>| {
        if let (Trigger::Timer, Some(first)) = (batch.trigger(), batch.iter().next()) {
            late.push(first.elapsed().saturating_sub(age));
        }
        batch.done();
        ready(())
    };
    let pushed = runtime.block_on(async {
        let mut input = JoinSet::new();
        input.spawn(async move {
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(5) {
                for _ in 0..64 {
                    let _ = batcher.try_push(Instant::now(), 1);
                }
                tokio::task::yield_now().await;
            }
            batcher.statistics().total_queued
        });
        runner.run(sink).await;
        input.join_all().await.into_iter().sum::<u64>()
    });
    late.sort();
    let at = |share: f64| {
        late.get((late.len() as f64 * share) as usize).or(late.last()).copied().unwrap_or_default()
    };
    eprintln!(
        "batcher: {pushed} entries in 5 s, {} timer flushes, late by p50 {:?}, p99 {:?}, at most {:?}",
        late.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn lanes(criterion: &mut Criterion) {
    const JOBS: u64 = 1_000;
    let runtime = runtime(2);
    let mut group = criterion.benchmark_group("keyed lanes");
    group.throughput(Throughput::Elements(JOBS)).sample_size(20);
    for keys in [1, 10, 1_000] {
        group.bench_function(format!("1,000 jobs of {keys} keys"), |bencher| {
            bencher.iter_batched(
                || KeyedLanes::<u64>::new(8, 10_000),
                |(lanes, runner)| {
                    let input = async move {
                        for job in 0..JOBS {
                            drop(lanes.submit(job % keys, async move { black_box(job) }).await.unwrap());
                        }
                    };
                    runtime.block_on(async { tokio::join!(runner.run(), input) })
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, meters, single_flight, dependent_cache, batcher, lanes);
criterion_main!(benches);
