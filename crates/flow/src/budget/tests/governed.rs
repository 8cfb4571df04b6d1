use super::{clock, daily, requests};
use crate::governed::{Ended, Governor, How, PARTS};
use crate::{Ask, Budget, BudgetConfig, Closing, Denied, Quota, Spent};
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

fn governed(quotas: Vec<Quota>) -> (Budget, Governor) {
    let config = BudgetConfig { quotas, longest_flight: Duration::from_secs(30), ..BudgetConfig::default() };
    Budget::governed(config, clock()).unwrap()
}

async fn waits(budget: &Budget) -> bool {
    timeout(Duration::from_millis(1), budget.acquire(Ask::default())).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_slot_but_who_is_granted_one_and_what_becomes_of_it_is_told() {
    let (budget, governor) = governed(vec![requests(9, 60)]);
    assert!(waits(&budget).await, "there would be room");
    assert!(budget.try_acquire(&Ask::default()).is_none());
    let urgent = budget.acquire(Ask { priority: 3, tokens: 7, ..Ask::default() });
    let other = budget.acquire(Ask::default());
    let grants = async {
        governor.changed().await;
        let wanted = governor.wanted(8);
        assert_eq!(wanted.len(), 2);
        assert_eq!(wanted[0].tokens, 7, "the urgent first");
        assert!(governor.grant(wanted[0].id) && governor.grant(wanted[1].id));
        assert!(!governor.grant(wanted[1].id), "nobody of this number waits any more");
        (wanted[0].id, wanted[1].id)
    };
    let (first, second, (first_id, second_id)) = tokio::join!(urgent, other, grants);
    advance(Duration::from_secs(2)).await;
    first.unwrap().settle(Spent { tokens: Some(5), micro_usd: None });
    drop(second.unwrap());
    let (ended, _) = governor.news();
    let how = How::Spent { tokens: 5, micro_usd: 0 };
    assert_eq!(ended, [Ended { id: first_id, how, at: Instant::now() }], "of the other nobody knows");
    let log = governor.govern_and_log();
    assert_eq!(log.quotas[0].held_ms, [(60_002, 1)]);
    assert_eq!(log.flights.len(), 1);
    assert_eq!((log.flights[0].id, log.flights[0].left), (second_id, Some(Duration::from_secs(28))));
    let never = budget.acquire(Ask::default());
    let refuses = async { governor.refuse(governor.wanted(1)[0].id, 0) };
    let (denied, ()) = tokio::join!(never, refuses);
    assert_eq!(denied.unwrap_err(), Denied::Never { quota: 0 });
    budget.close(Closing::ShuttingDown);
    assert!(!governor.grant(99));
}

#[tokio::test(start_paused = true)]
async fn a_share_is_used_by_itself_until_it_ends_and_counts_what_was_granted() {
    let (budget, governor) = governed(vec![requests(9, 60)]);
    let (slot, ()) = tokio::join!(budget.acquire(Ask::default()), async {
        assert!(governor.grant(governor.wanted(1)[0].id));
    });
    slot.unwrap().settle(Spent::default());
    governor.fall_back(PARTS / 3, 0, Instant::now() + Duration::from_secs(100));
    for _ in 0..2 {
        budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    }
    assert!(waits(&budget).await, "a third of nine, with the one that was granted");
    advance(Duration::from_secs(61)).await;
    budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    advance(Duration::from_secs(61)).await;
    assert!(waits(&budget).await, "the share has ended");
}

#[tokio::test(start_paused = true)]
async fn of_days_a_share_has_only_those_that_begin_after_it_and_a_gap_is_not_shared() {
    let clock = clock();
    let config = BudgetConfig { quotas: vec![daily(6)], ..BudgetConfig::default() };
    let (budget, governor) = Budget::governed(config, clock.clone()).unwrap();
    let until = Instant::now() + Duration::from_secs(3600);
    governor.fall_back(PARTS / 2, clock.unix_millis(), until);
    assert!(waits(&budget).await, "others may have used this day up");
    advance(Duration::from_secs(61)).await;
    for _ in 0..3 {
        budget.acquire(Ask::default()).await.unwrap().settle(Spent::default());
    }
    assert!(waits(&budget).await, "half of the day after midnight");
    let (spaced, governor) = governed(vec![Quota::Spacing(Duration::from_secs(1))]);
    governor.fall_back(PARTS / 2, 0, until);
    assert!(waits(&spaced).await);
    governor.fall_back(PARTS, 0, until);
    spaced.acquire(Ask::default()).await.unwrap().cancel();
}
