//! What a check costs: the exact budget beside `governor` (GCRA, which lets up to 2N − 1 into a window) and a plain ring of
//! times behind a mutex (exact only if calls take no time).
//!
//! `cargo bench -p watchfire-flow --bench budget`

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use governor::{Quota as Gcra, RateLimiter};
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use watchfire_flow::{Ask, Budget, BudgetConfig, Budgets, Check, Counted, Quota, Spent, SystemClock};

/// Far more than is asked for, so that nobody ever waits.
const LIMIT: u32 = 4_000_000_000;
const WINDOW: Duration = Duration::from_millis(10);

/// The ring that people write: times of the calls in the window.
#[derive(Default)]
struct Ring(Mutex<VecDeque<Instant>>);

impl Ring {
    fn take(&self) -> bool {
        let now = Instant::now();
        let mut times = self.0.lock().unwrap();
        while times.front().is_some_and(|time| now.duration_since(*time) >= WINDOW) {
            times.pop_front();
        }
        let free = times.len() < LIMIT as usize;
        if free {
            times.push_back(now);
        }
        free
    }
}

fn config() -> BudgetConfig {
    let quota = Quota::Rolling { counted: Counted::Requests, limit: u64::from(LIMIT), window: WINDOW };
    BudgetConfig { quotas: vec![quota], ..BudgetConfig::default() }
}

fn two_threads(criterion: &mut Criterion, name: &str, each: impl Fn() + Sync) {
    criterion.bench_function(&format!("two threads, a call each: {name}"), |bencher| {
        bencher.iter_custom(|rounds| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| (0..rounds / 2).for_each(|_| each()));
                }
            });
            start.elapsed()
        });
    });
}

fn bench(criterion: &mut Criterion) {
    let clock = Arc::new(SystemClock::new());
    let ask = Ask::default();
    let budget = Budget::new(config(), clock.clone()).unwrap();
    let governor = RateLimiter::direct(Gcra::per_second(NonZeroU32::new(LIMIT).unwrap()));
    let ring = Ring::default();
    let call = || budget.try_acquire(&ask).unwrap().settle(Spent::default());

    criterion.bench_function("check without taking: budget", |bencher| {
        bencher.iter(|| assert_eq!(budget.check(black_box(&ask)), Check::Allowed));
    });
    criterion.bench_function("a call, taken and settled: budget", |bencher| bencher.iter(call));
    criterion.bench_function("a call, taken: governor", |bencher| {
        bencher.iter(|| governor.check().unwrap());
    });
    criterion.bench_function("a call, taken: mutex ring", |bencher| bencher.iter(|| assert!(ring.take())));
    two_threads(criterion, "budget", call);
    two_threads(criterion, "governor", || governor.check().unwrap());
    two_threads(criterion, "mutex ring", || assert!(ring.take()));

    let budgets = Budgets::new(config(), 20_000, clock).unwrap();
    let keyed = RateLimiter::keyed(Gcra::per_second(NonZeroU32::new(LIMIT).unwrap()));
    let rings: Mutex<HashMap<u32, Ring>> = Mutex::default();
    let mut key = 0_u32;
    let mut next = || {
        key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        key % 10_000
    };
    criterion.bench_function("10,000 keys: budgets", |bencher| {
        bencher.iter(|| budgets.of(&next()).unwrap().try_acquire(&ask).unwrap().settle(Spent::default()));
    });
    criterion.bench_function("10,000 keys: governor", |bencher| {
        bencher.iter(|| keyed.check_key(&next()).unwrap());
    });
    criterion.bench_function("10,000 keys: mutex rings", |bencher| {
        bencher.iter(|| assert!(rings.lock().unwrap().entry(next()).or_default().take()));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
