//! The promise itself: a provider that counts arrivals by its own clock, in windows of any alignment, is never given a
//! reason to refuse, whatever the latencies and however calls end.

use super::{BEFORE_MIDNIGHT, clock, daily, order, requests, tokens};
use crate::{Ask, Budget, BudgetConfig, Closing, Quota, Spent};
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

const LONGEST_FLIGHT: Duration = Duration::from_secs(4);
/// Midnight in California, a minute after the clock of these tests starts.
const MIDNIGHT: Duration = Duration::from_secs(60);

/// What the provider saw: when it came, and how many tokens it took.
type Arrivals = Rc<RefCell<Vec<(Duration, u64)>>>;

/// The most that any window of this length holds, both ends counted. A fullest window can be moved until it begins with
/// an arrival, so those are all that need a look.
fn most(arrivals: &[(Duration, u64)], window: Duration, amount: impl Fn(u64) -> u64) -> u64 {
    let from = |start: Duration| {
        arrivals
            .iter()
            .filter(move |(at, _)| (start..=start + window).contains(at))
            .map(|&(_, took)| amount(took))
    };
    arrivals.iter().map(|&(start, _)| from(start).sum()).max().unwrap_or(0)
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Settled,
    /// The caller stops waiting for the response.
    TimedOut,
    /// It fails and is sent once more, in a slot of its own.
    Retried,
    NeverSent,
    /// The caller stops waiting for the slot.
    LeavesTheQueue,
}

#[derive(Debug, Clone)]
struct Call {
    pause_ms: u64,
    flight_ms: u64,
    /// Where between send and response it arrives, in percent.
    arrives: u64,
    tokens: u64,
    spent: u64,
    fate: Fate,
    priority: u8,
    user: u64,
}

fn call() -> impl Strategy<Value = Call> {
    let fate = prop_oneof![
        6 => Just(Fate::Settled),
        1 => Just(Fate::TimedOut),
        1 => Just(Fate::Retried),
        1 => Just(Fate::NeverSent),
        1 => Just(Fate::LeavesTheQueue),
    ];
    let numbers = (0..600_u64, 0..4000_u64, 0..=100_u64, 1..60_u64, 0..60_u64);
    (numbers, fate, 0..4_u8, 0..3_u64).prop_map(
        |((pause_ms, flight_ms, arrives, tokens, spent), fate, priority, user)| Call {
            pause_ms,
            flight_ms,
            arrives,
            tokens,
            spent: spent.min(tokens),
            fate,
            priority,
            user,
        },
    )
}

/// Makes one call, as callers do.
async fn make(budget: Budget, call: Call, arrivals: Arrivals, start: Instant) {
    let ask = Ask { user: call.user, priority: call.priority, tokens: call.tokens, ..Ask::default() };
    let flight = Duration::from_millis(call.flight_ms);
    for again in [matches!(call.fate, Fate::Retried), false] {
        let slot = match call.fate {
            Fate::LeavesTheQueue => match timeout(flight, budget.acquire(ask)).await {
                Ok(slot) => slot.unwrap(),
                Err(_) => return,
            },
            _ => budget.acquire(ask).await.unwrap(),
        };
        if matches!(call.fate, Fate::NeverSent) {
            sleep(flight / 4).await;
            slot.cancel();
            return;
        }
        let arrives = start.elapsed() + flight * call.arrives as u32 / 100;
        arrivals.borrow_mut().push((arrives, call.spent));
        if matches!(call.fate, Fate::TimedOut) {
            sleep(flight / 3).await;
            drop(slot);
            return;
        }
        sleep(flight).await;
        slot.settle(Spent { tokens: Some(call.spent), micro_usd: None });
        if !again {
            return;
        }
    }
}

fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// Makes these calls. Before the one at `restart` the process dies, leaves what it saved, and another one begins later.
async fn simulate(
    config: &BudgetConfig,
    calls: Vec<Call>,
    restart: usize,
    down: Duration,
) -> Vec<(Duration, u64)> {
    let (clock, start) = (clock(), Instant::now());
    let mut budget = Budget::new(config.clone(), Arc::clone(&clock)).unwrap();
    let arrivals = Arrivals::default();
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    for (index, call) in calls.into_iter().enumerate() {
        sleep(Duration::from_millis(call.pause_ms)).await;
        if index == restart {
            let saved = serde_json::to_string(&budget.snapshot()).unwrap();
            budget.close(Closing::ShuttingDown);
            tasks.drain(..).for_each(|task| task.abort());
            sleep(down).await;
            budget = Budget::new(config.clone(), Arc::clone(&clock)).unwrap();
            budget.restore(&serde_json::from_str(&saved).unwrap());
        }
        tasks.push(spawn_local(make(budget.clone(), call, Rc::clone(&arrivals), start)));
    }
    for task in tasks {
        // Whoever waits for ever fails the test: on a paused clock that is a day in no time.
        timeout(Duration::from_secs(86_400), task).await.expect("nobody is forgotten").unwrap();
    }
    arrivals.take()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_window_of_the_providers_clock_holds_more_than_the_limit(
        calls in proptest::collection::vec(call(), 1..80),
        limit in 1_u64..8,
        restart in 0_usize..120,
        down_ms in 0_u64..12_000,
    ) {
        let window = Duration::from_secs(5);
        let config = BudgetConfig {
            quotas: vec![requests(limit, 5), tokens(120, 5), requests(limit * 3, 30), Quota::Concurrency(5)],
            longest_flight: LONGEST_FLIGHT,
            ..BudgetConfig::default()
        };
        let arrivals = paused(simulate(&config, calls, restart, Duration::from_millis(down_ms)));
        let held = most(&arrivals, window, |_| 1);
        prop_assert!(held <= limit, "{held} of {limit} calls: {arrivals:?}");
        let held = most(&arrivals, window, |tokens| tokens);
        prop_assert!(held <= 120, "{held} of 120 tokens: {arrivals:?}");
        let held = most(&arrivals, Duration::from_secs(30), |_| 1);
        prop_assert!(held <= limit * 3, "{held} of {} calls: {arrivals:?}", limit * 3);
    }

    /// Days and spacing: midnight comes while calls are on their way and while the process is down.
    #[test]
    fn no_day_holds_more_than_its_limit_and_no_two_arrivals_are_too_close(
        calls in proptest::collection::vec(call(), 1..60),
        limit in 1_u64..20,
        restart in 0_usize..90,
        down_ms in 0_u64..60_000,
    ) {
        let gap = Duration::from_millis(700);
        let config = BudgetConfig {
            quotas: vec![daily(limit), Quota::Spacing(gap)],
            longest_flight: LONGEST_FLIGHT,
            ..BudgetConfig::default()
        };
        prop_assert_eq!(BEFORE_MIDNIGHT + MIDNIGHT.as_millis() as i64, 1_795_248_000_000);
        let mut calls = calls;
        // Each day lets only so many through, and the simulation waits for a day.
        calls.truncate(limit as usize);
        let mut arrivals = paused(simulate(&config, calls, restart, Duration::from_millis(down_ms)));
        arrivals.sort();
        let first = arrivals.iter().filter(|(at, _)| *at < MIDNIGHT).count() as u64;
        let second = arrivals.iter().filter(|(at, _)| (MIDNIGHT..MIDNIGHT + Duration::from_secs(86_400)).contains(at));
        prop_assert!(first <= limit, "{first} of {limit} before midnight: {arrivals:?}");
        prop_assert!(second.count() as u64 <= limit, "{limit} after midnight: {arrivals:?}");
        for pair in arrivals.windows(2) {
            prop_assert!(pair[1].0 >= pair[0].0 + gap, "{arrivals:?}");
        }
    }

    /// Without latency nothing of the limit is left unused, for any limit and window.
    #[test]
    fn all_of_every_window_is_used(limit in 1_u64..20, window in 1_u64..100, rounds in 1_u64..5) {
        let quota = requests(limit, window);
        let took = paused(async {
            let budget = super::budget(vec![quota]);
            let start = Instant::now();
            for _ in 0..limit * rounds {
                budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
            }
            start.elapsed()
        });
        // A millisecond is kept between windows, and tokio's timers are a millisecond coarse.
        let least = Duration::from_secs(window * (rounds - 1));
        prop_assert!(took >= least && took <= least + Duration::from_millis(3 * rounds), "{took:?} {least:?}");
    }
}

/// One that everybody else would be exact with: it frees a slot one window after the *send*.
#[test]
fn the_provider_of_these_tests_can_refuse() {
    let second = Duration::from_secs(1);
    let arrivals = [(second, 1), (second * 6, 1), (second * 7, 1)];
    assert_eq!(most(&arrivals, second * 5, |_| 1), 2);
    assert_eq!(most(&arrivals, second * 6, |_| 1), 3);
    assert_eq!(most(&[], second, |_| 1), 0);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_has_a_turn_however_long_anothers_line_has_stood() {
    let budget = super::budget(vec![requests(1, 1)]);
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    // One call a second is let through, and two come in: after 40 s the line of user 1 is long and old.
    let mut asks = vec![(1, 0); 80];
    asks.push((2, 0));
    let served = order(&budget, asks, Duration::from_millis(500)).await;
    let place = served.iter().position(|&index| index == 80).unwrap();
    assert!(place <= 42, "the newcomer of second 40 was number {place}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_recovers_lets_waiters_through_before_the_window_is_over() {
    let budget = super::budget(vec![requests(2, 600)]);
    let start = Instant::now();
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    budget.on_limited();
    budget.acquire(Ask::default()).await.unwrap().cancel();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
