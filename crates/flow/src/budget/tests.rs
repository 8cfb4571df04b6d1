use super::{Ask, Budget, BudgetConfig, Budgets, Check, Counted, Denied, Period, Quota, Spent};
use crate::Clock;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep, timeout};

/// Follows tokio's paused time, from a moment in 2026.
struct Paused {
    start: Instant,
    unix_ms: i64,
}

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        self.unix_ms + self.start.elapsed().as_millis() as i64
    }
}

/// 2026-11-21T07:59:00Z: a minute before midnight in California.
const BEFORE_MIDNIGHT: i64 = 1_795_247_940_000;

fn clock() -> Arc<dyn Clock> {
    Arc::new(Paused { start: Instant::now(), unix_ms: BEFORE_MIDNIGHT })
}

fn budget(quotas: Vec<Quota>) -> Budget {
    Budget::new(
        BudgetConfig { quotas, longest_flight: Duration::from_secs(30), ..BudgetConfig::default() },
        clock(),
    )
    .unwrap()
}

fn requests(limit: u64, window: u64) -> Quota {
    Quota::Rolling { counted: Counted::Requests, limit, window: Duration::from_secs(window) }
}

fn tokens(limit: u64, window: u64) -> Quota {
    Quota::Rolling { counted: Counted::Tokens, limit, window: Duration::from_secs(window) }
}

/// The most that any window of this length holds of these arrivals, both ends counted.
fn most(arrivals: &[(Duration, u64)], window: Duration) -> u64 {
    let mut sorted = arrivals.to_vec();
    sorted.sort();
    let in_window = |&(start, _): &(Duration, u64)| {
        sorted.iter().filter(|&&(at, _)| at >= start && at <= start + window).map(|&(_, amount)| amount).sum()
    };
    sorted.iter().map(in_window).max().unwrap_or(0)
}

#[derive(Debug, Clone)]
struct Call {
    pause_ms: u64,
    flight_ms: u64,
    /// Where between send and response it arrives, in percent.
    arrives: u64,
    tokens: u64,
    spent: u64,
    fate: u8,
    priority: u8,
}

