mod governed;
mod provider;
mod restart;

use super::{Ask, Budget, BudgetConfig, Budgets, Check, Closing, Counted, Denied, Period, Quota, Spent};
use crate::Clock;
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

fn daily(limit: u64) -> Quota {
    let zone = "America/Los_Angeles".to_owned();
    Quota::Aligned { counted: Counted::Requests, limit, period: Period::Day, zone }
}

fn tokens(limit: u64, window: u64) -> Quota {
    Quota::Rolling { counted: Counted::Tokens, limit, window: Duration::from_secs(window) }
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
    let budget = budget(vec![daily(2)]);
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
    let soon = Ask { deadline: Some(Instant::now() + Duration::from_secs(5)), ..Ask::default() };
    // It is refused at once, and not after five seconds in vain.
    let day = Duration::from_millis(86_400_000);
    assert_eq!(budget.acquire(soon).await.unwrap_err(), Denied::Deadline(day));
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
    full.acquire(Ask::default()).await.unwrap().settle(Spent::default());
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
    assert_eq!(budgets.len(), 0, "a look at one that is new leaves nothing behind");
    assert!(budgets.of(&"c").is_some() && budgets.of(&"d").is_some() && !budgets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_urgent_call_is_not_refused_for_those_it_goes_before() {
    let budget = budget(vec![requests(1, 1)]);
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    let mut places: Vec<_> = (0..50).map(|_| Box::pin(budget.acquire(Ask::default()))).collect();
    for place in &mut places {
        assert!(timeout(Duration::ZERO, place).await.is_err());
    }
    let deadline = Some(Instant::now() + Duration::from_secs(2));
    assert!(matches!(
        budget.acquire(Ask { deadline, ..Ask::default() }).await,
        Err(Denied::Deadline(wait)) if wait > Duration::from_secs(40)
    ));
    budget.acquire(Ask { priority: 9, deadline, ..Ask::default() }).await.unwrap().cancel();
}

#[tokio::test(start_paused = true)]
async fn a_day_that_the_provider_calls_used_up_stays_so_even_if_nothing_was_asked_before() {
    let budget = budget(vec![daily(5)]);
    budget.exhaust(Period::Day);
    assert_eq!(budget.check(&Ask::default()), Check::Wait(Duration::from_millis(60_001)));
    // A call that was given up yesterday does not count today because nobody looked at midnight.
    let again = self::budget(vec![daily(1)]);
    drop(again.try_acquire(&Ask::default()).unwrap());
    advance(Duration::from_secs(3600)).await;
    again.try_acquire(&Ask::default()).unwrap().cancel();
}

#[tokio::test(start_paused = true)]
async fn money_in_all_does_not_come_back_and_whoever_waits_for_it_is_told() {
    let zone = "UTC".to_owned();
    let money = Quota::Aligned { counted: Counted::MicroUsd, limit: 100, period: Period::Total, zone };
    let budget = budget(vec![Quota::Concurrency(9), money]);
    let ask = |micro_usd| Ask { micro_usd, ..Ask::default() };
    let first = budget.acquire(ask(90)).await.unwrap();
    let (waits, ()) = tokio::join!(budget.acquire(ask(20)), async {
        sleep(Duration::from_secs(1)).await;
        first.settle(Spent { tokens: None, micro_usd: Some(85) });
    });
    assert_eq!(waits.unwrap_err(), Denied::Never { quota: 1 });
    assert_eq!(budget.check(&ask(16)), Check::Never(1));
    budget.acquire(ask(15)).await.unwrap().cancel();
}

#[tokio::test(start_paused = true)]
async fn a_closed_budget_tells_those_who_wait_and_those_who_come() {
    let budget = budget(vec![Quota::Concurrency(1)]);
    let slot = budget.acquire(Ask::default()).await.unwrap();
    let (waits, ()) = tokio::join!(budget.acquire(Ask::default()), async {
        tokio::task::yield_now().await;
        budget.spend_exhausted();
    });
    let denied = Denied::Closed(Closing::SpendExhausted);
    assert_eq!(waits.unwrap_err(), denied);
    budget.close(Closing::ShuttingDown);
    assert_eq!(budget.acquire(Ask::default()).await.unwrap_err(), denied, "the first reason stays");
    slot.settle(Spent::default());
    assert_eq!(budget.check(&Ask::default()), Check::Closed(Closing::SpendExhausted));
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_says_may_be_any_number() {
    let budget = budget(vec![requests(9, 60), tokens(100, 60)]);
    let ask = Ask { tokens: 1, ..Ask::default() };
    for _ in 0..3 {
        if let Some(slot) = budget.try_acquire(&ask) {
            slot.settle(Spent { tokens: Some(u64::MAX), micro_usd: Some(u64::MAX) });
        }
    }
    assert_eq!(budget.check(&ask), Check::Wait(Duration::from_millis(60_001)));
    assert!(budget.predicted_wait(u64::MAX) > Duration::from_secs(3600));
    budget.pause(Duration::MAX);
    assert_eq!(budget.outlook().paused_for, Duration::from_secs(31 * 86_400));
    let huge = Ask { tokens: u64::MAX, micro_usd: u64::MAX, ..Ask::default() };
    assert_eq!(budget.check(&huge), Check::Never(1));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_held_up_by_a_waiter_that_its_owner_does_not_poll() {
    let budget = budget(vec![requests(2, 10)]);
    (0..2).for_each(|_| budget.try_acquire(&Ask::default()).unwrap().settle(Spent::default()));
    let start = Instant::now();
    let mut busy = Box::pin(budget.acquire(Ask::default()));
    assert!(timeout(Duration::ZERO, &mut busy).await.is_err());
    budget.acquire(Ask::default()).await.unwrap().cancel();
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    busy.await.unwrap().cancel();
}

#[tokio::test(start_paused = true)]
async fn an_identifier_whose_budget_somebody_holds_is_not_forgotten() {
    let config = BudgetConfig { quotas: vec![requests(1, 60)], ..BudgetConfig::default() };
    let budgets = Budgets::new(config, 1, clock()).unwrap();
    let held = budgets.of(&"a").unwrap();
    assert!(budgets.of(&"b").is_none());
    held.try_acquire(&Ask::default()).unwrap().settle(Spent::default());
    assert!(matches!(budgets.check(&"a", &Ask::default()), Check::Wait(_)), "and not a second budget");
    assert!(matches!(budgets.check(&"b", &Ask::default()), Check::Wait(_)), "there is no room");
    assert_eq!(budgets.len(), 1);
}
