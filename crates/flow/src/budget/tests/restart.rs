//! What a process knows of the one before.

use super::{budget, clock, daily, requests, tokens};
use crate::{Ask, Budget, BudgetConfig, BudgetState, Check, Closing, ColdStart, Quota, Slot, Spent};
use std::time::Duration;
use tokio::time::advance;

fn take(budget: &Budget) -> Slot {
    budget.try_acquire(&Ask::default()).unwrap()
}

fn after(quotas: Vec<Quota>, before: &Budget) -> Budget {
    let saved = serde_json::to_string(&before.snapshot()).unwrap();
    let next = budget(quotas);
    next.restore(&serde_json::from_str(&saved).unwrap());
    next
}

#[tokio::test(start_paused = true)]
async fn calls_on_their_way_hold_every_kind_of_quota_until_the_longest_flight_is_over() {
    let seconds = |check: Check| match check {
        Check::Wait(wait) => wait.as_secs(),
        _ => 0,
    };
    for (quota, wait) in
        [(requests(1, 10), 40), (Quota::Concurrency(1), 30), (Quota::Spacing(Duration::from_secs(2)), 32)]
    {
        let before = budget(vec![quota.clone()]);
        let _slot = take(&before);
        let next = after(vec![quota.clone()], &before);
        assert!(next.try_acquire(&Ask::default()).is_none(), "{quota:?}");
        advance(Duration::from_secs(wait - 1)).await;
        assert!(
            next.try_acquire(&Ask::default()).is_none(),
            "{quota:?}: {}",
            seconds(next.check(&Ask::default()))
        );
        advance(Duration::from_millis(1010)).await;
        take(&next).cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_on_its_way_at_midnight_counts_in_the_new_day_too() {
    let before = budget(vec![daily(1)]);
    advance(Duration::from_secs(50)).await;
    let _slot = take(&before);
    let saved = before.snapshot();
    advance(Duration::from_secs(11)).await;
    // The clock of the next process is the same; only its start differs.
    let next =
        Budget::new(before.shared.lock().config.as_ref().clone(), super::Arc::clone(&before.shared.clock))
            .unwrap();
    next.restore(&saved);
    assert!(next.try_acquire(&Ask::default()).is_none(), "it may arrive after midnight yet");
}

#[tokio::test(start_paused = true)]
async fn quotas_are_recognised_whatever_their_place_and_limit() {
    let before = budget(vec![requests(2, 60), daily(5)]);
    take(&before).settle(Spent::default());
    take(&before).settle(Spent::default());
    let next = after(vec![daily(3), tokens(10, 60), requests(3, 60)], &before);
    take(&next).settle(Spent::default());
    assert!(matches!(next.check(&Ask::default()), Check::Wait(wait) if wait <= Duration::from_secs(61)));
    assert!(next.try_acquire(&Ask::default()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_refusals_outlive_the_process() {
    let before = budget(vec![requests(10, 1)]);
    before.on_limited();
    before.pause(Duration::from_secs(20));
    let next = after(vec![requests(10, 1)], &before);
    let outlook = next.outlook();
    assert!(outlook.allowance < 0.6 && outlook.paused_for >= Duration::from_secs(19), "{outlook:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_complete_state_a_window_is_waited_out_where_that_is_wanted() {
    let config = BudgetConfig {
        quotas: vec![requests(5, 60)],
        longest_flight: Duration::from_secs(30),
        cold_start: ColdStart::WaitAWindow,
        ..BudgetConfig::default()
    };
    let start = || Budget::new(config.clone(), clock()).unwrap();
    let cold = Check::Wait(Duration::from_millis(90_001));
    let first = start();
    assert_eq!(first.check(&Ask::default()), cold);
    advance(Duration::from_millis(90_001)).await;
    take(&first).settle(Spent::default());

    let crashed = start();
    crashed.restore(&first.snapshot());
    assert_eq!(crashed.check(&Ask::default()), cold, "what was sent after the snapshot is not in it");

    first.close(Closing::ShuttingDown);
    let closed = start();
    closed.restore(&first.snapshot());
    assert_eq!(closed.check(&Ask::default()), Check::Allowed);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_says_anything_at_all_blocks_nobody_for_ever_and_nothing_panics() {
    let before = budget(vec![requests(2, 60), daily(5), Quota::Spacing(Duration::from_secs(1))]);
    let _slot = take(&before);
    let honest = serde_json::to_string(&before.snapshot()).unwrap();
    assert!(serde_json::from_str::<BudgetState>("{\"at\":1,\"meters\":[]}").is_err());
    for (from, to) in [
        ("\"ends_at\":1", "\"ends_at\":9"),
        ("\"paused_ms\":0", "\"paused_ms\":18446744073709551615"),
        ("\"at_unix_ms\":1", "\"at_unix_ms\":-1"),
        ("\"at_unix_ms\":1", "\"at_unix_ms\":9"),
        ("\"held_ms\":[]", "\"held_ms\":[[18446744073709551615,18446744073709551615],[0,0]]"),
        ("[[30000,{", "[[18446744073709551615,{"),
        ("\"tokens\":0", "\"tokens\":18446744073709551615"),
        ("\"requests\":1", "\"requests\":18446744073709551615"),
        ("\"allowance\":1.0", "\"allowance\":-1e300"),
    ] {
        let text = honest.replace(from, to);
        assert_ne!(text, honest, "{from}");
        let next = budget(vec![requests(2, 60), daily(5), Quota::Spacing(Duration::from_secs(1))]);
        next.restore(&serde_json::from_str(&text).unwrap());
        next.outlook();
        advance(Duration::from_secs(40 * 86_400)).await;
        take(&next).cancel();
    }
}