fn call() -> impl Strategy<Value = Call> {
    (0..3000_u64, 0..4000_u64, 0..=100_u64, 1..60_u64, 0..60_u64, 0..10_u8, 0..4_u8).prop_map(
        |(pause_ms, flight_ms, arrives, tokens, spent, fate, priority)| Call {
            pause_ms,
            flight_ms,
            arrives,
            tokens,
            spent,
            fate,
            priority,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Over all latencies, answers that nobody sees, calls that are given up while they wait, and restarts.
    #[test]
    fn no_window_of_the_providers_clock_holds_more_than_the_limit(
        calls in proptest::collection::vec(call(), 1..80),
        limit in 1_u64..8,
        restart in 0_usize..80,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let window = Duration::from_secs(5);
            let config = BudgetConfig {
                quotas: vec![requests(limit, 5), tokens(120, 5), Quota::Concurrency(5)],
                longest_flight: Duration::from_secs(4),
                ..BudgetConfig::default()
            };
            let clock = clock();
            let start = Instant::now();
            let mut budget = Budget::new(config.clone(), Arc::clone(&clock)).unwrap();
            let arrivals: Arc<Mutex<Vec<(Duration, u64)>>> = Arc::default();
            let tasks = tokio::task::LocalSet::new();
            tasks.run_until(async {
                let mut joins = Vec::new();
                for (index, call) in calls.iter().cloned().enumerate() {
                    sleep(Duration::from_millis(call.pause_ms / 10)).await;
                    if index == restart {
                        // The old process is gone: its calls are on their way, and nobody sees their answers.
                        let saved = serde_json::to_string(&budget.snapshot()).unwrap();
                        for join in joins.drain(..) {
                            let join: tokio::task::JoinHandle<()> = join;
                            join.abort();
                        }
                        budget = Budget::new(config.clone(), Arc::clone(&clock)).unwrap();
                        budget.restore(&serde_json::from_str(&saved).unwrap());
                    }
                    let (budget, arrivals) = (budget.clone(), Arc::clone(&arrivals));
                    joins.push(tokio::task::spawn_local(async move {
                        let ask = Ask { tokens: call.tokens, priority: call.priority, user: u64::from(call.fate), ..Ask::default() };
                        let slot = if call.fate == 0 {
                            match timeout(Duration::from_millis(call.flight_ms), budget.acquire(ask)).await {
                                Ok(slot) => slot.unwrap(),
                                Err(_) => return,
                            }
                        } else {
                            budget.acquire(ask).await.unwrap()
                        };
                        if call.fate == 1 {
                            slot.cancel();
                            return;
                        }
                        let sent = start.elapsed();
                        let arrival = sent + Duration::from_millis(call.flight_ms * call.arrives / 100);
                        arrivals.lock().unwrap().push((arrival, 1));
                        sleep(Duration::from_millis(call.flight_ms)).await;
                        if call.fate != 2 {
                            slot.settle(Spent { tokens: Some(call.spent.min(call.tokens)), micro_usd: None });
                        }
                    }));
                }
                for join in joins {
                    join.await.unwrap();
                }
            }).await;
            let arrivals = arrivals.lock().unwrap();
            let held = most(&arrivals, window);
            prop_assert!(held <= limit, "{held} of {limit} in a window: {arrivals:?}");
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_the_limit_is_used_and_the_next_slot_comes_one_window_after_the_response() {
    let budget = budget(vec![requests(15, 60)]);
    let start = Instant::now();
    for _ in 0..15 {
        let slot = budget.acquire(Ask::default()).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        slot.settle(Spent::default());
    }
    assert!(budget.try_acquire(&Ask::default()).is_none());
    assert_eq!(budget.check(&Ask::default()), Check::Wait(Duration::from_millis(60_001)));
    let slot = budget.acquire(Ask::default()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(60_001));
    drop(slot);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_saw_is_waited_out() {
    let budget = budget(vec![requests(1, 10)]);
    let start = Instant::now();
    drop(budget.acquire(Ask::default()).await.unwrap());
    budget.acquire(Ask::default()).await.unwrap().cancel();
    assert_eq!(start.elapsed(), Duration::from_millis(40_001), "the longest flight, then the window");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_reserved_then_settled_and_never_overshoot() {
    let budget = budget(vec![tokens(100, 60)]);
    let ask = |tokens| Ask { tokens, ..Ask::default() };
    let first = budget.acquire(ask(90)).await.unwrap();
    assert!(budget.try_acquire(&ask(20)).is_none(), "90 + 20 > 100");
    first.settle(Spent { tokens: Some(50), micro_usd: None });
    let second = budget.try_acquire(&ask(50)).unwrap();
    second.settle(Spent { tokens: Some(70), micro_usd: None });
    assert!(budget.try_acquire(&ask(1)).is_none(), "more was used than reserved");
    assert_eq!(budget.acquire(ask(101)).await.unwrap_err(), Denied::Never { quota: 0 });
    assert_eq!(budget.check(&ask(101)), Check::Never(0));
}

#[tokio::test(start_paused = true)]
async fn a_day_ends_at_the_providers_midnight_and_a_call_across_it_counts_twice() {
    let daily = Quota::Aligned {
        counted: Counted::Requests,
        limit: 2,
        period: Period::Day,
        zone: "America/Los_Angeles".to_owned(),
    };
    let budget = budget(vec![daily]);
    let start = Instant::now();
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    let across = budget.acquire(Ask::default()).await.unwrap();
    let third = budget.acquire(Ask::default()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(60_001), "midnight is a minute away");
    third.settle(Spent::default());
    across.settle(Spent::default());
    assert!(
        budget.try_acquire(&Ask::default()).is_none(),
        "the call across midnight may have arrived after it"
    );
    budget.exhaust(Period::Day);
    assert_eq!(
        budget
            .acquire(Ask { deadline: Some(Instant::now() + Duration::from_secs(5)), ..Ask::default() })
            .await
            .unwrap_err(),
        Denied::Deadline(Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_everybodys_and_spacing_counts_from_the_response() {
    let budget = budget(vec![Quota::Spacing(Duration::from_secs(2))]);
    let start = Instant::now();
    let slot = budget.acquire(Ask::default()).await.unwrap();
    advance(Duration::from_secs(3)).await;
    slot.settle(Spent::default());
    budget.acquire(Ask::default()).await.unwrap().cancel();
    assert_eq!(start.elapsed(), Duration::from_millis(5001));
    budget.pause(Duration::from_secs(20));
    assert_eq!(budget.outlook().paused_for, Duration::from_secs(20));
    budget.acquire(Ask::default()).await.unwrap().cancel();
    assert_eq!(start.elapsed(), Duration::from_millis(25_001));
}

/// Starts waiters one after another while nothing is free, and returns them in the order in which they were served.
async fn order(budget: &Budget, asks: Vec<(u64, u8)>, gap: Duration) -> Vec<usize> {
    let served: Arc<Mutex<Vec<usize>>> = Arc::default();
    let tasks = tokio::task::LocalSet::new();
    tasks
        .run_until(async {
            let mut joins = Vec::new();
            for (index, (user, priority)) in asks.into_iter().enumerate() {
                let (budget, served) = (budget.clone(), Arc::clone(&served));
                joins.push(tokio::task::spawn_local(async move {
                    let slot = budget.acquire(Ask { user, priority, ..Ask::default() }).await.unwrap();
                    served.lock().unwrap().push(index);
                    slot.settle(Spent::default());
                }));
                sleep(gap).await;
            }
            for join in joins {
                join.await.unwrap();
            }
        })
        .await;
    Arc::into_inner(served).unwrap().into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_urgent_go_first_users_take_turns_and_nobody_waits_for_ever() {
    let one = Duration::from_millis(1);
    let taken = || async {
        let budget = budget(vec![requests(1, 1)]);
        budget.acquire(Ask { user: 99, ..Ask::default() }).await.unwrap().settle(Spent::default());
        budget
    };
    assert_eq!(order(&taken().await, vec![(1, 0), (1, 5), (1, 9)], one).await, [2, 1, 0]);
    let turns = order(&taken().await, vec![(1, 0), (1, 0), (1, 0), (2, 0), (2, 0)], one).await;
    assert_eq!(turns, [0, 3, 1, 4, 2], "users 1 and 2 take turns");
    // One slot a second, and an urgent call each second: whoever is not urgent gains a step in ten seconds.
    let mut asks = vec![(1, 0)];
    asks.extend((0..60).map(|_| (2, 3)));
    let served = order(&taken().await, asks, Duration::from_millis(990)).await;
    let place = served.iter().position(|&index| index == 0).unwrap();
    assert!((20..45).contains(&place), "{place}");
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_holds_nobody_up() {
    let budget = budget(vec![requests(1, 10)]);
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    let impatient = timeout(Duration::from_secs(1), budget.acquire(Ask { priority: 9, ..Ask::default() }));
    let patient = budget.acquire(Ask::default());
    let (impatient, patient) = tokio::join!(impatient, patient);
    assert!(impatient.is_err());
    patient.unwrap().cancel();
    assert_eq!(budget.outlook().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn refusals_slow_it_down_and_quiet_brings_it_back_but_never_past_the_limit() {
    let budget = budget(vec![requests(10, 1)]);
    budget.on_limited();
    let took = || {
        (0..20)
            .map_while(|_| budget.try_acquire(&Ask::default()))
            .map(|slot| slot.settle(Spent::default()))
            .count()
    };
    assert_eq!(took(), 5);
    for _ in 0..10 {
        advance(Duration::from_secs(7)).await;
        budget.outlook();
    }
    assert_eq!(took(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_refused_at_once_and_the_queue_is_bounded() {
    let config = BudgetConfig { quotas: vec![requests(1, 60)], max_waiting: 0, ..BudgetConfig::default() };
    let full = Budget::new(config, clock()).unwrap();
    assert_eq!(full.acquire(Ask::default()).await.unwrap_err(), Denied::QueueFull(0));
    let budget = budget(vec![requests(1, 60)]);
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    let soon = Ask { deadline: Some(Instant::now() + Duration::from_secs(30)), ..Ask::default() };
    assert_eq!(budget.acquire(soon).await.unwrap_err(), Denied::Deadline(Duration::from_millis(60_001)));
}

#[tokio::test(start_paused = true)]
async fn identifiers_are_limited_apart_and_forgotten_when_idle() {
    let config = BudgetConfig { quotas: vec![requests(1, 60)], ..BudgetConfig::default() };
    let budgets = Budgets::new(config, 2, clock()).unwrap();
    for user in ["a", "b"] {
        budgets.of(&user).unwrap().try_acquire(&Ask::default()).unwrap().settle(Spent::default());
        assert!(matches!(budgets.check(&user, &Ask::default()), Check::Wait(_)));
    }
    assert!(budgets.of(&"c").is_none(), "two are in use");
    advance(Duration::from_secs(61)).await;
    assert_eq!(budgets.check(&"c", &Ask::default()), Check::Allowed);
    assert_eq!(budgets.len(), 1);
}
